// cond.h: sync.Cond: goroutines that wait until another one says that something has changed.
//
//   sync::Mutex mu;
//   auto cond = sync::NewCond(&mu);
//   mu.Lock();
//   while (queue.empty()) cond.Wait();      // gives mu up while it waits, has it again afterwards
//   ...
//   mu.Unlock();
#pragma once

#include "runtime/core/sema.h"
#include "runtime/sync/mutex.h"

namespace golab::sync {

class Cond {
 public:
  explicit Cond(Locker l) : L(l) {}
  Cond(const Cond&) = delete;  // Go finds a copied Cond when it is used; here it does not compile
  Cond& operator=(const Cond&) = delete;

  Locker L;  // held while the condition is looked at or changed

  void Wait();       // parks; L is held by the caller
  void Signal();     // wakes the one that has waited longest
  void Broadcast();  // wakes all

 private:
  runtime::notifyList notify_;
};

inline Cond NewCond(Locker l) { return Cond(l); }

}  // namespace golab::sync
