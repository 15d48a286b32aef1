// gmp.h: G, M and P, the three nouns of the scheduler, as Go has them.
//
//   G   a goroutine: its stack, its state, and why it waits.
//   M   a machine: an OS thread. It runs the scheduler on its own stack (g0), goroutines on theirs.
//   P   a processor: the right to run goroutines, and the queue of the next ones. There are
//       GOMAXPROCS of them.
//
// A thread needs a P to take part in scheduling. M::p is null while M::curg runs if its P was taken
// (proc.h, "Preemption").
//
// All of them lie in mappings of their own, are found by index or by a list that only grows, and
// are reused but never unmapped. So a profiler may read any of them at any time without a lock, and
// a conservative leak marker can tell the runtime's memory from the program's.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "runtime/core/lock.h"
#include "runtime/core/waitreason.h"
#include "runtime/walk/walk.h"

namespace golab {
class DeferBase;
}

namespace golab::runtime {

struct G;
struct M;
struct P;
struct Timer;
struct LabelMap;
struct PanicRecord;
struct RequestRecord;
struct Bubble;
struct AncestorList;

// Go's goroutine states (runtime2.go), those that occur here.
enum : uint32_t {
  _Gidle = 0,
  _Grunnable = 1,  // on a run queue; its stack is not owned by a thread
  _Grunning = 2,   // some M's curg (with a P, or without if the P was taken)
  _Gsyscall = 3,   // between entersyscall and exitsyscall
  _Gwaiting = 4,   // parked by gopark
  _Gdead = 6,      // unused: just ended, or on a free list
};

enum : uint32_t { _Pidle = 0, _Prunning = 1, _Psyscall = 2, _Pdead = 4 };

// What the next stack does first after a switch, for the goroutine that left (see gopark).
using UnlockFunc = bool (*)(G* gp, void* lock);

// The two words per thread that the C++ runtime keeps about exceptions in flight (Itanium C++ ABI
// 2.2.2). They travel with a goroutine (switch.h).
struct EhGlobals {
  void* caught_exceptions = nullptr;
  unsigned int uncaught_exceptions = 0;
};

// How a goroutine leaves its thread: what the next stack has to finish for it (finish_left).
enum class LeftAction : uint32_t { None, Park, Yield, Requeue, Dead, Systemstack };

constexpr size_t kClosureBytes = 48;  // a closure up to this size lives in its G

struct alignas(64) G {
  // What a walker reads, on one cache line. The scheduler writes status; any thread may read it,
  // and the rest while the world is stopped.
  std::atomic<uint32_t> status{_Gidle};
  WaitReason waitreason = WaitReason::Zero;  // if status == _Gwaiting
  bool system = false;                       // the runtime's own: neither counted nor in profiles
  bool started_running = false;              // has a stack
  bool locked_to_thread = false;
  std::atomic<bool> has_memo{false};  // a snapshot has left a memo of this stack (memo.h)
  uint8_t trackingSeq = 0;            // becomes runnable so often, modulo 256: each 8th is timed
  uint32_t bubble_id = 0;             // of its bubble (bubble.h); 0: it is in none
  // epoch << 2 | kSnapshotAbsent, kSnapshotInProgress or kSnapshotSatisfied (stop.h).
  std::atomic<uint64_t> snapshot{0};
  uintptr_t sched_pc = 0;  // off its thread: the innermost frame, for walkers
  uintptr_t sched_fp = 0;
  // The stack, [lo, hi). Bound when the goroutine first runs; null before and after.
  uintptr_t stack_lo = 0;
  uintptr_t stack_hi = 0;
  std::atomic<LabelMap*> labels{nullptr};  // the goroutine writes it (labels.h)

  // What a dump also shows.
  uint64_t goid = 0;
  uint64_t parentGoid = 0;  // the goroutine that ran go(...)
  uintptr_t startpc = 0;    // entry of the user's function; 0 if glue comes before it
  uintptr_t gopc = 0;       // return address of that go(...): "created by" in a dump
  int64_t waitsince = 0;    // nanotime_coarse of the park or system call; 0 while it runs

  // nanotime of when it became runnable, if that is timed (Sched::tracksTimeToRun); else 0.
  int64_t trackingStamp = 0;

  // Set by newproc, then unchanged until this goroutine ends (a dead G is reused, as in Go).
  void (*fn)(void*) = nullptr;  // calls and destroys the closure
  void* arg = nullptr;          // the closure: in closure[], or on the heap

  void* ctx = nullptr;  // the switch record of a goroutine off its thread
  EhGlobals eh;
  bool stack_unguarded = false;  // no guard page below it (stacks.h)

  // Owned by the running goroutine.
  M* m = nullptr;  // valid while running
  M* lockedm = nullptr;
  DeferBase* defers = nullptr;
  PanicRecord* panics = nullptr;

  // Owned by what it is queued on: the poller, or the channels that it waits on.
  G* schedlink = nullptr;
  void* param = nullptr;                // from the goroutine that woke it
  std::atomic<uint32_t> selectDone{0};  // 1: one channel has won the race to wake its select

  // In a classroom.
  RequestRecord* request = nullptr;  // the request that it works for (request.h)
  // Not null: it is in a system call that only waits until this is not 0. That is no work.
  const std::atomic<uint32_t>* awaits_note = nullptr;

  Bubble* bubble = nullptr;  // if bubble_id != 0
  bool fires_timer = false;  // it runs the function of a timer of its bubble
  AncestorList* ancestors = nullptr;  // with GODEBUG=tracebackancestors=N (ancestors.h)

#if defined(GOLAB_TSAN) || defined(GOLAB_ASAN)
  void* sanitizer_stack = nullptr;  // TSan's fiber, ASan's fake stack
#endif

  alignas(16) unsigned char closure[kClosureBytes];
};

// A goroutine that ran at the instant of a snapshot, as its thread wrote it down before it went on.
// The profiler counts it later (stop.h, "The epoch snapshot").
struct RunningAtInstant {
  std::atomic<uint64_t> epoch{0};       // of the snapshot; written last
  std::atomic<uint64_t> held_epoch{0};  // of a snapshot at which the thread was held (stop.h)
  const G* gp = nullptr;                // its G; another goroutine may have it since
  uint64_t goid = 0, parentGoid = 0;
  uintptr_t gopc = 0;
  const LabelMap* labels = nullptr;
  const AncestorList* ancestors = nullptr;
  bool system = false, locked_to_thread = false;
  uint32_t bubble_id = 0;
  StoppedStack stack;
};

struct M {
  int64_t id = 0;
  std::atomic<int32_t> tid{0};  // 0: its thread has not begun yet
  G* curg = nullptr;            // goroutine on this thread, null while the scheduler runs
  P* p = nullptr;      // null: idle, in a system call whose P was taken, or P taken by preemption
  P* oldp = nullptr;   // the P to try first after a system call
  P* nextp = nullptr;  // handed over by startm
  G* lockedg = nullptr;
  uint32_t lockedExt = 0;  // nested LockOSThread calls
  bool spinning = false;   // looking for work, and counted in sched.nmspinning

  std::atomic<int32_t> locks{0};     // > 0: inside the runtime, where no signal stops it (stop.h)
  std::atomic<uint32_t> preempt{0};  // notes: kNoteStop, kNoteYield, kNoteTaken
  std::atomic<uint32_t> park{0};     // futex word on which an idle M sleeps
  std::atomic<uint32_t> state{0};    // kMRunning, kMSafe, kMStopped
  std::atomic<uint32_t> stopped_for{0};  // if stopped: number of that stop
  std::atomic<uint32_t> held_for{0};     // the stop that holds it (stop.h)
  std::atomic<bool> deaf{false};         // SIGURG does not reach it
  std::atomic<bool> in_handler{false};   // it is in SIGURG's handler
  void* g0ctx = nullptr;                 // the scheduler's stack while a goroutine runs
  EhGlobals* eh_globals = nullptr;       // this thread's __cxa_get_globals()

  // What finish_left does for the goroutine that left.
  G* left = nullptr;
  UnlockFunc left_unlockf = nullptr;
  void* left_lock = nullptr;
  LeftAction left_action = LeftAction::None;

  void (*systemstack_fn)(void*) = nullptr;  // systemstack: what to run on g0
  void* systemstack_arg = nullptr;
  bool on_systemstack = false;

  // Where the scheduler's part of g0 ends: the frame of schedule(), or of the thread's function.
  uintptr_t g0_frame = 0;
  // The timer of this thread while the CPU is profiled (cpuprof.h).
  bool has_profile_timer = false;
  int32_t profile_timer = 0;

  uint64_t fastrand = 0;
  M* alllink = nullptr;    // allm list, which only grows
  M* schedlink = nullptr;  // idle list
  RunningAtInstant ran_at_instant;
  StoppedStack stopped;  // written by this thread when it stops in the program's code
#if defined(GOLAB_TSAN) || defined(GOLAB_ASAN)
  void* sanitizer_stack = nullptr;  // g0's fiber (TSan) or fake stack (ASan)
  const void* g0stack_lo = nullptr;
  size_t g0stack_bytes = 0;
#endif
};

constexpr uint32_t kRunqueueSize = 256;
constexpr uint32_t kRunqueueFull = kRunqueueSize - 8;  // timers fill the ring no further
constexpr int32_t kStackCacheSize = 64;
constexpr int32_t kGFreeSize = 64;

// An entry of a heap of timers: a timer, or a goroutine that sleeps until then.
class TimerEntry {
 public:
  TimerEntry(int64_t due, Timer* t) : when(due), bits_(reinterpret_cast<uintptr_t>(t)) {}
  TimerEntry(int64_t due, G* sleeper)
      : when(due), bits_(reinterpret_cast<uintptr_t>(sleeper) | 1) {}

  bool is_sleeper() const { return (bits_ & 1) != 0; }
  G* sleeper() const { return reinterpret_cast<G*>(bits_ & ~uintptr_t{1}); }
  Timer* timer() const { return reinterpret_cast<Timer*>(bits_); }

  int64_t when;

 private:
  uintptr_t bits_;  // the pointer; its lowest bit says that it is a sleeper's
};

// A count that one thread writes and any may read, by plain loads and stores without a lock prefix.
// A thread that sees a count sees what the writer did before it.
class OwnedCount {
 public:
  operator int32_t() const { return n_.load(std::memory_order_acquire); }
  int32_t operator=(int32_t n) {
    n_.store(n, std::memory_order_release);
    return n;
  }
  int32_t operator++(int) { return (*this = *this + 1) - 1; }
  int32_t operator--() { return *this = *this - 1; }

 private:
  std::atomic<int32_t> n_{0};
};

struct P {
  std::atomic<uint32_t> status{_Pidle};
  P* link = nullptr;                   // idle list
  std::atomic<M*> m{nullptr};          // back-link; a reader sees the M as it was made
  std::atomic<uint32_t> schedtick{0};  // one per time slice: sysmon sees which one is long
  std::atomic<uint32_t> syscalltick{0};
  std::atomic<bool> computing{false};  // _Psyscall, but its thread computes: systemstack
  // sysmon's notes
  uint32_t sysmontick = 0;
  int64_t sysmonwhen = 0;
  uint32_t sysmonsyscalltick = 0;
  int64_t sysmonsyscallwhen = 0;

  // Run queue: a ring that only the owner fills and any P may take from (runq.cpp).
  alignas(64) std::atomic<uint32_t> runqhead{0};
  std::atomic<uint32_t> runqtail{0};
  std::atomic<G*> runnext{nullptr};        // before the queue: has just been woken or made
  std::atomic<uint32_t> runnext_owner{0};  // the owner is taking it out
  std::atomic<uint32_t> runnext_thief{0};  // a thief may take it: the owner must do so atomically
  OwnedCount runtick;                 // one per goroutine run: thieves see whether the queue moves
  std::atomic<int32_t> wake_skip{0};  // the next `wake_skip` calls of wake_helper wake no thread
  std::atomic<G*> runq[kRunqueueSize];

  std::atomic<int32_t> wake_skip_next{0};  // written by thieves: the last wake_skip (find.cpp)
  // sysmon's notes on the queue: where it was at the last look
  uint32_t sysmonhead = 0;
  int32_t sysmonruntick = 0;

  // Caches.
  OwnedCount gfree_count;
  G* gFree[kGFreeSize];  // dead Gs, the last one on top
  int32_t stack_cache_count = 0;
  uintptr_t stack_cache[kStackCacheSize];  // free stacks, the last one on top
  uint64_t goid_next = 0;                  // of the batch of ids that it hands out
  // Goroutines that were made on it: written by the owner, read by any thread.
  std::atomic<uint64_t> goroutinesCreated{0};

  // Timers: a heap ordered by `when` (timer.h).
  alignas(64) mutex timersLock;
  TimerEntry* timers = nullptr;
  uint32_t timers_len = 0;
  std::atomic<int64_t> timer0_when{0};     // 0: none
  std::atomic<bool> timers_behind{false};  // written by the owner: the ring had no room for some
  bool ties_at_random = false;             // which of two entries of one instant is the first
};

}  // namespace golab::runtime
