// lock.h: the runtime's own lock, for the inside of channels and the scheduler; never for programs.
//
// A goroutine that waits for another goroutine parks (gopark). This lock guards sections that are
// shorter than a park, such as taking a sudog off a queue. A thread that finds it taken spins, then
// yields, then sleeps for a moment at a time.
//
// unlock is a plain store. It wakes no thread, because none sleeps for long. A lock with sleepers
// (Drepper, "Futexes Are Tricky") would need an atomic exchange in every unlock, for a wake-up that
// is almost never needed.
//
// Invariant: a thread that holds one is between acquirem and releasem. If it lost its P there, or
// stopped for the world, it would block every thread that needs the lock. So no code of the program
// runs under such a lock, except the move of an element in or out of a channel.
#pragma once

#include <atomic>
#include <cstdint>

#include "runtime/core/arch.h"

namespace golab::runtime {

struct mutex {
  std::atomic<uint32_t> key{0};
};

void lock2(mutex* l);  // the slow paths
void lock_with_p2(mutex* l);

inline bool trylock(mutex* l) {
  uint32_t unlocked = 0;
  return l->key.compare_exchange_strong(unlocked, 1, std::memory_order_acquire);
}

inline void lock(mutex* l) {
  if (!trylock(l)) [[unlikely]]
    lock2(l);
}

inline void unlock(mutex* l) { l->key.store(0, std::memory_order_release); }

// True while GOMAXPROCS is 1. Changes only while the world is stopped.
extern bool only_one_p;

// For a lock that is taken only by a thread with a P (the locks of channels). With one P there is
// no thread to exclude: the holder keeps the P, because nothing takes a P inside the runtime.
//
// A thread that finds it taken waits before it looks again, each time longer. So two threads that
// use one channel take turns in long runs, and its cache lines stay with one processor for a run.
inline void lock_with_p(mutex* l) {
  if (only_one_p) return;
  if (!trylock(l)) [[unlikely]]
    lock_with_p2(l);
}
inline void unlock_with_p(mutex* l) { unlock(l); }

// An asymmetric pair of fences, for two sides that each write their word and then read the other's:
// one of them sees the other's write. The light side, on the hottest path, pays nothing: the heavy
// side's membarrier(2) makes every running thread of the process execute a full fence. Without that
// system call (before Linux 4.14, or in a sandbox) both are full fences.
extern bool membarrier_works;
void fenceinit();
void heavy_fence();
inline void light_fence() {
  if (membarrier_works) [[likely]]
    std::atomic_signal_fence(std::memory_order_seq_cst);
  else
    full_fence();
}

// Sleeps in the kernel while *addr == val, at most `ns` nanoseconds (< 0: no limit). A wake-up, a
// changed value or a signal ends it early, so the caller must look again at what it waits for.
void futexsleep(std::atomic<uint32_t>* addr, uint32_t val, int64_t ns);
void futexwakeup(std::atomic<uint32_t>* addr, uint32_t count);

}  // namespace golab::runtime
