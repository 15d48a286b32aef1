// errgroup.cpp: a WaitGroup, a first error and, if there is a limit, a channel as a counting semaphore.
#include "runtime/errgroup/errgroup.h"

#include "runtime/core/go.h"
#include "runtime/core/panic.h"
#include "runtime/fmt/fmt.h"

namespace golab::errgroup {

std::pair<std::shared_ptr<Group>, context::Context> WithContext(const context::Context& ctx) {
  auto [derived, cancel] = context::WithCancelCause(ctx);
  auto g = std::make_shared<Group>();
  g->cancel_ = cancel;
  return {g, derived};
}

void Group::done() {
  if (sem_ != nullptr) sem_.recv();
  wg_.Done();
}

void Group::start(golab::glue::Func<error()> f) {
  wg_.Add(1);
  go([this, f = std::move(f)] {
    // A destructor, not a Defer: a dying panic must not let Wait go on.
    struct Done {
      Group* g;
      ~Done() { g->done(); }
    } done{this};
    if (error err = f(); err != nullptr) {
      errOnce_.Do([&] {
        err_ = err;
        if (cancel_) cancel_(err_);
      });
    }
  });
}

[[gnu::noinline]] void Group::Go(golab::glue::Func<error()> f) {
  if (sem_ != nullptr) sem_.send(Empty());
  start(std::move(f));
}

bool Group::TryGo(golab::glue::Func<error()> f) {
  if (sem_ != nullptr && select({send(sem_, Empty()), otherwise}) == 1) return false;
  start(std::move(f));
  return true;
}

[[gnu::noinline]] error Group::Wait() {
  wg_.Wait();
  if (cancel_) cancel_(err_);
  return err_;
}

void Group::SetLimit(int n) {
  if (n < 0) {
    sem_ = {};
    return;
  }
  if (int active = len(sem_); active != 0) {
    panic(fmt::Sprintf("errgroup: modify limit while %d goroutines in the group are still active",
                       active));
  }
  sem_ = make_chan<Empty>(n);
}

}  // namespace golab::errgroup
