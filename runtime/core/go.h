// go.h: the go statement.
//
//   go(f, x);            // go f(x)
//   go([=] { ... });     // go func() { ... }()
//
// The function value and the arguments are evaluated and copied now, in the caller; the call
// happens in a new goroutine, and its result is dropped (Go specification, "Go statements"). What a
// goroutine needs, capture by value: a reference into the caller's frame is dangling as soon as the
// caller returns.
#pragma once

#include <cstring>
#include <tuple>
#include <type_traits>
#include <utility>

#include "runtime/core/proc.h"

namespace golab {
namespace glue {

template <typename F, typename... Args>
struct GoCall {
  F f;
  std::tuple<Args...> args;

  // What goexit calls: the closure moves to the goroutine's own stack, so its G has room for the
  // next.
  static void run(void* at) {
    auto* stored = static_cast<GoCall*>(at);
    GoCall call(std::move(*stored));
    stored->~GoCall();
    runtime::freeclosure(at, sizeof(GoCall), alignof(GoCall));
    std::apply(call.f, std::move(call.args));
  }
};

// Where the goroutine's own code begins, for one that is shown before it has run. As in Go, a call
// with arguments begins in glue, which is not shown: 0.
template <typename F>
uintptr_t startpc_of(const F& f) {
  if constexpr (std::is_pointer_v<F>) {
    return reinterpret_cast<uintptr_t>(f);
  } else if constexpr (requires { &F::operator(); }) {
    auto member = &F::operator();
    uintptr_t words[2] = {0,
                          0};  // Itanium C++ ABI 2.3: for a non-virtual member, the address first
    static_assert(sizeof(member) == sizeof(words));
    std::memcpy(words, &member, sizeof(words));
    return words[0];
  } else {
    return 0;
  }
}

}  // namespace glue

// Starts f(args...) in a new goroutine. Never parks.
template <typename F, typename... Args>
[[gnu::always_inline]] inline void go(F&& f, Args&&... args) {
  using Call = glue::GoCall<std::decay_t<F>, std::decay_t<Args>...>;
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
