// go.h: the go statement.
//
//   go(f, x);           // go f(x)
//   go([=] { ... });    // go func() { ... }()
//
// The caller evaluates and copies the function value and the arguments, now. The call happens in a
// new goroutine, and its result is dropped (Go specification, "Go statements"). Capture by value
// what a goroutine needs: a reference into the caller's frame dangles when the caller returns.
#pragma once

#include <cstring>
#include <tuple>
#include <type_traits>
#include <utility>

#include "runtime/core/throw.h"
#include "runtime/sched/proc.h"

namespace golab {
namespace glue {

// A function value that is nil: a null pointer, an empty std::function or func.
template <typename F>
bool nil_func(const F& f) {
  if constexpr (std::is_function_v<F>) {
    return false;
  } else if constexpr (std::is_pointer_v<F> || std::is_member_pointer_v<F>) {
    return f == nullptr;
  } else if constexpr (requires { f == nullptr; } && !requires { +f; }) {  // +f: a lambda
    return f == nullptr;
  } else {
    return false;
  }
}

template <typename F, typename... Args>
struct GoCall {
  F f;
  std::tuple<Args...> args;

  // goexit calls this. The closure moves to the goroutine's own stack, so that the goroutine's G
  // has room for a closure again.
  static void run(void* at) {
    auto* stored = static_cast<GoCall*>(at);
    GoCall call(std::move(*stored));
    stored->~GoCall();
    runtime::freeclosure(at, sizeof(GoCall), alignof(GoCall));
    if constexpr (std::is_invocable_v<F&, Args...>) {  // if not, go() has said so
      std::apply(call.f, std::move(call.args));
    }
  }
};

// What can be wrong with go(f, args...): at most one of these is false.
template <typename F, typename... Args>
struct GoCheck {
  static constexpr bool fits = std::is_invocable_v<F&, Args...>;
  static constexpr bool has_object =
      fits || sizeof...(Args) > 0 || !std::is_member_function_pointer_v<F>;
  static constexpr bool wants_copies = fits || !has_object || !std::is_invocable_v<F&, Args&...>;
  static constexpr bool right_arguments = fits || !has_object || !wants_copies;
};

// Where the goroutine's code begins: a profile shows that for a goroutine that has not run yet. It
// is 0 for a call with arguments, which begins in glue, as in Go.
template <typename F>
uintptr_t startpc_of(const F& f) {
  if constexpr (std::is_pointer_v<F>) {
    return reinterpret_cast<uintptr_t>(f);
  } else if constexpr (requires { &F::operator(); }) {
    auto member = &F::operator();
    uintptr_t words[2] = {0, 0};  // Itanium C++ ABI 2.3: first, a non-virtual member's address
    static_assert(sizeof(member) == sizeof(words));
    std::memcpy(words, &member, sizeof(words));
    return words[0];
  } else {
    return 0;
  }
}

}  // namespace glue

// Starts f(args...) in a new goroutine. Never parks. An exception from a copy constructor reaches
// the caller, and no goroutine starts. If f is nil: "fatal error: go of nil func value".
template <typename F, typename... Args>
[[gnu::always_inline]] inline void go(F&& f, Args&&... args) {
  using Check = glue::GoCheck<std::decay_t<F>, std::decay_t<Args>...>;
  static_assert(Check::has_object,
                "go(&T::f, object, args...): a member function needs its object, a pointer");
  static_assert(Check::wants_copies,
                "go(f, args...): f takes a T&, but a goroutine gets copies: use a pointer");
  static_assert(Check::right_arguments, "go(f, args...): f cannot be called with these arguments");
  using Call = glue::GoCall<std::decay_t<F>, std::decay_t<Args>...>;
  if (glue::nil_func(f)) [[unlikely]]
    runtime::fatal("go of nil func value");
  runtime::G* gp = nullptr;
  void* at = runtime::newg(sizeof(Call), alignof(Call), &gp);
  if constexpr (std::is_nothrow_constructible_v<std::decay_t<F>, F&&> &&
                (std::is_nothrow_constructible_v<std::decay_t<Args>, Args&&> && ...)) {
    new (at) Call{std::forward<F>(f), {std::forward<Args>(args)...}};
  } else {
    try {
      new (at) Call{std::forward<F>(f), {std::forward<Args>(args)...}};
    } catch (...) {
      runtime::freeclosure(at, sizeof(Call), alignof(Call));
      runtime::discardg(gp);
      throw;
    }
  }
  uintptr_t startpc = 0;
  if constexpr (sizeof...(Args) == 0) startpc = glue::startpc_of(static_cast<Call*>(at)->f);
  runtime::newproc(gp, Call::run, startpc);
}

}  // namespace golab
