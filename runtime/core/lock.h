// lock.h: the runtime's own lock, for the inside of channels and the scheduler; never for programs.
//
// A goroutine that needs to wait for another goroutine parks (gopark). The few instructions that
// take a sudog off a queue are shorter than a park, so they are guarded by this: spin a moment,
// then sleep in the kernel. Three states, as in Drepper's "Futexes Are Tricky": free, held, held
// with sleepers.
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

void lock2(mutex* l);  // the slow paths
void unlock2(mutex* l);

inline void lock(mutex* l) {
  uint32_t unlocked = 0;
  if (!l->key.compare_exchange_strong(unlocked, 1, std::memory_order_acquire)) lock2(l);
}

inline bool trylock(mutex* l) {
  uint32_t unlocked = 0;
  return l->key.compare_exchange_strong(unlocked, 1, std::memory_order_acquire);
}

inline void unlock(mutex* l) {
  if (l->key.exchange(0, std::memory_order_release) == 2) unlock2(l);
}

// Sleeps in the kernel while *addr == val, at most `ns` nanoseconds (< 0: no limit). Returns early
// on a wake-up, on a changed value and on a signal: callers look again at what they wait for.
void futexsleep(std::atomic<uint32_t>* addr, uint32_t val, int64_t ns);
void futexwakeup(std::atomic<uint32_t>* addr, uint32_t count);

}  // namespace golab::runtime
