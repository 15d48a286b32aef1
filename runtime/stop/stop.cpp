// stop.cpp: stopping the world, and what a thread does when SIGURG or a note reaches it (stop.h).
//
// Order of a stop:
//   1. `stopping` goes up. From here on no thread leaves a safe state.
//   2. Each M gets a note, then a signal. In the program's code the signal's handler serves the
//      note; inside the runtime the handler does nothing and releasem serves it.
//   3. The stopper waits until every M is safe, stopped or held. An M that gets there bumps
//      `arrivals`.
//   4. startTheWorld lowers `stopping` and wakes the threads that sleep on it.
// If step 3 takes too long, step 4 follows and then step 1 again, for kStopMaxNs at most.
//
// A stop for an instant (at_instant) is over as soon as act() has run. The stopper leaves that to
// the last thread that it waits for (last_awaited): that thread calls act(), lowers `stopping` and
// goes on, so no thread waits for a stopper that has lost its processor. A compare-and-swap on
// last_awaited decides which of the two does it: the stopper takes it back if that thread became
// safe, had stopped before, or is late.
//
// The handler may run while the interrupted code holds any lock of libc. So it calls only
// walk_anywhere and act(), which take none, and futex.
#include "runtime/stop/stop.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "runtime/sched/parked.h"
#include "runtime/sched/sched.h"
#include "runtime/sched/sema.h"
#include "runtime/walk/walk.h"

namespace golab::runtime {

namespace {

std::atomic<uint32_t> worldsema{1};
std::atomic<int32_t> stoppers_waiting{0};  // for worldsema
// How long the first attempt and the longest one may stop the others.
constexpr int64_t kPatienceNs = 50'000'000, kPatienceMaxNs = 400'000'000;
constexpr int64_t kStopMaxNs = 5'000'000'000;  // for all attempts
constexpr int64_t kLateNs = 100'000'000;       // how long a profile waits for a held thread
uint32_t last_stop = 0;                        // number of the newest stop, never kFrozen
constexpr uint32_t kFrozen = UINT32_MAX;       // number of a dying program's stop
int64_t stop_began = 0;
StopStats stats{};

// The act() of the stop under way; null: a stop until startTheWorld. Ordered by `stopping`. Atomic,
// because a thread in an abandoned stop may read it while the next one begins.
std::atomic<void (*)()> at_instant{nullptr};
std::atomic<M*> last_awaited{nullptr};  // the thread that shall call it
std::atomic<bool> any_held{false};      // in the stop under way

// Writes down the stack of mp's goroutine, from a place in the program's code.
void capture(const M* mp, const WalkFrom& from, StoppedStack* out) {
  const G* gp = mp->curg;
  out->keep(walk_anywhere(from, gp->stack_lo, gp->stack_hi, out->buffer()), from.exact);
}

// Writes down the rest.
void describe(const G* gp, RunningAtInstant* r) {
  r->gp = gp;
  r->goid = gp->goid;
  r->parentGoid = gp->parentGoid;
  r->gopc = gp->gopc;
  r->labels = gp->labels.load(std::memory_order_acquire);
  r->ancestors = gp->ancestors;
  r->system = gp->system;
  r->locked_to_thread = gp->locked_to_thread;
  r->bubble_id = gp->bubble_id;
}

// Restarts all stopped threads, unless the program is dying. Returns how long any was stopped, ns.
int64_t let_them_go() {
  int64_t ns = nanotime() - stop_began;
  stats.stops++;
  stats.last_ns = ns;
  stats.total_ns += ns;
  uint32_t stop = last_stop;
  sched.stopping.compare_exchange_strong(stop, 0);
  if (sched.stopped_sleepers.load() > 0) futexwakeup(&sched.stopping, UINT32_MAX >> 1);
  return ns;
}

// ---- Standing still -----------------------------------------------------------------------------

void stand_still(M* mp, uint32_t stop) {
  mp->stopped_for.store(stop, std::memory_order_relaxed);
  mp->state.store(kMStopped, std::memory_order_seq_cst);
  announce_arrival();
  wait_for_restart(stop);
  mp->state.store(kMRunning, std::memory_order_seq_cst);
}

// The program dies while this goroutine is stopping the world: it stops, too.
[[noreturn, gnu::noinline]] void freeze_too() {
  M* self = getm();
  capture(self, caller_of(__builtin_frame_address(0)), &self->stopped);
  for (;;) stand_still(self, kFrozen);
}

// All stand: calls act(), and lets them go. act() takes no time, so the stop took as long as the
// stopping.
void act_and_let_go() {
  at_instant.load()();
  int64_t ns = let_them_go();
  sched.stwStoppingTimeOther.record(ns);
  sched.stwTotalTimeOther.record(ns);
}

// Calls act() if that was left to mp.
bool act_as_last(M* mp, uint32_t stop) {
  M* last = mp;
  if (stop == kFrozen || last_awaited.load(std::memory_order_relaxed) != mp ||
      !last_awaited.compare_exchange_strong(last, nullptr)) {
    return false;
  }
  act_and_let_go();
  announce_arrival();
  return true;
}

// Records the goroutine that mp ran at the instant, unless another thread has claimed it.
void record_running(M* mp, const WalkFrom& from) {
  G* gp = mp->curg;
  if (!snapshot_active.load(std::memory_order_acquire) || !snapshot_claim(gp)) return;
  RunningAtInstant& r = mp->ran_at_instant;
  const uint64_t epoch = snapshot_epoch.load(std::memory_order_relaxed);
  capture(mp, from, &r.stack);
  // Of a held goroutine expect_late has written the rest, and settle may be reading it.
  const bool described = r.held_epoch.load(std::memory_order_relaxed) == epoch && r.gp == gp;
  if (!described) describe(gp, &r);
  r.epoch.store(epoch, std::memory_order_release);
  snapshot_done(gp);
}

// Takes part in the stop under way, with mp in the program's code. False: mp must go on.
bool take_part(M* mp, uint32_t stop, const WalkFrom& from) {
  if (at_instant.load() == nullptr || stop == kFrozen) {
    capture(mp, from, &mp->stopped);
    // Interrupted in a library, it may hold a lock of malloc's that the dying program's dump needs.
    // So it goes on. It is asked again soon, and on its way into the runtime; until then the dump
    // shows this stack.
    if (stop == kFrozen && from.exact && !own_code(from.pc)) {
      mp->stopped_for.store(kFrozen, std::memory_order_release);
      mp->preempt.fetch_or(kNoteStop);
      return false;
    }
    stand_still(mp, stop);
    return true;
  }
  // The stack does not change before this returns, so it can wait until the others run.
  if (!act_as_last(mp, stop)) stand_still(mp, stop);
  record_running(mp, from);
  return true;
}

// Takes the note away. False: there was none.
bool take_note(M* mp, uint32_t note) { return (mp->preempt.fetch_and(~note) & note) != 0; }

// Serves a note to stop, with mp in the program's code.
void serve_stop(M* mp, const WalkFrom& from) {
  if (!take_note(mp, kNoteStop)) return;
  // The next stop may begin before mp has left this one.
  while (uint32_t stop = sched.stopping.load(std::memory_order_seq_cst)) {
    if (!take_part(mp, stop, from)) break;
  }
  // It was held at the instant, and its goroutine was not in the runtime since.
  uint64_t held = mp->ran_at_instant.held_epoch.load(std::memory_order_relaxed);
  if (held == snapshot_epoch.load(std::memory_order_relaxed)) record_running(mp, from);
}

// True if this thread runs a goroutine, on that goroutine's stack.
bool serves_notes(const M* mp) {
  return mp->curg != nullptr && !mp->on_systemstack &&
         mp->state.load(std::memory_order_relaxed) == kMRunning;
}

// Unblocks SIGURG on this thread, which is inside the runtime.
void hear_again(M* mp) {
  mp->deaf.store(false, std::memory_order_relaxed);
  unblock_signal(SIGURG);
}

// The goroutine goes on without its P; sysmon hands the P on.
void let_p_go(M* mp) {
  P* pp = releasep(mp);
  P* head = sched.retaken.load();
  do {
    pp->link = head;
  } while (!sched.retaken.compare_exchange_weak(head, pp));
  sched.sysmonnote.fetch_add(1);
  futexwakeup(&sched.sysmonnote, 1);
}

// ---- The signal ---------------------------------------------------------------------------------

// The handler that the program has installed for SIGURG (keep_handler). It gets the signals that
// other senders send.
std::atomic<void (*)(int, siginfo_t*, void*)> programs_action{nullptr};
std::atomic<void (*)(int)> programs_handler{nullptr};

void forward(int sig, siginfo_t* info, void* uc) {
  static thread_local bool forwarding = false;  // the program's may call this one
  bool ours = info->si_code == SI_TKILL && info->si_pid == getpid();
  if (ours || forwarding) return;
  forwarding = true;
  if (auto action = programs_action.load()) action(sig, info, uc);
  if (auto handler = programs_handler.load()) handler(sig);
  forwarding = false;
}

void sigurg(int sig, siginfo_t* info, void* uc) {
  int saved = errno;
  M* mp = getm();
  if (mp != nullptr) mp->in_handler.store(true, std::memory_order_relaxed);
  if (mp != nullptr && serves_notes(mp) && mp->locks.load(std::memory_order_relaxed) == 0 &&
      mp->preempt.load() != 0) {
    WalkFrom from = interrupted_at(static_cast<ucontext_t*>(uc));
#if defined(GOLAB_TSAN)
    // TSan delays a signal until the program next calls into it, and shows the old context, which
    // may be stale. It calls the handler on the goroutine's stack then.
    const void* frame = __builtin_frame_address(0);
    auto here = reinterpret_cast<uintptr_t>(frame);
    if (here >= mp->curg->stack_lo && here < mp->curg->stack_hi) from = caller_of(frame);
#endif
    mp->deaf.store(false, std::memory_order_relaxed);
    serve_stop(mp, from);
    if (take_note(mp, kNoteYield)) {
      // Inside the runtime, so that no stop holds this thread meanwhile. If one already does,
      // sysmon asks again.
      acquirem();
      if (door_open(mp)) let_p_go(mp);
      dropm(mp);
    }
  }
  forward(sig, info, uc);
  if (mp != nullptr) mp->in_handler.store(false, std::memory_order_relaxed);
  errno = saved;
}

void install_handler() {
  struct sigaction sa {};
  sa.sa_sigaction = sigurg;
  sa.sa_flags = SA_SIGINFO | SA_RESTART | SA_ONSTACK;
  sa.sa_mask = blockable_signals();
  sigaction(SIGURG, &sa, nullptr);
}

// If the program has installed its own handler for SIGURG, installs ours again, which calls that.
void keep_handler() {
  struct sigaction now {};
  sigaction(SIGURG, nullptr, &now);
  if (now.sa_sigaction == sigurg) return;
  bool action = (now.sa_flags & SA_SIGINFO) != 0;
  bool handler = !action && now.sa_handler != SIG_DFL && now.sa_handler != SIG_IGN;
  programs_action.store(action ? now.sa_sigaction : nullptr);
  programs_handler.store(handler ? now.sa_handler : nullptr);
  install_handler();
}

}  // namespace

[[gnu::noinline]] void releasem_slow(M* mp) {
  if (!serves_notes(mp)) return;
  bool yield = false;
  do {
    // Stays inside the runtime: else a signal could stop the thread while its goroutine is half
    // recorded, and the walker that waits for that would never stop.
    acquirem();
    if (mp->deaf.load(std::memory_order_relaxed)) hear_again(mp);
    serve_stop(mp, caller_of(__builtin_frame_address(0)));
    yield |= take_note(mp, kNoteYield);
    dropm(mp);
  } while ((mp->preempt.load(std::memory_order_relaxed) & ~kNoteTaken) != 0);
  if (yield) Gosched();
}

void come_in(M* mp, const void* frame) {
  if (!serves_notes(mp) || mp->locks.load(std::memory_order_relaxed) != 1) return;
  bool taken = (mp->preempt.load() & kNoteTaken) != 0;
  if (taken || mp->deaf.load(std::memory_order_relaxed)) hear_again(mp);
  serve_stop(mp, caller_of(frame));
  if (!taken) return;
  lock(&sched.lock);  // guards whether the P is taken
  mp->preempt.fetch_and(~kNoteTaken);
  unlock(&sched.lock);
}

// A stop is shorter than a wake-up by the kernel. So both sides spin before they sleep, and only a
// sleeper is woken. After a while they yield between looks: the thread that is waited for may need
// this processor. Order: a sleeper announces itself, then the kernel compares the word once more;
// the other side changes the word, then looks for sleepers.
class Looking {
 public:
  // False: it takes too long, sleep.
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
  if (sched.stopper_sleeps.load()) futexwakeup(&sched.arrivals, 1);
}

void wait_for_restart(uint32_t stop, bool patient) {
  Looking looking;
  while (sched.stopping.load(std::memory_order_acquire) == stop) {
    if (!patient && looking.again()) continue;
    sched.stopped_sleepers.fetch_add(1);
    futexsleep(&sched.stopping, stop, -1);
    sched.stopped_sleepers.fetch_sub(1);
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

// True also if the stop is over: mp was the last one and called act().
bool has_stopped(M* mp, uint32_t stop) {
  if (sched.stopping.load(std::memory_order_acquire) != stop) return true;
  uint32_t state = mp->state.load(std::memory_order_seq_cst);
  // A thread that has not left an earlier stop yet has not stopped for this one.
  return state == kMSafe ||
         (state == kMStopped && mp->stopped_for.load(std::memory_order_relaxed) == stop);
}

// True if SIGURG is pending for mp, which has it blocked, and not by our handler. False also if
// /proc does not say.
bool signal_blocked(const M* mp) {
  char path[64], text[4096];
  snprintf(path, sizeof path, "/proc/self/task/%d/status", mp->tid.load());
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  ssize_t n = read(fd, text, sizeof text - 1);
  close(fd);
  text[std::max<ssize_t>(n, 0)] = '\0';
  auto has_sigurg = [&](const char* key) {
    const char* line = strstr(text, key);
    return line != nullptr && (strtoull(line + strlen(key), nullptr, 16) >> (SIGURG - 1) & 1) != 0;
  };
  return has_sigurg("\nSigPnd:") && has_sigurg("\nSigBlk:") && !mp->in_handler.load();
}

// Holds mp for the stop under way (stop.h). False: it is inside, or has served the note.
bool hold(M* mp, uint32_t stop) {
  if (!is_outside(mp) || (mp->preempt.load() & kNoteStop) == 0) return false;
  mp->held_for.store(stop);
  any_held = true;
  return true;
}

// The stopper has slept so many times while it waits for mp.
void ask_again(M* mp, uint32_t stop, int sleeps) {
  if (sleeps == 1 && signal_blocked(mp)) mp->deaf.store(true);
  // The first signal may have met it on its way into the program's code: note and signal again.
  if ((sleeps % 4 == 0 || stop == kFrozen) && mp->state.load() == kMRunning) request_stop(mp);
}

// Waits until mp is safe or stopped, or held because it is deaf. At the deadline, `hold_late` also
// holds one that is late. False: mp is late, and not held.
bool await_stop(M* mp, uint32_t stop, int64_t deadline, bool hold_late) {
  Looking looking;
  for (int sleeps = 1;; sleeps++) {
    uint32_t seen;
    do {
      seen = sched.arrivals.load();
      if (stop != kFrozen && sched.stopping.load() == kFrozen) freeze_too();
      if (has_stopped(mp, stop)) return true;
      if (mp->deaf.load(std::memory_order_relaxed) && hold(mp, stop)) return true;
    } while (looking.again());
    sched.stopper_sleeps.store(true);
    if (!has_stopped(mp, stop)) futexsleep(&sched.arrivals, seen, 1'000'000);
    sched.stopper_sleeps.store(false);
    if (nanotime() > deadline) return has_stopped(mp, stop) || (hold_late && hold(mp, stop));
    ask_again(mp, stop, sleeps);
  }
}

// All but `last` (null: all) have stopped: has act() called. False: `last` is late.
bool have_instant(M* last, int64_t deadline) {
  if (last != nullptr) {
    last_awaited.store(last);
    bool came = await_stop(last, last_stop, deadline, true);
    if (!last_awaited.compare_exchange_strong(last, nullptr)) {
      wait_for_restart(last_stop);
      return true;
    }
    if (!came) return false;
  }
  act_and_let_go();
  return true;
}

// The first thread from mp on that has not stopped. Null: there is none.
M* first_to_await(M* mp, const M* self) {
  while (mp != nullptr && (mp == self || has_stopped(mp, last_stop))) mp = mp->alllink;
  return mp;
}

// One attempt. Returns the thread that is late; null: the world is stopped, or act() was called.
M* try_to_stop(M* self, int64_t patience) {
  stop_began = nanotime();
  last_stop = last_stop % (kFrozen - 1) + 1;
  any_held = false;
  uint32_t none = 0;
  if (!sched.stopping.compare_exchange_strong(none, last_stop)) freeze_too();
  keep_handler();
  signal_all_but(self);
  int64_t deadline = stop_began + patience;
  bool instant = at_instant.load() != nullptr;
  // An instant can do without a stack, which may still come; a dump cannot.
  bool hold_late = patience >= (instant ? 2 * kPatienceNs : kPatienceMaxNs);
  M* mp = first_to_await(sched.allm.load(), self);
  while (mp != nullptr) {
    M* next = first_to_await(mp->alllink, self);
    if (instant && next == nullptr) break;  // the last one calls act()
    if (!await_stop(mp, last_stop, deadline, hold_late)) return mp;
    mp = next;
  }
  return !instant || have_instant(mp, deadline) ? nullptr : mp;
}

// After an abandoned attempt: waits until mp has served the note of that attempt, for as long as
// the attempt lasted at most.
void await_note_served(M* mp, int64_t patience) {
  for (int64_t until = nanotime() + patience; nanotime() < until;) {
    if ((mp->preempt.load() & kNoteStop) == 0 || mp->state.load() == kMSafe) return;
    futexsleep(&sched.stopping, 0, 100'000);
  }
}

// The next stopper gets the semaphore for certain: else a goroutine that stops the world in a loop
// would keep it from all others. As in Go, this one does not give way to that one, it is inside.
void stopper_goes_on() {
  semrelease1(&worldsema, true);
  releasem(getm());
}

// `instant`: the act() of an instant, or null. False: a thread did not come out of the runtime, and
// the world runs.
bool stop_the_world(void (*instant)()) {
  stoppers_waiting.fetch_add(1);
  semacquire1(&worldsema, false, WaitReason::Semacquire);
  stoppers_waiting.fetch_sub(1);
  M* self = acquirem_with_p();
  at_instant.store(instant);
  int64_t give_up = nanotime() + kStopMaxNs;
  // Each attempt may take twice as long as the last: some threads may wait long for a processor.
  int64_t patience = kPatienceNs;
  while (M* late = try_to_stop(self, patience)) {
    let_them_go();
    if (nanotime() > give_up) {
      stopper_goes_on();
      return false;
    }
    await_note_served(late, patience);
    patience = std::min(2 * patience, kPatienceMaxNs);
  }
  return true;
}

}  // namespace

bool is_outside(const M* mp) {
  if (mp->locks.load(std::memory_order_acquire) != 0) return false;
  heavy_fence();
  // Without membarrier(2): by then, what it wrote before it looked for notes is visible.
  if (!membarrier_works) usleep(1000);
  return mp->locks.load(std::memory_order_acquire) == 0 && mp->state.load() == kMRunning;
}

int32_t waiting_to_stop() { return stoppers_waiting.load(); }

bool stopTheWorld() {
  if (!stop_the_world(nullptr)) return false;
  sched.stwStoppingTimeOther.record(nanotime() - stop_began);
  return true;
}

int64_t startTheWorld() {
  getm()->preempt.fetch_and(~kNoteStop);
  int64_t ns = let_them_go();
  sched.stwTotalTimeOther.record(ns);
  stopper_goes_on();
  return ns;
}

int64_t at_instant(void (*act)()) {
  if (!stop_the_world(act)) return -1;
  int64_t ns = stats.last_ns;
  stopper_goes_on();
  return ns;
}

void freeze_the_world() {
  M* self = getm();
  if (self != nullptr) self->locks.fetch_add(1);
  sched.stopping.store(kFrozen);
  // Threads that are in another stop have to write their stacks down for this one.
  if (sched.stopped_sleepers.load() > 0) futexwakeup(&sched.stopping, UINT32_MAX >> 1);
  signal_all_but(self);
  // A thread in a library, whose stack is known, has 0.1 s to come out. One that has not shown its
  // stack yet, because it waits for a processor, has 1 s.
  int64_t now = nanotime(), soon = now + 100'000'000, late = now + 1'000'000'000;
  for (M* mp = sched.allm.load(); mp != nullptr; mp = mp->alllink) {
    if (mp == self || await_stop(mp, kFrozen, soon, true)) continue;
    if (mp->stopped_for.load(std::memory_order_acquire) != kFrozen) {
      await_stop(mp, kFrozen, late, true);
    }
  }
}

StopStats stop_stats() { return stats; }

// ---- Epoch snapshot -----------------------------------------------------------------------------

namespace {

// At an instant, for a held mp. The thread that claims its goroutine, mp or settle(), completes it.
void expect_late(M* mp, uint64_t epoch) {
  RunningAtInstant& r = mp->ran_at_instant;
  describe(mp->curg, &r);
  r.stack.keep(lost_stack(mp->curg, r.stack.buffer()));
  r.held_epoch.store(epoch, std::memory_order_release);
}

// Waits for a thread that was held at the instant to record its goroutine, for kLateNs at most.
// Then records the goroutine without its stack.
void settle(M* mp, uint64_t epoch) {
  RunningAtInstant& r = mp->ran_at_instant;
  G* gp = const_cast<G*>(r.gp);
  int64_t until = mp->deaf.load() && signal_blocked(mp) ? 0 : nanotime() + kLateNs;
  while (!snapshot_satisfied(gp)) {
    uint64_t mark = gp->snapshot.load(std::memory_order_acquire);
    bool absent = mark >> 2 != epoch;
    if (absent && nanotime() >= until &&
        gp->snapshot.compare_exchange_strong(mark, epoch << 2 | kSnapshotSatisfied)) {
      r.epoch.store(epoch, std::memory_order_release);
      mp->deaf.store(true);
      return;
    }
    usleep(100);
  }
}

}  // namespace

void snapshot_begin() {
  uint64_t epoch = snapshot_epoch.fetch_add(1) + 1;
  if (any_held) {
    for (M* mp = sched.allm.load(); mp != nullptr; mp = mp->alllink) {
      if (mp->held_for.load(std::memory_order_relaxed) == last_stop) expect_late(mp, epoch);
    }
  }
  snapshot_active.store(true);
}

bool snapshot_held(const G* gp) {
  uint64_t epoch = snapshot_epoch.load(std::memory_order_relaxed);
  for (M* mp = sched.allm.load(); mp != nullptr; mp = mp->alllink) {
    const RunningAtInstant& r = mp->ran_at_instant;
    if (r.held_epoch.load(std::memory_order_acquire) == epoch && r.gp == gp) return true;
  }
  return false;
}

void for_each_running_at_instant(void (*f)(const RunningAtInstant& r)) {
  uint64_t epoch = snapshot_epoch.load(std::memory_order_relaxed);
  for (M* mp = sched.allm.load(); mp != nullptr; mp = mp->alllink) {
    if (mp->ran_at_instant.held_epoch.load(std::memory_order_acquire) == epoch) settle(mp, epoch);
    if (mp->ran_at_instant.epoch.load(std::memory_order_acquire) == epoch) f(mp->ran_at_instant);
  }
}

const StoppedStack* stopped_stack(const G* gp) {
  for (M* mp = sched.allm.load(); mp != nullptr; mp = mp->alllink) {
    bool taken = mp->state.load() == kMStopped || mp->stopped_for.load() == kFrozen;
    if (mp->curg == gp && taken) return &mp->stopped;
  }
  return nullptr;
}

// ---- Stacks that could not be taken -------------------------------------------------------------

// The leaf of such a stack, like Go's runtime._LostExternalCode. It is never called.
[[gnu::noinline, gnu::used]] void _LostStack() { asm volatile(""); }

WalkResult lost_stack(const G* gp, const WalkBuffer& buffer) {
  return made_up_stack(reinterpret_cast<uintptr_t>(_LostStack), gp, buffer);
}

bool is_lost_stack(const uintptr_t* pcs, uint32_t depth) {
  return depth > 0 && pcs[0] == reinterpret_cast<uintptr_t>(_LostStack) + 1;
}

void stopinit() { install_handler(); }

}  // namespace golab::runtime
