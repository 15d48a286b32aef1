// semaphore.h: golang.org/x/sync/semaphore: a limit on how much may be in use at once.
//
//   auto sem = semaphore::NewWeighted(10);                     // sem := semaphore.NewWeighted(10)
//   if (error err = sem->Acquire(ctx, 3); err != nullptr)      // if err := sem.Acquire(ctx, 3); …
//     return err;                                              //     return err
//   Defer release{[=] { sem->Release(3); }};                   // defer sem.Release(3)
//
// Who waits is served in order: a small request does not overtake a large one that came before it.
#pragma once

#include <cstdint>
#include <list>
#include <memory>

#include "runtime/chan/chan.h"
#include "runtime/context/context.h"
#include "runtime/errors/errors.h"
#include "runtime/sync/mutex.h"

namespace golab::semaphore {

class Weighted {
 public:
  explicit Weighted(int64_t n) : size_(n) {}
  Weighted(const Weighted&) = delete;
  Weighted& operator=(const Weighted&) = delete;

  // Parks until n units are free and takes them, or until ctx is done: then returns ctx.Err() and has
  // taken nothing. More units than there are at all are never free.
  [[nodiscard]] error Acquire(const context::Context& ctx, int64_t n);
  // Takes n units if they are free and nobody waits; else returns false. Never parks.
  bool TryAcquire(int64_t n);
  // Gives n units back. Panics "semaphore: released more than held". Never parks.
  void Release(int64_t n);

 private:
  struct waiter {
    int64_t n;
    Chan<Empty> ready;  // closed when it has its units
  };
  void notifyWaiters();  // requires mu_

  const int64_t size_;
  int64_t cur_ = 0;
  sync::Mutex mu_;
  std::list<waiter> waiters_;
};

[[nodiscard]] std::shared_ptr<Weighted> NewWeighted(int64_t n);

}  // namespace golab::semaphore
