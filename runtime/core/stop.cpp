// stop.cpp: stopping the world, and what a thread does when SIGURG or a note reaches it (see
// stop.h).
//
// Order of a stop:
//   1. `stopping` goes up. From now on no thread leaves a safe state.
//   2. Each M gets a note, then a signal. In the program's code the signal's handler serves the
//   note;
//      inside the runtime the handler does nothing and releasem serves it.
//   3. The stopper waits until every M is safe or stopped. Each that gets there bumps `arrivals`.
//   4. startTheWorld lowers `stopping` and wakes those who sleep on it.
// If step 3 takes too long, 4 follows at once, then 1 again (see "Locks of others" in stop.h).
//
// The handler may run while the interrupted code holds any lock of libc. So it calls the unwinder
// (which finds its tables through _dl_find_object, without a lock), futex and nothing else.
#include "runtime/core/stop.h"

#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <unwind.h>

#include <cerrno>

#include "runtime/core/hooks.h"
#include "runtime/core/sched.h"
#include "runtime/core/sema.h"

namespace golab::runtime {

std::atomic<uint64_t> snapshotEpoch{0};
std::atomic<bool> snapshotActive{false};

namespace {

std::atomic<uint32_t> worldsema{1};
constexpr int64_t kPatienceNs = 50'000'000;  // a thousand times what a stop takes
uint32_t last_stop = 0;                      // number of the newest stop
int64_t stop_began = 0;
StopStats stats{};

// ---- Taking down the running thread's own stack
// ---------------------------------------------------

struct Trace {
  StoppedStack* out;
  uintptr_t from;  // frames above this pc are ours; 0: take all
  bool started;
};

_Unwind_Reason_Code trace_frame(_Unwind_Context* context, void* arg) {
  auto* trace = static_cast<Trace*>(arg);
  StoppedStack* out = trace->out;
  int interrupted = 0;
  uintptr_t pc = _Unwind_GetIPInfo(context, &interrupted);
  if (!trace->started) {
    if (pc != trace->from) return _URC_NO_REASON;
    trace->started = true;
    out->leaf_exact = interrupted != 0;
  }
  if (out->depth == kStackTraceMax) {
    out->truncated = true;
    return _URC_END_OF_STACK;
  }
  out->pcs[out->depth++] = pc;
  return is_goexit(pc - 1) ? _URC_END_OF_STACK : _URC_NO_REASON;
}

void follow_frame_pointers(StoppedStack* out, const G* gp, uintptr_t pc, uintptr_t fp) {
  out->depth = 0;
  out->leaf_exact = true;
  out->pcs[out->depth++] = pc;
  while (out->depth < kStackTraceMax && gp != nullptr && fp >= gp->stackLo &&
         fp + 16 <= gp->stackHi && fp % 8 == 0) {
    auto* frame = reinterpret_cast<FrameRecord*>(fp);
    if (frame->pc == 0) return;
    out->pcs[out->depth++] = frame->pc;
    if (is_goexit(frame->pc - 1) || frame->fp <= fp) return;
    fp = frame->fp;
  }
}

void capture(StoppedStack* out, const G* gp, uintptr_t pc, uintptr_t fp) {
  out->depth = 0;
  out->truncated = false;
  out->leaf_exact = false;
  Trace trace{out, pc, false};
  _Unwind_Backtrace(trace_frame, &trace);
#if defined(GOLAB_TSAN)
  // TSan keeps a signal back until the program next calls into it, and shows the context of then:
  // pc is on no stack any more. All frames, the handler's and TSan's too, are what there is.
  if (out->depth == 0) {
    trace.started = true;
    _Unwind_Backtrace(trace_frame, &trace);
  }
#endif
  // The unwinder lost its way (hand-written assembly without tables): frame pointers may know.
  if (out->depth == 0) follow_frame_pointers(out, gp, pc, fp);
}

// ---- Standing still
// -----------------------------------------------------------------------------------

void stand_still(M* mp, uint32_t stop) {
  mp->stoppedFor.store(stop, std::memory_order_relaxed);
  mp->state.store(kMStopped, std::memory_order_seq_cst);
  announce_arrival();
  wait_for_restart(stop);
  mp->state.store(kMRunning, std::memory_order_seq_cst);
}

// Takes part in the stop that is under way, with mp in the program's code at pc.
void take_part(M* mp, uint32_t stop, uintptr_t pc, uintptr_t fp) {
  if (!sched.stopForInstant) {
    capture(&mp->stopped, mp->curg, pc, fp);
    stand_still(mp, stop);
    return;
  }
  // The stack will not change before we return from here, so it can wait until the others run.
  stand_still(mp, stop);
  if (!snapshotActive.load(std::memory_order_acquire) || !snapshotClaim(mp->curg)) return;
  capture(&mp->stopped, mp->curg, pc, fp);
  hooks.recordRunning(mp->curg, mp->stopped);
  snapshotDone(mp->curg);
}

// Serves the notes left for mp, which is in the program's code at pc. True: give the P away
// politely.
bool serve_notes(M* mp, uintptr_t pc, uintptr_t fp) {
  uint32_t notes = mp->preempt.exchange(0);
  if ((notes & kNoteStop) != 0) {
    // The next stop may begin before we have left this one.
    while (uint32_t stop = sched.stopping.load(std::memory_order_seq_cst)) {
      take_part(mp, stop, pc, fp);
    }
  }
  return (notes & kNoteYield) != 0;
}

// The goroutine goes on without its P; sysmon finds somebody for it.
void let_p_go(M* mp) {
  P* pp = mp->p;
  if (pp == nullptr) return;
  mp->p = nullptr;
  goes_on_withoutp(mp);
  pp->m.store(nullptr, std::memory_order_relaxed);
  pp->status.store(_Pidle, std::memory_order_release);
  P* head = sched.retaken.load();
  do {
    pp->link = head;
  } while (!sched.retaken.compare_exchange_weak(head, pp));
  sched.sysmonnote.fetch_add(1);
  futexwakeup(&sched.sysmonnote, 1);
}

void sigurg(int, siginfo_t*, void* uc) {
  int saved = errno;
  M* mp = getm();
  if (mp != nullptr && mp->curg != nullptr && mp->locks.load(std::memory_order_relaxed) == 0 &&
      mp->state.load(std::memory_order_relaxed) == kMRunning && mp->preempt.load() != 0) {
    auto* context = static_cast<ucontext_t*>(uc);
    if (serve_notes(mp, context_pc(context), context_fp(context))) let_p_go(mp);
  }
  errno = saved;
}

}  // namespace

[[gnu::noinline]] void releasem_slow(M* mp) {
  if (mp->curg == nullptr || mp->onSystemstack ||
      mp->state.load(std::memory_order_relaxed) != kMRunning)
    return;
  bool yield = false;
  do {
    // Still inside the runtime: a signal that came while this goroutine is being recorded would
    // make the thread stand still with it half recorded, and the walker that waits for it never
    // stop.
    mp->locks.store(1, std::memory_order_relaxed);
    std::atomic_signal_fence(std::memory_order_seq_cst);
    yield |= serve_notes(mp, reinterpret_cast<uintptr_t>(__builtin_return_address(0)),
                         static_cast<FrameRecord*>(__builtin_frame_address(0))->fp);
    std::atomic_signal_fence(std::memory_order_seq_cst);
    mp->locks.store(0, std::memory_order_relaxed);
    std::atomic_signal_fence(std::memory_order_seq_cst);
  } while (mp->preempt.load(std::memory_order_relaxed) != 0);
  if (yield && mp->p != nullptr) Gosched();
}

// A stop lasts some microseconds, a wake-up by the kernel some dozens, and on a virtual machine up
// to a millisecond, when the processor had nothing else to do and its host took it back. So both
// sides look for a while before they sleep, and nobody is woken who does not sleep. They look alone
// at first; then whoever was displaced, perhaps the one waited for, gets the processor between two
// looks. Order on both sides: say that you sleep, then let the kernel compare the word once more;
// the other side changes the word, then looks who sleeps.
class Looking {
 public:
  // False: it has taken too long, sleep.
  bool again() {
    cpu_relax();
    if (++looks_ % 64 != 0) return true;
    int64_t took = nanotime() - since_;
    if (took > kAloneNs) sched_yield();
    return took < kInTurnsNs;
  }

 private:
  static constexpr int64_t kAloneNs = 50'000, kInTurnsNs = 300'000;
  int64_t since_ = nanotime();
  uint32_t looks_ = 0;
};

void announce_arrival() {
  sched.arrivals.fetch_add(1);
  if (sched.stopperSleeps.load()) futexwakeup(&sched.arrivals, 1);
}

void wait_for_restart(uint32_t stop, bool patient) {
  Looking looking;
  while (sched.stopping.load(std::memory_order_acquire) == stop) {
    if (!patient && looking.again()) continue;
    sched.stoppedSleepers.fetch_add(1);
    futexsleep(&sched.stopping, stop, -1);
    sched.stoppedSleepers.fetch_sub(1);
  }
}

void stop_here(M* mp) {
  mp->stopped.depth = 0;
  while (uint32_t stop = sched.stopping.load(std::memory_order_seq_cst)) stand_still(mp, stop);
}

namespace {

void request_stop(M* mp) {
  mp->preempt.fetch_or(kNoteStop);
  if (mp->tid != 0) syscall(SYS_tgkill, getpid(), mp->tid, SIGURG);
}

void raise_stopping(M* self) {
  if (++last_stop == 0) ++last_stop;
  sched.stopping.store(last_stop, std::memory_order_seq_cst);
  for (M* mp = sched.allm.load(); mp != nullptr; mp = mp->alllink) {
    if (mp != self && mp->state.load() != kMSafe) request_stop(mp);
  }
}

bool has_stopped(M* mp) {
  uint32_t state = mp->state.load(std::memory_order_seq_cst);
  // One that still stands for the last stop, and has not noticed its end, is not there yet.
  return state == kMSafe ||
         (state == kMStopped && mp->stoppedFor.load(std::memory_order_relaxed) == last_stop);
}

// Waits until mp is safe or stopped: true; or until the time is up.
bool await_stop(M* mp, int64_t deadline) {
  Looking looking;
  for (int sleeps = 0;;) {
    uint32_t seen = sched.arrivals.load();
    if (has_stopped(mp)) return true;
    if (looking.again()) continue;
    sched.stopperSleeps.store(true);
    if (!has_stopped(mp)) futexsleep(&sched.arrivals, seen, 1'000'000);
    sched.stopperSleeps.store(false);
    if (nanotime() > deadline) return false;
    // It was on its way into the program's code when the first signal came: note and signal again.
    if (++sleeps % 4 == 0 && mp->state.load() == kMRunning) request_stop(mp);
  }
}

// One attempt. Answers whom it could not wait for; null: the world stands still.
M* try_to_stop(M* self, int64_t patience) {
  stop_began = nanotime();
  raise_stopping(self);
  for (M* mp = sched.allm.load(); mp != nullptr; mp = mp->alllink) {
    if (mp != self && !await_stop(mp, stop_began + patience)) return mp;
  }
  return nullptr;
}

// All who stand go on. Answers how long they may have stood, ns.
int64_t let_them_go() {
  int64_t ns = nanotime() - stop_began;
  stats.stops++;
  stats.last_ns = ns;
  stats.total_ns += ns;
  if (ns > stats.max_ns) stats.max_ns = ns;
  sched.stopping.store(0, std::memory_order_seq_cst);
  if (sched.stoppedSleepers.load() > 0) futexwakeup(&sched.stopping, UINT32_MAX >> 1);
  return ns;
}

// Lets the others run until mp has come out of where no stop found it, and so met the note that the
// last one left; or for as long as that stop lasted.
void await_note_served(M* mp, int64_t patience) {
  for (int64_t until = nanotime() + patience; nanotime() < until;) {
    if ((mp->preempt.load() & kNoteStop) == 0 || mp->state.load() == kMSafe) return;
    futexsleep(&sched.stopping, 0, 100'000);
  }
}

}  // namespace

void stopTheWorld(StopFor what) {
  semacquire1(&worldsema, false, WaitReason::Semacquire);
  M* self = acquirem_with_p();
  sched.stopForInstant = what == StopFor::instant;
  // Each attempt may take twice as long as the last: where many threads share few processors, some
  // are long in getting one.
  int64_t patience = kPatienceNs;
  while (M* late = try_to_stop(self, patience)) {
    let_them_go();
    await_note_served(late, patience);
    patience *= 2;
  }
}

void freezeTheWorld() {
  M* self = getm();
  if (self != nullptr) self->locks.fetch_add(1);
  sched.stopForInstant = false;
  raise_stopping(self);
  int64_t deadline = nanotime() + 100'000'000;
  for (M* mp = sched.allm.load(); mp != nullptr; mp = mp->alllink) {
    if (mp != self) await_stop(mp, deadline);
  }
}

int64_t startTheWorld() {
  M* self = getm();
  self->preempt.fetch_and(~kNoteStop);
  int64_t ns = let_them_go();
  releasem(self);
  semrelease1(&worldsema);
  return ns;
}

StopStats stopStats() { return stats; }

// ---- Epoch snapshot
// ---------------------------------------------------------------------------------------

void snapshotBegin() {
  snapshotEpoch.fetch_add(1);
  snapshotActive.store(true);
}

void snapshotEnd() { snapshotActive.store(false); }

bool snapshotClaim(G* gp) {
  uint64_t epoch = snapshotEpoch.load(std::memory_order_relaxed);
  uint64_t mark = gp->snapshot.load(std::memory_order_acquire);
  if (mark >> 2 == epoch) return false;
  return gp->snapshot.compare_exchange_strong(mark, epoch << 2 | kSnapshotInProgress,
                                              std::memory_order_acq_rel);
}

void snapshotDone(G* gp) {
  uint64_t epoch = snapshotEpoch.load(std::memory_order_relaxed);
  gp->snapshot.store(epoch << 2 | kSnapshotSatisfied, std::memory_order_release);
}

bool snapshotSatisfied(const G* gp) {
  uint64_t epoch = snapshotEpoch.load(std::memory_order_relaxed);
  return gp->snapshot.load(std::memory_order_acquire) == (epoch << 2 | kSnapshotSatisfied);
}

const StoppedStack* stoppedStack(const G* gp) {
  for (M* mp = sched.allm.load(); mp != nullptr; mp = mp->alllink) {
    if (mp->curg == gp && mp->state.load() == kMStopped) return &mp->stopped;
  }
  return nullptr;
}

// ---- Signals
// ----------------------------------------------------------------------------------------------

void stopinit() {
  // Once before it matters: the unwinder allocates and binds symbols on first use.
  static StoppedStack warm_up;
  capture(&warm_up, nullptr, 0, 0);
  struct sigaction sa {};
  sa.sa_sigaction = sigurg;
  sa.sa_flags = SA_SIGINFO | SA_RESTART | SA_ONSTACK;
  sigfillset(&sa.sa_mask);
  sigaction(SIGURG, &sa, nullptr);
}

}  // namespace golab::runtime
