// machine.cpp: threads: how they start, sleep, hand their P on, and sit out system calls.
//
// An M without work holds no P and sleeps on its own futex (M::park). Order on the way to sleep:
// onto the idle list, then asleep. On the way up, the waker takes it off the list, gives it a P
// (M::nextp), then wakes it. So any thread on the list may be given a P.
#include <cxxabi.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <new>
#include <utility>

#include "runtime/core/reserve.h"
#include "runtime/core/throw.h"
#include "runtime/sched/cpuprof.h"
#include "runtime/sched/netpoll.h"
#include "runtime/sched/sched.h"
#include "runtime/sched/switch.h"
#include "runtime/sched/timer.h"

namespace golab::runtime {

int NumCPU() {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof(set), &set) != 0) return 1;
  return std::clamp(CPU_COUNT(&set), 1, kMaxProcs);
}

M* new_m() {
  void* at = reserve_or_die(sizeof(M), "a thread");
  M* mp = new (at) M;
  mp->state.store(kMSafe);
  mp->locks.store(1, std::memory_order_relaxed);
  mp->fastrand = static_cast<uint64_t>(nanotime()) ^ reinterpret_cast<uintptr_t>(at);
  mp->id = sched.mcount.fetch_add(1);
  M* head = sched.allm.load();
  do {
    mp->alllink = head;
  } while (!sched.allm.compare_exchange_weak(head, mp));
  return mp;
}

namespace {
constexpr size_t kThreadStackMin = size_t{1} << 20;  // the symbolizer runs on it

// Go's message (newosproc), but no traceback: memory may be what is missing.
[[noreturn]] void no_thread(int err) {
  fflush_unlocked(stdout);
  const char* hint = err == EAGAIN ? "runtime: may need to increase max user processes (ulimit -u) "
                                     "or address space (ulimit -v)\n"
                                   : "";
  char text[512];
  int n = snprintf(text, sizeof text,
                   "runtime: failed to create new OS thread (have %d already; errno=%d)\n%s"
                   "fatal error: newosproc\n",
                   sched.mcount.load(), err, hint);
  if (write(2, text, static_cast<size_t>(n)) < 0) _exit(2);
  _exit(2);
}

void* mstart(void* arg) {
  M* mp = static_cast<M*>(arg);
  minit(mp);
  leave_safe(mp);
  acquirep(mp, std::exchange(mp->nextp, nullptr));
  schedule();
}

void newthread(P* pp, bool spinning) {
  M* mp = new_m();
  mp->nextp = pp;
  mp->spinning = spinning;
  start_thread(mstart, mp);
}
}  // namespace

void start_thread(void* (*f)(void*), void* arg) {
  // Signals stay blocked until the new thread knows its M.
  sigset_t all = blockable_signals(), old;
  pthread_attr_t attr;
  pthread_attr_init(&attr);
  // Not the size of ulimit -s, which may be too small.
  size_t bytes = std::max(share_of_address_space(kSystemStackBytes, 256), kThreadStackMin);
  pthread_attr_setstacksize(&attr, bytes);
  pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
  pthread_sigmask(SIG_SETMASK, &all, &old);
  pthread_t thread;
  int err = pthread_create(&thread, &attr, f, arg);
  pthread_sigmask(SIG_SETMASK, &old, nullptr);
  pthread_attr_destroy(&attr);
  if (err != 0) no_thread(err);
}

[[gnu::noinline]] void minit(M* mp) {
  tls_m = mp;
  mp->g0_frame = static_cast<FrameRecord*>(__builtin_frame_address(0))->fp;
  mp->tid = static_cast<int32_t>(syscall(SYS_gettid));
  mp->eh_globals = reinterpret_cast<EhGlobals*>(abi::__cxa_get_globals());
  constexpr size_t kAltStackBytes = 256 << 10;  // a dying program symbolizes its stacks here
  void* at = reserve_or_die(kAltStackBytes, "a signal stack");
  stack_t ss{};
  ss.ss_sp = at;
  ss.ss_size = kAltStackBytes;
  sigaltstack(&ss, nullptr);
#if defined(GOLAB_TSAN)
  mp->sanitizer_stack = __tsan_get_current_fiber();
#endif
#if defined(GOLAB_ASAN)
  pthread_attr_t attr;
  pthread_getattr_np(pthread_self(), &attr);
  void* lo = nullptr;
  pthread_attr_getstack(&attr, &lo, &mp->g0stack_bytes);
  mp->g0stack_lo = lo;
  pthread_attr_destroy(&attr);
#endif
  profile_this_thread(mp);
  sigset_t none;
  sigemptyset(&none);
  pthread_sigmask(SIG_SETMASK, &none, nullptr);
}

// ---- Sleeping and waking ------------------------------------------------------------------------

void mpark(M* mp) {
  while (mp->park.load(std::memory_order_acquire) == 0) futexsleep(&mp->park, 0, -1);
  mp->park.store(0, std::memory_order_relaxed);
}

void mwake(M* mp) {
  mp->park.store(1, std::memory_order_release);
  futexwakeup(&mp->park, 1);
}

void enter_safe(M* mp) {
  mp->state.store(kMSafe, std::memory_order_seq_cst);
  if (sched.stopping.load(std::memory_order_seq_cst) != 0) announce_arrival();
}

void leave_safe(M* mp, bool patient) {
  for (;;) {
    mp->state.store(kMRunning, std::memory_order_seq_cst);
    uint32_t stop = sched.stopping.load(std::memory_order_seq_cst);
    if (stop == 0) return;
    enter_safe(mp);
    wait_for_restart(stop, patient);
  }
}

namespace {
// Sleeps until another thread hands over a P (M::nextp). If GOMAXPROCS changes, there may be none.
void sleep_until_handed_p(M* mp) {
  enter_safe(mp);
  mpark(mp);
  leave_safe(mp);
  tick_clock();
  acquirep(mp, std::exchange(mp->nextp, nullptr));
}
}  // namespace

void stopm() {
  M* mp = getm();
  if (mp->spinning) throw_("stopm: spinning");
  lock(&sched.lock);
  mp->schedlink = sched.midle;
  sched.midle = mp;
  sched.nmidle++;
  checkdead();
  unlock(&sched.lock);
  sleep_until_handed_p(mp);
}

void startm(P* pp, bool spinning) {
  lock(&sched.lock);
  M* mp = sched.midle;
  if (mp != nullptr) {
    sched.midle = mp->schedlink;
    sched.nmidle--;
  }
  unlock(&sched.lock);
  if (mp == nullptr) {
    newthread(pp, spinning);
    return;
  }
  mp->spinning = spinning;
  mp->nextp = pp;
  mwake(mp);
}

// ---- Ps -----------------------------------------------------------------------------------------

void acquirep(M* mp, P* pp) {
  if (pp == nullptr) return;  // woken without one: GOMAXPROCS changed
  mp->p = pp;
  pp->m.store(mp, std::memory_order_release);
  pp->status.store(_Prunning, std::memory_order_release);
}

P* releasep(M* mp) {
  P* pp = mp->p;
  mp->p = nullptr;
  pp->m.store(nullptr, std::memory_order_relaxed);
  pp->status.store(_Pidle, std::memory_order_release);
  return pp;
}

void pidleput(P* pp) {
  pp->link = sched.pidle;
  sched.pidle = pp;
  sched.npidle.fetch_add(1);
}

P* pidleget() {
  P* pp = sched.pidle;
  if (pp == nullptr) return nullptr;
  sched.pidle = pp->link;
  sched.npidle.fetch_sub(1);
  if (sched.sysmonwait.load(std::memory_order_relaxed) != 0) sysmonwake();
  return pp;
}

P* take_idle_p() {
  lock(&sched.lock);
  P* pp = pidleget();
  unlock(&sched.lock);
  return pp;
}

// Finds a thread for a P that its own thread cannot use, or puts it on the idle list.
void handoffp(P* pp) {
  if (!runqempty(pp) || sched.runqsize.load() > 0) {
    startm(pp, false);
    return;
  }
  // It has no work. If no thread looks for work elsewhere, this P should.
  int32_t none = 0;
  if (sched.nmspinning.load() + sched.npidle.load() == 0 &&
      sched.nmspinning.compare_exchange_strong(none, 1)) {
    startm(pp, true);
    return;
  }
  lock(&sched.lock);
  bool last = sched.npidle.load() == sched.gomaxprocs.load() - 1;
  if (sched.runqsize.load() > 0 || (last && sched.lastpoll.load() != 0 && netpollinited())) {
    unlock(&sched.lock);
    startm(pp, false);
    return;
  }
  int64_t when = pp->timer0_when.load();
  pidleput(pp);
  unlock(&sched.lock);
  if (when != 0) wakeNetPoller(when);
}

bool retake_from_syscall(P* pp) {
  uint32_t in_syscall = _Psyscall;
  if (!pp->status.compare_exchange_strong(in_syscall, _Pidle)) return false;
  pp->computing.store(false, std::memory_order_relaxed);
  pp->syscalltick.fetch_add(1, std::memory_order_relaxed);
  handoffp(pp);
  return true;
}

// Order: leave the note, see that mp is outside (is_outside), take the P. If mp comes in meanwhile,
// it finds the note and waits for sched.lock.
bool take_p(P* pp) {
  lock(&sched.lock);
  M* mp = pp->m.load(std::memory_order_acquire);
  bool taken = false;
  if (mp != nullptr) {
    mp->preempt.fetch_or(kNoteTaken);
    taken = is_outside(mp) && pp->m.load() == mp && pp->status.load() == _Prunning;
    if (taken) {
      releasep(mp);
    } else {
      mp->preempt.fetch_and(~kNoteTaken);
    }
  }
  unlock(&sched.lock);
  if (taken) handoffp(pp);
  return taken;
}

// ---- System calls -------------------------------------------------------------------------------

[[gnu::noinline]] void entersyscall() {
  M* mp = acquirem();
  G* gp = mp->curg;
  auto* frame = static_cast<FrameRecord*>(__builtin_frame_address(0));
  if (mp->preempt.load(std::memory_order_relaxed) != 0) [[unlikely]]
    come_in(mp, frame);
  gp->sched_fp = frame->fp;
  gp->sched_pc = frame->pc;
  gp->waitsince = nanotime_coarse();
  gp->status.store(_Gsyscall, std::memory_order_release);
  P* pp = mp->p;
  mp->oldp = pp;
  if (pp != nullptr) {
    mp->p = nullptr;
    pp->m.store(nullptr, std::memory_order_relaxed);
    pp->syscalltick.fetch_add(1, std::memory_order_relaxed);
    pp->status.store(_Psyscall, std::memory_order_release);  // from here on sysmon may take it
  }
  enter_safe(mp);
  dropm(mp);  // this thread is safe, and serves its notes when it comes back
}

[[gnu::noinline]] void exitsyscall() {
  M* mp = acquirem();
  leave_safe(mp);
  G* gp = mp->curg;
  P* oldp = mp->oldp;
  mp->oldp = nullptr;
  uint32_t in_syscall = _Psyscall;
  if (oldp != nullptr && oldp->status.compare_exchange_strong(in_syscall, _Prunning)) {
    oldp->computing.store(false, std::memory_order_relaxed);
    oldp->syscalltick.fetch_add(1, std::memory_order_relaxed);
    oldp->m.store(mp, std::memory_order_release);
    mp->p = oldp;
  } else {
    tick_clock();
    acquirep(mp, take_idle_p());
  }
  // A snapshot in progress must have this stack before it changes.
  while (!may_run(gp)) sched_yield();  // the walker may need this processor
  if (mp->p != nullptr) {
    gp->waitsince = 0;
    gp->status.store(_Grunning, std::memory_order_release);
  } else {
    queue_for_p(mp, gp);
  }
  releasem(getm());
}

[[gnu::noinline]] void notetsleepg(std::atomic<uint32_t>* note, int64_t ns) {
  getg()->awaits_note = note;
  entersyscall();
  futexsleep(note, 0, ns);
  exitsyscall();
  getg()->awaits_note = nullptr;
}

// ---- Goroutines locked to a thread --------------------------------------------------------------

void LockOSThread() {
  RuntimeCall rc;
  M* mp = getm();
  mp->lockedExt++;
  mp->lockedg = mp->curg;
  mp->curg->lockedm = mp;
  mp->curg->locked_to_thread = true;
}

void UnlockOSThread() {
  RuntimeCall rc;
  M* mp = getm();
  if (mp->lockedExt == 0 || --mp->lockedExt > 0) return;
  mp->curg->locked_to_thread = false;
  mp->curg->lockedm = nullptr;
  mp->lockedg = nullptr;
}

// This thread may run only its own goroutine, which waits: it gives its P away and sleeps until a
// thread that finds that goroutine runnable brings one (startlockedm).
void stoplockedm(M* mp) {
  if (mp->p != nullptr) handoffp(releasep(mp));
  for (;;) {
    lock(&sched.lock);
    sched.nmidlelocked++;
    checkdead();
    unlock(&sched.lock);
    sleep_until_handed_p(mp);
    if (mp->p != nullptr) return;
    // GOMAXPROCS changed and took that P back: the goroutine queues again.
    requeue(mp->lockedg);
    wake_helper();
  }
}

void startlockedm(M* self, G* gp) {
  M* mp = gp->lockedm;
  lock(&sched.lock);
  sched.nmidlelocked--;
  unlock(&sched.lock);
  mp->nextp = releasep(self);
  mwake(mp);
  stopm();
}

// ---- Deadlock -----------------------------------------------------------------------------------

// Called whenever a thread goes idle. If every thread is idle, no timer runs and no thread sleeps
// in the poller, no goroutine can ever run again.
void checkdead() {
  int32_t running = sched.mcount.load() - sched.nmidle - sched.nmidlelocked - 1;  // 1: sysmon
  if (running > 0) return;
  if (running < 0) throw_("checkdead: inconsistent counts");
  if (timers_earliest() != 0 || sched.npidle.load() == 0) return;
  sched.checkdead_later = sched.sysmon_polls.load();
  if (sched.checkdead_later) return;
  bool any = false;
  for (uint32_t i = 0; i < allglen(); i++) {
    G* gp = allg(i);
    uint32_t status = gp->status.load();
    if (status == _Gdead || status == _Gidle || gp->system) continue;
    if (status != _Gwaiting) return;
    any = true;
  }
  unlock(&sched.lock);
  fatal_deadlock(any ? "all goroutines are asleep - deadlock!"
                     : "no goroutines (main called runtime.Goexit) - deadlock!");
}

}  // namespace golab::runtime
