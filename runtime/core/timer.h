// timer.h: the runtime's timers: call f(arg, seq) on a scheduler thread at a given time.
//
// Go's time.Sleep, timers, tickers, context deadlines and network deadlines all stand on this.
// Every P has a heap of timers; the scheduler looks at its root before it picks a goroutine, idle
// threads sleep no longer than the earliest one, and thieves run the timers of busy Ps.
//
// Two ways to stand in a heap, as in Go since 1.23. A plain timer (Sleep, AfterFunc, deadlines) is
// in a heap as long as it is running. A channel timer (After, NewTimer, NewTicker) is in one only
// while some goroutine is blocked on its channel; otherwise the operation on the channel looks at
// the clock itself. So a channel timer that nobody waits for costs nothing, keeps nobody alive, and
// does not hide a deadlock.
//
// Locks: Timer::mu, then P::timersLock. The heap's owner comes from the other side, so it only
// tries mu and, if somebody is at that timer, lets go and looks again.
//
// A stopped timer leaves its heap at once (each knows its place in it). Go marks it and lets the
// owner throw it away later; but Go has a collector, and here the memory of a timer may be gone by
// then.
//
// Sleep has no timer. It cannot be stopped and always does the same, so the goroutine itself stands
// in the heap. With a timer on its stack, as it was first, each sleeper that woke cost the fetching
// of a page that nobody had looked at for long, once more when it moved in the heap.
#pragma once

#include <atomic>
#include <cstdint>

#include "runtime/core/lock.h"

namespace golab::runtime {

struct G;
struct P;

// Called on a scheduler thread inside the runtime: it must not park, nor touch its own timer (whose
// mu is held). `seq` is the value the timer had when it was armed; `delta` how late it is called,
// ns.
using TimerFunc = void (*)(void* arg, uint64_t seq, int64_t delta);

struct Timer {
  mutex mu;               // guards everything below but p and heapIndex
  // A channel timer's: drops the value in the channel `arg` if nobody has received it yet. True if
  // there was one. Null: a plain timer.
  bool (*discard_value)(void* arg) = nullptr;
  bool detached = false;  // f is called after mu is dropped (for locks that come before mu)
  int64_t when = 0;       // nanotime at which it fires; 0: not running
  int64_t period = 0;     // > 0: fires again every so many ns
  uint64_t seq = 0;       // of the current arming
  uint32_t blocked = 0;   // goroutines waiting on the channel
  TimerFunc f = nullptr;  // called with mu held, unless detached
  void* arg = nullptr;
  std::atomic<P*> p{nullptr};  // whose heap it is in, null: in none; written under its timersLock
  uint32_t heapIndex = 0;      // its place in that heap; guarded by p->timersLock
};

// Arms the timer, whatever it did before. True if it had been running. `when` is a nanotime.
bool timerReset(Timer* t, int64_t when, int64_t period);
// Arms a channel timer that nobody else knows yet, so no lock is needed: nobody waits for it, so it
// stands in no heap.
inline void timerStart(Timer* t, int64_t when, int64_t period) {
  t->when = when > 0 ? when : 1;
  t->period = period;
  t->seq++;
}
// Disarms it and waits for a call of f that is under way. True if it had been running; for a
// channel timer also if it had fired and its value was still in the channel (that value is dropped:
// no value of an earlier arming can be received afterwards). Its memory may be freed then.
bool timerStop(Timer* t);

// A goroutine is about to block on, or stops blocking on, the channel of this timer.
void blockTimerChan(Timer* t);
void unblockTimerChan(Timer* t);
// Runs a channel timer that is due but in no heap, before an operation looks at its channel.
void maybeRunChan(Timer* t);

// Has gp, which waits and which nobody else will wake, made runnable at `when`, a nanotime.
void sleepUntil(G* gp, int64_t when);

// ---- For the scheduler ----

// Runs what is due on pp, as long as the caller's P has room for those that it wakes. Returns when
// the next one is due (0: none). `ran` tells whether any ran.
int64_t checkTimers(P* pp, int64_t now, bool* ran);
int64_t timersEarliest();          // over all Ps; 0: none
void moveTimers(P* from, P* to);   // the world is stopped
void wakeNetPoller(int64_t when);  // a timer for `when` is new: no idle thread may sleep past it

}  // namespace golab::runtime
