// proc.h: the scheduler: which goroutine runs on which thread, and what happens at every switch.
//
// The rule that everything else serves: a goroutine that can run does so soon, on some thread; and
// a thread without work uses no CPU.
//
// Structure (Go's; gmp.h has G, M and P). Every P has a queue of runnable goroutines, and one place
// before it (runnext) for the goroutine that the running one has just woken or made: the two often
// talk to each other, and this way they take turns. A P whose queue is empty looks elsewhere
// (find.cpp). A thread that finds nothing gives its P back and sleeps on a futex. A thread that
// makes a goroutine runnable while a P is idle wakes one, which wakes the next (wake_helper).
//
// The switch. gopark takes the next goroutine from the queue and jumps straight from stack to
// stack. If there is none, it jumps to g0, the thread's own stack, where findRunnable waits. (Go
// always passes through g0: two switches for each park.) A goroutine cannot finish its own
// departure: while it is on its stack, no other thread may run it. So the stack that is jumped to
// does that first (finish_left): it calls `unlockf`, or puts the goroutine that left on a queue.
//
// Calling the runtime. A function that goroutines call and that uses the scheduler opens with a
// RuntimeCall. Inside one (M::locks > 0) the thread cannot be stopped and its P cannot be taken. On
// the way in a goroutine without a P gets one; on the way out a pending stop is served. The count
// belongs to the thread, and each switch happens at exactly 1, so it is right on whichever thread a
// goroutine wakes.
//
// Preemption. C++ code may hold a lock of libc, so a goroutine cannot be switched off, but its P
// can be taken. After 10 ms sysmon signals the thread. If the signal finds it outside the runtime,
// the handler lets the P go, and another thread takes it. The goroutine runs on without a P, the
// kernel shares the processors, and the RuntimeCall of its next call queues it for a P.
#pragma once

#include <cstdint>
#include <exception>
#include <utility>

#include "runtime/core/arch.h"
#include "runtime/sched/gmp.h"

namespace golab::runtime {

// ---- For programs (Go's package runtime) ----

// The number of goroutines, without system goroutines. When one is no longer counted, all that it
// did is visible to the caller.
int NumGoroutine();
int NumCPU();  // processors that this process may use
// Sets it if n >= 1; returns the old value. Stops the world for a moment; if that fails (see
// stopTheWorld), nothing changes.
int GOMAXPROCS(int n);
void Gosched();              // lets others run: goes behind those that wait in the queues
// Runs the Defers and destructors of this goroutine, then ends it. In a Defer that a panic runs, it
// ends the panic, too. Defined in die/.
[[noreturn]] void Goexit();
void LockOSThread();         // this goroutine runs on this thread only. Calls nest.
void UnlockOSThread();

// They bracket a system call that may block: in between, other goroutines may use this one's P, its
// state is "syscall", and its stack is shown from the caller of entersyscall on. Nothing in between
// may call the runtime.
void entersyscall();
void exitsyscall();  // parks if no P is free

// ---- For the runtime's own packages ----

// Parks the running goroutine until goready(gp) is called.
//
// `unlockf` drops the caller's lock. It runs on another stack, once gp is _Gwaiting and off its
// own. If the lock were dropped earlier, another thread could call goready(gp) while gp is still on
// its way to sleep, and two threads would run on one stack. If unlockf returns false, gp becomes
// runnable at once. unlockf must not park. After it drops the lock it must not touch what a woken
// gp may destroy.
//
// Requires: called on a goroutine's stack inside exactly one RuntimeCall.
void gopark(UnlockFunc unlockf, void* lock, WaitReason reason);

// gopark that drops one runtime lock.
void goparkunlock(mutex* l, WaitReason reason);

// Makes a parked goroutine runnable, next on this P. Requires: inside a RuntimeCall.
void goready(G* gp);

// Makes a list (linked by schedlink) of n parked goroutines runnable at once.
void injectglist(G* head, int n);

// The two halves of go(): newg returns room for a closure and its G, newproc starts it.
void* newg(size_t closure_bytes, size_t closure_align, G** gp);
void newproc(G* gp, void (*fn)(void*), uintptr_t startpc);
void discardg(G* gp);  // instead of newproc, if the closure's constructor threw
// Starts a goroutine of the runtime's own: it is in no profile, and in no count.
void go_system(void (*fn)(void*));
void freeclosure(void* at, size_t bytes, size_t align);  // frees one that is not in its G

void yield_if_others_wait();  // for long work inside the runtime: Gosched if others can run

G* getg();  // the running goroutine; null on g0 and on foreign threads
uint64_t goid();

int64_t nanotime();         // monotonic, ns
int64_t nanotime_coarse();  // program_time (clock.h), up to 10 ms old; a plain load (Sched::clock)
uint32_t cheaprand();
inline uint32_t cheaprandn(uint32_t n) {
  return static_cast<uint32_t>((static_cast<uint64_t>(cheaprand()) * n) >> 32);
}

inline M* acquirem();
inline M* acquirem_with_p();  // parks if this goroutine lost its P, until it has one
inline void releasem(M* mp);
void entercall(M* mp);      // slow path of RuntimeCall: serves notes, gets a P
void releasem_slow(M* mp);  // slow path of releasem: serves notes; in stop.cpp

class RuntimeCall {
 public:
  RuntimeCall() { acquirem_with_p(); }
  ~RuntimeCall() { releasem(getm()); }
  RuntimeCall(const RuntimeCall&) = delete;
  RuntimeCall& operator=(const RuntimeCall&) = delete;
};

// Runs f on the thread's own, large stack: for symbols, getaddrinfo, and what else needs more than
// a goroutine has. f may block the thread, but must not park. What f throws is thrown here.
//
// When the time slice of its goroutine ends and others wait, f goes on without a P ("Preemption").
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

// f calls this before long work: if others wait for its P, another thread gets that at once.
void systemstack_takes_long();

// All Gs ever made, in order: allg(i) for i < allglen().
uint32_t allglen();
G* allg(uint32_t i);

// ---- Implementation ----

inline M* acquirem() {
  M* mp = getm();
  mp->locks.store(mp->locks.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  std::atomic_signal_fence(std::memory_order_seq_cst);
  return mp;
}

// The fast way in: no note waits for this thread, and it has a P.
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

// releasem, but notes stay unserved. Returns in how many calls of acquirem the thread still is.
inline int32_t dropm(M* mp) {
  std::atomic_signal_fence(std::memory_order_seq_cst);
  int32_t locks = mp->locks.load(std::memory_order_relaxed) - 1;
  mp->locks.store(locks, std::memory_order_release);
  std::atomic_signal_fence(std::memory_order_seq_cst);
  return locks;
}

inline void releasem(M* mp) {
  int32_t locks = dropm(mp);
  if (mp->preempt.load(std::memory_order_relaxed) != 0) [[unlikely]] {
    if (locks == 0) releasem_slow(mp);
  }
}

}  // namespace golab::runtime
