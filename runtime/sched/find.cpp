// find.cpp: where a thread looks for work, whom it helps, and when it goes to sleep.
//
// A thread looks in its own P's queue, in the global queue and at the network. Then it may help
// others, as a thief: it is "spinning", counted in nmspinning, so that no second thread is woken
// for the same work. If it finds nothing, it puts its P on the idle list and sleeps.
//
// When help helps. A stolen goroutine and what it touches must come from another processor's
// caches. Two goroutines that hand a value back and forth run for a shorter time than that takes:
// stealing one of them slows both, and waking a thief costs their P even more. So a thief looks at
// a queue twice and judges by what happened in between:
//
//   the queue                                         the thief takes
//   its P is not running (in a system call)           half, or what is in runnext, at once
//   it is long (kLongQueue)                           half, at once: one visit pays for many
//   it stands: one goroutine has run all the time     half, or what is in runnext
//   its ring stands while a pair takes turns in       half
//     runnext
//   it moves slowly: its goroutines run for longer    half
//     than a move costs (kGrainNs)
//   it moves fast                                     nothing: there its goroutines run sooner
//
// Before a thief takes from the runnext of a P that runs, it sleeps for a moment, as in Go, and
// looks again. That P's thread is mostly about to run the goroutine itself, and only has no
// processor: the kernel likes to run a woken thread in its waker's place. Without the pause a
// listener would often still stand in its `go` statement while the connection's goroutine takes a
// profile.
//
// A thief that takes nothing sets P::wake_skip of the Ps whose queues moved fast: they wake no
// thread for a while, each time for twice as long. If such a P then begins a long computation, its
// queue waits until sysmon finds that it stands, and wakes a thread (queue_stands, kSleepWatching).
//
// Rejected: to take from runnext when it holds the same goroutine twice in a row (a pair that takes
// turns looks like that half of the time); to let only sysmon wake thieves (a program that starts
// two long computations would wait for it each time).
//
// Lost wake-ups. A waker writes its queue and then reads the counts of idle Ps and spinning
// threads. A thread that goes to sleep writes the counts and then reads all queues. The waker's
// fence is light, the sleeper's heavy (lock.h).
//
// Here the scheduler chooses (which victim, when).
#include <time.h>

#include <algorithm>
#include <utility>

#include "runtime/core/throw.h"
#include "runtime/sched/clock.h"
#include "runtime/sched/netpoll.h"
#include "runtime/sched/sched.h"
#include "runtime/sched/timer.h"

namespace golab::runtime {

bool timers_due(P* pp) {
  int64_t when = pp->timer0_when.load(std::memory_order_relaxed);
  if (when == 0) return false;
  // The ring had no room for some due ones. Fetching takes a trip to g0 and a look at the clock, so
  // it is done when there is room for several, or when it is the global queue's turn (next_direct).
  constexpr uint32_t kRoom = 32;
  if (pp->timers_behind.load(std::memory_order_relaxed)) return runqlen(pp) < kRunqueueFull - kRoom;
  return when <= nanotime();
}

bool others_wait(P* pp) { return !runqempty(pp) || sched.runqsize.load() > 0 || timers_due(pp); }

// ---- Waking -------------------------------------------------------------------------------------

void wakep() {
  if (sched.npidle.load() == 0 || sched.nmspinning.load() != 0) return;
  int32_t none = 0;
  if (!sched.nmspinning.compare_exchange_strong(none, 1)) return;
  lock(&sched.lock);
  P* pp = pidleget();
  // Under the lock: a thread that sees the next idle P no longer counts this one as a thief.
  if (pp == nullptr) sched.nmspinning.fetch_sub(1);
  unlock(&sched.lock);
  if (pp != nullptr) startm(pp, true);
}

void wake_helper() {
  if (sched.npidle.load(std::memory_order_relaxed) == 0 ||
      sched.nmspinning.load(std::memory_order_relaxed) != 0) {
    return;
  }
  if (P* pp = getm()->p) {
    int32_t skip = pp->wake_skip.load(std::memory_order_relaxed);
    if (skip > 0) {
      pp->wake_skip.store(skip - 1, std::memory_order_relaxed);
      return;
    }
  }
  wakep();
}

bool stop_spinning(M* mp) {
  if (!mp->spinning) return false;
  mp->spinning = false;
  int32_t spun = sched.nmspinning.fetch_sub(1);
  if (spun <= 0) throw_("findRunnable: negative nmspinning");
  return spun == 1;
}

bool queue_stands(P* pp) {
  uint32_t head = pp->runqhead.load(std::memory_order_relaxed);
  int32_t tick = pp->runtick;
  bool one_runs = tick == pp->sysmonruntick && !runqempty(pp);
  bool ring_waits = head == pp->sysmonhead && runqlen(pp) > 0;
  pp->sysmonhead = head;
  pp->sysmonruntick = tick;
  if (!one_runs && !ring_waits) return false;
  pp->wake_skip.store(0, std::memory_order_relaxed);
  pp->wake_skip_next.store(0, std::memory_order_relaxed);
  return true;
}

// ---- Helping others -----------------------------------------------------------------------------

namespace {

constexpr uint32_t kLongQueue = 32;
constexpr int64_t kGrainNs = 1000;       // average run of a goroutine that is worth moving
constexpr int64_t kStandsNs = 5'000;     // a queue that has not moved for this long stands
constexpr int64_t kFirstLookNs = 2'000;  // from the first look to the second; later pauses grow
constexpr int64_t kLingerNs = 50'000;    // a thief's whole visit: an idle program uses no CPU
constexpr int32_t kSkipFirst = 256;
constexpr int32_t kSkipMost = 16384;

void start_spinning(M* mp) {
  if (mp->spinning) return;
  mp->spinning = true;
  sched.nmspinning.fetch_add(1);
}

// For n goroutines from the poller: queues all but the first.
G* take_first(G* list, int n) {
  injectglist(std::exchange(list->schedlink, nullptr), n - 1);
  runnable(list);
  return list;
}

// A thief's view of the other Ps.
class Thief {
 public:
  explicit Thief(M* mp)
      : self_(mp->p), n_(sched.gomaxprocs.load(std::memory_order_relaxed)), begun_(nanotime()) {
    for (int32_t i = 0; i < n_; i++) seen_[i] = look(sched.allp[i], begun_);
  }

  // One look at every P. Runs the due timers of Ps that are not running; with `slow`, of all Ps.
  G* look_around(int64_t now, bool slow) {
    uint32_t start = cheaprandn(static_cast<uint32_t>(n_));
    for (int32_t i = 0; i < n_; i++) {
      int32_t k =
          static_cast<int32_t>((start + static_cast<uint32_t>(i)) % static_cast<uint32_t>(n_));
      P* victim = sched.allp[k];
      if (victim == self_) continue;
      if ((slow || !runs(victim)) && timers_due_at(victim, now) && checkTimers(victim, now)) {
        bool inherit;
        if (G* gp = runqget(self_, &inherit)) return gp;
      }
      if (G* gp = rob(victim, &seen_[k], now)) {
        victim->wake_skip_next.store(0, std::memory_order_relaxed);
        return gp;
      }
      if (lost_p_) return nullptr;
    }
    return nullptr;
  }

  // Ps whose queues moved fast wake no thread for a while.
  void leave_alone(int64_t now) {
    bool any = false;
    for (int32_t i = 0; i < n_; i++) {
      P* pp = sched.allp[i];
      int32_t ran = pp->runtick - seen_[i].first_tick;
      if (pp == self_ || ran <= 0 || (now - begun_) / ran >= kGrainNs) continue;
      int32_t skip = 2 * pp->wake_skip_next.load(std::memory_order_relaxed);
      skip = std::clamp(skip, kSkipFirst, kSkipMost);
      pp->wake_skip_next.store(skip, std::memory_order_relaxed);
      pp->wake_skip.store(skip, std::memory_order_relaxed);
      any = true;
    }
    // Only sysmon notices if one of them stands.
    if (any) sysmonhurry();
  }

  bool nobody_else_runs() const {
    for (int32_t i = 0; i < n_; i++) {
      if (sched.allp[i] != self_ && sched.allp[i]->status.load(std::memory_order_relaxed) != _Pidle)
        return false;
    }
    return true;
  }
  int64_t begun() const { return begun_; }
  bool lost_p() const { return lost_p_; }

 private:
  struct Seen {
    uint32_t head;
    uint32_t len;
    int32_t tick;
    int32_t first_tick;
    int64_t since;  // when head and tick first had these values
  };
  enum class Loot { Nothing, Half, HalfOrNext };

  static bool runs(const P* pp) { return pp->status.load(std::memory_order_relaxed) == _Prunning; }

  static bool timers_due_at(P* pp, int64_t now) {
    int64_t when = pp->timer0_when.load(std::memory_order_relaxed);
    return when != 0 && when <= now;
  }

  static Seen look(P* pp, int64_t now) {
    int32_t tick = pp->runtick;
    return {pp->runqhead.load(std::memory_order_relaxed), runqlen(pp), tick, tick, now};
  }

  // The table in the head of this file.
  static Loot verdict(const P* victim, const Seen& seen, const Seen& is) {
    if (!runs(victim)) return Loot::HalfOrNext;
    if (is.len >= kLongQueue) return Loot::Half;
    int64_t passed = is.since - seen.since;
    if (passed < kFirstLookNs) return Loot::Nothing;
    int32_t ran = is.tick - seen.tick;
    if (passed >= kStandsNs && ran == 0) return Loot::HalfOrNext;
    if (passed >= kStandsNs && seen.len > 0 && is.head == seen.head) return Loot::Half;
    if (ran > 0 && passed / ran >= kGrainNs) return Loot::Half;
    return Loot::Nothing;
  }

  G* rob(P* victim, Seen* seen, int64_t now) {
    Seen is = look(victim, now);
    Loot loot = verdict(victim, *seen, is);
    remember(seen, is);
    if (loot == Loot::Nothing) return nullptr;
    if (G* gp = runqsteal(self_, victim)) return gp;
    if (loot != Loot::HalfOrNext || victim->runnext.load(std::memory_order_relaxed) == nullptr)
      return nullptr;
    if (runs(victim)) {
      pause();
      if (lost_p_ || (runs(victim) && victim->runtick != is.tick)) return nullptr;
    }
    return runnextsteal(victim);
  }

  // A stop of the world does not wait for this thread meanwhile, and may take its P (GOMAXPROCS).
  void pause() {
    M* mp = getm();
    enter_safe(mp);
    timespec moment{0, 3'000};  // the kernel makes some 50 more of it
    nanosleep(&moment, nullptr);
    leave_safe(mp);
    lost_p_ = mp->p != self_;
  }

  static void remember(Seen* seen, Seen is) {
    if (is.since - seen->since < kFirstLookNs) return;
    if (seen->tick == is.tick && seen->head == is.head && (seen->len > 0) == (is.len > 0)) return;
    is.first_tick = seen->first_tick;
    *seen = is;
  }

  P* self_;
  int32_t n_;
  int64_t begun_;
  bool lost_p_ = false;
  Seen seen_[kMaxProcs];
};

// Waits until `until`. True: there is work for this P itself.
bool wait_for_own_work(M* mp, int64_t until) {
  do {
    for (int i = 0; i < 10; i++) cpu_relax();
    if (sched.stopping.load(std::memory_order_relaxed) != 0 ||
        sched.runqsize.load(std::memory_order_relaxed) > 0 || timers_due(mp->p)) {
      return true;
    }
  } while (nanotime() < until);
  return false;
}

// Steals work of other Ps. *again: this P has work of its own meanwhile, or mp has lost it.
G* help_others(M* mp, bool* again) {
  Thief thief(mp);
  if (G* gp = thief.look_around(thief.begun(), false)) return gp;  // never pauses
  if (thief.nobody_else_runs()) return nullptr;
  // If no thread watches the network, it stays only until it has seen which queues stand.
  bool watched = !netpollAnyWaiters() || sched.lastpoll.load() == 0;
  int64_t linger = watched ? kLingerNs : 2 * kStandsNs;
  int64_t pause = kFirstLookNs;
  for (int64_t at = pause; at <= linger; at += pause, pause += pause / 2) {
    if (wait_for_own_work(mp, thief.begun() + at)) {
      *again = true;
      return nullptr;
    }
    if (G* gp = thief.look_around(nanotime(), at >= kStandsNs)) return gp;
    if (thief.lost_p()) {
      *again = true;
      return nullptr;
    }
  }
  thief.leave_alone(nanotime());
  return nullptr;
}

// ---- Going to sleep -----------------------------------------------------------------------------

// After it has given its P back, a thread looks once more: a thread that queued work before the P
// counted as idle did not wake anyone. Returns a P to run with, or null.
P* recheck_queues() {
  int32_t n = sched.gomaxprocs.load(std::memory_order_relaxed);
  bool any = sched.runqsize.load() > 0;
  if (!any && sched.npidle.load() == n) return nullptr;  // no P runs, so none queues work
  if (n > 1) heavy_fence();
  any = sched.runqsize.load() > 0;
  for (int32_t i = 0; i < n && !any; i++) {
    P* pp = sched.allp[i];
    any = pp->wake_skip.load(std::memory_order_relaxed) <= 0 && !runqempty(pp);
  }
  return any ? take_idle_p() : nullptr;
}

// Sleeps in the poller until something is ready or a timer is due. Returns a goroutine if mp got a
// P for it.
G* poll_and_sleep(M* mp, int64_t pollUntil) {
  int64_t delay = pollUntil == 0 ? -1 : std::max<int64_t>(pollUntil - nanotime(), 0);
  sched.pollUntil.store(pollUntil);
  const bool two_steps = in_classroom();
  int n = 0;
  G* list = nullptr;
  enter_safe(mp);
  if (two_steps) [[unlikely]]
    netpollWait(delay);
  else
    list = netpoll(delay, &n);
  leave_safe(mp);
  if (two_steps) [[unlikely]]
    list = netpollTake(&n);
  sched.pollUntil.store(0);
  sched.lastpoll.store(tick_clock());
  P* pp = take_idle_p();
  if (pp == nullptr) {
    injectglist(list, n);
    return nullptr;
  }
  acquirep(mp, pp);
  if (list != nullptr) return take_first(list, n);
  start_spinning(mp);
  return nullptr;
}

G* from_global(P* pp, int32_t max) {
  if (sched.runqsize.load() == 0) return nullptr;
  lock(&sched.lock);
  G* gp = globrunqget(pp, max);
  unlock(&sched.lock);
  return gp;
}

// Two goroutines that hand a value back and forth through runnext share one time slice. It ends
// when another goroutine gets a turn: the one in runnext goes behind those in the ring.
void end_of_pair(P* pp) {
  if (pp->runnext.load(std::memory_order_relaxed) == nullptr) return;
  bool inherit;
  if (G* gp = runqget(pp, &inherit)) runqput(pp, gp, false);
}

// Work of this P, of the global queue, or of the network.
G* find_local(M* mp, bool* inherit) {
  P* pp = mp->p;
  if (pp->timer0_when.load(std::memory_order_relaxed) != 0 ||
      pp->timers_behind.load(std::memory_order_relaxed)) {
    checkTimers(pp, nanotime());
  }
  if (global_is_next(pp)) {
    if (G* gp = from_global(pp, 1)) {
      end_of_pair(pp);
      return gp;
    }
  }
  if (G* gp = runqget(pp, inherit)) return gp;
  if (G* gp = from_global(pp, 0)) return gp;
  if (netpollinited() && netpollAnyWaiters() && sched.lastpoll.load() != 0) {
    int n = 0;
    if (G* list = netpoll(0, &n)) return take_first(list, n);
  }
  return nullptr;
}

// mp gives its P back and sleeps. Returns a goroutine if the global queue or the poller had one.
// Null: look again. It was woken (with a P, unless GOMAXPROCS changed), or it need not sleep.
G* sleep_until_woken(M* mp) {
  P* pp = mp->p;
  lock(&sched.lock);
  if (sched.stopping.load() != 0) {
    unlock(&sched.lock);
    return nullptr;
  }
  if (sched.runqsize.load() > 0) {
    G* gp = globrunqget(pp, 0);
    unlock(&sched.lock);
    return gp;
  }
  releasep(mp);
  pidleput(pp);
  unlock(&sched.lock);

  // Order: idle first (above), then not spinning, then look at all queues again.
  stop_spinning(mp);
  if (P* again = recheck_queues()) {
    acquirep(mp, again);
    start_spinning(mp);
    return nullptr;
  }
  int64_t pollUntil = timers_earliest();
  if (netpollinited() && (netpollAnyWaiters() || pollUntil != 0) &&
      sched.lastpoll.exchange(0) != 0) {
    if (G* gp = poll_and_sleep(mp, pollUntil)) return gp;
    if (mp->p != nullptr) return nullptr;
  } else if (pollUntil != 0 && netpollinited()) {
    // Another thread sleeps in the poller; it must not sleep past this timer.
    int64_t until = sched.pollUntil.load();
    if (until == 0 || until > pollUntil) netpollBreak();
  }
  stopm();
  return nullptr;
}

}  // namespace

G* findRunnable(M* mp, bool* inherit) {
  for (;;) {
    if (sched.stopping.load() != 0) stop_here(mp);
    if (mp->p == nullptr) {  // after a system call, or a change of GOMAXPROCS
      // While it counted as a thief, others woke no thread: one looks around in its place.
      if (stop_spinning(mp)) wakep();
      stopm();
      continue;
    }
    *inherit = false;
    if (G* gp = find_local(mp, inherit)) return gp;

    // At most half as many thieves as busy Ps: more would only burn the processor.
    int32_t procs = sched.gomaxprocs.load(std::memory_order_relaxed);
    if (procs > 1 && (mp->spinning || 2 * sched.nmspinning.load() < procs - sched.npidle.load())) {
      start_spinning(mp);
      bool again = false;
      if (G* gp = help_others(mp, &again)) return gp;
      if (again) continue;
    }
    if (G* gp = sleep_until_woken(mp)) return gp;
  }
}

}  // namespace golab::runtime
