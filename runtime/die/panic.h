// panic.h: panic, Defer and the errors that end a program, with Go's rules as far as C++ lets them.
//
//   panic("boom");                          // panic("boom")
//   Defer d{[&] { mu.Unlock(); }};          // defer mu.Unlock()
//   try { f(); } catch (Panic& p) { ... }   // defer func() { if p := recover(); p != nil { … } }()
//
// A panic is a C++ exception of type Panic. Unwinding runs destructors, and with them Defers, in
// Go's order. If nobody catches it, no frame is unwound: the terminate handler runs the goroutine's
// Defers on top of the whole stack, as Go's gopanic does, prints the panic and the goroutine, and
// ends the process with status 2.
//
// To panic again in a catch block: `panic(p);`, or `throw;`. Both count as Go's panic(recover()), and
// a value that nobody catches then prints once: "panic: first [recovered, repanicked]".
//
// Unlike in Go, a panic thrown out of a Defer while another panic unwinds cannot be caught. It ends
// the program with Go's chained text ("panic: first\n\tpanic: second"). Goexit in a Defer ends the
// panic, as in Go: the goroutine's other Defers run, and it is gone.
//
// panic is for the program's faults, throw_ (Go's throw: "fatal error: …") for the runtime's. fatal
// is for faults of the program that no recover may hide, such as unlock of an unlocked mutex.
#pragma once

#include <concepts>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <typeinfo>
#include <utility>

#include "runtime/core/throw.h"

namespace golab {

namespace runtime {
struct G;

// The value given to panic(), with its type erased: it can be printed as Go does, and got back.
class PanicValue {
 public:
  virtual ~PanicValue() = default;
  virtual std::string print() const = 0;  // as after "panic: "
  virtual const std::type_info& type() const = 0;
  virtual const void* address() const = 0;
};

// Go's runtime.Error, the type of what the language itself panics with: p.value<runtime::Error>().
struct Error {
  std::string text;
  std::string String() const { return text; }
};

struct PanicRecord;  // the value, the goroutine that raised it, its stack (die.h)
[[noreturn]] void gopanic(std::shared_ptr<PanicValue> value);
std::string printpanicval(double v);  // shortest %g, Go's way
std::string printpanicval(float v);
std::string printcustom(const std::type_info& type, std::string_view value);  // main.code(7)
std::string printtype(const std::type_info& type, const void* value);  // (main.pair) 0x485f30

}  // namespace runtime

class Panic {
 public:
  explicit Panic(std::shared_ptr<runtime::PanicRecord> record) : record_(std::move(record)) {}

  // The panic value as Go prints it after "panic: ".
  std::string String() const;
  // The value if panic() was given a T, else nullptr.
  template <typename T>
  const T* value() const {
    return type() == typeid(T) ? static_cast<const T*>(address()) : nullptr;
  }
  // The stack of the goroutine at the call of panic(), as debug::Stack() prints it.
  std::string Stack() const;
  // For the runtime.
  const std::shared_ptr<runtime::PanicRecord>& record() const { return record_; }

 private:
  const std::type_info& type() const;
  const void* address() const;
  std::shared_ptr<runtime::PanicRecord> record_;
};

namespace runtime {
[[noreturn]] void gopanic(const Panic& again);  // with the same value

// Called in a catch (...) block: returns what it caught as a panic. An exception that is not a
// panic becomes one that prints as its type and its what(), with the stack of its throw. For a
// Goexit it does not return: the unwinding goes on.
Panic panic_caught();

// Called in a Defer: the panic because of which it runs. None on an ordinary end, after a Goexit,
// and if the exception is no panic.
struct Underway {
  Panic panic;
  bool unwinds;  // towards a catch block. False: nobody catches it, and the stack is whole
};
std::optional<Underway> panic_underway();
}  // namespace runtime

namespace glue {
class Leave;
}

// The Defers of a goroutine form a list, newest first, so that a panic that nobody catches can run
// them.
class DeferBase {
 public:
  DeferBase(const DeferBase&) = delete;
  DeferBase& operator=(const DeferBase&) = delete;

 protected:
  DeferBase();    // links itself to the running goroutine
  bool unlink();  // false if the call was already run by a dying panic
  void left(glue::Leave& leave);  // the call ended by Goexit: so does the panic that unwinds here
  ~DeferBase() = default;
  virtual void call() = 0;

 private:
  friend struct runtime::G;
  friend void run_defers(runtime::G* gp);  // newest first, on top of the running stack
  DeferBase* link_ = nullptr;
  runtime::PanicRecord* made_during_;  // the newest panic when this was made
  bool done_ = false;
};

// ---- Implementation ----

namespace glue {

// What Goexit throws to leave a Defer that a panic runs: the Defer's own frames end, and whoever
// runs it goes on with the end of the goroutine (goexit.cpp).
class Leave {
 public:
  Leave() = default;
  Leave(const Leave&) = delete;
  Leave& operator=(const Leave&) = delete;
  ~Leave();  // fatal if no Defer has caught it
  void caught() { caught_ = true; }

 private:
  bool caught_ = false;
};
template <typename T>
concept HasError = requires(const T& v) {
  { v.Error() } -> std::convertible_to<std::string>;
};
template <typename T>
concept HasString = requires(const T& v) {
  { v.String() } -> std::convertible_to<std::string>;
};

template <typename T>
concept PointerLike = std::is_pointer_v<T> || requires(const T& v) {
  typename T::element_type;
  *v;
  v.get();
};

// A basic type's value as Go prints it; "" if T is no basic type.
template <typename T>
std::string basic_panic_text(const T& v) {
  if constexpr (std::is_same_v<T, bool>) {
    return v ? "true" : "false";
  } else if constexpr (std::is_floating_point_v<T>) {
    return runtime::printpanicval(v);
  } else if constexpr (std::is_integral_v<T>) {
    return std::to_string(v);
  } else {
    return "";
  }
}

// Go's printpanicval. An enum, and a class derived from std::string, is a named basic type.
template <typename T>
std::string panic_text(const T& v) {
  if constexpr (HasError<T>) {
    return v.Error();
  } else if constexpr (HasString<T>) {
    return v.String();
  } else if constexpr (std::is_arithmetic_v<T>) {
    return basic_panic_text(v);
  } else if constexpr (std::is_enum_v<T>) {
    using Number = std::underlying_type_t<T>;
    return runtime::printcustom(typeid(T), basic_panic_text(static_cast<Number>(v)));
  } else if constexpr (std::is_base_of_v<std::string, T> && !std::is_same_v<std::string, T>) {
    return runtime::printcustom(typeid(T), "\"" + std::string(v) + "\"");
  } else if constexpr (std::is_convertible_v<const T&, std::string_view>) {
    return std::string(std::string_view(v));
  } else if constexpr (std::is_base_of_v<std::exception, T>) {
    return v.what();
  } else if constexpr (PointerLike<T>) {
    if constexpr (requires { v->Error(); }) {
      return v->Error();
    } else if constexpr (requires { v->String(); }) {
      return v->String();
    } else if constexpr (std::is_function_v<std::remove_pointer_t<T>>) {
      return runtime::printtype(typeid(T), reinterpret_cast<const void*>(v));
    } else {
      return runtime::printtype(typeid(T), std::to_address(v));
    }
  } else if constexpr (requires { v.hchan(); }) {
    return runtime::printtype(typeid(T), v.hchan());
  } else {
    return runtime::printtype(typeid(T), &v);
  }
}

template <typename T>
class TypedPanicValue final : public runtime::PanicValue {
 public:
  explicit TypedPanicValue(T v) : value_(std::move(v)) {}
  std::string print() const override { return panic_text(value_); }
  const std::type_info& type() const override { return typeid(T); }
  const void* address() const override { return &value_; }

 private:
  T value_;
};

}  // namespace glue

// Raises a panic. A string literal counts as a string, as in Go.
template <typename T>
[[noreturn, gnu::always_inline]] inline void panic(T v) {
  if constexpr (std::is_convertible_v<T, const char*> && !std::is_integral_v<T> &&
                !std::is_null_pointer_v<T>) {
    runtime::gopanic(std::make_shared<glue::TypedPanicValue<std::string>>(std::string(v)));
  } else {
    runtime::gopanic(std::make_shared<glue::TypedPanicValue<T>>(std::move(v)));
  }
}
[[noreturn, gnu::always_inline]] inline void panic(std::nullptr_t) {
  runtime::panic_runtime_error("panic called with nil argument", true);
}
[[noreturn, gnu::always_inline]] inline void panic(const Panic& again) { runtime::gopanic(again); }
[[noreturn, gnu::always_inline]] inline void panic(Panic& again) { runtime::gopanic(again); }

// Runs the call when the scope ends, also when a panic or Goexit unwinds it.
template <typename F, typename... Args>
class Defer final : DeferBase {
 public:
  // Arguments are evaluated and copied now, the call is made later: Go's rule.
  [[nodiscard("without a name this Defer runs at once: Defer d{...};")]] explicit Defer(
      F f, Args... args)
      : f_(std::move(f)), args_(std::move(args)...) {}
  ~Defer() noexcept(false) {
    if (!unlink()) return;
    try {
      call();
    } catch (glue::Leave& leave) {
      left(leave);
    }
  }

 private:
  void call() override { std::apply(f_, args_); }

  F f_;
  std::tuple<Args...> args_;
};
template <typename F, typename... Args>
Defer(F, Args...) -> Defer<F, Args...>;

}  // namespace golab
