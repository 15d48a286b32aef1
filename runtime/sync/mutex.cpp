// mutex.cpp: the contended paths of sync.Mutex.
#include "runtime/sync/mutex.h"

#include "runtime/core/panic.h"
#include "runtime/core/sema.h"

namespace golab::internal::sync {

namespace {
constexpr int64_t kStarvationThresholdNs = 1'000'000;
}  // namespace

[[gnu::noinline]] void Mutex::lockSlow() {
  int64_t wait_start = 0;
  bool starving = false;
  bool awoke = false;  // the woken flag is ours
  int iter = 0;
  int32_t old = state_.load();
  for (;;) {
    if ((old & (kMutexLocked | kMutexStarving)) == kMutexLocked && runtime_canSpin(iter)) {
      // Tell Unlock that somebody awake is coming, so that it wakes nobody.
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
    // Never starve a free mutex: Unlock takes the mode to mean that there is a waiter.
    if (starving && (old & kMutexLocked) != 0) want |= kMutexStarving;
    if (awoke) {
      if ((want & kMutexWoken) == 0) runtime::throw_("sync: inconsistent mutex state");
      want &= ~kMutexWoken;
    }
    if (!state_.compare_exchange_strong(old, want)) continue;
    if ((old & (kMutexLocked | kMutexStarving)) == 0) return;
    // Who has waited before goes to the head of the queue.
    bool lifo = wait_start != 0;
    if (wait_start == 0) wait_start = runtime_nanotime();
    runtime_SemacquireMutex(&sema_, lifo);
    starving = starving || runtime_nanotime() - wait_start > kStarvationThresholdNs;
    old = state_.load();
    if ((old & kMutexStarving) != 0) {
      // Handed over: ours, but the state does not say so yet, and still counts us as waiting.
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
    // The waiter will set the locked bit. Until then newcomers see the mode and do not take it.
    runtime_Semrelease(&sema_, true);
    return;
  }
  int32_t old = now;
  for (;;) {
    // Nobody waits, or somebody is awake and will take it, or has.
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
