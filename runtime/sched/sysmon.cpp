// sysmon.cpp: the watchman, a thread of its own without a P.
//
// It sees to what nobody else has time for: a P whose thread sits in a system call is handed to
// another; a P whose goroutine has run for 10 ms while others wait, on its own stack or on the
// thread's (systemstack), is taken from it; the network is polled if all Ps are too busy to; and
// where nobody is woken for work any more, because that work moved too fast to be worth it, it sees
// when that has changed (find.cpp). It looks every 20 µs while things happen, ever less often while
// they do not, and not at all once every P has been idle for 10 ms. Each look also brings the
// coarse clock up to date.
//
// Not as soon as every P is idle: a server is that between any two bursts of requests, thousands of
// times a second, and each burst would begin with a futex call that wakes us, 16 µs under a
// hypervisor, and go on with our looks every 20 µs. Those do worse than cost time: the kernel does
// not bring a waiting thread to a processor that never idles for long, so a server and its client
// stayed on one processor of two, for seconds, at two thirds of the requests.
//
// It is safe (stop.h) while it looks, and mostly finds nothing to do: then no stop concerns it.
// Only before it touches goroutines or hands on Ps does it see whether the world stands still
// (may_act). It waits for the end of a stop asleep, at once: the processor that it woke up on may
// be the one that the thread needs for which the stopper waits.
//
// To look at `stopping` each time that it woke was worse than it sounds: beside profiles, one after
// the other, the world is being stopped for a third of the time, and then it came by twice, once to
// wait and once more to look, with two switches of threads each: 40 µs without an answer from who
// had that processor, where once makes 20. (With a look of 50 µs before it slept, a stop that met
// it took those, and made both sides sleep: milliseconds, where the host had put the idle processor
// to sleep as well.)
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <utility>

#include "runtime/core/throw.h"
#include "runtime/sched/netpoll.h"
#include "runtime/sched/sched.h"
#include "runtime/sched/stacks.h"
#include "runtime/sched/timer.h"

namespace golab::runtime {
namespace {

constexpr int64_t kForcePreemptNs = 10'000'000;
constexpr int64_t kSleepMin = 20'000;
constexpr int64_t kSleepMax = 10'000'000;
constexpr int64_t kScavengeNs = 1'000'000'000;
constexpr int64_t kSleepWatching = 500'000;  // while some P wakes nobody

M* self = nullptr;

bool is_safe() { return self->state.load(std::memory_order_relaxed) == kMSafe; }

// From here to the next sleep no stop is complete.
void may_act() {
  if (is_safe()) leave_safe(self, true);
}

void preemptone(P* pp) {
  // Long since asked: no signal reaches that thread (stop.h).
  constexpr int64_t kDeafNs = 10 * kForcePreemptNs;
  if (pp->sysmonwhen + kDeafNs <= nanotime_coarse() && take_p(pp)) return;
  M* mp = pp->m.load(std::memory_order_acquire);
  if (mp == nullptr) return;
  // If it is inside the runtime it finds the note when it leaves, else the signal finds it
  // (stop.cpp).
  mp->preempt.fetch_or(kNoteYield);
  syscall(SYS_tgkill, getpid(), mp->tid.load(), SIGURG);
}

void end_time_slice(P* pp) {
  if (!retake_from_syscall(pp)) preemptone(pp);
}

// Ps that signal handlers let go.
bool hand_on_retaken() {
  if (sched.retaken.load() == nullptr) return false;
  may_act();
  P* list = sched.retaken.exchange(nullptr);
  while (list != nullptr) {
    P* pp = list;
    list = pp->link;
    handoffp(pp);
  }
  return true;
}

bool retake_if_worth_it(P* pp, int64_t now) {
  uint32_t tick = pp->syscalltick.load(std::memory_order_relaxed);
  if (pp->sysmonsyscalltick != tick) {
    pp->sysmonsyscalltick = tick;
    pp->sysmonsyscallwhen = now;
    return false;
  }
  // Nothing to do for it, and others look for work already: leave it, the thread may be back soon.
  if (runqempty(pp) && sched.nmspinning.load() + sched.npidle.load() > 0 &&
      pp->sysmonsyscallwhen + kForcePreemptNs > now) {
    return false;
  }
  may_act();
  return pp->syscalltick.load(std::memory_order_relaxed) == tick && retake_from_syscall(pp);
}

// `watch`: is there a P that relies on us to see whether its queue stands?
bool retake(int64_t now, bool* watch) {
  bool any = hand_on_retaken();
  *watch = false;
  int32_t n = sched.gomaxprocs.load();
  for (int32_t i = 0; i < n; i++) {
    P* pp = sched.allp[i];
    uint32_t status = pp->status.load();
    // One in systemstack has a time slice like one that runs. To take the P sooner would wake a
    // thread for it and queue the goroutine again, each time that it needs a big stack.
    bool computes = status == _Psyscall && pp->computing.load(std::memory_order_relaxed);
    if (status == _Prunning || computes) {
      if (pp->wake_skip.load(std::memory_order_relaxed) > 0) *watch = true;
      if (sched.npidle.load() > 0 && queue_stands(pp, now)) {
        may_act();
        wakep();
      }
      uint32_t tick = pp->schedtick.load(std::memory_order_relaxed);
      if (pp->sysmontick != tick || pp->sysmonwhen == 0) {
        pp->sysmontick = tick;
        pp->sysmonwhen = now;
      } else if (pp->sysmonwhen + kForcePreemptNs <= now && others_wait(pp)) {
        may_act();
        if (pp->schedtick.load(std::memory_order_relaxed) == tick) end_time_slice(pp);
        any = true;
      }
    } else if (status == _Psyscall) {
      any |= retake_if_worth_it(pp, now);
    }
  }
  return any;
}

void poll_if_nobody_does(int64_t now) {
  int64_t last = sched.lastpoll.load();
  if (!netpollAnyWaiters() || last == 0 || last + kForcePreemptNs > now) return;
  may_act();
  if (!sched.lastpoll.compare_exchange_strong(last, now)) return;
  // What the poller gives is in nobody's sight until it is queued, and checkdead does not count us.
  sched.sysmon_polls.store(true);
  int n = 0;
  G* list = netpoll(0, &n);
  injectglist(list, n);
  lock(&sched.lock);
  sched.sysmon_polls.store(false);
  if (std::exchange(sched.checkdead_later, false)) checkdead();
  unlock(&sched.lock);
}

// Has no goroutine begun to run since the last call?
bool nothing_ran() {
  static uint32_t last = 0;
  uint32_t runs = 0;
  for (int32_t i = 0; i < sched.gomaxprocs.load(); i++) {
    runs += static_cast<uint32_t>(int32_t{sched.allp[i]->runtick});
  }
  return std::exchange(last, runs) == runs;
}

// Sleeps until something happens, if every P is idle. True if it slept.
bool sleep_while_idle() {
  auto all_idle = [] { return sched.npidle.load() == sched.gomaxprocs.load(); };
  if (!all_idle()) return false;
  may_act();
  lock(&sched.lock);
  bool idle = all_idle() && sched.retaken.load() == nullptr;
  if (idle) sched.sysmonwait.store(1);
  unlock(&sched.lock);
  if (!idle) return false;
  enter_safe(self);
  while (sched.sysmonwait.load() != 0) {
    bool more = stackscavenge();
    futexsleep(&sched.sysmonwait, 1, more ? kScavengeNs : -1);
  }
  return true;
}

void* sysmon(void*) {
  minit(self);
  int64_t delay = kSleepMin;
  int quiet = 0;
  bool watch = false;
  int64_t scavenged = nanotime();
  for (;;) {
    uint32_t note = sched.sysmonnote.load();
    int64_t sleep = watch && delay > kSleepWatching ? kSleepWatching : delay;
    sched.sysmonslow.store(sleep > kSleepWatching);
    if (!is_safe()) enter_safe(self);
    if (sched.retaken.load() == nullptr) futexsleep(&sched.sysmonnote, note, sleep);
    bool still = nothing_ran();
    if (still && delay == kSleepMax && sleep_while_idle()) {
      quiet = 0;
      delay = kSleepMin;
    }
    int64_t now = tick_clock();
    poll_if_nobody_does(now);
    if (now - scavenged >= kScavengeNs) {
      stackscavenge();
      scavenged = now;
    }
    if (retake(now, &watch)) {
      quiet = 0;
      delay = kSleepMin;
    } else if (++quiet > 50 && delay < kSleepMax) {
      delay = delay * 2 < kSleepMax ? delay * 2 : kSleepMax;
    }
  }
}

}  // namespace

void sysmonhurry() {
  if (!sched.sysmonslow.load()) return;
  sched.sysmonnote.fetch_add(1);
  futexwakeup(&sched.sysmonnote, 1);
}

void sysmonwake() {
  sched.sysmonwait.store(0);
  futexwakeup(&sched.sysmonwait, 1);
}

void sysmonstart() {
  self = new_m();
  start_thread(sysmon, nullptr);
}

}  // namespace golab::runtime
