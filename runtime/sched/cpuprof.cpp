// cpuprof.cpp: the timers of a CPU profile, and SIGPROF's handler.
#include "runtime/sched/cpuprof.h"

#include <dirent.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <map>
#include <utility>

#include "runtime/core/arch.h"
#include "runtime/core/inject.h"
#include "runtime/sched/sched.h"
#include "runtime/walk/walk.h"

namespace golab::runtime {

// Stand for what is not a function's. Go's names; they are never called.
[[gnu::noinline, gnu::used]] void _System() { asm volatile("# 1"); }
[[gnu::noinline, gnu::used]] void _ExternalCode() { asm volatile("# 2"); }

namespace {

// Guards the timers, and `hz` against a thread that begins.
mutex timers_lock;
int32_t hz = 0;

std::atomic<void (*)(const CpuSample&)> recorder{nullptr};  // null: off
std::atomic<int32_t> recording{0};                          // handlers at work

// ---- Walking ------------------------------------------------------------------------------------

struct Stack {
  uint32_t depth = 0;
  uintptr_t pcs[kCpuProfileFrames];
  uintptr_t cfas[kCpuProfileFrames];  // where each frame begins

  WalkBuffer rest() { return {pcs + depth, kCpuProfileFrames - depth, 0, cfas + depth}; }
  void add(const WalkResult& walked) { depth += walked.stored; }
};

uintptr_t return_address_in(void (*f)()) { return reinterpret_cast<uintptr_t>(f) + 1; }

// From the interrupted instruction up, within [lo, hi). Adds nothing if no table leads out of it.
void walk_up(const ucontext_t* uc, uintptr_t lo, uintptr_t hi, Stack* stack) {
  WalkResult walked = walk_anywhere(interrupted_at(uc), lo, hi, stack->rest());
  const bool full = walked.total > walked.stored;
  if (!walked.complete && !full) walked = walk_interrupted(uc, lo, hi, stack->rest());
  stack->add(walked);
  if (stack->depth > 1) return;
  stack->depth = 0;
  SwitchCaller caller;
  if (!caller_of_switch(uc, lo, hi, &caller)) return;
  stack->pcs[0] = context_pc(uc);
  stack->cfas[0] = caller.sp;
  stack->depth = 1;
  stack->add(walk_anywhere({caller.pc, caller.sp, caller.fp, false, {}}, lo, hi, stack->rest()));
}

// The thread's own stack. Of what is below the scheduler's loop, it ends in the thread's function.
void walk_g0(const ucontext_t* uc, const M* mp, Stack* stack) {
  const uintptr_t sp = context_sp(uc), end = mp->g0_frame + sizeof(FrameRecord);
  if (mp->g0_frame == 0 || sp >= end || end - sp > kSystemStackBytes) return;
  walk_up(uc, sp, end, stack);
  const G* gp = mp->on_systemstack ? mp->curg : nullptr;
  if (gp == nullptr) {
    while (stack->depth > 1 && !own_code(stack->pcs[stack->depth - 1] - 1)) stack->depth--;
    return;
  }
  while (stack->depth > 0 && stack->cfas[stack->depth - 1] >= end) stack->depth--;
  stack->add(walk_from(gp->sched_pc, gp->sched_fp, gp->stack_lo, gp->stack_hi, stack->rest()));
}

// The goroutine in whose stack sp is; null: sp is in none. During a switch, curg is the next one
// already, or the left one is still the one whose stack this is.
__attribute__((no_sanitize("thread"))) G* goroutine_at(const M* mp, uintptr_t sp) {
  for (G* gp : {mp->curg, mp->left}) {
    if (gp != nullptr && sp >= gp->stack_lo && sp < gp->stack_hi) return gp;
  }
  return nullptr;
}

// Returns the goroutine for which the thread works, or null.
G* walk_sample(const ucontext_t* uc, const M* mp, Stack* stack) {
  G* gp = goroutine_at(mp, context_sp(uc));
  // A handler of the program's was interrupted, on the alternate stack.
  const StackRange alternate = interrupted_at(uc).alternate;
  if (gp == nullptr && alternate.hi != 0 && !mp->on_systemstack) gp = mp->curg;
  if (gp != nullptr) {
    walk_up(uc, gp->stack_lo, gp->stack_hi, stack);
    return gp;
  }
  walk_g0(uc, mp, stack);
  return mp->on_systemstack ? mp->curg : nullptr;
}

void take_sample(const ucontext_t* uc, const M* mp, int64_t periods,
                 void (*record)(const CpuSample&)) {
  Stack stack;
  CpuSample sample{stack.pcs, 0, true, nullptr, periods};
  if (mp != nullptr) {
    G* gp = walk_sample(uc, mp, &stack);
    if (gp != nullptr) sample.labels = gp->labels.load(std::memory_order_relaxed);
  }
  if (stack.depth == 0) {
    const bool ours = own_code(context_pc(uc));
    stack.pcs[0] = ours || mp == nullptr ? context_pc(uc) : return_address_in(_ExternalCode);
    stack.pcs[1] = return_address_in(mp != nullptr ? _System : _ExternalCode);
    stack.depth = 2;
  }
  sample.depth = stack.depth;
  sample.leaf_exact = stack.pcs[0] == context_pc(uc);
  record(sample);
}

// ---- The signal ---------------------------------------------------------------------------------

void sigprof(int, siginfo_t* info, void* context) {
  const int saved = errno;
  M* mp = getm();
  if (info->si_code == SI_TIMER && info->si_value.sival_ptr == mp) {
    recording.fetch_add(1);
    if (auto record = recorder.load()) {
      // A clock that ticks more slowly than the period has more than one period in a signal.
      const int64_t periods = 1 + int64_t{std::max(info->si_overrun, 0)};
      take_sample(static_cast<const ucontext_t*>(context), mp, periods, record);
    }
    recording.fetch_sub(1);
  }
  errno = saved;
}

struct sigaction programs_action {};

// A handler that the program has installed comes back at the end. Never the default action: a last
// signal may be on its way, and it would end the process.
void install_handler() {
  struct sigaction ours {};
  ours.sa_sigaction = sigprof;
  ours.sa_flags = SA_SIGINFO | SA_RESTART | SA_ONSTACK;
  ours.sa_mask = blockable_signals();
  sigaction(SIGPROF, &ours, &programs_action);
}

void restore_handler() {
  if (programs_action.sa_handler != SIG_DFL) sigaction(SIGPROF, &programs_action, nullptr);
}

// ---- Timers -------------------------------------------------------------------------------------

// The clock of a thread's processor time, as the kernel numbers it (pthread_getcpuclockid).
clockid_t clock_of(int32_t tid) {
  constexpr uint32_t kOfThread = 4, kScheduled = 2;
  return static_cast<clockid_t>(~static_cast<uint32_t>(tid) << 3 | kOfThread | kScheduled);
}

timespec nanoseconds(int64_t ns) { return {ns / 1'000'000'000, ns % 1'000'000'000}; }

// A timer of this thread's, whose signals carry mp. False: the kernel allows no more timers.
bool make_timer(int32_t tid, M* mp, int32_t* timer) {
  // timer_create(3) makes a thread of its own for some events; the system call never does.
  sigevent event{};
  event.sigev_notify = SIGEV_THREAD_ID;
  event.sigev_signo = SIGPROF;
  event.sigev_value.sival_ptr = mp;
  event._sigev_un._tid = tid;
  if (syscall(SYS_timer_create, clock_of(tid), &event, timer) != 0) return false;
  const int64_t period = 1'000'000'000 / hz;
  // The first one comes at a random time within the period: so a thread that lives for a tenth of a
  // period is seen each tenth time.
  itimerspec when{};
  when.it_value = nanoseconds(1 + cheaprandn(static_cast<uint32_t>(period)));
  when.it_interval = nanoseconds(period);
  syscall(SYS_timer_settime, *timer, 0, &when, nullptr);
  return true;
}

// These two require timers_lock.
void start_timer(M* mp) {
  const int32_t tid = mp->tid.load();
  if (tid != 0 && !mp->has_profile_timer) {
    mp->has_profile_timer = make_timer(tid, mp, &mp->profile_timer);
  }
}
void stop_timer(M* mp) {
  if (std::exchange(mp->has_profile_timer, false)) syscall(SYS_timer_delete, mp->profile_timer);
}

void each_thread(void (*f)(M* mp)) {
  for (M* mp = sched.allm.load(); mp != nullptr; mp = mp->alllink) f(mp);
}

// tid and timer of threads that are not the runtime's.
std::map<int32_t, int32_t>& foreign_timers() {
  static auto& timers = *new std::map<int32_t, int32_t>;
  return timers;
}

bool is_foreign(int32_t tid) {
  for (M* mp = sched.allm.load(); mp != nullptr; mp = mp->alllink) {
    if (mp->tid.load() == tid) return false;
  }
  return true;
}

}  // namespace

void profile_this_thread(M* mp) {
  lock(&timers_lock);
  if (hz > 0) start_timer(mp);
  unlock(&timers_lock);
}

// A thread that is just becoming one of the runtime's may be taken for a foreign one. Its signals
// then do not carry its M, and are not heeded.
void profile_foreign_threads() {
  DIR* tasks = opendir("/proc/self/task");
  if (tasks == nullptr) return;
  while (const dirent* task = readdir(tasks)) {
    const int32_t tid = atoi(task->d_name);
    if (tid == 0 || !is_foreign(tid) || foreign_timers().count(tid) != 0) continue;
    int32_t timer = 0;
    if (make_timer(tid, nullptr, &timer)) foreign_timers()[tid] = timer;
  }
  closedir(tasks);
}

void setcpuprofilerate(int32_t rate, void (*record)(const CpuSample& sample)) {
  recorder.store(record);
  if (rate > 0) install_handler();
  M* self = acquirem();
  lock(&timers_lock);
  hz = rate;
  each_thread(rate > 0 ? start_timer : stop_timer);
  unlock(&timers_lock);
  releasem(self);
  if (rate > 0) return profile_foreign_threads();
  for (auto [tid, timer] : foreign_timers()) syscall(SYS_timer_delete, timer);
  foreign_timers().clear();
  restore_handler();
  while (recording.load() != 0) sched_yield();  // a handler may have lost its processor
}

}  // namespace golab::runtime
