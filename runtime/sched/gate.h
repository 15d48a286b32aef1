// gate.h: what the scheduler needs from stop/ and die/, which are above it (hooks.h).
//
// Each way to run a goroutine, and each way into the runtime and out of it, passes one of these: is
// the world being stopped, does a snapshot want this goroutine before it runs?
#pragma once

#include <signal.h>

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "runtime/sched/gmp.h"

namespace golab::runtime {

// ---- stop.cpp ----
void stopinit();

[[nodiscard]] bool stopTheWorld();  // see stop.h
int64_t startTheWorld();

void stop_here(M* mp);                   // for the scheduler, which runs no goroutine
void announce_arrival();                 // this thread has stopped, or become safe
void come_in(M* mp, const void* frame);  // serves notes; frame: of the runtime's function
bool is_outside(const M* mp);  // in the program's code; it will see a note left before the call
void wait_for_restart(uint32_t stop, bool patient = false);  // until that stop is over

// ---- the snapshot: stop.cpp, epoch.cpp, memo.cpp ----
extern std::atomic<uint64_t> snapshot_epoch;  // number of the newest snapshot
extern std::atomic<bool> snapshot_active;     // between snapshot_begin and snapshot_end

void memoinit(size_t goroutines_max);
// G::snapshot of a new goroutine: satisfied. A snapshot in progress is of an earlier moment.
uint64_t snapshot_of_newborn();

// Must return true before gp runs. False: a walker is recording gp, run another goroutine. The
// caller is inside the runtime and stays there until gp runs, so no instant falls in between.
bool pass_snapshot(G* gp);
inline bool may_run(G* gp) {
  if (!snapshot_active.load(std::memory_order_acquire) &&
      !gp->has_memo.load(std::memory_order_relaxed)) [[likely]]
    return true;
  return pass_snapshot(gp);
}

// ---- die/: signals ----
void signalinit();
// All signals except those of a thread's own faults, and the one that ends a dying thread that got
// stuck: blocked, they would end the process without a message.
sigset_t blockable_signals();
void unblock_signal(int sig);  // on this thread

}  // namespace golab::runtime
