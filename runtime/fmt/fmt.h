// fmt.h: Go's fmt: formatted printing.
//
//   fmt::Printf("%d: %v\n", n, err);               // fmt.Printf("%d: %v\n", n, err)
//   std::string s = fmt::Sprintf("%6.2f%%", x);    // s := fmt.Sprintf("%6.2f%%", x)
//   fmt::Fprintf(w, "%d items\n", n);              // fmt.Fprintf(w, "%d items\n", n)
//   return fmt::Errorf("open %s: %w", name, err);  // errors::Is finds err in it
//
// A writer w is anything with Write(std::string_view), or a std::string. A call parks only if the
// writer's Write does.
//
// The verbs mean what they mean in Go:
//
//   %v                       any value: Error() or String() if it has one, [a b] for a vector,
//                            map[k:v] for a map, {a b} for a struct, &{a b} for a pointer to one,
//                            an address for another pointer or a channel, <nil>
//   %+v                      the same, with the names of fields: {x:a y:b} (fields.h)
//   %#v                      as Go would write it: []int{1, 2}, main.pair{a:1, b:2}
//   %T                       its type
//   %d %b %o %x %X %c %q %U  integers
//   %e %f %g %E %G %x %X %b  floating point
//   %t                       bool
//   %s %q %x %X              strings, bytes, and values with Error() or String()
//   %p                       pointers, channels, vectors, maps
//   %%                       a percent sign
//
// So do the flags (+ - # 0 blank), width and precision (also *), and [n], which picks an argument.
// Wrong use does not panic; the text shows it: %!d(string=hi), %!d(MISSING), %!(EXTRA int=5).
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "runtime/errors/errors.h"
#include "runtime/fmt/any.h"
#include "runtime/fmt/arg.h"

namespace golab {

namespace glue {

// The arguments of one call.
using Args = std::initializer_list<Arg>;

// The target of Fprintf and its kin. It refers to the writer; it does not own it.
struct Writer {
  void* to = nullptr;
  std::pair<int, error> (*write)(void* to, std::string_view text) = nullptr;
};
// Makes one from anything with Write(std::string_view), a pointer to that, or a std::string.
template <typename W>
Writer make_writer(W& w);

}  // namespace glue

namespace fmt {

// The templates below call these. A profile shows these, not the templates.
std::string Sprintf(std::string_view format, glue::Args args);
std::string Sprint(glue::Args args);
std::string Sprintln(glue::Args args);
[[nodiscard]] error Errorf(std::string_view format, glue::Args args);
std::pair<int, error> Fprintf(glue::Writer w, std::string_view format, glue::Args args);
std::pair<int, error> Fprint(glue::Writer w, glue::Args args);
std::pair<int, error> Fprintln(glue::Writer w, glue::Args args);
std::pair<int, error> Printf(std::string_view format, glue::Args args);
std::pair<int, error> Print(glue::Args args);
std::pair<int, error> Println(glue::Args args);

}  // namespace fmt

// ---- Implementation ----

namespace glue {

template <typename W>
Writer make_writer(W& w) {
  if constexpr (std::is_same_v<std::remove_cv_t<W>, Writer>) {
    return w;
  } else if constexpr (PointerLike<std::remove_cv_t<W>>) {
    return make_writer(*w);
  } else {
    return {const_cast<void*>(static_cast<const void*>(std::addressof(w))),
            [](void* to, std::string_view text) -> std::pair<int, error> {
              W& sink = *static_cast<W*>(to);
              if constexpr (std::is_same_v<W, std::string>) {
                sink.append(text);
              } else if constexpr (requires { std::pair<int, error>(sink.Write(text)); }) {
                return sink.Write(text);
              } else {
                sink.Write(text);
              }
              return {static_cast<int>(text.size()), nullptr};
            }};
  }
}

namespace print {

template <typename... A>
std::string Sprintf(std::string_view format, const A&... args) {
  return fmt::Sprintf(format, Args{make_arg(args)...});
}
template <typename... A>
std::string Sprint(const A&... args) {
  return fmt::Sprint(Args{make_arg(args)...});
}
template <typename... A>
std::string Sprintln(const A&... args) {
  return fmt::Sprintln(Args{make_arg(args)...});
}
template <typename... A>
[[nodiscard]] error Errorf(std::string_view format, const A&... args) {
  return fmt::Errorf(format, Args{make_arg(args)...});
}
template <typename W, typename... A>
std::pair<int, error> Fprintf(W&& w, std::string_view format, const A&... args) {
  return fmt::Fprintf(make_writer(w), format, Args{make_arg(args)...});
}
template <typename W, typename... A>
std::pair<int, error> Fprint(W&& w, const A&... args) {
  return fmt::Fprint(make_writer(w), Args{make_arg(args)...});
}
template <typename W, typename... A>
std::pair<int, error> Fprintln(W&& w, const A&... args) {
  return fmt::Fprintln(make_writer(w), Args{make_arg(args)...});
}
template <typename... A>
std::pair<int, error> Printf(std::string_view format, const A&... args) {
  return fmt::Printf(format, Args{make_arg(args)...});
}
template <typename... A>
std::pair<int, error> Print(const A&... args) {
  return fmt::Print(Args{make_arg(args)...});
}
template <typename... A>
std::pair<int, error> Println(const A&... args) {
  return fmt::Println(Args{make_arg(args)...});
}

}  // namespace print
}  // namespace glue

namespace fmt {
using glue::print::Errorf;
using glue::print::Fprint;
using glue::print::Fprintf;
using glue::print::Fprintln;
using glue::print::Print;
using glue::print::Printf;
using glue::print::Println;
using glue::print::Sprint;
using glue::print::Sprintf;
using glue::print::Sprintln;
}  // namespace fmt

}  // namespace golab
