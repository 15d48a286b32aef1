// waitgroup.cpp: counter and waiters are one word, so that the step to zero sees all waiters.
#include "runtime/sync/waitgroup.h"

#include "runtime/die/panic.h"
#include "runtime/sched/bubble.h"
#include "runtime/sched/go.h"
#include "runtime/sched/sema.h"

namespace golab::sync {

// Claims it for the bubble of the calling goroutine. False: that is in none.
bool WaitGroup::in_bubble() {
  const uint32_t mine = runtime::current_bubble_id();
  if (mine == 0) return false;
  uint32_t was = 0;
  if (!bubble_id_.compare_exchange_strong(was, mine) && was != mine) {
    runtime::fatal("sync: WaitGroup.Add called from multiple synctest bubbles");
  }
  const uint64_t before = state_.fetch_or(kInBubble);
  if (before != 0 && (before & kInBubble) == 0) {
    runtime::fatal("sync: WaitGroup.Add called from inside and outside synctest bubble");
  }
  return true;
}

[[gnu::noinline]] void WaitGroup::Add(int delta) {
  const bool bubbled = in_bubble();
  uint64_t step = static_cast<uint64_t>(static_cast<int64_t>(delta)) << 32;
  uint64_t state = state_.fetch_add(step) + step;
  if ((state & kInBubble) != 0 && !bubbled) [[unlikely]]
    runtime::fatal("sync: WaitGroup.Add called from inside and outside synctest bubble");
  auto counter = static_cast<int32_t>(state >> 32);
  auto waiters = static_cast<uint32_t>(state & ~kInBubble);
  if (counter < 0) panic("sync: negative WaitGroup counter");
  if (waiters != 0 && delta > 0 && counter == delta) {
    panic("sync: WaitGroup misuse: Add called concurrently with Wait");
  }
  // If no goroutine waits, this object may be gone from here on.
  if (counter > 0 || waiters == 0) return;  // DOC: waitgroup-not-zero
  // The counter is zero, and all waiters are parked or about to park. No goroutine may change the
  // state now.
  if (state_.load() != state) panic("sync: WaitGroup misuse: Add called concurrently with Wait");
  if (bubbled) [[unlikely]]
    bubble_id_.store(0);
  state_.store(0);
  for (; waiters != 0; waiters--) runtime_Semrelease(&sema_, false);
}

[[gnu::noinline]] void WaitGroup::Wait() {
  uint64_t state = state_.load();
  for (;;) {
    if (static_cast<int32_t>(state >> 32) == 0) {
      // Nobody waits either: it belongs to no bubble any more.
      if (state == kInBubble && bubble_id_.load() == runtime::current_bubble_id() &&
          state_.compare_exchange_strong(state, 0))
        bubble_id_.store(0);
      return;
    }
    if (!state_.compare_exchange_weak(state, state + 1)) continue;
    const bool durable =
        (state & kInBubble) != 0 && bubble_id_.load() == runtime::current_bubble_id();
    runtime_SemacquireWaitGroup(&sema_, durable);
    if (state_.load() != 0) panic("sync: WaitGroup is reused before previous Wait has returned");
    return;
  }
}

[[gnu::noinline]] void WaitGroup::Go(golab::glue::Func<void()> f) {
  Add(1);
  go([this, f = std::move(f)] {
    // Runs when f has returned, on Goexit, and when a panic of f ends the program. In that case Done
    // is not called: no Wait returns as if the work were done.
    Defer d{[this] {
      if (auto underway = runtime::panic_underway()) panic(underway->panic);
      Done();
    }};
    f();
  });
}

}  // namespace golab::sync
