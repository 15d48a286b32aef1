// stop.h: stopping the world, and the epoch snapshot's part of the scheduler.
//
// Who stops where. A thread is in one of three conditions:
//   - inside the runtime (M::locks > 0): it will come out soon. It finds the request when it leaves
//     (releasem) or at the top of the scheduler's loop, and stops there;
//   - in a safe state: asleep without work, or in a system call between entersyscall and
//   exitsyscall.
//     It need not do anything; it passes a gate on the way back;
//   - in the program's code: a signal (SIGURG, as in Go) finds it there. The handler takes down the
//     stack with the unwinder and waits until the world starts again; if the stop is only to mark
//     an instant, it waits first and takes down the stack on its way out, when the others run
//     already.
// So a busy loop stops too, and a thread inside malloc: nothing that runs while the world is
// stopped may allocate, lock or symbolize.
//
// Order. The stopper raises `stopping` and then reads each M's state; an M changes its state and
// then reads `stopping` (both sequentially consistent): one of the two sees the other. Stops are
// numbered, and `stopping` is the number: a thread that is slow to leave one cannot take the next
// for the same.
//
// The epoch snapshot, Go's since 1.19. The world is stopped only to mark the instant: the epoch
// goes up, the world starts. Threads that were in a goroutine record it before they return to it
// (hooks.recordRunning). Each other goroutine is recorded once: by a walker, or by the scheduler
// just before it runs it (hooks.record). G::snapshot says how far it is: whoever moves it from
// absent to in progress records; the scheduler that meets "in progress" leaves that goroutine for a
// moment and runs another.
//
// Memos. Most goroutines have not run since the last snapshot; a leaked one never does. So a
// snapshot leaves a memo on each that it found off its thread, which says what its stack was. The
// memos have a table of their own, 8 bytes a goroutine: who finds one there does not look at the
// goroutine, and a million that stand still are 8 MB to read, not a cache line and a page each.
//
//   - A memo is good until the goroutine runs: execute() takes it away (G::hasMemo says that there
//   is one).
//   - To count a goroutine by its memo, the walker sets the memo's last bit to the epoch's, by
//   compare-and-swap; G::snapshot stays as it is. The scheduler that runs the goroutine claims it
//   as ever, then takes the memo: if its bit is this epoch's, the walker was there, and nothing is
//   left to record. If the walker comes later, its swap fails, and it takes the long way.
//   - A memo is left or taken, and G::hasMemo touched, only by who has claimed the goroutine or
//   runs it.
//   - Every snapshot renews or takes away every memo, so until the walker comes to it a memo has
//   the last epoch's bit. One bit is enough.
#pragma once

#include <atomic>
#include <cstdint>

#include "runtime/core/gmp.h"

namespace golab::runtime {

// Stops every thread that runs goroutines. One stop at a time: a second caller parks until the
// first has started the world. Afterwards the caller is the only goroutine that runs; it must not
// allocate, lock, park or call into libraries that do, until startTheWorld.
enum class StopFor { looking, instant };  // instant: no stacks are to be had while it is stopped
void stopTheWorld(StopFor what = StopFor::looking);
// Returns how long the world stood still, ns, from request to restart.
int64_t startTheWorld();

// While the world is stopped for looking: the stack of a goroutine that a stopped thread runs; null
// if none does.
const StoppedStack* stoppedStack(const G* gp);

// A dying program's stop: nobody is waited for longer than a moment, and the world does not start
// again.
void freezeTheWorld();

// The running goroutine's own stack, the caller of this function first. Neither allocates nor
// parks.
void captureSelf(StoppedStack* out);

// ---- Epoch snapshot ----

enum : uint64_t { kSnapshotAbsent = 0, kSnapshotInProgress = 1, kSnapshotSatisfied = 2 };

extern std::atomic<uint64_t> snapshotEpoch;  // number of the newest snapshot
extern std::atomic<bool> snapshotActive;     // between begin and end

// 63 bits of the profiler's (not all 0), then the epoch's last bit. 0: there is no memo.
using Memo = std::atomic<uint64_t>;
Memo& memoOf(uint32_t i);  // of allg(i)

// With the world stopped: opens a new epoch. Every goroutine is absent from it, new ones are born
// satisfied.
void snapshotBegin();
void snapshotEnd();

// Claims gp for recording: true if the caller must record it and then call snapshotDone.
bool snapshotClaim(G* gp);
void snapshotDone(G* gp);
bool snapshotSatisfied(const G* gp);

// Total stopped time and number of stops so far, ns.
struct StopStats {
  uint64_t stops;
  int64_t last_ns;
  int64_t total_ns;
  int64_t max_ns;
};
StopStats stopStats();

}  // namespace golab::runtime
