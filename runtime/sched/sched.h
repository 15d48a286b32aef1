// sched.h: the scheduler's shared state, and what its files offer each other.
//
//   proc.cpp        goroutines: newproc, gopark, goready, goexit, the switch, schedule
//   allgs.cpp       the tables of all goroutines: Gs and dead ones
//   find.cpp        findRunnable: where a thread looks for work, whom it helps, when it sleeps
//   runq.cpp        run queues
//   machine.cpp     threads: starting, idling, handing Ps over, system calls, locked threads
//   sysmon.cpp      the watchman: retakes Ps from system calls and long runners
//   schedtrace.cpp  what of this GODEBUG=schedtrace shows
//   gate.h          what stop/ and die/ offer the scheduler
//
// Lock order: sched.lock comes last; under it only futexes, mmap and allglock. Before it come
// pollDesc::mu, then Timer::mu, then a channel's lock or P::timersLock.
#pragma once

#include <signal.h>

#include <boost/context/detail/fcontext.hpp>

#include "runtime/sched/gate.h"
#include "runtime/sched/proc.h"
#include "runtime/sched/time_histogram.h"

namespace golab::runtime {

constexpr int32_t kMaxProcs = 256;

// A block of the global run queue (runq.cpp): 1 KiB, with the goroutines gs[head, tail).
struct RunqBlock {
  RunqBlock* next = nullptr;
  uint32_t head = 0, tail = 0;
  G* gs[126];
};

struct Sched {
  mutex lock;

  // Guarded by lock.
  M* midle = nullptr;
  int32_t nmidle = 0;
  int32_t nmidlelocked = 0;  // threads locked to a goroutine that waits
  P* pidle = nullptr;
  RunqBlock* runqhead = nullptr;
  RunqBlock* runqtail = nullptr;
  RunqBlock* runqfree = nullptr;
  G** gFree = nullptr;  // dead Gs that no P keeps, gfree_count of them

  std::atomic<int32_t> mcount{0};
  std::atomic<int32_t> npidle{0};
  std::atomic<int32_t> nmspinning{0};
  std::atomic<int32_t> runqsize{0};
  std::atomic<int32_t> gfree_count{0};
  std::atomic<int64_t> lastpoll{1};   // 0: a thread sleeps in netpoll
  std::atomic<int64_t> pollUntil{0};  // until when, 0: no limit
  std::atomic<M*> allm{nullptr};
  std::atomic<int32_t> gomaxprocs{0};
  std::atomic<bool> tracksTimeToRun{false};  // read at each wake-up, as its neighbours are
  P* allp[kMaxProcs] = {};
  std::atomic<int32_t> nsystem{0};  // system goroutines

  // For package metrics. Each 8th time that a goroutine becomes runnable is timed, as in Go, but
  // only from the first time on that timeToRun is read: that sets tracksTimeToRun.
  TimeHistogram timeToRun;             // from runnable to running
  TimeHistogram stwStoppingTimeOther;  // from the request until all threads have stopped
  TimeHistogram stwTotalTimeOther;     // … until it ran again

  // Ps that signal handlers let go, for sysmon to hand on (linked by P::link).
  std::atomic<P*> retaken{nullptr};
  std::atomic<uint32_t> sysmonwait{0};  // futex: 1 while sysmon sleeps because all is idle
  std::atomic<uint32_t> sysmonnote{0};  // futex: bumped to wake sysmon early
  std::atomic<bool> sysmonslow{false};  // it sleeps longer than kSleepWatching

  // program_time of the last look at the clock, by sysmon while a P works and by every thread that
  // comes back from a sleep. So a thread that runs sees it at most 10 ms late.
  std::atomic<int64_t> clock{0};

  // Stopping the world (stop.h).
  // futex: number of the stop under way, on which stopped threads wait; 0: none
  std::atomic<uint32_t> stopping{0};
  std::atomic<uint32_t> arrivals{0};  // futex: bumped by each thread that stops or becomes safe
  std::atomic<bool> stopper_sleeps{false};   // on arrivals
  std::atomic<int32_t> stopped_sleepers{0};  // threads that sleep on stopping
  std::atomic<bool> sysmon_polls{false};     // sysmon may hold goroutines that are in no queue
  bool checkdead_later = false;              // needs lock: checkdead was called during that
};
extern Sched sched;

// M::state. Safe: a stop does not wait for it; leave_safe looks for a stop.
enum : uint32_t { kMRunning = 0, kMSafe = 1, kMStopped = 2 };
// M::preempt: what a signal asks for. Each way into the runtime and out of it looks at it, too.
// kNoteTaken: its P is being taken, or has been. sched.lock guards which of the two (take_p).
enum : uint32_t { kNoteStop = 1, kNoteYield = 2, kNoteTaken = 4 };

// ---- proc.cpp ----
[[noreturn]] void goexit_unwind();  // Goexit: unwinds this goroutine's stack, then ends it
// Turns the exception in flight whose object this is into such an unwinding: from the next frame on
// it meets no handler.
void goexit_instead(void* object);
[[noreturn]] void schedule();  // the life of an M, on g0
void schedinit();
void runnable(G* gp);  // sets gp's status; the caller queues it
void ready(G* gp, bool next);
void execute(M* mp, G* gp);  // marks gp as running on mp; the jump follows
void finish_left(M* mp);     // see gopark
uint64_t goroutinesCreated();
// gp has come into the runtime and there is no P for it: it queues for one. Returns when it runs.
void queue_for_p(M* mp, G* gp);

// ---- allgs.cpp ----
void allginit();
G* gfget(P* pp);                // a dead G, or a new one; on pp's thread, like gfput
void gfput(P* pp, G* gp);       // gp is dead
void gfgive(P* pp, int32_t n);  // n of pp's dead Gs to the global table; needs sched.lock
int32_t gcount(bool include_system);
// All goroutines by their state, in one pass without a lock. Each is counted as it was at its own
// moment, so the sums may miss one that changes meanwhile.
struct GoroutineStates {
  uint64_t runnable = 0;
  uint64_t running = 0;
  uint64_t waiting = 0;
  uint64_t not_in_go = 0;  // in a system call or a library
};
GoroutineStates goroutine_states();

// ---- find.cpp ----
G* findRunnable(M* mp, bool* inheritTime);  // blocks until there is one; mp has a P then
void wake_helper();  // a goroutine became runnable: wakes a thread, unless P::wake_skip forbids it
void wakep();        // wakes a thread to look for work, if a P is idle and none looks
bool stop_spinning(M* mp);  // true: mp was the last thread that did
// For sysmon: true if work waits on pp that no thread comes for. The caller wakes a thread then.
bool queue_stands(P* pp);
bool timers_due(P* pp);  // true if timers are due and it is worth a trip to g0 to run them
// Counts goroutines, not time slices: a pair that hands a value back and forth runs thousands of
// times in one slice.
inline bool global_is_next(const P* pp) { return pp->runtick % 61 == 0; }
bool others_wait(P* pp);  // true if a goroutine could run if this P's goroutine made way
int64_t tick_clock();     // nanotime, also noted in sched.clock

// ---- runq.cpp ----
void runqput(P* pp, G* gp, bool next);
G* runqget(P* pp, bool* inheritTime);
bool runqempty(P* pp);
uint32_t runqlen(const P* pp);   // of its ring; any thread may call it
G* runqsteal(P* pp, P* victim);  // moves half of victim's ring; returns one of them
G* runnextsteal(P* victim);      // the goroutine in its runnext; slow (a heavy fence)
void globrunqput(G* gp);         // this and the next two need sched.lock
void globrunqputbatch(G* const* gs, uint32_t n);
G* globrunqget(P* pp, int32_t max);
void requeue(G* gp);  // takes sched.lock, then globrunqput

// ---- machine.cpp ----
void startm(P* pp, bool spinning);
void stopm();
void handoffp(P* pp);
bool retake_from_syscall(P* pp);  // false: its thread or another has it again
// Takes pp from a goroutine in the program's code that no signal reaches. False: it came in.
bool take_p(P* pp);
void acquirep(M* mp, P* pp);
P* releasep(M* mp);
void pidleput(P* pp);  // needs sched.lock
P* pidleget();         // needs sched.lock
P* take_idle_p();      // takes sched.lock, then pidleget
void stoplockedm(M* mp);
void startlockedm(M* mp, G* gp);
void enter_safe(M* mp);  // from here on a stop does not wait for this thread
// Waits while the world is stopped; `patient`: asleep, without spinning first.
void leave_safe(M* mp, bool patient = false);
void checkdead();                                 // needs sched.lock
constexpr size_t kSystemStackBytes = 8 << 20;     // of a thread; the symbolizer runs on it
void minit(M* mp);                                // on the new thread: signals, alternate stack
void start_thread(void* (*f)(void*), void* arg);  // signals blocked; ends the program on failure
void mpark(M* mp);
// In a system call until *note is not 0, the time is over (ns < 0: never), or a signal comes. That
// is no work of the goroutine's.
void notetsleepg(std::atomic<uint32_t>* note, int64_t ns = -1);
void mwake(M* mp);
M* new_m();

// ---- schedtrace.cpp ----
void schedtraceinit();  // reads GODEBUG=schedtrace=N,scheddetail=1
bool traces_scheduler();
void trace_if_due(int64_t now);  // for sysmon
void trace_the_end();            // the program dies

// ---- sysmon.cpp ----
void sysmonstart();
void sysmonwake();
void sysmonhurry();  // only sysmon watches some P's queue: look often

}  // namespace golab::runtime
