// rwmutex.h: sync.RWMutex: many readers or one writer.
//
//   sync::RWMutex rw;              // var rw sync.RWMutex
//   rw.RLock();   rw.RUnlock();    // rw.RLock();  rw.RUnlock()
//   rw.Lock();    rw.Unlock();     // rw.Lock();   rw.Unlock()
//
// A writer that waits keeps new readers out, so that it gets its turn: it makes the count of
// readers negative. Unlock lets in all readers that came in the meantime, before the next writer.
// So a goroutine that holds RLock must not call RLock again: if a writer comes between the two
// calls, the goroutine waits for itself.
#pragma once

#include <atomic>
#include <cstdint>

#include "runtime/sched/sema.h"
#include "runtime/sync/mutex.h"

namespace golab::sync {

class RWMutex {
 public:
  RWMutex() = default;
  RWMutex(const RWMutex&) = delete;
  RWMutex& operator=(const RWMutex&) = delete;

  // Parks while a writer holds the lock or waits for it.
  void RLock() {
    if (readerCount_.fetch_add(1) + 1 < 0) runtime_SemacquireRWMutexR(&readerSem_);
  }
  [[nodiscard]] bool TryRLock();
  // Never parks. Ends the program with "fatal error: sync: RUnlock of unlocked RWMutex".
  void RUnlock() {
    int32_t r = readerCount_.fetch_sub(1) - 1;
    if (r < 0) rUnlockSlow(r);
  }
  // Parks while any goroutine holds the lock.
  void Lock();
  [[nodiscard]] bool TryLock();
  // Never parks. Ends the program with "fatal error: sync: Unlock of unlocked RWMutex".
  void Unlock();
  // A Locker whose Lock is RLock.
  Locker RLocker();

 private:
  // More than there can be readers. A writer subtracts it, so the count becomes negative.
  static constexpr int32_t kRWMutexMaxReaders = 1 << 30;
  void rUnlockSlow(int32_t r);

  Mutex w_;                              // held by the writer
  std::atomic<uint32_t> writerSem_{0};   // a writer waits here for readers to finish
  std::atomic<uint32_t> readerSem_{0};   // readers wait here for a writer
  std::atomic<int32_t> readerCount_{0};  // readers, minus kRWMutexMaxReaders if there is a writer
  std::atomic<int32_t> readerWait_{0};   // readers that the writer still waits for
};

}  // namespace golab::sync
