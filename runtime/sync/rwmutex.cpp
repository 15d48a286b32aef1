// rwmutex.cpp: the writer's side of sync.RWMutex.
#include "runtime/sync/rwmutex.h"

namespace golab::sync {

bool RWMutex::TryRLock() {
  int32_t c = readerCount_.load();
  while (c >= 0) {
    if (readerCount_.compare_exchange_strong(c, c + 1)) return true;
  }
  return false;
}

[[gnu::noinline]] void RWMutex::rUnlockSlow(int32_t r) {
  if (r + 1 == 0 || r + 1 == -kRWMutexMaxReaders) fatal("sync: RUnlock of unlocked RWMutex");
  // The last of the readers that the writer waits for wakes it.
  if (readerWait_.fetch_sub(1) - 1 == 0) runtime_Semrelease(&writerSem_, false);
}

[[gnu::noinline]] void RWMutex::Lock() {
  w_.Lock();
  int32_t readers = readerCount_.fetch_sub(kRWMutexMaxReaders);
  // Readers that finish between these two lines make readerWait negative. The sum decides.
  if (readers != 0 && readerWait_.fetch_add(readers) + readers != 0) {
    runtime_SemacquireRWMutex(&writerSem_);
  }
}

bool RWMutex::TryLock() {
  if (!w_.TryLock()) return false;
  int32_t none = 0;
  if (readerCount_.compare_exchange_strong(none, -kRWMutexMaxReaders)) return true;
  w_.Unlock();
  return false;
}

[[gnu::noinline]] void RWMutex::Unlock() {
  int32_t r = readerCount_.fetch_add(kRWMutexMaxReaders) + kRWMutexMaxReaders;
  if (r >= kRWMutexMaxReaders) fatal("sync: Unlock of unlocked RWMutex");
  for (int32_t i = 0; i < r; i++) runtime_Semrelease(&readerSem_, false);
  w_.Unlock();
}

Locker RWMutex::RLocker() {
  return Locker(
      this, [](void* rw) { static_cast<RWMutex*>(rw)->RLock(); },
      [](void* rw) { static_cast<RWMutex*>(rw)->RUnlock(); });
}

}  // namespace golab::sync
