// bubble.h: the bubble of a test (testing/synctest): goroutines with a clock of their own, which
// moves on when all of them wait.
//
// A goroutine that waits is *durably blocked* if only another goroutine of its bubble can wake it,
// or the bubble's clock (isIdleInSynctest). A channel and a WaitGroup belong to the bubble that
// they were made in, and no goroutine outside may use them, so waiting for those is durable. A
// mutex, a descriptor and a system call may depend on the whole world, so waiting for those is not.
//
// The bubble counts the goroutines that are not durably blocked. The counts change where a
// goroutine is born, parks, is made runnable and ends (proc.cpp), on a path that is taken only if
// G::bubble_id is not 0. When the count becomes 0, nothing in the bubble can run and nothing
// outside can wake it. So the thread that counted it down owns the bubble. It wakes one goroutine:
//
//   - the one in Wait, unless a timer is due now;
//   - else the root, which called Run. It moves the clock to the next timer and fires those that
//     are due, itself. If there is none, the bubble has ended, or it is a deadlock.
//
// A goroutine that parks is counted down only after its unlock function has run. By then another
// one may have woken it and counted it up. So the count is never too low, and 0 is never wrong.
//
// The clock is one more clock that stands still until somebody moves it, as the one of a classroom
// is (clock.h); timers wait for both in a heap that belongs to no thread (timer.cpp).
//
// Bubbles are never unmapped: timers point to them. A program has as many as it had at one time.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include "runtime/sched/clock.h"
#include "runtime/sched/gmp.h"
#include "runtime/sched/proc.h"

namespace golab::runtime {

struct Bubble {
  // How many goroutines it has, the root too, and how many of them are not durably blocked.
  struct Counts {
    uint32_t running;
    uint32_t total;
  };

  uint32_t id = 0;                   // 1, 2, 3 and so on; of the bubble that uses this memory now
  std::atomic<int64_t> now{0};       // its clock: ns since 1970
  std::atomic<uint64_t> counts{0};   // total << 32 | running
  std::atomic<bool> waiting{false};  // a goroutine has called Wait
  std::atomic<bool> done{false};     // the main goroutine has ended: time stops
  G* root = nullptr;    // null: Run has returned; who is left will never run
  G* main = nullptr;    // the first goroutine
  G* waiter = nullptr;  // parked in Wait; for the thread that owns the bubble
  P timers;             // only its timers are used
  Bubble* next_free = nullptr;
  Bubble* next_made = nullptr;  // the list of all, for leak checkers

  Counts add(int32_t total, int32_t running);
};

// The panic of a Run whose goroutines can never run again. If nothing recovers it, their stacks are
// printed.
struct synctestDeadlockError {
  std::string reason;
  uint32_t bubble_id;
  std::string Error() const { return reason; }
};

// False in a program that has never made a bubble. It saves the way to the calling goroutine.
extern std::atomic<bool> bubbles_made;

// The bubble of the calling goroutine; null: none.
inline Bubble* current_bubble() {
  if (!bubbles_made.load(std::memory_order_relaxed)) [[likely]]
    return nullptr;
  const G* gp = getg();
  return gp != nullptr && gp->bubble_id != 0 ? gp->bubble : nullptr;
}
inline uint32_t current_bubble_id() {
  if (!bubbles_made.load(std::memory_order_relaxed)) [[likely]]
    return 0;
  const G* gp = getg();
  return gp != nullptr ? gp->bubble_id : 0;
}

// The clock of the calling goroutine: its bubble's, else the program's.
inline int64_t goroutine_time() {
  const Bubble* b = current_bubble();
  return b != nullptr ? b->now.load(std::memory_order_relaxed) : program_time();
}

// Ends the program with this text unless the calling goroutine is in the bubble `id`.
void check_in_bubble(uint32_t id, const char* text);

// What is made in its scope belongs to no bubble: for what a program makes once and shares.
class OutsideBubbles {
 public:
  OutsideBubbles();
  ~OutsideBubbles();
  OutsideBubbles(const OutsideBubbles&) = delete;
  OutsideBubbles& operator=(const OutsideBubbles&) = delete;

 private:
  uint32_t id_ = 0;
};

// ---- For testing/synctest ----

// A new bubble with the calling goroutine as its root. The next goroutine that it starts is the
// main one.
Bubble* bubble_begin();
// The calling goroutine, the root, leaves the bubble, whose timers are gone. Returns what was left
// in it.
Bubble::Counts bubble_end(Bubble* b);

// ---- For proc.cpp: gp is in a bubble ----

// Returns whose child the new goroutine is: none, if a timer starts it.
G* bubble_join(G* parent, G* child);
Bubble* bubble_if_durable(const G* gp);  // its bubble if it parks durably, else null
void bubble_blocks(Bubble* b);           // a goroutine has parked durably
void bubble_wakes(G* gp);                // it was parked and becomes runnable
void bubble_leave(G* gp);                // it has ended

}  // namespace golab::runtime
