// proc.h: the scheduler: which goroutine runs on which thread, and what happens at every switch.
//
// The rule that everything else serves: a goroutine that can run, runs, on some thread, soon; and a
// thread without work uses no CPU.
//
// Structure (Go's, see gmp.h for G, M, P). Every P has a queue of runnable goroutines, and one
// place before the queue (runnext) for the goroutine that the running one has just woken: the two
// often talk to each other, and this way they take turns without a detour. A P whose queue is empty
// looks in the global queue, asks the netpoller, steals half of another P's queue. A thread that
// finds nothing gives its P back and sleeps on a futex. Whoever makes a goroutine runnable while a
// P is idle wakes one thread, and that one wakes the next if it finds more than it can do
// ("spinning", wake_helper).
//
// The switch. gopark takes the next goroutine from the queue and jumps straight from stack to
// stack; only where there is none does it go through g0, the thread's own stack, on which
// findRunnable waits. A goroutine that leaves cannot finish its own departure: as long as it still
// stands on its stack, no one else may run it. So the stack that is jumped to does it, first thing:
// it drops the lock
// (`unlockf`) or puts the leaver on a queue. (Go always passes through g0 for that, 2 switches a
// park.)
//
// Calling the runtime. Every function here that a goroutine may call opens with a RuntimeCall.
// Inside one (M::locks > 0) the thread cannot be stopped and its P cannot be taken; on the way in a
// goroutine without a P gets one, on the way out a pending stop request is served. The count
// belongs to the thread, and each switch happens at exactly 1, so it is right on whichever thread a
// goroutine wakes.
//
// Preemption. A goroutine cannot be switched off in the midst of C++: it may hold a lock of libc.
// Its P can be taken. After 10 ms sysmon signals the thread; if the signal finds it outside the
// runtime, the handler lets the P go, and another thread takes it. The goroutine runs on without a
// P, the kernel shares the processors, and the RuntimeCall of its next call queues it for a P like
// any other.
#pragma once

#include <cstdint>
#include <exception>
#include <utility>

#include "runtime/core/arch.h"
#include "runtime/sched/gmp.h"

namespace golab::runtime {

// ---- For programs (Go's package runtime) ----

// Those that exist now, system goroutines left out. Once one is no longer counted, all that it did
// is visible to the caller.
int NumGoroutine();
int NumCPU();  // processors that this process may use
// Sets it if n >= 1; returns the old value. Stops the world for a moment; if the world does not
// stop (see stopTheWorld), nothing changes, and GOMAXPROCS(0) still returns the old value.
int GOMAXPROCS(int n);
void Gosched();              // lets others run: goes to the tail of the global queue
[[noreturn]] void Goexit();  // runs the Defers and destructors of this goroutine, then ends it
void LockOSThread();         // from now on this goroutine runs on this thread only. Calls nest.
void UnlockOSThread();

// Brackets a system call that may block: in between, other goroutines use this one's P.
// While it lasts the goroutine's state is "syscall" and its stack is shown from the caller of
// entersyscall on. Nothing in between may call the runtime.
void entersyscall();
void exitsyscall();  // parks if no P is free

// ---- For the runtime's own packages ----

// Parks the running goroutine until someone calls goready(gp).
//
// `unlockf` runs on another stack, once gp is _Gwaiting and off its own. It is where the caller
// drops its lock. Dropped any earlier, another thread could call goready(gp) while gp was still on
// its way to sleep, and two threads would run on one stack. If unlockf answers false, gp becomes
// runnable at once. It must not park, and must not touch what a woken gp may have destroyed after
// it let go.
//
// Requires: called on a goroutine's stack inside exactly one RuntimeCall.
void gopark(UnlockFunc unlockf, void* lock, WaitReason reason, const void* obj = nullptr);

// gopark that drops one runtime lock.
void goparkunlock(mutex* l, WaitReason reason, const void* obj = nullptr);

// Makes a parked goroutine runnable, next on this P. Requires: inside a RuntimeCall.
void goready(G* gp);

// Makes a list (linked by schedlink) of n parked goroutines runnable at once.
void injectglist(G* head, int n);

// The two halves of go(): a G with room for a closure of that size, then its start.
void* newg(size_t closure_bytes, size_t closure_align, G** gp);
void newproc(G* gp, void (*fn)(void*), uintptr_t startpc);
void discardg(G* gp);  // instead of newproc, if the closure's constructor threw
void freeclosure(void* at, size_t bytes, size_t align);  // its memory, if it is not in the G

void yield_if_others_wait();  // Gosched, if there is somebody: for long work inside the runtime

G* getg();  // the running goroutine; null on g0 and on foreign threads
uint64_t goid();

int64_t nanotime();         // monotonic, ns
int64_t nanotime_coarse();  // up to 10 ms old, and as good as free (Sched::clock)
uint32_t cheaprand();
inline uint32_t cheaprandn(uint32_t n) {
  return static_cast<uint32_t>((static_cast<uint64_t>(cheaprand()) * n) >> 32);
}

inline M* acquirem();
inline M* acquirem_with_p();  // parks if this goroutine lost its P, until it has one
inline void releasem(M* mp);
void entercall(M* mp);      // slow path of RuntimeCall: serve notes; without a P, get one
void releasem_slow(M* mp);  // slow path of releasem: serve notes left by a signal

class RuntimeCall {
 public:
  RuntimeCall() { acquirem_with_p(); }
  ~RuntimeCall() { releasem(getm()); }
  RuntimeCall(const RuntimeCall&) = delete;
  RuntimeCall& operator=(const RuntimeCall&) = delete;
};

// Runs f on the thread's own (big) stack: symbols, getaddrinfo, whatever needs more than a
// goroutine has. f may block the thread but must not park or call anything that does. What f throws
// is thrown here.
//
// f has the time slice of its goroutine. When that ends and others wait, another thread gets the P:
// f goes on without one, and the kernel gives it its share of the processors. So long work cannot
// hold up others, and others cannot hold up the work.
void systemstack(void (*f)(void*), void* arg);
template <typename F>
void systemstack(F&& f) {
  std::exception_ptr thrown;
  auto call = [&] {
    try {
      f();
    } catch (...) {
      thrown = std::current_exception();
    }
  };
  systemstack([](void* p) { (*static_cast<decltype(call)*>(p))(); }, &call);
  if (thrown != nullptr) std::rethrow_exception(std::move(thrown));
}

// Said inside f: what follows takes milliseconds. If others wait for this P, another thread gets it
// now, not when the time slice ends.
void systemstack_takes_long();

// Every G there has ever been, in order of creation: allg(i) for i < allglen().
uint32_t allglen();
G* allg(uint32_t i);

// ---- Implementation ----

inline M* acquirem() {
  M* mp = getm();
  mp->locks.store(mp->locks.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  std::atomic_signal_fence(std::memory_order_seq_cst);
  return mp;
}

// Nothing was left at the door: no stop waits for this thread, and its P is its own.
inline bool door_open(const M* mp) {
  return mp->preempt.load(std::memory_order_relaxed) == 0 && mp->p != nullptr;
}

inline M* acquirem_with_p() {
  M* mp = acquirem();
  if (door_open(mp)) [[likely]]
    return mp;
  entercall(mp);
  return getm();
}

inline void releasem(M* mp) {
  std::atomic_signal_fence(std::memory_order_seq_cst);
  int32_t locks = mp->locks.load(std::memory_order_relaxed) - 1;
  mp->locks.store(locks, std::memory_order_release);
  std::atomic_signal_fence(std::memory_order_seq_cst);
  if (mp->preempt.load(std::memory_order_relaxed) != 0) [[unlikely]] {
    if (locks == 0) releasem_slow(mp);
  }
}

}  // namespace golab::runtime
