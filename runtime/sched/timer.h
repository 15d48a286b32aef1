// timer.h: the runtime's timers: call f(arg, seq) on a scheduler thread at a given time.
//
// Go's time.Sleep, timers, tickers, context deadlines and network deadlines are built on this.
// Every P has a heap of timers. The scheduler looks at its root before it picks a goroutine, idle
// threads sleep no longer than until the earliest one, and thieves run the timers of busy Ps.
//
// There are two kinds of timers, as in Go since 1.23:
//
//   plain     (AfterFunc, deadlines) is in a heap as long as it is running.
//   channel   (After, NewTimer, NewTicker) is in a heap only while a goroutine is blocked on its
//             channel. At other times, an operation on the channel looks at the clock itself. So a
//             channel timer that no goroutine waits for costs nothing and does not hide a deadlock.
//
// Lock order: Timer::mu, then P::timersLock. The heap's owner needs the opposite order, so it only
// tries mu; if another thread holds it, the owner unlocks the heap and looks again.
//
// A stopped timer leaves its heap at once. Go marks it, and the owner removes it later; here the
// timer's memory may be gone by then.
//
// Sleep has no timer: the goroutine itself is in the heap. It cannot be stopped, and its wake-up
// always does the same. A timer on the sleeper's stack would cost a cache miss on that stack
// whenever the heap moves it.
#pragma once

#include <atomic>
#include <cstdint>

#include "runtime/core/lock.h"

namespace golab::runtime {

struct G;
struct P;

// Is called on a scheduler thread inside the runtime. It must not park, and must not touch its own
// timer, whose mu is held. `seq` is the timer's seq when it was armed. `delta` is how late the call
// is, ns.
using TimerFunc = void (*)(void* arg, uint64_t seq, int64_t delta);

struct Timer {
  mutex mu;  // guards everything below but p and heap_index
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
  uint32_t heap_index = 0;     // its place in that heap; guarded by p->timersLock
};

// Arms the timer, whatever it did before. True if it was running. `when` is a nanotime.
bool timer_reset(Timer* t, int64_t when, int64_t period);
// Arms a channel timer that no other goroutine knows yet. It needs no lock, and it is in no heap,
// because no goroutine waits for it.
inline void timer_start(Timer* t, int64_t when, int64_t period) {
  t->when = when > 0 ? when : 1;
  t->period = period;
  t->seq++;
}
// Disarms the timer and waits for a call of f that is in progress. True if it was running. For a
// channel timer, also true if its value was still in the channel; that value is dropped, so no
// value of an earlier arming can be received afterwards. Then the timer's memory may be freed.
bool timer_stop(Timer* t);

// A goroutine is about to block on, or stops blocking on, the channel of this timer.
void blockTimerChan(Timer* t);
void unblockTimerChan(Timer* t);
// Runs a channel timer that is due but in no heap, before an operation looks at its channel.
void maybeRunChan(Timer* t);

// Makes gp runnable at `when`, a nanotime. gp is parked, and nothing else wakes it.
void sleep_until(G* gp, int64_t when);

// ---- For the scheduler ----

// Runs the timers of pp that are due, as long as the caller's P has room for the goroutines that
// they wake. Returns the time of the next one (0: none). Sets *ran if any ran.
int64_t checkTimers(P* pp, int64_t now, bool* ran);
int64_t timers_earliest();  // of all Ps; 0: none
// Requires: the world is stopped.
void move_timers(P* from, P* to);
// Wakes an idle thread that would sleep past `when`, the time of a new timer.
void wakeNetPoller(int64_t when);

}  // namespace golab::runtime
