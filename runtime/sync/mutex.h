// mutex.h: sync.Mutex: mutual exclusion, with Go's rule for which goroutine is next.
//
//   sync::Mutex mu;                  // var mu sync.Mutex
//   mu.Lock();                       // mu.Lock()
//   Defer d{[&] { mu.Unlock(); }};   // defer mu.Unlock()
//
// Fairness. Waiters queue, but normally the first goroutine that is awake takes the lock: one that
// runs gets it before one that must be woken. That is fast, but unfair. So a waiter that has waited
// for more than a millisecond switches the mutex to starvation mode. In that mode, Unlock hands the
// lock to the first in the queue, and newcomers queue at the end without trying. A waiter that is
// the last, or that waited less than a millisecond, ends the mode.
//
// The state is one word:
//
//   locked
//   woken     a goroutine is awake and will take the lock, so Unlock wakes no other
//   starving
//   waiters   how many there are
//
// To lock a free mutex, or to unlock it, is one atomic operation.
//
// Any goroutine may unlock. Unlock may still be running in one goroutine when another has locked
// and unlocked. So the second one must not destroy the mutex: each goroutine keeps it alive.
#pragma once

#include <atomic>
#include <cstdint>

namespace golab::internal::sync {

class Mutex {
 public:
  Mutex() = default;
  Mutex(const Mutex&) = delete;
  Mutex& operator=(const Mutex&) = delete;

  void Lock() {
    int32_t old = 0;
    if (state_.compare_exchange_strong(old, kMutexLocked)) return;
    // Free, but with waiters: the goroutine that runs takes it (see Fairness).
    if ((old & (kMutexLocked | kMutexStarving)) == 0 &&
        state_.compare_exchange_strong(old, old | kMutexLocked)) {
      return;
    }
    lockSlow();
  }
  bool TryLock() {
    int32_t old = state_.load(std::memory_order_relaxed);
    if ((old & (kMutexLocked | kMutexStarving)) != 0) return false;
    return state_.compare_exchange_strong(old, old | kMutexLocked);
  }
  void Unlock() {
    int32_t now = state_.fetch_sub(kMutexLocked) - kMutexLocked;
    if (now == 0) return;
    // A goroutine is awake already and will take the lock.
    if ((now & (kMutexLocked | kMutexWoken | kMutexStarving)) == kMutexWoken) return;
    unlockSlow(now);
  }

 private:
  static constexpr int32_t kMutexLocked = 1;
  static constexpr int32_t kMutexWoken = 2;
  static constexpr int32_t kMutexStarving = 4;
  static constexpr int kMutexWaiterShift = 3;

  void lockSlow();
  void unlockSlow(int32_t now);

  std::atomic<int32_t> state_{0};
  std::atomic<uint32_t> sema_{0};
};

}  // namespace golab::internal::sync

namespace golab::sync {

class Mutex {
 public:
  // Parks while another goroutine holds the lock.
  void Lock() { mu_.Lock(); }
  [[nodiscard]] bool TryLock() { return mu_.TryLock(); }
  // Never parks. Ends the program with "fatal error: sync: unlock of unlocked mutex" if it is not
  // locked.
  void Unlock() { mu_.Unlock(); }

 private:
  internal::sync::Mutex mu_;
};

// Anything with Lock and Unlock, by reference.
class Locker {
 public:
  template <typename L>
  Locker(L* l)
      : l_(l),
        lock_([](void* p) { static_cast<L*>(p)->Lock(); }),
        unlock_([](void* p) { static_cast<L*>(p)->Unlock(); }) {}
  Locker(void* l, void (*lock)(void*), void (*unlock)(void*))
      : l_(l), lock_(lock), unlock_(unlock) {}
  void Lock() const { lock_(l_); }
  void Unlock() const { unlock_(l_); }

 private:
  void* l_;
  void (*lock_)(void*);
  void (*unlock_)(void*);
};

}  // namespace golab::sync

namespace golab::glue {

// Holds a lock until the end of its scope, also when a panic or Goexit ends it.
template <typename L>
class Locked {
 public:
  explicit Locked(L& l) : l_(l) { l_.Lock(); }
  ~Locked() { l_.Unlock(); }
  Locked(const Locked&) = delete;
  Locked& operator=(const Locked&) = delete;

 private:
  L& l_;
};

}  // namespace golab::glue
