// held.h: how the heap holds its locks: inside the runtime, where no signal stops the thread.
// Internal to heap/.
#pragma once

#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "runtime/core/lock.h"
#include "runtime/sched/proc.h"
#include "runtime/sched/sched.h"

namespace golab::runtime::heap {

// Goes inside; a foreign thread is never stopped, so it has nothing to do.
inline M* go_inside() { return getm() != nullptr ? acquirem() : nullptr; }

// Comes out. A stop that was requested meanwhile is served by the signal's handler, as anywhere in
// the program's code, and not here, as by releasem: that may park, and the caller of new may hold a
// lock of the program's.
inline void come_out(M* mp) {
  if (mp == nullptr || dropm(mp) != 0) return;
  if ((mp->preempt.load(std::memory_order_relaxed) & (kNoteStop | kNoteYield)) == 0) [[likely]]
    return;
  syscall(SYS_tgkill, getpid(), mp->tid.load(std::memory_order_relaxed), SIGURG);
}

class Held {
 public:
  explicit Held(mutex& l) : mp_(go_inside()), lock_(l) { lock(&l); }
  ~Held() {
    unlock(&lock_);
    come_out(mp_);
  }
  Held(const Held&) = delete;
  Held& operator=(const Held&) = delete;

 private:
  M* mp_;
  mutex& lock_;
};

}  // namespace golab::runtime::heap
