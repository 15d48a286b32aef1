// lock.h: the runtime's own lock, for the inside of channels and the scheduler; never for programs.
//
// A goroutine that needs to wait for another goroutine parks (gopark). The few instructions that
// take a sudog off a queue are shorter than a park, so they are guarded by this: spin a moment,
// then yield, then sleep for some microseconds at a time until the lock is free.
//
// Unlocking is a plain store: nobody is ever woken, since nobody sleeps for long. The usual lock
// with sleepers (Drepper, "Futexes Are Tricky") was here first; it pays a second atomic exchange on
// every unlock, a fifth of the time of a channel operation, for a wake-up that almost never
// happens: the lock is held for 20 ns, unless the kernel takes its holder off the processor.
//
// Invariant: whoever holds one is between acquirem and releasem. A thread that held a lock while
// its P was taken, or while the world stood still, would block everybody who wants it. So no code
// of the program runs under such a lock, except the move of an element in or out of a channel's
// buffer.
#pragma once

#include <atomic>
#include <cstdint>

#include "runtime/core/arch.h"

namespace golab::runtime {

struct mutex {
  std::atomic<uint32_t> key{0};
};

void lock2(mutex* l);  // the slow paths
void lockWithP2(mutex* l);

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
extern bool onlyOneP;

// A lock that is taken only with a P in hand (those of channels). With one P there is nobody to
// exclude: who holds it keeps the P, since nothing takes a P inside the runtime.
//
// Whoever meets such a lock taken leaves it alone for a microsecond, and then for longer, before it
// looks again. Two threads that fight over one channel take turns in runs of dozens of operations
// that way, each run with all its lines in one processor's cache: 20 ns an item instead of 120 on a
// buffered channel between two threads.
inline void lockWithP(mutex* l) {
  if (onlyOneP) return;
  if (!trylock(l)) [[unlikely]]
    lockWithP2(l);
}
inline void unlockWithP(mutex* l) { unlock(l); }

// An asymmetric pair of fences: "write mine, then read yours" on both sides, where one side is on
// the hottest path of all and the other is about to go to sleep. The hot side pays nothing: the
// cold side's membarrier(2) makes every running thread of the process execute a full fence.
// Whatever the hot side wrote before it read is then visible to the cold side, or the hot side
// reads what the cold side wrote. Without that system call (before Linux 4.14, or in a sandbox)
// both are full fences.
extern bool membarrierWorks;
void fenceinit();
void heavy_fence();
inline void light_fence() {
  if (membarrierWorks) [[likely]]
    std::atomic_signal_fence(std::memory_order_seq_cst);
  else
    full_fence();
}

// Sleeps in the kernel while *addr == val, at most `ns` nanoseconds (< 0: no limit). Returns early
// on a wake-up, on a changed value and on a signal: callers look again at what they wait for.
void futexsleep(std::atomic<uint32_t>* addr, uint32_t val, int64_t ns);
void futexwakeup(std::atomic<uint32_t>* addr, uint32_t count);

}  // namespace golab::runtime
