// mutex.cpp: the contended paths of sync.Mutex.
#include "runtime/sync/mutex.h"

#include "runtime/die/panic.h"
#include "runtime/sched/sema.h"

namespace golab::internal::sync {

namespace {
constexpr int64_t kStarvationThresholdNs = 1'000'000;
}  // namespace

[[gnu::noinline]] void Mutex::lockSlow() {
  int64_t wait_start = 0;
  bool starving = false;
  bool awoke = false;  // this goroutine owns the woken flag
  int iter = 0;
  int32_t old = state_.load();
  for (;;) {
    if ((old & (kMutexLocked | kMutexStarving)) == kMutexLocked && runtime_canSpin(iter)) {
      // Tells Unlock that a goroutine is awake and will take the lock, so that it wakes no other.
      if (!awoke && (old & kMutexWoken) == 0 && (old >> kMutexWaiterShift) != 0 &&
          state_.compare_exchange_strong(old, old | kMutexWoken)) {
        awoke = true;
      }
      runtime_doSpin(iter);
      iter++;
      old = state_.load();
      continue;
    }
    int32_t want = old;
    if ((old & kMutexStarving) == 0) want |= kMutexLocked;
    if ((old & (kMutexLocked | kMutexStarving)) != 0) want += 1 << kMutexWaiterShift;
    // A free mutex must not enter starvation mode: in that mode, Unlock expects a waiter.
    if (starving && (old & kMutexLocked) != 0) want |= kMutexStarving;
    if (awoke) {
      if ((want & kMutexWoken) == 0) runtime::throw_("sync: inconsistent mutex state");
      want &= ~kMutexWoken;
    }
    if (!state_.compare_exchange_strong(old, want)) continue;
    if ((old & (kMutexLocked | kMutexStarving)) == 0) return;
    // A goroutine that has waited before goes to the head of the queue.
    bool lifo = wait_start != 0;
    if (wait_start == 0) wait_start = runtime_nanotime();
    runtime_SemacquireMutex(&sema_, lifo);  // DOC: mutex-parks
    starving = starving || runtime_nanotime() - wait_start > kStarvationThresholdNs;
    old = state_.load();
    if ((old & kMutexStarving) != 0) {
      // Unlock has handed the lock over, but the state does not say so yet: it still counts this
      // goroutine as waiting.
      if ((old & (kMutexLocked | kMutexWoken)) != 0 || old >> kMutexWaiterShift == 0) {
        runtime::throw_("sync: inconsistent mutex state");
      }
      int32_t delta = kMutexLocked - (1 << kMutexWaiterShift);
      if (!starving || old >> kMutexWaiterShift == 1) delta -= kMutexStarving;
      state_.fetch_add(delta);
      return;
    }
    awoke = true;
    iter = 0;
  }
}

[[gnu::noinline]] void Mutex::unlockSlow(int32_t now) {
  if (((now + kMutexLocked) & kMutexLocked) == 0) fatal("sync: unlock of unlocked mutex");
  if ((now & kMutexStarving) != 0) {
    // The waiter sets the locked bit. Until then, newcomers see the mode and do not take the lock.
    runtime_Semrelease(&sema_, true);
    return;
  }
  int32_t old = now;
  for (;;) {
    // No goroutine waits, or one is awake and will take the lock, or has taken it.
    if (old >> kMutexWaiterShift == 0 ||
        (old & (kMutexLocked | kMutexWoken | kMutexStarving)) != 0) {
      return;
    }
    int32_t want = (old - (1 << kMutexWaiterShift)) | kMutexWoken;
    if (state_.compare_exchange_strong(old, want)) {
      runtime_Semrelease(&sema_, false);
      return;
    }
  }
}

}  // namespace golab::internal::sync
