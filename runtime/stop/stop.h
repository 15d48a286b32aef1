// stop.h: stopping the world, and the epoch snapshot's part of the scheduler.
//
// Who stops where:
//
//   a thread ...              stops ...
//   inside the runtime        when it leaves (releasem), or at the top of the scheduler's loop. It
//   (M::locks > 0)            finds the request there, and it comes there soon.
//   in a safe state           not at all: it waits when it leaves that state (leave_safe). It is
//                             asleep without work, in a system call, or sysmon while it only looks.
//   in the program's code     in the handler of a signal (SIGURG, as in Go). The handler writes the
//                             stack down and waits until the world starts. If it only marks an
//                             instant, it waits first, and writes while the others run.
//
// So a busy loop stops, too, and a thread inside malloc: nothing that runs while the world is
// stopped may allocate, lock or symbolize.
//
// Locks of others. A thread may stop while it holds a lock of malloc's, and a thread inside the
// runtime may wait for that lock: a receive frees what it assigns to, a new thread needs memory. If
// a thread does not stop in time, the attempt is abandoned; the world runs until that thread leaves
// the runtime, then the stop is retried. After 5 s it fails: the program's code that runs inside
// the runtime, the move of a channel's element, may never end. (Rejected: to keep all that may lock
// out of the runtime. Channels' elements are the program's, and pthread_create is libc's.)
//
// Threads that no signal reaches. A program may block SIGURG in a thread, install a handler of its
// own, or run where tgkill is forbidden. A stop installs the runtime's handler again, which calls
// the program's (keep_handler). A thread that was found deaf unblocks SIGURG when it next comes
// into the runtime (hear_again). Until then a stop holds it. Each way into the runtime first serves
// the notes that lie there (acquirem_with_p, entersyscall), so the stopper leaves a note, has all
// threads pass a fence (membarrier), and reads M::locks. If that is 0, the thread is outside and
// its next look finds the note. A held thread goes on in the program's code, which a stopped world
// does not touch, and its P may be taken.
//
// The stack of a held thread is missing. At the instant of a snapshot its goroutine may be recorded
// later, when the thread comes in: it has not been in the runtime since, so the snapshot shows no
// effect of what it did. If it does not come, it is counted with the leaf runtime._LostStack.
//
// Order. The stopper raises `stopping` and then reads each M's state; an M changes its state and
// then reads `stopping` (both sequentially consistent): one of the two sees the other. `stopping`
// is the number of the stop, so that a thread that is slow to leave one does not take the next for
// it.
//
// The epoch snapshot (Go's since 1.19). The world is stopped only to mark the instant: the epoch
// goes up, the world starts. Each goroutine is then recorded once; the thread that moves its
// G::snapshot from absent to in progress does it:
//
//   - One that ran at the instant: its thread writes the stack down before it returns to it
//     (M::ran_at_instant). The profiler counts it afterwards, because counting touches many pages
//     of the profiler, and an interrupted goroutine must not wait for these.
//   - Any other: a walker, or the scheduler just before it runs it (hooks.record). If the scheduler
//     meets "in progress", it runs another goroutine first.
//
// A snapshot leaves memos for the next one: memo.h.
#pragma once

#include <atomic>
#include <cstdint>

#include "runtime/sched/gate.h"
#include "runtime/sched/gmp.h"

namespace golab::runtime {

// Stops every thread that runs goroutines. Parks until no other stop is under way and the caller
// has a P. Then the caller is the only goroutine that runs, besides those of held threads, and must
// not allocate, lock, park or call into libraries that do, until startTheWorld.
//
// False: a thread has not come out of the runtime for 5 s. The world is not stopped.
[[nodiscard]] bool stopTheWorld();
// How many goroutines wait for the end of this stop, to stop the world themselves.
int32_t waiting_to_stop();
// Returns how long the world was stopped, ns, from the request of the last attempt to the restart.
int64_t startTheWorld();

// Stops the world, has act() called, and starts the world: what act() does is of one instant. The
// last thread that stops calls it, perhaps in a signal handler, so it must be short and
// async-signal safe. Parks like stopTheWorld. Returns like startTheWorld; -1: the world could not
// be stopped.
int64_t at_instant(void (*act)());

// While the world is stopped: the stack of gp if a stopped thread runs it, else null. Null for a
// running gp: its thread is held.
const StoppedStack* stopped_stack(const G* gp);

// Stands for a stack that could not be taken: runtime._LostStack, the function that the goroutine
// was started with (if known), goexit.
WalkResult lost_stack(const G* gp, const WalkBuffer& buffer);
bool is_lost_stack(const uintptr_t* pcs, uint32_t depth);

// A dying program's stop: it waits a second at most, and the world does not start again.
void freeze_the_world();

// ---- Epoch snapshot ----

enum : uint64_t { kSnapshotAbsent = 0, kSnapshotInProgress = 1, kSnapshotSatisfied = 2 };

// At an instant: opens a new epoch, from which every goroutine is absent. New ones are satisfied.
void snapshot_begin();
void snapshot_end();

// Claims gp for recording: true if the caller must record it and then call snapshot_done.
bool snapshot_claim(G* gp);
void snapshot_done(G* gp);
bool snapshot_satisfied(const G* gp);
// True if gp ran at the instant on a held thread: for_each_running_at_instant waits for it.
bool snapshot_held(const G* gp);
// Calls f for each goroutine that ran at the instant; all others must be satisfied already. Waits
// for held ones, 0.1 s at most each. Requires: on a goroutine.
void for_each_running_at_instant(void (*f)(const RunningAtInstant& r));

// Number and times, ns, of stops so far, with abandoned attempts.
struct StopStats {
  uint64_t stops;
  int64_t last_ns;
  int64_t total_ns;
};
StopStats stop_stats();

}  // namespace golab::runtime
