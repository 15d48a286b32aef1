// timer.cpp: per-P timer heaps (see timer.h).
//
// The heap is four-ary: a node's four children share a cache line, and the heap is half as deep as
// a binary one. An entry holds its time beside the pointer, so sifting touches only the heap.
//
// In a classroom, timers that are not due stand in class_timers, in order. Once they are due they
// move to a P's heap, where the scheduler finds them as it finds all others. Their entries there
// have numbers for times, 1, 2, 3 and so on: past for any scheduler, and in order.
//
// A bubble's timers stand in a heap of the bubble, and its root fires them.
#include "runtime/sched/timer.h"

#include <cstdint>

#include "runtime/core/reserve.h"
#include "runtime/core/throw.h"
#include "runtime/sched/bubble.h"
#include "runtime/sched/clock.h"
#include "runtime/sched/netpoll.h"
#include "runtime/sched/sched.h"

namespace golab::runtime {
namespace {

constexpr uint32_t kArity = 4;
constexpr uint32_t kMaxTimers = 16 << 20;
constexpr uint32_t kBeforeRoot = kArity - 1;  // unused entries: the root's children begin a line

// Only its timers are used. No thread has it, and it is not in allp. Its timers stand in order of
// time, those of one instant in order of arming; an array in order is a heap, too.
P class_timers;
std::atomic<int64_t> class_timers_released{0};  // numbers given to those that were due

// All of these need pp->timersLock.

void place(P* pp, uint32_t i, TimerEntry e) {
  pp->timers[i] = e;
  if (!e.is_sleeper()) e.timer()->heap_index = i;
}

// Which of two entries is the nearer one to the root.
bool precedes(const P* pp, const TimerEntry& a, const TimerEntry& b) {
  if (a.when == b.when && pp->ties_at_random) [[unlikely]]
    return cheaprandn(2) == 0;
  return a.when < b.when;
}

// Returns the entry's new place.
uint32_t sift_up(P* pp, uint32_t i) {
  TimerEntry e = pp->timers[i];
  while (i > 0) {
    uint32_t parent = (i - 1) / kArity;
    if (!precedes(pp, e, pp->timers[parent])) break;
    place(pp, i, pp->timers[parent]);
    i = parent;
  }
  place(pp, i, e);
  return i;
}

void sift_down(P* pp, uint32_t i) {
  TimerEntry e = pp->timers[i];
  for (;;) {
    uint32_t first = i * kArity + 1;
    if (first >= pp->timers_len) break;
    uint32_t least = first;
    for (uint32_t c = first + 1; c < first + kArity && c < pp->timers_len; c++) {
      if (precedes(pp, pp->timers[c], pp->timers[least])) least = c;
    }
    if (e.when <= pp->timers[least].when) break;
    place(pp, i, pp->timers[least]);
    i = least;
  }
  place(pp, i, e);
}

void update_root(P* pp, std::memory_order order) {
  pp->timer0_when.store(pp->timers_len > 0 ? pp->timers[0].when : 0, order);
}

// The size of one P's heap: kMaxTimers, or fewer under a limit.
size_t timers_bytes() {
  static const size_t bytes =
      share_of_address_space((kBeforeRoot + kMaxTimers) * sizeof(TimerEntry), 128);
  return bytes;
}

uint32_t insert_in_order(P* pp, uint32_t i) {
  TimerEntry e = pp->timers[i];
  for (; i > 0 && pp->timers[i - 1].when > e.when; i--) place(pp, i, pp->timers[i - 1]);
  place(pp, i, e);
  return i;
}

// Closes the gap that n entries left at i.
void remove_in_order(P* pp, uint32_t i, uint32_t n) {
  pp->timers_len -= n;
  for (; i < pp->timers_len; i++) place(pp, i, pp->timers[i + n]);
}

// True if the entry becomes the first one.
bool heap_insert(P* pp, TimerEntry e) {
  if (pp->timers == nullptr) {
    void* at = reserve_or_die(timers_bytes(), "timers");
    pp->timers = static_cast<TimerEntry*>(at) + kBeforeRoot;
  }
  if ((kBeforeRoot + pp->timers_len + 1) * sizeof(TimerEntry) > timers_bytes()) {
    out_of_memory(2 * timers_bytes(), "more timers");
  }
  pp->timers[pp->timers_len] = e;
  if (!e.is_sleeper()) e.timer()->p.store(pp, std::memory_order_release);
  uint32_t last = pp->timers_len++;
  if ((pp == &class_timers ? insert_in_order(pp, last) : sift_up(pp, last)) != 0) return false;
  update_root(pp, std::memory_order_seq_cst);  // before wakeNetPoller looks for sleeping threads
  return true;
}

TimerEntry heap_remove(P* pp, uint32_t i) {
  TimerEntry e = pp->timers[i];
  if (pp == &class_timers) {
    remove_in_order(pp, i, 1);
  } else if (TimerEntry last = pp->timers[--pp->timers_len]; i != pp->timers_len) {
    pp->timers[i] = last;
    sift_down(pp, sift_up(pp, i));
  }
  if (!e.is_sleeper()) e.timer()->p.store(nullptr, std::memory_order_release);
  update_root(pp, std::memory_order_release);  // a thread that reads the old root only wakes early
  return e;
}

// Takes t out of its heap, if any. Requires t->mu. move_timers may move t before this has the lock.
void leave_heap(Timer* t) {
  while (P* pp = t->p.load(std::memory_order_acquire)) {
    lock(&pp->timersLock);
    bool here = t->p.load(std::memory_order_relaxed) == pp;
    if (here) heap_remove(pp, t->heap_index);
    unlock(&pp->timersLock);
    if (here) return;
  }
}

void enter_heap_of(P* pp, TimerEntry e) {
  lock(&pp->timersLock);
  bool first = heap_insert(pp, e);
  unlock(&pp->timersLock);
  if (pp == &class_timers) return;
  if (first) wakeNetPoller(e.when);  // else an earlier timer wakes the sleeping threads
}

// How it stands in a P's heap once it is due, in a classroom.
TimerEntry as_due(TimerEntry e) {
  e.when = class_timers_released.fetch_add(1) + 1;
  return e;
}

// For a timer t, requires t->mu and t->when > 0.
void enter_heap(TimerEntry e, bool real, Bubble* bubble) {
  if (bubble != nullptr) [[unlikely]] {  // its goroutines run, so the root does not wait for it yet
    lock(&bubble->timers.timersLock);
    heap_insert(&bubble->timers, e);
    unlock(&bubble->timers.timersLock);
    return;
  }
  P* pp = getm()->p;
  if (in_classroom() && !real) [[unlikely]] {
    bool due = e.when <= program_time();
    enter_heap_of(due ? pp : &class_timers, due ? as_due(e) : e);
    return;
  }
  enter_heap_of(pp, e);
}

void enter_heap(Timer* t) { enter_heap({t->when, t}, t->real, t->bubble); }

bool wants_heap(const Timer* t) {
  return t->when > 0 && (t->discard_value == nullptr || t->blocked > 0 || t->bubble != nullptr);
}

// Fires t, which is off its heap: rearms or disarms it, then calls f. `now` is of t's clock.
// Requires t->mu; drops it.
void fire(Timer* t, int64_t now) {
  int64_t late = now - t->when;
  uint64_t seq = t->seq;
  TimerFunc f = t->f;
  void* arg = t->arg;
  if (t->period > 0) {  // DOC: ticker-rearmed
    const int64_t ahead = t->period - late % t->period;  // keeps the phase
    if (__builtin_add_overflow(now, ahead, &t->when)) t->when = INT64_MAX;
    if (wants_heap(t)) enter_heap(t);
  } else {
    t->when = 0;
  }
  if (t->detached) {
    unlock(&t->mu);
    f(arg, seq, late);
    return;
  }
  f(arg, seq, late);
  unlock(&t->mu);
}

// The same on a goroutine of the bubble. What f starts is nobody's child, as on g0.
void fire_in_bubble(Timer* t, int64_t now) {
  G* gp = getg();
  gp->fires_timer = true;
  fire(t, now);
  gp->fires_timer = false;
}

}  // namespace

bool timer_reset(Timer* t, int64_t when, int64_t period) {
  RuntimeCall rc;
  lock(&t->mu);
  leave_heap(t);
  bool was_running = t->when > 0;
  if (t->discard_value != nullptr && t->discard_value(t->arg)) was_running = true;
  t->when = when > 0 ? when : 1;
  t->period = period;
  t->seq++;
  if (t->bubble != nullptr) [[unlikely]] {
    if (Bubble* b = current_bubble()) t->bubble = b;  // the one that arms it
    // One that is due at once does not wait until all goroutines of the bubble do.
    int64_t now = t->bubble->now.load();
    if (t->when <= now) {
      fire_in_bubble(t, now);
      return was_running;
    }
  }
  if (wants_heap(t)) enter_heap(t);
  unlock(&t->mu);
  return was_running;
}

bool timer_stop(Timer* t) {
  RuntimeCall rc;
  lock(&t->mu);
  leave_heap(t);
  bool was_running = t->when > 0;
  if (t->discard_value != nullptr && t->discard_value(t->arg)) was_running = true;
  t->when = 0;
  t->seq++;
  unlock(&t->mu);
  return was_running;
}

void blockTimerChan(Timer* t) {
  lock(&t->mu);
  if (t->blocked++ == 0 && t->when > 0 && t->p.load(std::memory_order_relaxed) == nullptr)
    enter_heap(t);
  unlock(&t->mu);
}

void unblockTimerChan(Timer* t) {
  lock(&t->mu);
  if (--t->blocked == 0 && t->bubble == nullptr) leave_heap(t);
  unlock(&t->mu);
}

void maybeRunChan(Timer* t) {
  lock(&t->mu);
  if (t->when > 0 && t->p.load(std::memory_order_relaxed) == nullptr) {
    int64_t now = t->bubble != nullptr ? t->bubble->now.load() : program_time();
    if (t->when <= now) {
      fire(t, now);
      return;
    }
  }
  unlock(&t->mu);
}

void sleep_until(G* gp, int64_t when) {
  enter_heap({when > 0 ? when : 1, gp}, false, gp->bubble_id != 0 ? gp->bubble : nullptr);
}
void sleep_until_real(G* gp, int64_t when) {
  enter_heap({when > 0 ? when : 1, gp}, true, nullptr);
}

bool checkTimers(P* pp, int64_t now) {
  P* own = getm()->p;
  bool ran = false;
  for (;;) {
    int64_t first = pp->timer0_when.load(std::memory_order_acquire);
    if (first == 0 || first > now) {
      if (pp == own) pp->timers_behind.store(false, std::memory_order_relaxed);
      return ran;
    }
    lock(&pp->timersLock);
    if (pp->timers_len == 0 || pp->timers[0].when > now) {
      unlock(&pp->timersLock);
      continue;
    }
    TimerEntry e = pp->timers[0];
    if (!e.is_sleeper() && !trylock(&e.timer()->mu)) {
      unlock(&pp->timersLock);  // another thread that resets or stops it needs the heap
      cpu_relax();
      continue;
    }
    heap_remove(pp, 0);
    unlock(&pp->timersLock);
    ran = true;
    if (e.is_sleeper()) {
      __builtin_prefetch(e.sleeper()->ctx);  // its stack has left the cache
      goready(e.sleeper());
    } else {
      fire(e.timer(), e.timer()->real || !in_classroom() ? now : program_time());
    }
    // Stops when this P's queue is full: the rest would only go to the end of the global queue.
    // Each call runs at least one timer, so that none waits forever.
    if (runqlen(own) >= kRunqueueFull) {
      if (pp == own) pp->timers_behind.store(true, std::memory_order_relaxed);
      return ran;
    }
  }
}

int64_t timers_earliest() {
  int64_t earliest = 0;
  for (int32_t i = 0; i < kMaxProcs && sched.allp[i] != nullptr; i++) {
    int64_t when = sched.allp[i]->timer0_when.load(std::memory_order_seq_cst);
    if (when != 0 && (earliest == 0 || when < earliest)) earliest = when;
  }
  return earliest;
}

void move_timers(P* from, P* to) {
  while (from->timers_len > 0) heap_insert(to, heap_remove(from, 0));
}

void wakeNetPoller(int64_t when) {
  if (sched.lastpoll.load() == 0) {
    int64_t until = sched.pollUntil.load();
    if (until == 0 || until > when) netpollBreak();
  } else {
    wakep();
  }
}

// ---- Bubbles ------------------------------------------------------------------------------------

void fire_bubble_timers(Bubble* b) {
  P* pp = &b->timers;
  const int64_t now = b->now.load();
  for (;;) {
    lock(&pp->timersLock);
    if (pp->timers_len == 0 || pp->timers[0].when > now) {
      unlock(&pp->timersLock);
      return;
    }
    TimerEntry e = pp->timers[0];
    if (!e.is_sleeper() && !trylock(&e.timer()->mu)) {
      unlock(&pp->timersLock);  // as in checkTimers
      cpu_relax();
      continue;
    }
    heap_remove(pp, 0);
    unlock(&pp->timersLock);
    if (e.is_sleeper())
      goready(e.sleeper());
    else
      fire_in_bubble(e.timer(), now);
  }
}

void forget_timers(P* pp) {
  for (;;) {
    void (*forget)(void*) = nullptr;
    void* arg = nullptr;
    {
      RuntimeCall rc;
      lock(&pp->timersLock);
      if (pp->timers_len == 0) {
        unlock(&pp->timersLock);
        return;
      }
      TimerEntry e = pp->timers[pp->timers_len - 1];
      Timer* t = e.is_sleeper() ? nullptr : e.timer();
      if (t != nullptr && !trylock(&t->mu)) {
        unlock(&pp->timersLock);
        cpu_relax();
        continue;
      }
      heap_remove(pp, pp->timers_len - 1);
      if (t != nullptr) {
        forget = t->forget;
        if (forget != nullptr) t->when = 0;  // nobody else forgets it
        arg = t->arg;
        unlock(&t->mu);
      }
      unlock(&pp->timersLock);
    }
    if (forget != nullptr) forget(arg);
  }
}

// ---- The class ----------------------------------------------------------------------------------

int64_t class_timer_next() {
  int64_t first = class_timers.timer0_when.load();
  return first == INT64_MAX ? 0 : first;
}

void release_class_timers() {
  P* from = &class_timers;
  P* to = getm()->p;
  uint32_t due = 0;
  for (; due < from->timers_len && from->timers[due].when <= program_time(); due++)
    heap_insert(to, as_due(from->timers[due]));
  remove_in_order(from, 0, due);
  update_root(from, std::memory_order_release);
}

bool class_timers_fire() {
  int64_t first = timers_earliest();
  return first != 0 && first <= class_timers_released.load();
}

}  // namespace golab::runtime
