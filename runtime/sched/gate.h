// gate.h: what the scheduler asks of stop/, which stands above it.
//
// Whether the world is being stopped, and whether a snapshot wants a goroutine before it runs:
// each way to run a goroutine, and each way out of the runtime, passes by one of these. They are
// declared here, so that the scheduler includes nothing above it, and defined in stop/.
#pragma once

#include <signal.h>

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "runtime/sched/gmp.h"

namespace golab::runtime {

// ---- stop.cpp ----
void stopinit();

// Stops every thread that runs goroutines: see stop.h.
[[nodiscard]] bool stopTheWorld();
int64_t startTheWorld();

void stop_here(M* mp);                   // publishes nothing: the scheduler without a goroutine
void announce_arrival();                 // this thread has stopped, or become safe
void come_in(M* mp, const void* frame);  // serves notes on the way in, for the owner of that frame
bool is_outside(const M* mp);  // in the program's code, and sees its notes before it comes in
void wait_for_restart(uint32_t stop, bool patient = false);  // until that stop is over

// ---- the snapshot: stop.cpp, memo.cpp ----
extern std::atomic<uint64_t> snapshot_epoch;  // number of the newest snapshot
extern std::atomic<bool> snapshot_active;     // between begin and end

void memoinit(size_t goroutines_max);
// What G::snapshot is for a goroutine that is born now: a snapshot in progress is of a moment
// before it.
uint64_t snapshot_of_newborn();

// Must be true before gp runs. False: a walker is at gp, run another. Every way of running a
// goroutine asks this inside the runtime, and then runs it without leaving the runtime in between.
// So no instant falls in between.
bool pass_snapshot(G* gp);
inline bool may_run(G* gp) {
  if (!snapshot_active.load(std::memory_order_acquire) &&
      !gp->has_memo.load(std::memory_order_relaxed)) [[likely]]
    return true;
  return pass_snapshot(gp);
}

// ---- die/: signals ----
void signalinit();
// All signals but those that say that the thread itself has failed, or that it has got stuck while
// it printed why: blocked, they would end the process without a word.
sigset_t blockable_signals();

}  // namespace golab::runtime
