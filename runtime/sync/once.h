// once.h: sync.Once and its kin: an action that happens once, however many goroutines call it.
//
//   static sync::Once once;                      // var once sync.Once
//   once.Do(load);                               // once.Do(load)
//   static auto config = sync::OnceValue(load);  // var config = sync.OnceValue(load)
//   config().port                                // config().port
//
// A call that panics counts as done: Do does not call again.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
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

// A function that calls f the first time, and returns what f returned each time. If f panics, so
// does every call, with the same value. If f ends by Goexit, every call panics with a nil value.
golab::glue::Func<void()> OnceFunc(golab::glue::Func<void()> f);
template <typename F>
auto OnceValue(F f);
// f returns a pair: auto [v, err] = get();
template <typename F>
auto OnceValues(F f);

}  // namespace golab::sync

// ---- Implementation ----

namespace golab::glue {

// How the one call ended.
class OnceEnd {
 public:
  void returned() { returned_ = true; }
  void settle();       // in a Defer of the call: keeps its panic
  void check() const;  // panics if the call did not return

 private:
  bool returned_ = false;
  std::optional<Panic> panic_;  // none, and not returned: it ended by Goexit
};

}  // namespace golab::glue

namespace golab::sync {

// The functions below stand in one another as Go's do, so that a stack shows Go's names.
template <typename F>
auto OnceValue(F f) {
  using T = std::invoke_result_t<F&>;
  struct State {
    explicit State(F func) : f(std::move(func)) {}
    F f;
    Once once;
    golab::glue::OnceEnd end;
    std::optional<T> value;
  };
  auto state = std::make_shared<State>(std::move(f));
  return golab::glue::Func<T()>([state]() -> T {
    state->once.Do([s = state.get()] {
      Defer d{[s] { s->end.settle(); }};
      s->value.emplace(s->f());
      s->end.returned();
    });
    state->end.check();
    return *state->value;
  });
}

template <typename F>
auto OnceValues(F f) {
  return OnceValue(std::move(f));
}

}  // namespace golab::sync
