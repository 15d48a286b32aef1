// func.h: functions as values: Go's func(), and a reference to a function for the time of a call.
//
// std::function would leave a frame of its own in a profile. All of golab::glue is hidden, so a
// goroutine that wg.Go starts shows the caller's function directly above sync's, as in Go.
#pragma once

#include <memory>
#include <type_traits>
#include <utility>

namespace golab::glue {

template <typename Signature>
class Func;

// A handle to a callable on the heap. Copies name one callable, as Go's func values do.
template <typename R, typename... A>
class Func<R(A...)> {
 public:
  Func() = default;  // nil
  Func(std::nullptr_t) {}
  template <typename F>
  requires(!std::is_same_v<std::remove_cvref_t<F>, Func> &&
           std::is_invocable_r_v<R, std::decay_t<F>&, A...>) Func(F&& f)
      : callable_(std::make_shared<std::decay_t<F>>(std::forward<F>(f))),
        invoke_([](void* callable, A... args) -> R {
          return (*static_cast<std::decay_t<F>*>(callable))(std::forward<A>(args)...);
        }) {}

  R operator()(A... args) const { return invoke_(callable_.get(), std::forward<A>(args)...); }
  explicit operator bool() const { return invoke_ != nullptr; }
  friend bool operator==(const Func& f, std::nullptr_t) { return f.invoke_ == nullptr; }

 private:
  std::shared_ptr<void> callable_;
  R (*invoke_)(void* callable, A... args) = nullptr;
};

// Refers to a callable of the caller's. Use it for parameters that are called before the function
// returns.
class FuncRef {
 public:
  FuncRef(void (*f)())
      : callable_(reinterpret_cast<void*>(f)),
        invoke_([](void* callable) { reinterpret_cast<void (*)()>(callable)(); }) {}
  template <typename F>
  requires(std::is_class_v<std::remove_cvref_t<F>> &&
           !std::is_same_v<std::remove_cvref_t<F>, FuncRef> && std::is_invocable_v<F&>)
      FuncRef(F&& f)
      : callable_(const_cast<void*>(static_cast<const void*>(std::addressof(f)))),
        invoke_([](void* callable) { (*static_cast<std::remove_reference_t<F>*>(callable))(); }) {}

  void operator()() const { invoke_(callable_); }

 private:
  void* callable_;
  void (*invoke_)(void* callable);
};

}  // namespace golab::glue
