// cond.h: sync.Cond: goroutines that wait until another one says that something has changed.
//
//   auto cond = sync::NewCond(&mu);     // cond := sync.NewCond(&mu)
//   mu.Lock();                          // mu.Lock()
//   while (queue.empty()) cond.Wait();  // for queue.empty() { cond.Wait() }
//   mu.Unlock();                        // mu.Unlock()
//   cond.Signal();                      // cond.Signal()
#pragma once

#include "runtime/sched/sema.h"
#include "runtime/sync/mutex.h"

namespace golab::sync {

class Cond {
 public:
  explicit Cond(Locker l) : L(l) {}
  Cond(const Cond&) = delete;  // Go panics when a copied Cond is used; here it does not compile
  Cond& operator=(const Cond&) = delete;

  Locker L;  // hold it to read or change the condition

  // Unlocks L, parks until a Signal or Broadcast, then locks L again. Requires: the caller holds L.
  void Wait();
  void Signal();     // wakes the goroutine that has waited longest. Never parks.
  void Broadcast();  // wakes all. Never parks.

 private:
  runtime::notifyList notify_;
};

inline Cond NewCond(Locker l) { return Cond(l); }

}  // namespace golab::sync
