// sysmon.cpp: the watchman, a thread of its own without a P, for what no other thread has time for.
//
//   - a P whose thread sits in a system call goes to another thread;
//   - a P whose goroutine has run for 10 ms while others wait, on its own stack or on the thread's
//     (systemstack), or in and out of short system calls, is taken from it;
//   - a P that a signal handler let go goes to another thread;
//   - the network is polled if no thread has done so for 10 ms;
//   - a thread is woken for a queue that stands while its P wakes none (find.cpp);
//   - free stacks lose their pages (stackscavenge), and the coarse clock is set.
//
// It looks often while things happen and less and less while nothing does (kSleepMin, kSleepMax).
// It sleeps without a limit once every P is idle and no goroutine has begun to run for kSleepMax.
// Not sooner: a server is idle between any two bursts of requests, and each would begin with a
// futex call and frequent looks, which also keep the kernel from moving a waiting thread to that
// processor.
//
// It is in a safe state (stop.h) while it looks, so no stop waits for it. Before it touches
// goroutines or hands on a P, it leaves that state and so waits for the end of a stop (may_act),
// asleep: the thread that the stopper waits for may need this processor. It does not look for stops
// on other wake-ups: during a series of profiles, that costs two switches of threads for each stop.
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
constexpr int64_t kSleepWatching = 500'000;  // while some P wakes no thread

M* self = nullptr;
bool watching = false;  // some P wakes no thread: its queue is looked at often

bool is_safe() { return self->state.load(std::memory_order_relaxed) == kMSafe; }

// From here to the next sleep, a stop waits for sysmon.
void may_act() {
  if (is_safe()) leave_safe(self, true);
}

void preemptone(P* pp) {
  // Asked for so long: no signal reaches that thread (stop.h).
  constexpr int64_t kDeafNs = 10 * kForcePreemptNs;
  if (pp->sysmonwhen + kDeafNs <= nanotime() && take_p(pp)) return;
  M* mp = pp->m.load(std::memory_order_acquire);
  if (mp == nullptr) return;
  // Inside the runtime it finds the note when it leaves; outside, the signal finds it (stop.cpp).
  mp->preempt.fetch_or(kNoteYield);
  syscall(SYS_tgkill, getpid(), mp->tid.load(), SIGURG);
}

void wake_for_standing_queue(P* pp) {
  if (sched.npidle.load() == 0 || !queue_stands(pp)) return;
  may_act();
  wakep();
}

// True if the time slice of the goroutine that pp runs was over and others wait.
bool end_time_slice(P* pp, int64_t now) {
  uint32_t tick = pp->schedtick.load(std::memory_order_relaxed);
  if (pp->sysmontick != tick || pp->sysmonwhen == 0) {
    pp->sysmontick = tick;
    pp->sysmonwhen = now;
    return false;
  }
  if (pp->sysmonwhen + kForcePreemptNs > now || !others_wait(pp)) return false;
  may_act();
  bool same = pp->schedtick.load(std::memory_order_relaxed) == tick;
  if (same && !retake_from_syscall(pp)) preemptone(pp);
  return true;
}

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

// For a P in a system call.
bool retake_if_worth_it(P* pp, int64_t now) {
  uint32_t tick = pp->syscalltick.load(std::memory_order_relaxed);
  if (pp->sysmonsyscalltick != tick) {
    pp->sysmonsyscalltick = tick;
    pp->sysmonsyscallwhen = now;
    return false;
  }
  // It has no work, and others look for work: its thread may be back soon.
  if (runqempty(pp) && sched.nmspinning.load() + sched.npidle.load() > 0 &&
      pp->sysmonsyscallwhen + kForcePreemptNs > now) {
    return false;
  }
  may_act();
  return pp->syscalltick.load(std::memory_order_relaxed) == tick && retake_from_syscall(pp);
}

// True if a P was taken, or asked for.
bool retake(int64_t now) {
  bool any = hand_on_retaken();
  watching = false;
  int32_t n = sched.gomaxprocs.load();
  for (int32_t i = 0; i < n; i++) {
    P* pp = sched.allp[i];
    uint32_t status = pp->status.load();
    if (status != _Prunning && status != _Psyscall) continue;
    // In systemstack it has its time slice, as when it runs. If its P were taken sooner, each call of
    // systemstack would wake a thread and queue the goroutine again.
    bool in_call = status == _Psyscall && !pp->computing.load(std::memory_order_relaxed);
    if (!in_call) {
      watching |= pp->wake_skip.load(std::memory_order_relaxed) > 0;
      wake_for_standing_queue(pp);
    }
    // A goroutine that makes short calls in a loop has a time slice, too.
    any |= end_time_slice(pp, now) || (in_call && retake_if_worth_it(pp, now));
  }
  return any;
}

void poll_if_nobody_does(int64_t now) {
  int64_t last = sched.lastpoll.load();
  if (!netpollAnyWaiters() || last == 0 || last + kForcePreemptNs > now) return;
  may_act();
  if (!sched.lastpoll.compare_exchange_strong(last, now)) return;
  // The goroutines are in no queue until they are injected, and checkdead does not count sysmon.
  sched.sysmon_polls.store(true);
  int n = 0;
  G* list = netpoll(0, &n);
  injectglist(list, n);
  lock(&sched.lock);
  sched.sysmon_polls.store(false);
  if (std::exchange(sched.checkdead_later, false)) checkdead();
  unlock(&sched.lock);
}

// True if no goroutine has begun to run since the last call.
bool nothing_ran() {
  static uint32_t last = 0;
  uint32_t runs = 0;
  for (int32_t i = 0; i < sched.gomaxprocs.load(); i++) {
    runs += static_cast<uint32_t>(int32_t{sched.allp[i]->runtick});
  }
  return std::exchange(last, runs) == runs;
}

// If every P is idle, sleeps until one is not. True if it slept.
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
  int64_t scavenged = nanotime();
  for (;;) {
    uint32_t note = sched.sysmonnote.load();
    int64_t sleep = watching && delay > kSleepWatching ? kSleepWatching : delay;
    sched.sysmonslow.store(sleep > kSleepWatching);
    if (!is_safe()) enter_safe(self);
    if (sched.retaken.load() == nullptr) futexsleep(&sched.sysmonnote, note, sleep);
    bool still = nothing_ran();
    // As in Go, it does not sleep for long while it has to trace.
    if (still && delay == kSleepMax && !traces_scheduler() && sleep_while_idle()) {
      quiet = 0;
      delay = kSleepMin;
    }
    int64_t now = tick_clock();
    poll_if_nobody_does(now);
    trace_if_due(now);
    if (now - scavenged >= kScavengeNs) {
      stackscavenge();
      scavenged = now;
    }
    if (retake(now)) {
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
