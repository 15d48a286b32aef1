// sched.h: the scheduler's shared state and the seams between its files; for runtime/core only.
//
//   proc.cpp      goroutines: newproc, gopark, goready, goexit, the switch, schedule
//   allgs.cpp     the tables of all goroutines: Gs and dead ones
//   memo.cpp      what a snapshot remembers of each for the next one
//   find.cpp      findRunnable: where a thread looks for work, whom it helps, when it sleeps
//   runq.cpp      run queues
//   machine.cpp   threads: starting, idling, handing Ps over, system calls, locked threads
//   sysmon.cpp    the watchman: retakes Ps from system calls and long runners
//   stop.cpp      stopping the world, SIGURG
//
// Lock order: sched.lock comes last; under it only futexes, mmap and leaf locks (allglock).
// P::timersLock is taken inside Timer::mu (timer.cpp).
#pragma once

#include <signal.h>

#include <boost/context/detail/fcontext.hpp>

#include "runtime/sched/gate.h"
#include "runtime/sched/proc.h"

namespace golab::runtime {

constexpr int32_t kMaxProcs = 256;

// A piece of the global run queue (runq.cpp): a kilobyte of pointers, [head, tail) of them waiting.
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
  std::atomic<int64_t> pollUntil{0};  // until when, 0: for ever
  std::atomic<M*> allm{nullptr};
  std::atomic<int32_t> gomaxprocs{0};
  P* allp[kMaxProcs] = {};
  std::atomic<int32_t> nsystem{0};  // system goroutines

  // Ps let go by a signal handler, waiting for sysmon to hand them on (linked by P::link).
  std::atomic<P*> retaken{nullptr};
  std::atomic<uint32_t> sysmonwait{0};  // futex: 1 while sysmon sleeps because all is idle
  std::atomic<uint32_t> sysmonnote{0};  // futex: bumped to wake sysmon early
  std::atomic<bool> sysmonslow{false};  // it sleeps for longer than it may while a P keeps still

  // nanotime of the last look at the clock: by sysmon as long as a P works, and by every thread
  // that comes back from a sleep, so a thread that runs never sees it more than 10 ms late.
  std::atomic<int64_t> clock{0};

  // stop.h
  // futex: number of the stop under way, on which those who must stand still wait; 0: none
  std::atomic<uint32_t> stopping{0};
  std::atomic<uint32_t> arrivals{0};  // futex: bumped by each thread that stops or becomes safe
  std::atomic<bool> stopper_sleeps{false};   // on arrivals
  std::atomic<int32_t> stopped_sleepers{0};  // threads that sleep on stopping
  std::atomic<bool> sysmon_polls{false};     // goroutines may be in sysmon's hands
  bool checkdead_later = false;              // needs lock: asked for meanwhile
  bool main_exited = false;                  // goroutine 1 called Goexit
};
extern Sched sched;

// M::state. Safe: it need not be told to stop, it will look by itself (leave_safe).
enum : uint32_t { kMRunning = 0, kMSafe = 1, kMStopped = 2 };
// M::preempt: what a signal asks for, also looked at on each way into the runtime and out of it.
// kNoteTaken: its P is being taken, or has been; under sched.lock one sees which (take_p).
enum : uint32_t { kNoteStop = 1, kNoteYield = 2, kNoteTaken = 4 };

// ---- proc.cpp ----
[[noreturn]] void schedule();  // the life of an M, on g0
void schedinit();
void runnable(G* gp);  // gp waits no more: its status; then it is to be queued
void ready(G* gp, bool next);
void execute(M* mp, G* gp);  // marks gp as what mp runs; the jump follows
void finish_left(M* mp);     // see gopark

// ---- allgs.cpp ----
void allginit();
G* gfget(P* pp);                // a dead G, or a new one; on pp's thread, as gfput
void gfput(P* pp, G* gp);       // gp is dead
void gfgive(P* pp, int32_t n);  // n of pp's dead to all; needs sched.lock

// ---- find.cpp ----
G* findRunnable(M* mp, bool* inheritTime);  // blocks until there is one; mp has a P then
void wake_helper();  // something became runnable: wake a thread, unless that was found not to help
void wakep();        // the same without that exception
// sysmon's part: is there work on pp that nobody comes for? A thread has to be woken then.
bool queue_stands(P* pp, int64_t now);
bool timers_due(P* pp);  // and worth a visit
// After so many goroutines, not time slices: a pair that hands a value back and forth runs many
// thousand times in one.
inline bool global_is_next(const P* pp) { return pp->runtick % 61 == 0; }
bool others_wait(P* pp);  // would anybody gain if this P's goroutine made way?
int64_t tick_clock();     // nanotime, also noted in sched.clock

// ---- runq.cpp ----
void runqput(P* pp, G* gp, bool next);
G* runqget(P* pp, bool* inheritTime);
bool runqempty(P* pp);
uint32_t runqlen(const P* pp);   // of its ring; any thread may ask
G* runqsteal(P* pp, P* victim);  // half of victim's ring, one of them as the answer
G* runnextsteal(P* victim);      // the goroutine in its runnext; 5 µs
void globrunqput(G* gp);         // these need sched.lock
void globrunqputbatch(G* const* gs, uint32_t n);
G* globrunqget(P* pp, int32_t max);

// ---- machine.cpp ----
void startm(P* pp, bool spinning);
void stopm();
void handoffp(P* pp);
bool retake_from_syscall(P* pp);  // false: its thread has it again, or somebody else has
bool take_p(
    P* pp);  // from a goroutine in the program's code that no signal reaches; false: it came
void acquirep(M* mp, P* pp);
P* releasep(M* mp);
void pidleput(P* pp);  // needs sched.lock
P* pidleget();         // needs sched.lock
void stoplockedm(M* mp);
void startlockedm(M* mp, G* gp);
void enter_safe(M* mp);  // from here on a stop does not wait for this thread
// Waits while the world is stopped; `patient`: asleep at once, off the processor.
void leave_safe(M* mp, bool patient = false);
void checkdead();  // needs sched.lock
// A thread with a stack for finding names, all signals blocked that can be. False: there is none to
// be had.
constexpr size_t kSystemStackBytes = 8 << 20;
void minit(M* mp);                                // on the new thread: signals, alternate stack
void start_thread(void* (*f)(void*), void* arg);  // the program ends if there is none to be had
void mpark(M* mp);
void mwake(M* mp);
M* new_m();

// ---- sysmon.cpp ----
void sysmonstart();
void sysmonwake();
void sysmonhurry();  // some P's queue is now watched by nobody else: look often

}  // namespace golab::runtime
