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

namespace golab::runtime {

struct mutex {
  std::atomic<uint32_t> key{0};
};

void lock2(mutex* l);  // the slow path

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
inline void lockWithP(mutex* l) {
  if (onlyOneP) return;
  lock(l);
}
inline void unlockWithP(mutex* l) { unlock(l); }

// Sleeps in the kernel while *addr == val, at most `ns` nanoseconds (< 0: no limit). Returns early
// on a wake-up, on a changed value and on a signal: callers look again at what they wait for.
void futexsleep(std::atomic<uint32_t>* addr, uint32_t val, int64_t ns);
void futexwakeup(std::atomic<uint32_t>* addr, uint32_t count);

}  // namespace golab::runtime
