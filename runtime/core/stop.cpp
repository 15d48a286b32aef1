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
// A stop for an instant (atInstant) has one thing to do while all stand. The last thread that is
// waited for need not stand for that: the stopper leaves it the matter (last_awaited), and it does
// it, lowers `stopping` and goes on, without having waited for anybody. With two processors that is
// the only one there is. Before, whatever took the stopper's processor away in this moment (the
// kernel's tick, the host) stopped everybody else too: one of a thousand stood for 17 µs and more.
// Who gets to last_awaited first does it: the stopper takes it back if that thread became safe, had
// stopped before it was asked, or is late.
//
// The handler may run while the interrupted code holds any lock of libc. So it calls walk_anywhere
// and what an instant is for, which take none, futex and nothing else.
#include "runtime/core/stop.h"

#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "runtime/core/hooks.h"
#include "runtime/core/sched.h"
#include "runtime/core/sema.h"
#include "runtime/traceback/walk.h"

namespace golab::runtime {

std::atomic<uint64_t> snapshotEpoch{0};
std::atomic<bool> snapshotActive{false};

namespace {

std::atomic<uint32_t> worldsema{1};
constexpr int64_t kPatienceNs = 50'000'000;  // a thousand times what a stop takes
uint32_t last_stop = 0;                      // number of the newest stop; never kFrozen
constexpr uint32_t kFrozen = UINT32_MAX;     // that of a dying program's
int64_t stop_began = 0;
StopStats stats{};

// What the stop under way is for; null: to look around. Ordered by `stopping`; atomic because who
// meets a stop that is given up reads it beside the next.
std::atomic<void (*)()> at_instant{nullptr};
std::atomic<M*> last_awaited{nullptr};  // to whom that is left

// The stack of the goroutine that this thread runs, from where it is in the program's code.
void capture(const M* mp, const WalkFrom& from, StoppedStack* stack) {
  StoppedStack& out = *stack;
  WalkBuffer buffer;
  buffer.pcs = out.pcs;
  buffer.max = kStackTraceMax;
  WalkResult walked = walk_anywhere(from, mp->curg->stackLo, mp->curg->stackHi, buffer);
  out.depth = walked.stored;
  out.truncated = walked.total > walked.stored;
  out.leaf_exact = from.exact;
}

// All who stand go on, unless the program is dying. Answers how long they may have stood, ns.
int64_t let_them_go() {
  int64_t ns = nanotime() - stop_began;
  stats.stops++;
  stats.last_ns = ns;
  stats.total_ns += ns;
  if (ns > stats.max_ns) stats.max_ns = ns;
  uint32_t stop = last_stop;
  sched.stopping.compare_exchange_strong(stop, 0);
  if (sched.stoppedSleepers.load() > 0) futexwakeup(&sched.stopping, UINT32_MAX >> 1);
  return ns;
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

// Who called the function that has this frame record.
WalkFrom caller_of(const void* frame) {
  const auto* record = static_cast<const FrameRecord*>(frame);
  return {record->pc, reinterpret_cast<uintptr_t>(record + 1), record->fp, false};
}

// The program dies while this goroutine stops the world: for ever.
[[noreturn, gnu::noinline]] void freeze_too() {
  M* self = getm();
  capture(self, caller_of(__builtin_frame_address(0)), &self->stopped);
  for (;;) stand_still(self, kFrozen);
}

// If the instant was left to mp: that.
bool act_as_last(M* mp, uint32_t stop) {
  M* last = mp;
  if (stop == kFrozen || last_awaited.load(std::memory_order_relaxed) != mp ||
      !last_awaited.compare_exchange_strong(last, nullptr)) {
    return false;
  }
  at_instant.load()();
  let_them_go();
  announce_arrival();
  return true;
}

// Takes part in the stop that is under way, with mp in the program's code. False: mp has to go on.
bool take_part(M* mp, uint32_t stop, const WalkFrom& from) {
  if (at_instant.load() == nullptr || stop == kFrozen) {
    capture(mp, from, &mp->stopped);
    // Interrupted in a library, perhaps with a lock of malloc's in its hand: who prints the dump of
    // a dying program would wait for that for ever. It is asked again soon, and when it comes to
    // the runtime; until then its stack is as it was now.
    if (stop == kFrozen && from.exact && !own_code(from.pc)) {
      mp->stoppedFor.store(kFrozen, std::memory_order_release);
      mp->preempt.fetch_or(kNoteStop);
      return false;
    }
    stand_still(mp, stop);
    return true;
  }
  // The stack will not change before we return from here, so it can wait until the others run.
  if (!act_as_last(mp, stop)) stand_still(mp, stop);
  G* gp = mp->curg;
  if (!snapshotActive.load(std::memory_order_acquire) || !snapshotClaim(gp)) return true;
  RunningAtInstant& r = mp->ranAtInstant;
  capture(mp, from, &r.stack);
  r.gp = gp;
  r.goid = gp->goid;
  r.parentGoid = gp->parentGoid;
  r.gopc = gp->gopc;
  r.labels = gp->labels;
  r.system = gp->system;
  r.lockedToThread = gp->lockedToThread;
  r.epoch.store(snapshotEpoch.load(std::memory_order_relaxed), std::memory_order_release);
  snapshotDone(gp);
  return true;
}

// Serves the notes left for mp, which is in the program's code. True: give the P away politely.
bool serve_notes(M* mp, const WalkFrom& from) {
  uint32_t notes = mp->preempt.exchange(0);
  if ((notes & kNoteStop) != 0) {
    // The next stop may begin before we have left this one.
    while (uint32_t stop = sched.stopping.load(std::memory_order_seq_cst)) {
      if (!take_part(mp, stop, from)) break;
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
    WalkFrom from = interrupted_at(static_cast<ucontext_t*>(uc));
#if defined(GOLAB_TSAN)
    // TSan keeps a signal back until the program next calls into it, and shows the context of then,
    // of which nothing need be left. The handler is called on the goroutine's stack in this case.
    const void* frame = __builtin_frame_address(0);
    auto here = reinterpret_cast<uintptr_t>(frame);
    if (here >= mp->curg->stackLo && here < mp->curg->stackHi) from = caller_of(frame);
#endif
    if (serve_notes(mp, from)) let_p_go(mp);
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
    yield |= serve_notes(mp, caller_of(__builtin_frame_address(0)));
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
  while (uint32_t stop = sched.stopping.load(std::memory_order_seq_cst)) {
    if (!act_as_last(mp, stop)) stand_still(mp, stop);
  }
}

namespace {

void request_stop(M* mp) {
  mp->preempt.fetch_or(kNoteStop);
  if (int32_t tid = mp->tid.load()) syscall(SYS_tgkill, getpid(), tid, SIGURG);
}

void signal_all_but(const M* self) {
  for (M* mp = sched.allm.load(); mp != nullptr; mp = mp->alllink) {
    if (mp != self && mp->state.load() != kMSafe) request_stop(mp);
  }
}

// Or it was the last, and the world goes on again.
bool has_stopped(M* mp, uint32_t stop) {
  if (sched.stopping.load(std::memory_order_acquire) != stop) return true;
  uint32_t state = mp->state.load(std::memory_order_seq_cst);
  // One that still stands for the last stop, and has not noticed its end, is not there yet.
  return state == kMSafe ||
         (state == kMStopped && mp->stoppedFor.load(std::memory_order_relaxed) == stop);
}

// Waits until mp is safe or stopped: true; or until the time is up.
bool await_stop(M* mp, uint32_t stop, int64_t deadline) {
  Looking looking;
  for (int sleeps = 0;;) {
    uint32_t seen = sched.arrivals.load();
    if (stop != kFrozen && sched.stopping.load() == kFrozen) freeze_too();
    if (has_stopped(mp, stop)) return true;
    if (looking.again()) continue;
    sched.stopperSleeps.store(true);
    if (!has_stopped(mp, stop)) futexsleep(&sched.arrivals, seen, 1'000'000);
    sched.stopperSleeps.store(false);
    if (nanotime() > deadline) return false;
    // It was on its way into the program's code when the first signal came: note and signal again.
    if ((++sleeps % 4 == 0 || stop == kFrozen) && mp->state.load() == kMRunning) request_stop(mp);
  }
}

// All but `last` have stopped, and it may have, or there is none. False: it is late.
bool have_instant(M* last, int64_t deadline) {
  if (last != nullptr) {
    last_awaited.store(last);
    bool came = await_stop(last, last_stop, deadline);
    if (!last_awaited.compare_exchange_strong(last, nullptr)) {
      wait_for_restart(last_stop);
      return true;
    }
    if (!came) return false;
  }
  at_instant.load()();
  let_them_go();
  return true;
}

// One attempt. Answers whom it could not wait for; null: the world stands still, or has done so for
// an instant.
M* try_to_stop(M* self, int64_t patience) {
  stop_began = nanotime();
  last_stop = last_stop % (kFrozen - 1) + 1;
  uint32_t none = 0;
  if (!sched.stopping.compare_exchange_strong(none, last_stop)) freeze_too();
  signal_all_but(self);
  int64_t deadline = stop_began + patience;
  M* last = nullptr;
  for (M* mp = sched.allm.load(); mp != nullptr; mp = mp->alllink) {
    if (mp == self || has_stopped(mp, last_stop)) continue;
    if (last != nullptr && !await_stop(last, last_stop, deadline)) return last;
    last = mp;
  }
  bool in_time = at_instant.load() != nullptr
                     ? have_instant(last, deadline)
                     : last == nullptr || await_stop(last, last_stop, deadline);
  return in_time ? nullptr : last;
}

// Lets the others run until mp has come out of where no stop found it, and so met the note that the
// last one left; or for as long as that stop lasted.
void await_note_served(M* mp, int64_t patience) {
  for (int64_t until = nanotime() + patience; nanotime() < until;) {
    if ((mp->preempt.load() & kNoteStop) == 0 || mp->state.load() == kMSafe) return;
    futexsleep(&sched.stopping, 0, 100'000);
  }
}

// What the stop is for, or null. The world stands still afterwards, or it was for an instant.
void stop_the_world(void (*instant)()) {
  semacquire1(&worldsema, false, WaitReason::Semacquire);
  M* self = acquirem_with_p();
  at_instant.store(instant);
  // Each attempt may take twice as long as the last: where many threads share few processors, some
  // are long in getting one.
  int64_t patience = kPatienceNs;
  while (M* late = try_to_stop(self, patience)) {
    let_them_go();
    await_note_served(late, patience);
    patience *= 2;
  }
}

void stopper_goes_on() {
  releasem(getm());
  semrelease1(&worldsema);
}

}  // namespace

void stopTheWorld() { stop_the_world(nullptr); }

int64_t startTheWorld() {
  getm()->preempt.fetch_and(~kNoteStop);
  int64_t ns = let_them_go();
  stopper_goes_on();
  return ns;
}

int64_t atInstant(void (*act)()) {
  stop_the_world(act);
  int64_t ns = stats.last_ns;
  stopper_goes_on();
  return ns;
}

void freezeTheWorld() {
  M* self = getm();
  if (self != nullptr) self->locks.fetch_add(1);
  sched.stopping.store(kFrozen);
  // Those who stand for another stop have to take their stacks down for this one.
  if (sched.stoppedSleepers.load() > 0) futexwakeup(&sched.stopping, UINT32_MAX >> 1);
  signal_all_but(self);
  // One in a library has a tenth of a second to come out: its stack is known. One of which nothing is
  // known yet, because it waits for a processor, has a second.
  int64_t now = nanotime(), soon = now + 100'000'000, late = now + 1'000'000'000;
  for (M* mp = sched.allm.load(); mp != nullptr; mp = mp->alllink) {
    if (mp == self || await_stop(mp, kFrozen, soon)) continue;
    if (mp->stoppedFor.load(std::memory_order_acquire) != kFrozen) await_stop(mp, kFrozen, late);
  }
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

void forEachRunningAtInstant(void (*f)(const RunningAtInstant& r)) {
  uint64_t epoch = snapshotEpoch.load(std::memory_order_relaxed);
  for (M* mp = sched.allm.load(); mp != nullptr; mp = mp->alllink) {
    if (mp->ranAtInstant.epoch.load(std::memory_order_acquire) == epoch) f(mp->ranAtInstant);
  }
}

const StoppedStack* stoppedStack(const G* gp) {
  for (M* mp = sched.allm.load(); mp != nullptr; mp = mp->alllink) {
    bool taken = mp->state.load() == kMStopped || mp->stoppedFor.load() == kFrozen;
    if (mp->curg == gp && taken) return &mp->stopped;
  }
  return nullptr;
}

// ---- Signals
// ----------------------------------------------------------------------------------------------

void stopinit() {
  struct sigaction sa {};
  sa.sa_sigaction = sigurg;
  sa.sa_flags = SA_SIGINFO | SA_RESTART | SA_ONSTACK;
  sa.sa_mask = blockable_signals();
  sigaction(SIGURG, &sa, nullptr);
}

}  // namespace golab::runtime
