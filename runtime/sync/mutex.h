// mutex.h: sync.Mutex: mutual exclusion, with Go's rule of who is next.
//
//   sync::Mutex mu;
//   mu.Lock(); ... mu.Unlock();
//   Defer d{[&] { mu.Unlock(); }};     // defer mu.Unlock()
//
// Fairness. Normally waiters queue, but whoever is awake first takes the lock: a goroutine that
// runs gets it before one that must be woken. That is fast, and unfair. So a waiter that has waited
// for more than a millisecond switches the mutex to starvation mode: Unlock then hands the lock to
// the first in the queue, and newcomers queue at the end without trying. The mode ends with a
// waiter that is the last, or waited less than a millisecond.
//
// The state is one word: locked, woken (somebody is on the way to the lock, wake no other),
// starving, and the number of waiters. Free to locked and back is one atomic operation each,
// without any call.
//
// Any goroutine may unlock. Do not destroy a mutex in the goroutine that has just locked and
// unlocked it while another may still be inside Unlock: keep what holds the mutex alive in each
// goroutine.
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
    // Free, but with waiters: whoever runs takes it (see above).
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
    // Somebody awake is on the way to the lock already.
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
  // Parks while another goroutine holds it.
  void Lock() { mu_.Lock(); }
  bool TryLock() { return mu_.TryLock(); }
  // Fatal "sync: unlock of unlocked mutex", which nothing recovers.
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
