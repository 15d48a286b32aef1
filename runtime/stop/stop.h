// stop.h: stopping the world, and the epoch snapshot's part of the scheduler.
//
// Who stops where. A thread is in one of three conditions:
//   - inside the runtime (M::locks > 0): it will come out soon. It finds the request when it leaves
//     (releasem) or at the top of the scheduler's loop, and stops there;
//   - in a safe state: asleep without work, in a system call between entersyscall and exitsyscall,
//     or the watchman while it only looks (sysmon.cpp). It need not do anything; it passes a gate
//     on the way back;
//   - in the program's code: a signal (SIGURG, as in Go) finds it there. The handler takes down the
//     stack and waits until the world starts again; if the stop is only to mark an instant, it
//     waits first and takes down the stack on its way out, when the others run already.
// So a busy loop stops too, and a thread inside malloc: nothing that runs while the world is
// stopped may allocate, lock or symbolize.
//
// Locks of others. A thread may stop with a lock of malloc's in its hand, and another may wait for
// that lock inside the runtime: what a receive assigns to has to be freed first, a new thread needs
// memory. That one does not come out before the first goes on. So a stop for which somebody is late
// is given up: all go on until he has come out, and it begins again. (To keep all that may lock out
// of the runtime was rejected: elements of channels are the program's, and pthread_create is
// libc's.)
//
// Threads that no signal reaches. A program may block SIGURG in a thread (a library that takes all
// signals away from it), install a handler of its own, or run where tgkill is forbidden. The handler
// is ours again as soon as a stop finds out (the program's is called by ours), and a thread that is
// found deaf unblocks the signal when it next comes to the runtime. Until then the stop holds it: the
// note that it was left lies where each way into the runtime looks (acquirem_with_p, entersyscall),
// and the thread serves it there before it does anything else. So it is enough to know that the
// thread is outside: the stopper leaves the note, has all threads pass a fence (membarrier), and
// reads M::locks. If that is 0, the next look of the thread finds the note. A held thread goes on in
// the program's code, which a stopped world does not touch, and its P may be taken.
//
// What is missing is the stack. A goroutine that is held at the instant of a snapshot may be recorded
// later, when its thread comes: it has not been in the runtime since, so whatever it has done has no
// effect that the snapshot shows elsewhere. If it does not come, it is counted with a stack whose leaf
// is runtime._LostStack.
//
// A thread inside the runtime cannot be held. It does come out, unless the program's code that runs
// there (the move of a channel's element) does not end. After kStopMaxNs the stop fails then.
//
// Order. The stopper raises `stopping` and then reads each M's state; an M changes its state and
// then reads `stopping` (both sequentially consistent): one of the two sees the other. Stops are
// numbered, and `stopping` is the number: a thread that is slow to leave one cannot take the next
// for the same.
//
// The epoch snapshot, Go's since 1.19. The world is stopped only to mark the instant: the epoch
// goes up, the world starts. Threads that were in a goroutine take its stack down before they
// return to it (M::ran_at_instant). Each other goroutine is recorded once: by a walker, or by the
// scheduler just before it runs it (hooks.record). G::snapshot says how far it is: whoever moves it
// from absent to in progress records; the scheduler that meets "in progress" leaves that goroutine
// for a moment and runs another.
//
// Such a thread does not count the stack itself: the profiler does, when it is through with the
// others. An interrupted goroutine may be found at any of a hundred instructions, so at a hundred
// places of the profiler's hash table, on as many pages that nobody else looks at; and where the
// host takes memory back in pieces now and then, each may cost the goroutine 0.1 ms.
//
// What a snapshot found is remembered for the next one: memo.h.
#pragma once

#include <atomic>
#include <cstdint>

#include "runtime/sched/gate.h"
#include "runtime/sched/gmp.h"

namespace golab::runtime {

// Stops every thread that runs goroutines. One stop at a time: a second caller parks until the
// first has started the world; so does a caller without a P, until it has one. Afterwards the
// caller is the only goroutine that runs; it must not allocate, lock, park or call into libraries
// that do, until startTheWorld. Threads that no signal reaches go on in the program's code, and stop
// as soon as they call the runtime.
//
// False: a thread has not come out of the runtime for 5 s. Then the world is not stopped.
[[nodiscard]] bool stopTheWorld();
// Returns how long the world stood still, ns, from request to restart; where a stop had to be given
// up, since the last request.
int64_t startTheWorld();

// Stops the world, has act() called and starts the world again: all that act() does is of one
// instant. It is called by whichever thread has stopped last, perhaps in a signal handler: it must
// do little, and nothing that a signal handler must not. Parks and returns as stopTheWorld and
// startTheWorld do: the time that the world stood still, ns; -1 if it could not be stopped.
int64_t at_instant(void (*act)());

// While the world is stopped: the stack of a goroutine that a stopped thread runs; null if none
// does. Then, if it is running, its thread is held.
const StoppedStack* stopped_stack(const G* gp);

// What stands for the stack of a goroutine that could not be taken: runtime._LostStack, the function
// that it was started with (if known), goexit. Returns how many pcs: 3 at most.
uint32_t lost_stack(const G* gp, uintptr_t* pcs);
bool is_lost_stack(const uintptr_t* pcs, uint32_t depth);

// A dying program's stop: nobody is waited for longer than a moment, and the world does not start
// again.
void freeze_the_world();

// ---- Epoch snapshot ----

enum : uint64_t { kSnapshotAbsent = 0, kSnapshotInProgress = 1, kSnapshotSatisfied = 2 };

// At an instant: opens a new epoch. Every goroutine is absent from it, new ones are born satisfied.
void snapshot_begin();
void snapshot_end();

// Claims gp for recording: true if the caller must record it and then call snapshot_done.
bool snapshot_claim(G* gp);
void snapshot_done(G* gp);
bool snapshot_satisfied(const G* gp);
// gp ran at the instant on a thread that was held: do not wait for it, for_each_running_at_instant does.
bool snapshot_held(const G* gp);
// Those that ran at the instant; all others have to be satisfied already. Waits for those that are
// held, 0.1 s at most; on a goroutine.
void for_each_running_at_instant(void (*f)(const RunningAtInstant& r));

// Total stopped time and number of stops so far, those that were given up included, ns.
struct StopStats {
  uint64_t stops;
  int64_t last_ns;
  int64_t total_ns;
  int64_t max_ns;
};
StopStats stop_stats();

}  // namespace golab::runtime
