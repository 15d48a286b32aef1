// rwmutex.h: sync.RWMutex: many readers or one writer.
//
// A writer that waits keeps new readers out, so it gets its turn: it makes the count of readers
// negative. Unlocking lets in all readers that came meanwhile before the next writer. So a
// goroutine that holds RLock must not RLock again: with a writer between the two it waits for
// itself.
#pragma once

#include <atomic>
#include <cstdint>

#include "runtime/core/sema.h"
#include "runtime/sync/mutex.h"

namespace golab::sync {

class RWMutex {
 public:
  RWMutex() = default;
  RWMutex(const RWMutex&) = delete;
  RWMutex& operator=(const RWMutex&) = delete;

  // Parks while a writer holds it or waits for it.
  void RLock() {
    if (readerCount_.fetch_add(1) + 1 < 0) runtime_SemacquireRWMutexR(&readerSem_);
  }
  bool TryRLock();
  // Fatal "sync: RUnlock of unlocked RWMutex".
  void RUnlock() {
    int32_t r = readerCount_.fetch_sub(1) - 1;
    if (r < 0) rUnlockSlow(r);
  }
  // Parks while anyone holds it.
  void Lock();
  bool TryLock();
  // Fatal "sync: Unlock of unlocked RWMutex".
  void Unlock();
  // A Locker whose Lock is RLock.
  Locker RLocker();

 private:
  // Readers that fit: less this many, the count is negative.
  static constexpr int32_t kRWMutexMaxReaders = 1 << 30;
  void rUnlockSlow(int32_t r);

  Mutex w_;                              // held by the writer
  std::atomic<uint32_t> writerSem_{0};   // a writer waits here for readers to finish
  std::atomic<uint32_t> readerSem_{0};   // readers wait here for a writer
  std::atomic<int32_t> readerCount_{0};  // readers; minus kRWMutexMaxReaders with a writer
  std::atomic<int32_t> readerWait_{0};   // readers that the writer still waits for
};

}  // namespace golab::sync
