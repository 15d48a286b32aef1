// once.cpp: the first call of sync.Once.
#include "runtime/sync/once.h"

namespace golab::sync {

[[gnu::noinline]] void Once::doSlow(golab::glue::FuncRef f) {
  // These are destructors so that they also run when f panics or ends by Goexit. They run in
  // reverse order: done first, then unlocked.
  struct Done {
    std::atomic<uint32_t>& done;
    ~Done() { done.store(1, std::memory_order_release); }
  };
  golab::glue::Locked lock(m_);
  if (done_.load(std::memory_order_relaxed) != 0) return;
  Done done{done_};
  f();
}

golab::glue::Func<void()> OnceFunc(golab::glue::Func<void()> f) {
  struct State {
    explicit State(golab::glue::Func<void()> func) : f(std::move(func)) {}
    golab::glue::Func<void()> f;
    Once once;
    golab::glue::OnceEnd end;
  };
  auto state = std::make_shared<State>(std::move(f));
  return [state] {
    state->once.Do([s = state.get()] {
      Defer d{[s] { s->end.settle(); }};
      s->f();
      s->f = nullptr;  // what it holds is needed no more
      s->end.returned();
    });
    state->end.check();
  };
}

}  // namespace golab::sync

namespace golab::glue {

// A panic that unwinds to a catch block goes on by itself. One that nobody catches is raised again,
// as Go does it, and a Goexit becomes a panic.
void OnceEnd::settle() {
  if (returned_) return;
  if (auto underway = runtime::panic_underway()) {
    panic_ = underway->panic;
    if (!underway->unwinds) panic(*panic_);
  } else if (std::uncaught_exceptions() == 0) {
    panic(nullptr);
  }
}

void OnceEnd::check() const {
  if (returned_) return;
  if (panic_) panic(*panic_);
  panic(nullptr);
}

}  // namespace golab::glue
