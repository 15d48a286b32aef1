// once.h: sync.Once and its kin: an action that happens once, however many goroutines call it.
//
//   static sync::Once once;                      // var once sync.Once
//   once.Do(load);                               // once.Do(load)
//   static auto config = sync::OnceValue(load);  // var config = sync.OnceValue(load)
//   config().port                                // config().port
//
// A call that panics counts as done: Do does not call again; OnceFunc and OnceValue panic again.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>

#include "runtime/die/panic.h"
#include "runtime/sync/func.h"
#include "runtime/sync/mutex.h"

namespace golab::sync {

class Once {
 public:
  Once() = default;
  Once(const Once&) = delete;
  Once& operator=(const Once&) = delete;

  // Calls f if this is the first call. Other calls park until f has returned.
  void Do(golab::glue::FuncRef f) {
    if (done_.load(std::memory_order_acquire) == 0) doSlow(f);
  }

 private:
  void doSlow(golab::glue::FuncRef f);

  std::atomic<uint32_t> done_{0};
  Mutex m_;
};

}  // namespace golab::sync

// ---- Implementation ----

namespace golab::glue {

template <typename T>
struct OnceState {
  sync::Once once;
  std::optional<Panic> panicked;
  std::optional<T> value;
};

template <typename T, typename F>
const T& once_value(OnceState<T>& state, F& f) {
  state.once.Do([&] {
    try {
      state.value.emplace(f());
    } catch (const Panic& p) {
      state.panicked.emplace(p);
      throw;
    }
  });
  if (state.panicked) throw Panic(*state.panicked);
  return *state.value;
}

namespace once {

template <typename F, typename T = std::invoke_result_t<F&>>
Func<T()> OnceValue(F f) {
  auto state = std::make_shared<OnceState<T>>();
  return [state, f = std::move(f)]() mutable -> T { return once_value<T>(*state, f); };
}

// f returns a pair: auto [v, err] = get();
template <typename F, typename T = std::invoke_result_t<F&>>
Func<T()> OnceValues(F f) {
  return OnceValue(std::move(f));
}

template <typename F>
Func<void()> OnceFunc(F f) {
  auto get = OnceValue([f = std::move(f)]() mutable {
    f();
    return true;
  });
  return [get] { get(); };
}

}  // namespace once
}  // namespace golab::glue

namespace golab::sync {
using golab::glue::once::OnceFunc;
using golab::glue::once::OnceValue;
using golab::glue::once::OnceValues;
}  // namespace golab::sync
