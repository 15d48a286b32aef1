// errgroup.cpp: a WaitGroup, a first error, and a channel that counts if there is a limit.
#include "runtime/errgroup/errgroup.h"

#include "runtime/sched/go.h"
#include "runtime/die/panic.h"
#include "runtime/fmt/fmt.h"

namespace golab {

// Runs the user's function in a goroutine of the group. This is glue, so that the function and the
// closure of Go are neighbours in a profile, as in Go.
void glue::run_in_group(errgroup::Group* g, const Func<error()>& f) {
  // A destructor, not a Defer: a panic that ends the program runs Defers, and must not release
  // Wait.
  struct Done {
    errgroup::Group* g;
    ~Done() {
      if (g->sem_ != nullptr) g->sem_.recv();
      g->wg_.Done();
    }
  } done{g};
  if (error err = f(); err != nullptr) {
    g->errOnce_.Do([&] {
      g->err_ = err;
      if (g->cancel_) g->cancel_(err);
    });
  }
}

namespace errgroup {

std::pair<std::shared_ptr<Group>, context::Context> WithContext(const context::Context& ctx) {
  auto [derived, cancel] = context::WithCancelCause(ctx);
  auto g = std::make_shared<Group>();
  g->cancel_ = cancel;
  return {g, derived};
}

[[gnu::noinline]] void Group::Go(golab::glue::Func<error()> f) {
  if (sem_ != nullptr) sem_.send(Empty());
  wg_.Add(1);
  go([this, f = std::move(f)] { golab::glue::run_in_group(this, f); });
}

[[gnu::noinline]] bool Group::TryGo(golab::glue::Func<error()> f) {
  if (sem_ != nullptr && select({send(sem_, Empty()), otherwise}) == 1) return false;
  wg_.Add(1);
  go([this, f = std::move(f)] { golab::glue::run_in_group(this, f); });
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

}  // namespace errgroup
}  // namespace golab
