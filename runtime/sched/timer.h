// timer.h: the runtime's timers: call f(arg, seq, delta) on a scheduler thread at a given time.
//
// Go's time.Sleep, timers, tickers and deadlines are built on this. Every P has a heap of timers.
// The scheduler looks at its root before it picks a goroutine, idle threads sleep no longer than
// until the earliest timer, and thieves run the timers of busy Ps.
//
//   plain timer     (AfterFunc, deadlines) is in a heap as long as it is running.
//   channel timer   (After, NewTimer, NewTicker) is in a heap only while a goroutine is blocked on
//                   its channel; otherwise each operation on the channel looks at the clock. So one
//                   that no goroutine waits for costs nothing and hides no deadlock (as in Go).
//   in a bubble     (bubble.h) any of them stands in the heap of the bubble as long as it runs.
//   sleeper         (Sleep) is no timer: the goroutine itself is in the heap. A timer on its stack
//                   would cost a cache miss there whenever the heap moves it.
//
// Lock order: Timer::mu, then P::timersLock. The heap's owner needs the opposite order, so it only
// tries mu; if another thread holds it, the owner unlocks the heap and looks again.
//
// A stopped timer leaves its heap at once: its memory may be gone soon. (Go marks it, and the owner
// removes it later.)
#pragma once

#include <atomic>
#include <cstdint>

#include "runtime/core/lock.h"

namespace golab::runtime {

struct G;
struct P;
struct Bubble;

// Runs on a scheduler thread inside the runtime. Must not park, and must not touch its timer, whose
// mu is held unless it is detached. `seq`: the timer's when armed. `delta`: how late it runs, ns.
using TimerFunc = void (*)(void* arg, uint64_t seq, int64_t delta);

struct Timer {
  mutex mu;  // guards everything below but p and heap_index
  // A channel timer's: drops a value that was not received from the channel `arg`. True if there
  // was one. Null: a plain timer.
  bool (*discard_value)(void* arg) = nullptr;
  bool detached = false;  // f is called after mu is dropped (for locks that come before mu)
  bool real = false;      // by nanotime, also in a classroom; else by program_time (clock.h)
  Bubble* bubble = nullptr;  // by its clock (bubble.h); set before the timer is known to others
  int64_t when = 0;       // the time at which it fires; 0: not running
  int64_t period = 0;     // > 0: fires again every `period` ns
  uint64_t seq = 0;       // of the current arming
  uint32_t blocked = 0;   // goroutines waiting on the channel
  TimerFunc f = nullptr;  // called with mu held, unless detached
  void* arg = nullptr;
  void (*forget)(void* arg) = nullptr;  // the bubble has ended before it was due; mu is not held
  std::atomic<P*> p{nullptr};  // whose heap it is in, null: in none; written under its timersLock
  uint32_t heap_index = 0;     // its place in that heap; guarded by p->timersLock
};

// Arms the timer, whatever it did before. True if it was running. `when` is a program_time; of a
// real timer, a nanotime.
bool timer_reset(Timer* t, int64_t when, int64_t period);
// Arms a channel timer that no other goroutine knows yet, so it needs no lock and no heap.
inline void timer_start(Timer* t, int64_t when, int64_t period) {
  t->when = when > 0 ? when : 1;
  t->period = period;
  t->seq++;
}
// Disarms the timer and waits for a call of f in progress; its memory may be freed afterwards. True
// if it was running. A channel timer's value that is still in the channel is dropped (true, too),
// so that no value of an earlier arming is received.
bool timer_stop(Timer* t);

// A goroutine is about to block on, or stops blocking on, the channel of this timer.
void blockTimerChan(Timer* t);
void unblockTimerChan(Timer* t);
// Runs a channel timer that is due but in no heap, before an operation looks at its channel.
void maybeRunChan(Timer* t);

// Makes gp runnable at `when`, a program_time. gp is parked, and nothing else wakes it.
void sleep_until(G* gp, int64_t when);
void sleep_until_real(G* gp, int64_t when);  // the same by nanotime

// ---- For the scheduler ----

// Runs the due timers of pp while the caller's P has room for the goroutines that they wake.
// True if any ran.
bool checkTimers(P* pp, int64_t now);
int64_t timers_earliest();  // of all Ps; 0: none
// Requires: the world is stopped.
void move_timers(P* from, P* to);
// Wakes an idle thread that would sleep past `when`, the time of a new timer.
void wakeNetPoller(int64_t when);

// ---- For bubbles (bubble.h) ----

// Fires those that are due on the bubble's clock. Called by its root, inside the runtime.
void fire_bubble_timers(Bubble* b);
// Takes all timers out of a bubble's heap: they will never fire, and are told so (Timer::forget).
// Requires: outside the runtime.
void forget_timers(P* pp);

// ---- For the class (clock.h). Those that read or move timers require: the world is stopped ----

// The program_time at which the next timer fires that is not due yet; 0: there is none. A timer at
// the end of time is none.
int64_t class_timer_next();
// Gives the timers that are due to the scheduler, in order.
void release_class_timers();
// Have some of those not fired yet?
bool class_timers_fire();

}  // namespace golab::runtime
