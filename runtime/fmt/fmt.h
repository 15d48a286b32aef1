// fmt.h: Go's fmt: formatted printing.
//
//   fmt::Printf("%d of %s: %v\n", n, name, err);      // the same in Go
//   std::string s = fmt::Sprintf("%6.2f%%", share);
//   fmt::Fprintf(w, "processed %d items\n", n);       // w: anything with Write(std::string_view)
//   return fmt::Errorf("open %s: %w", name, err);     // errors::Is finds err in it
//
// The verbs mean what they mean in Go:
//   %v %+v   any value in its natural form: Error() or String() if it has one, [a b] for a vector,
//            map[k:v] for a map, <nil>              %T  its type              %%  a percent sign
//   %d %b %o %x %X %c %q %U  integers               %e %f %g %E %G  floating point      %t  bool
//   %s %q %x %X  strings, bytes, and what has Error() or String()           %p  pointers
// with Go's flags (+ - # 0 blank), width and precision (also *), and [n] to pick an argument. Wrong
// use does not fail, it shows: %!d(string=hi), %!d(MISSING), %!(EXTRA int=5).
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

// What is printed to. It refers to the writer, it does not own it.
struct Writer {
  void* to = nullptr;
  std::pair<int, error> (*write)(void* to, std::string_view text) = nullptr;
};
// From anything with Write(std::string_view), a pointer to such a thing, or a std::string.
template <typename W>
Writer make_writer(W& w);

}  // namespace glue

namespace fmt {

// What the templates below call: these, not the templates, show in a profile.
std::string Sprintf(std::string_view format, glue::Args args);
std::string Sprint(glue::Args args);
std::string Sprintln(glue::Args args);
error Errorf(std::string_view format, glue::Args args);
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
  } else if constexpr (PointerType<std::remove_cv_t<W>>) {
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
error Errorf(std::string_view format, const A&... args) {
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
