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
// Unlike in Go, a panic thrown out of a Defer while another panic unwinds cannot be caught. It ends
// the program with Go's chained text ("panic: first\n\tpanic: second").
//
// panic is for the program's faults, throw_ (Go's throw: "fatal error: …") for the runtime's. fatal
// is for faults of the program that no recover may hide, such as unlock of an unlocked mutex.
#pragma once

#include <concepts>
#include <cstdint>
#include <exception>
#include <memory>
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
// Called in a catch (...) block: returns what it caught as a panic. An exception that is not a
// panic becomes one that prints as its type and its what(), with the stack of its throw. For a
// Goexit it does not return: the unwinding goes on.
Panic panic_caught();
}  // namespace runtime

// The Defers of a goroutine form a list, newest first, so that a panic that nobody catches can run
// them.
class DeferBase {
 public:
  DeferBase(const DeferBase&) = delete;
  DeferBase& operator=(const DeferBase&) = delete;

 protected:
  DeferBase();    // links itself to the running goroutine
  bool unlink();  // false if the call was already run by a dying panic
  ~DeferBase() = default;
  virtual void call() = 0;

 private:
  friend struct runtime::G;
  friend void run_defers(runtime::G* gp);  // newest first, on top of the running stack
  DeferBase* link_ = nullptr;
  bool done_ = false;
};

// ---- Implementation ----

namespace glue {

template <typename T>
concept HasError = requires(const T& v) {
  { v.Error() } -> std::convertible_to<std::string>;
};
template <typename T>
concept HasString = requires(const T& v) {
  { v.String() } -> std::convertible_to<std::string>;
};

template <typename T>
class TypedPanicValue final : public runtime::PanicValue {
 public:
  explicit TypedPanicValue(T v) : value_(std::move(v)) {}
  std::string print() const override {
    if constexpr (HasError<T>) {
      return value_.Error();
    } else if constexpr (HasString<T>) {
      return value_.String();
    } else if constexpr (std::is_same_v<T, bool>) {
      return value_ ? "true" : "false";
    } else if constexpr (std::is_floating_point_v<T>) {
      return runtime::printpanicval(value_);
    } else if constexpr (std::is_integral_v<T>) {
      return std::to_string(value_);
    } else if constexpr (std::is_convertible_v<const T&, std::string_view>) {
      return std::string(std::string_view(value_));
    } else if constexpr (std::is_base_of_v<std::exception, T>) {
      return value_.what();
    } else {
      return runtime::printtype(typeid(T), &value_);
    }
  }
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

// Runs the call when the scope ends, also when a panic or Goexit unwinds it.
template <typename F, typename... Args>
class Defer final : DeferBase {
 public:
  // Arguments are evaluated and copied now, the call is made later: Go's rule.
  [[nodiscard("without a name this Defer runs at once: Defer d{...};")]] explicit Defer(
      F f, Args... args)
      : f_(std::move(f)), args_(std::move(args)...) {}
  ~Defer() noexcept(false) {
    if (unlink()) call();
  }

 private:
  void call() override { std::apply(f_, args_); }

  F f_;
  std::tuple<Args...> args_;
};
template <typename F, typename... Args>
Defer(F, Args...) -> Defer<F, Args...>;

}  // namespace golab
