// proc.cpp: the life of a goroutine: made, run, parked, woken, ended (see proc.h).
#include "runtime/sched/proc.h"

#include <sched.h>
#include <time.h>
#include <unwind.h>

#include <algorithm>
#include <cstdlib>
#include <new>
#include <utility>

#include "runtime/core/godebug.h"
#include "runtime/core/goexit.h"
#include "runtime/core/reserve.h"
#include "runtime/core/throw.h"
#include "runtime/sched/ancestors.h"
#include "runtime/sched/bubble.h"
#include "runtime/sched/clock.h"
#include "runtime/sched/labels.h"
#include "runtime/sched/netpoll.h"
#include "runtime/sched/request.h"
#include "runtime/sched/sched.h"
#include "runtime/sched/stacks.h"
#include "runtime/sched/switch.h"
#include "runtime/sched/timer.h"

namespace golab::runtime {

thread_local constinit M* tls_m = nullptr;
Sched sched;

// ---- Birth ------------------------------------------------------------------------------------

namespace {
constexpr uint32_t kGoidBatch = 16;
std::atomic<uint64_t> goidgen{0};

bool fits_in_g(size_t bytes, size_t align) { return bytes <= kClosureBytes && align <= 16; }

// Also counts it.
uint64_t next_goid(P* pp) {
  uint64_t created = pp->goroutinesCreated.load(std::memory_order_relaxed);
  if (created % kGoidBatch == 0) {
    pp->goid_next = goidgen.fetch_add(kGoidBatch, std::memory_order_relaxed) + 1;
  }
  pp->goroutinesCreated.store(created + 1, std::memory_order_relaxed);
  return pp->goid_next++;
}
}  // namespace

void* newg(size_t closure_bytes, size_t closure_align, G** out) {
  // Outside the runtime: malloc may wait for a thread that stopped with a lock of malloc's.
  void* big = fits_in_g(closure_bytes, closure_align)
                  ? nullptr
                  : ::operator new(closure_bytes, std::align_val_t(closure_align));
  RuntimeCall rc;
  G* gp = gfget(getm()->p);
  gp->arg = big != nullptr ? big : gp->closure;
  *out = gp;
  return gp->arg;
}

void freeclosure(void* at, size_t bytes, size_t align) {
  if (!fits_in_g(bytes, align)) ::operator delete(at, std::align_val_t(align));
}

void discardg(G* gp) {
  RuntimeCall rc;
  gfput(getm()->p, gp);
}

namespace {
void inherit_labels(const G* parent, G* child) {
  if (parent == nullptr || child->system) return;
  LabelMap* labels = parent->labels.load(std::memory_order_relaxed);
  if (labels == nullptr) return;
  hold_labels(labels);
  child->labels.store(labels, std::memory_order_relaxed);
}

void leave_labels(G* gp) {
  LabelMap* labels = gp->labels.load(std::memory_order_relaxed);
  if (labels == nullptr) return;
  gp->labels.store(nullptr, std::memory_order_relaxed);
  release_labels(labels);
}
}  // namespace

[[gnu::noinline]] void newproc(G* gp, void (*fn)(void*), uintptr_t startpc) {
  if (tracebackancestors > 0) [[unlikely]]
    gp->ancestors = save_ancestors(__builtin_frame_address(0));
  RuntimeCall rc;
  M* mp = getm();
  P* pp = mp->p;
  gp->fn = fn;
  gp->startpc = startpc;
  gp->gopc = reinterpret_cast<uintptr_t>(__builtin_return_address(0));  // DOC: created-by
  G* parent = mp->curg;
  if (parent != nullptr && parent->bubble_id != 0) [[unlikely]]
    parent = bubble_join(parent, gp);
  gp->parentGoid = parent != nullptr ? parent->goid : 0;
  gp->started_running = false;
  gp->waitsince = 0;
  inherit_labels(parent, gp);  // DOC: labels-inherited
  gp->goid = next_goid(pp);
  if (gp->goid == 1) gp->gopc = 0;  // no go statement made main
  if (in_classroom()) [[unlikely]]
    inherit_request(parent, gp);
  gp->snapshot.store(snapshot_of_newborn(), std::memory_order_relaxed);
  if (sched.tracksTimeToRun.load(std::memory_order_relaxed)) [[unlikely]]
    gp->trackingSeq = static_cast<uint8_t>(cheaprand());  // else one that is used again and again
  runnable(gp);                                           // is timed at the same point of its life
  runqput(pp, gp, true);
  wake_helper();
}

uint64_t goroutinesCreated() {
  RuntimeCall rc;  // no P is made meanwhile
  uint64_t sum = 0;
  for (int32_t i = 0; i < kMaxProcs && sched.allp[i] != nullptr; i++) {
    sum += sched.allp[i]->goroutinesCreated.load(std::memory_order_relaxed);
  }
  return sum;
}

void go_system(void (*fn)(void*)) {
  G* gp = nullptr;
  newg(0, 1, &gp);
  gp->system = true;
  sched.nsystem.fetch_add(1);
  newproc(gp, fn, 0);
}

// ---- The bottom and the end of every stack ------------------------------------------------------

G* goexit1(G* gp);

namespace {
// Leaves the stack of gp, which runs, and does not come back.
[[noreturn, gnu::always_inline]] inline void leave_for_good(G* gp) {
  G* next = goexit1(gp);
  jump_for_good(leave_stack(getm(), gp, next, true));
}
}  // namespace

// A new stack begins here and all walks end: no caller for unwinders, and a null frame pointer.
// It catches nothing: an uncaught panic unwinds nothing, and the terminate handler sees the stack.
[[gnu::noinline, gnu::section("golab_goexit")]] void goexit(transfer_t from) {
  GOLAB_STACK_END();
  static_cast<FrameRecord*>(__builtin_frame_address(0))->fp = 0;
  M* mp = getm();
#if defined(GOLAB_ASAN)
  __sanitizer_finish_switch_fiber(nullptr, nullptr, nullptr);
#endif
  switch_arrived(mp, from.fctx);
  finish_left(mp);
  G* gp = getm()->curg;
  releasem(getm());
  gp->fn(gp->arg);
  leave_for_good(gp);
}

namespace {

// Binds a stack to a goroutine that has never run.
void first_run(M* mp, G* gp) {
  if (gp->stack_lo == 0) stackalloc(mp->p, gp);
  // Below the canary, aligned for the first call.
  uintptr_t top = (gp->stack_hi - sizeof(uint64_t)) & ~uintptr_t{63};
  gp->ctx = boost::context::detail::make_fcontext(reinterpret_cast<void*>(top), top - gp->stack_lo,
                                                  goexit);
  gp->eh = EhGlobals{};
  gp->started_running = true;
#if defined(GOLAB_TSAN)
  gp->sanitizer_stack = __tsan_create_fiber(0);
#elif defined(GOLAB_ASAN)
  gp->sanitizer_stack = nullptr;
#endif
}

// gp has ended and is off its stack: frees its stack and its G.
void gdestroy(M* mp, G* gp) {
#if defined(GOLAB_TSAN)
  __tsan_destroy_fiber(gp->sanitizer_stack);
  gp->sanitizer_stack = nullptr;
#endif
  stackfree(mp->p, gp);
  gp->defers = nullptr;
  gp->panics = nullptr;
  gp->m = nullptr;
  gp->lockedm = nullptr;
  gp->locked_to_thread = false;
  if (gp->system) {
    gp->system = false;
    sched.nsystem.fetch_sub(1);
  }
  leave_labels(gp);
  if (gp->ancestors != nullptr) [[unlikely]]
    bury(std::exchange(gp->ancestors, nullptr));
  if (in_classroom()) [[unlikely]]
    leave_request(gp);
  if (gp->bubble_id != 0) [[unlikely]]
    bubble_leave(gp);
  gp->status.store(_Gdead, std::memory_order_release);
  gfput(mp->p, gp);
}

void overflow_check(G* gp) {
  if (gp->stack_unguarded && !stack_intact(gp)) [[unlikely]]
    fatal("stack overflow");
}

}  // namespace

// The first thing on a new stack: finishes the departure of the goroutine that left.
void finish_left(M* mp) {
  LeftAction action = mp->left_action;
  G* gp = mp->left;
  mp->left_action = LeftAction::None;
  switch (action) {
    case LeftAction::Park: {
      UnlockFunc unlockf = mp->left_unlockf;
      // Asked before unlockf: after it, gp may run again, and end.
      Bubble* bubble = nullptr;
      if (gp->bubble_id != 0) [[unlikely]]
        bubble = bubble_if_durable(gp);
      if (unlockf != nullptr && !unlockf(gp, mp->left_lock)) {
        runnable(gp);
        ready(gp, true);
      } else if (bubble != nullptr) {
        bubble_blocks(bubble);
      }
      break;
    }
    case LeftAction::Yield:
      if (mp->p != nullptr && sched.runqsize.load(std::memory_order_relaxed) == 0) {
        // The global queue is empty, so the tail of this one is as far back.
        runqput(mp->p, gp, false);
        wake_helper();
        break;
      }
      [[fallthrough]];
    case LeftAction::Requeue:
      requeue(gp);
      wake_helper();
      break;
    case LeftAction::Dead:
      gdestroy(mp, gp);
      break;
    case LeftAction::None:
    case LeftAction::Systemstack:
      break;
  }
}

// ---- The switch ---------------------------------------------------------------------------------

namespace {
constexpr uint8_t kTrackingPeriod = 8;  // Go's gTrackingPeriod

// gp becomes runnable.
[[gnu::noinline]] void track_time_to_run(G* gp) {
  if (++gp->trackingSeq % kTrackingPeriod == 0) gp->trackingStamp = nanotime();
}

// gp, which was timed, runs.
[[gnu::noinline]] void note_time_to_run(G* gp) {
  sched.timeToRun.record(nanotime() - std::exchange(gp->trackingStamp, 0));
}
}  // namespace

void execute(M* mp, G* gp) {
  mp->curg = gp;
  gp->m = mp;
  mp->p->runtick++;
  gp->waitsince = 0;
  if (gp->trackingStamp != 0) [[unlikely]]
    note_time_to_run(gp);
  gp->status.store(_Grunning, std::memory_order_release);
  if (!gp->started_running) first_run(mp, gp);
}

namespace {

void new_time_slice(P* pp) {
  pp->schedtick.store(pp->schedtick.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
}

// The next goroutine to jump to from `from`'s stack. Null: g0 has to look for one.
G* next_direct(M* mp, P* pp, G* from) {
  if (from->lockedm != nullptr || sched.stopping.load(std::memory_order_relaxed) != 0)
    return nullptr;
  if (global_is_next(pp) && (sched.runqsize.load(std::memory_order_relaxed) > 0 ||
                             pp->timers_behind.load(std::memory_order_relaxed)))
    return nullptr;
  if (timers_due(pp)) return nullptr;
  bool inherit = false;
  G* gp = runqget(pp, &inherit);
  if (gp == nullptr) return nullptr;
  if (gp->lockedm != nullptr || !may_run(gp)) {
    requeue(gp);  // it must not run here or now
    return nullptr;
  }
  if (!inherit) new_time_slice(pp);
  execute(mp, gp);
  return gp;
}

// Takes the running goroutine off its stack; its status is set. Returns when it runs again.
[[gnu::always_inline]] inline void switch_away(M* mp, G* gp, LeftAction action) {
  overflow_check(gp);
  mp->left_action = action;
  mp->left = gp;  // a CPU sample from here on looks for the stack that it is in
  G* next = next_direct(mp, mp->p, gp);
  if (next == nullptr) mp->curg = nullptr;
  stack_switch(mp, gp, next);
  finish_left(getm());
}

}  // namespace

[[gnu::noinline]] void gopark(UnlockFunc unlockf, void* lock, WaitReason reason) {
  M* mp = getm();
  G* gp = mp->curg;
  if (gp == nullptr || mp->on_systemstack) throw_("gopark: not on a goroutine");
  if (mp->locks.load(std::memory_order_relaxed) != 1)
    throw_("gopark: inside a nested runtime call");
  gp->waitreason = reason;
  gp->waitsince = nanotime_coarse();  // DOC: waiting-since
  gp->sched_fp = reinterpret_cast<uintptr_t>(__builtin_frame_address(0));
  gp->sched_pc = getpc();
  mp->left_unlockf = unlockf;
  mp->left_lock = lock;
  gp->status.store(_Gwaiting, std::memory_order_release);
  switch_away(mp, gp, LeftAction::Park);
  // DOC: gopark-resumed
}

namespace {
bool parkunlock(G*, void* l) {
  unlock(static_cast<mutex*>(l));
  return true;
}
}  // namespace

void goparkunlock(mutex* l, WaitReason reason) { gopark(parkunlock, l, reason); }

void runnable(G* gp) {
  if (sched.tracksTimeToRun.load(std::memory_order_relaxed)) [[unlikely]]
    track_time_to_run(gp);
  gp->status.store(_Grunnable, std::memory_order_release);
}

void ready(G* gp, bool next) {
  runqput(getm()->p, gp, next);
  wake_helper();
}

void goready(G* gp) {
  if (gp->status.load(std::memory_order_relaxed) != _Gwaiting) throw_("goready: bad g status");
  if (gp->bubble_id != 0) [[unlikely]]
    bubble_wakes(gp);
  runnable(gp);
  ready(gp, true);
}

void injectglist(G* head, int n) {
  if (head == nullptr) return;
  for (G* gp = head; gp != nullptr;) {
    G* batch[64];
    uint32_t some = 0;
    for (; gp != nullptr && some < std::size(batch); some++) {
      batch[some] = gp;
      G* next = std::exchange(gp->schedlink, nullptr);
      runnable(gp);
      gp = next;
    }
    lock(&sched.lock);
    globrunqputbatch(batch, some);
    unlock(&sched.lock);
  }
  for (int i = 0; i < n && sched.npidle.load() > 0; i++) {
    P* pp = take_idle_p();
    if (pp == nullptr) break;
    startm(pp, false);
  }
}

namespace {
[[gnu::always_inline]] inline void give_way(LeftAction action) {
  M* mp = getm();
  G* gp = mp->curg;
  gp->sched_fp = reinterpret_cast<uintptr_t>(__builtin_frame_address(0));
  gp->sched_pc = getpc();
  runnable(gp);
  switch_away(mp, gp, action);
}
}  // namespace

void Gosched() {
  RuntimeCall rc;
  give_way(LeftAction::Yield);
}

// Requeues in the global queue even if it is empty: its turn there comes soon, also where the
// goroutines of this P keep the P for long.
void yield_if_others_wait() {
  RuntimeCall rc;
  if (others_wait(getm()->p)) give_way(LeftAction::Requeue);
}

// A goroutine that comes into the runtime has notes to serve, or has lost its P. Then it gets
// another one, or queues for one.
[[gnu::noinline]] void entercall(M* mp) {
  G* gp = mp->curg;
  if (gp == nullptr) return;  // the scheduler, between two Ps
  come_in(mp, __builtin_frame_address(0));
  if (mp->p != nullptr) return;
  lock(&sched.lock);
  P* pp = sched.stopping.load() == 0 ? pidleget() : nullptr;
  unlock(&sched.lock);
  if (pp != nullptr) {
    acquirep(mp, pp);
    return;
  }
  gp->sched_fp = reinterpret_cast<uintptr_t>(__builtin_frame_address(0));
  gp->sched_pc = getpc();
  queue_for_p(mp, gp);
}

void queue_for_p(M* mp, G* gp) {
  runnable(gp);
  mp->left_action = LeftAction::Requeue;
  mp->left = gp;
  mp->curg = nullptr;
  stack_switch(mp, gp, nullptr);
  finish_left(getm());
}

// The end of a goroutine, except the jump. Returns the next one on this thread; null: g0.
[[gnu::noinline]] G* goexit1(G* gp) {
  M* mp = acquirem_with_p();
  if (gp->lockedm != nullptr) {
    gp->lockedm->lockedg = nullptr;
    gp->lockedm = nullptr;
  }
  mp->left_action = LeftAction::Dead;
  mp->left = gp;
  G* next = next_direct(mp, mp->p, gp);
  if (next == nullptr) mp->curg = nullptr;
  return next;
}

// ---- Goexit -------------------------------------------------------------------------------------
//
// A forced unwind (Itanium C++ ABI, 1.6.2) runs every destructor, and with them the Defers. No
// handler for a type catches it. It stops at goexit. die/goexit.cpp decides when it begins.

namespace {
_Unwind_Reason_Code goexit_stop(int, _Unwind_Action actions, _Unwind_Exception_Class,
                                _Unwind_Exception* exc, _Unwind_Context* context, void* panic) {
  if ((actions & _UA_END_OF_STACK) != 0 || is_goexit(_Unwind_GetIP(context) - 1)) {
    if (panic == nullptr) {
      ::operator delete(exc);
    } else {
      _Unwind_DeleteException(exc);
      *getm()->eh_globals = EhGlobals{};  // it counts as uncaught
    }
    leave_for_good(getm()->curg);
  }
  return _URC_NO_REASON;
}

void goexit_swallowed(_Unwind_Reason_Code, _Unwind_Exception*) {
  fatal("runtime.Goexit was swallowed by a catch (...) that does not rethrow");
}
}  // namespace

[[noreturn]] void goexit_unwind() {
  auto* exc = static_cast<_Unwind_Exception*>(::operator new(sizeof(_Unwind_Exception)));
  *exc = _Unwind_Exception{};
  exc->exception_cleanup = goexit_swallowed;
#if defined(GOLAB_ASAN)
  // ASan does this for a throw: forget the variables of the frames that will not return.
  __asan_handle_no_return();
#endif
  _Unwind_ForcedUnwind(exc, goexit_stop, nullptr);
  throw_("Goexit: the unwinder could not walk this stack");
}

// The unwinder keeps in private_1 and private_2 which kind of unwinding an exception is in: a stop
// function and its argument if it is forced, 0 if a handler was found. It looks each time that a
// frame's cleanups are done.
void goexit_instead(void* object) {
  auto* exc = static_cast<_Unwind_Exception*>(object) - 1;
  exc->private_1 = reinterpret_cast<uintptr_t>(goexit_stop);
  exc->private_2 = reinterpret_cast<uintptr_t>(object);
}

// ---- The scheduler's loop, on g0 ----------------------------------------------------------------

namespace {

// Runs gp and those that follow it by direct jumps, until one jumps to g0 to leave (or for
// systemstack, which is served here).
[[gnu::always_inline]] inline void run_until_left(M* mp, G* gp) {
  stack_switch(mp, nullptr, gp);
  while (mp->left_action == LeftAction::Systemstack) {
    G* caller = mp->left;
    mp->left_action = LeftAction::None;
    mp->systemstack_fn(mp->systemstack_arg);
    stack_switch(mp, nullptr, caller);
  }
  finish_left(mp);
}

}  // namespace

[[noreturn]] void schedule() {
  M* mp = getm();  // g0 stays on its thread
  mp->g0_frame = reinterpret_cast<uintptr_t>(__builtin_frame_address(0));
  for (;;) {
    if (mp->lockedg != nullptr) {
      stoplockedm(mp);
      G* gp = mp->lockedg;
      while (!may_run(gp)) sched_yield();  // the walker may need this processor
      new_time_slice(mp->p);
      execute(mp, gp);
      run_until_left(mp, gp);
      continue;
    }
    bool inherit = false;
    G* gp = findRunnable(mp, &inherit);
    if (stop_spinning(mp)) wake_helper();  // there may be more work: the next thread looks for it
    if (gp->lockedm != nullptr) {
      startlockedm(mp, gp);
      continue;
    }
    if (!may_run(gp)) {
      requeue(gp);
      continue;
    }
    if (!inherit) new_time_slice(mp->p);
    execute(mp, gp);
    run_until_left(mp, gp);
  }
}

// ---- Small things -------------------------------------------------------------------------------

G* getg() {
  M* mp = getm();
  return mp != nullptr && !mp->on_systemstack ? mp->curg : nullptr;
}

uint64_t goid() {
  G* gp = getg();
  return gp != nullptr ? gp->goid : 0;
}

int64_t nanotime() {
  timespec ts;
  clock_gettime(CLOCK_MONOTONIC, &ts);
  return int64_t{ts.tv_sec} * 1000000000 + ts.tv_nsec;
}

int64_t nanotime_coarse() { return sched.clock.load(std::memory_order_relaxed); }

int64_t tick_clock() {
  int64_t now = nanotime();
  if (!in_classroom()) sched.clock.store(now, std::memory_order_relaxed);
  return now;
}

// Like wyrand: one multiplication on a state of this thread's.
uint32_t cheaprand() {
  M* mp = getm();
  mp->fastrand += 0xa0761d6478bd642f;
  __uint128_t product =
      static_cast<__uint128_t>(mp->fastrand) * (mp->fastrand ^ 0xe7037ed1a0b428db);
  return static_cast<uint32_t>(static_cast<uint64_t>(product >> 64) ^
                               static_cast<uint64_t>(product));
}

[[gnu::noinline]] void systemstack(void (*f)(void*), void* arg) {
  M* mp = getm();
  if (mp == nullptr || mp->curg == nullptr || mp->on_systemstack) {
    f(arg);
    return;
  }
  // As in a system call: f may take long and use malloc, also while the world is stopped. But this
  // thread computes, so its P is marked, and sysmon gives it a time slice. Whatever takes the P out
  // of _Psyscall clears the mark, because the P may be another thread's then.
  mp = acquirem();  // no signal takes the P away between the mark and the call
  if (mp->preempt.load(std::memory_order_relaxed) != 0) [[unlikely]]
    come_in(mp, __builtin_frame_address(0));
  if (P* pp = mp->p) pp->computing.store(true, std::memory_order_relaxed);
  entersyscall();  // leaves the goroutine on its thread
  G* gp = mp->curg;
  mp->systemstack_fn = f;
  mp->systemstack_arg = arg;
  mp->on_systemstack = true;
  mp->left_action = LeftAction::Systemstack;
  stack_switch(mp, gp, nullptr);
  mp = getm();
  mp->on_systemstack = false;
  releasem(mp);
  exitsyscall();
}

void systemstack_takes_long() {
  M* mp = getm();
  if (mp == nullptr || !mp->on_systemstack || mp->oldp == nullptr || !others_wait(mp->oldp)) return;
  // This thread is in a safe state, so the world may be stopped, and then the P must not be moved.
  // Do not wait for the end of that stop: f may hold a lock that a dying program's dump needs.
  mp->state.store(kMRunning, std::memory_order_seq_cst);
  if (sched.stopping.load(std::memory_order_seq_cst) == 0) retake_from_syscall(mp->oldp);
  enter_safe(mp);
}

namespace {
void procresize(int32_t n) {
  for (int32_t i = 0; i < n; i++) {
    if (sched.allp[i] == nullptr) sched.allp[i] = new (reserve_or_die(sizeof(P), "a P")) P;
  }
}

// This and the next function require sched.lock and that the world is stopped.
//
// Every P becomes idle. Threads in the program's code go on without one, as after a preemption.
void take_all_ps(int32_t count) {
  sched.pidle = nullptr;
  sched.npidle.store(0);
  sched.retaken.store(nullptr);
  for (M* mp = sched.allm.load(); mp != nullptr; mp = mp->alllink) {
    if (mp->p != nullptr) releasep(mp);
    mp->nextp = nullptr;  // a thread that was being woken goes back to sleep
  }
  for (int32_t i = 0; i < count; i++) {
    P* pp = sched.allp[i];
    pp->m.store(nullptr);
    pp->computing.store(false);
    pp->status.store(_Pidle);
  }
}

// What pp holds goes to the others; it is not used until GOMAXPROCS grows again.
void retire_p(P* pp) {
  bool inherit;
  while (G* gp = runqget(pp, &inherit)) globrunqput(gp);
  move_timers(pp, sched.allp[0]);
  gfgive(pp, pp->gfree_count);
  pp->status.store(_Pdead);
}
}  // namespace

void schedinit() {
  fenceinit();
  tick_clock();
  tracebackancestors = godebug_number("tracebackancestors");
  schedtraceinit();
  allginit();
  stackinit();
  int32_t procs = NumCPU();
  if (const char* text = getenv("GOMAXPROCS")) {
    int n = atoi(text);
    if (n > 0) procs = std::min(n, kMaxProcs);
  }
  procresize(procs);
  sched.gomaxprocs.store(procs);
  only_one_p = procs == 1;
}

int GOMAXPROCS(int n) {
  int32_t old = sched.gomaxprocs.load();
  if (n < 1 || n == old) return old;
  n = std::min(n, kMaxProcs);
  if (!stopTheWorld()) return old;
  M* self = acquirem();
  procresize(n);
  lock(&sched.lock);
  take_all_ps(std::max(old, n));
  for (int32_t i = n; i < old; i++) retire_p(sched.allp[i]);
  sched.gomaxprocs.store(n);
  only_one_p = n == 1;
  for (int32_t i = n - 1; i > 0; i--) pidleput(sched.allp[i]);
  unlock(&sched.lock);
  acquirep(self, sched.allp[0]);
  // Work may wait on the Ps that were taken. A thread is woken for it after the stop, because a new
  // thread needs malloc.
  bool work = sched.runqsize.load() > 0 ||
              std::any_of(sched.allp + 1, sched.allp + n, [](P* pp) { return !runqempty(pp); });
  startTheWorld();
  if (work) wakep();
  releasem(self);
  return old;
}

}  // namespace golab::runtime
