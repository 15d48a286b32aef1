// snapshot.h: all goroutines' stacks as they were at one instant, counted or one by one.
//
// The stop of the world only raises the epoch, so its length does not depend on the number of
// goroutines. Each stack is recorded afterwards and before it can change, exactly once (stop.h):
//
//           request      stop          start                                   done
//   ────────┬────────────┬─────────────┬───────────────────────────────────────┬──────
//   threads │ run        │ epoch + 1   │ record the goroutine that they were   │ run
//           │            │             │ in, then run; any other goroutine is  │
//           │            │             │ recorded just before it runs          │
//   walker  │            │             │ records the goroutines that do not run│
//
// Go needs a second stop, to switch recording off. Here it is off when the walker ends: every
// goroutine of the instant is satisfied then, and a new one is born satisfied.
//
// Equal stacks are counted as they are recorded (stack_counter.h). The memory is mapped before the
// stop: recording must not allocate, because it happens inside the scheduler.
#pragma once

#include <cstdint>
#include <exception>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "profiler/formats/stacks.h"
#include "profiler/snapshot/lazy_array.h"
#include "runtime/sched/ancestors.h"
#include "runtime/stop/stop.h"

namespace golab::profiler {

struct GoroutineSnapshot {
  uint64_t goid;  // 0: this place of the table is empty
  uint64_t parent_goid;
  uintptr_t gopc;
  uint32_t stack;              // StackCounter::reference; see Snapshot::stack_of
  uint32_t bubble_id;          // 0: in no bubble of testing/synctest
  uint64_t waitsince_us : 48;  // program_time / 1000, rounded up; 0 if it does not wait
  uint64_t status : 4;         // runtime::_G…
  uint64_t waitreason : 8;     // runtime::WaitReason
  uint64_t locked_to_thread : 1;
  uint64_t started : 1;  // 0: it has not run yet
};

struct Snapshot {
  std::vector<StackRecord> stacks;         // different stacks, counted
  std::vector<uint32_t> stack_references;  // their StackCounter::references, ascending
  int64_t total = 0;
  int64_t pause_ns = 0;         // from the request to stop until all run again
  int64_t time_nanos = 0;       // wall clock of the instant
  std::vector<uint64_t> apart;  // those of the goroutines to count apart that were alive

  // Only for Detail::each_goroutine. A goroutine has the place that it has in the runtime's table.
  LazyArray<GoroutineSnapshot> table;
  size_t places = 0;  // only places below this one are used
  size_t self = 0;    // the place of the goroutine that took this snapshot
  int64_t now = 0;    // program_time of the instant
  std::map<size_t, runtime::Ancestry> ancestors;  // by place (GODEBUG=tracebackancestors=N)

  bool present(size_t place) const { return table[place].goid != 0; }
  size_t stack_of(const GoroutineSnapshot& g) const;    // an index of stacks
  int64_t waited_ns(const GoroutineSnapshot& g) const;  // how long it has waited, 0 if it does not
  // Calls f(const GoroutineSnapshot&) in order of the table.
  template <typename F>
  void for_each_goroutine(F f) const {
    for (size_t i = 0; i < places; i++) {
      if (present(i)) f(table[i]);
    }
  }
};

// counted: equal stacks, as in a profile. with_waits: of each of them also its longest wait and one
// of its creators; every goroutine is read for that, but none is walked again. each_goroutine: also
// the table.
enum class Detail { counted, with_waits, each_goroutine };

// The world did not stop, because a thread does not leave the runtime.
struct NoInstant : std::exception {
  const char* what() const noexcept override {
    return "goroutine profile: the world did not stop in 5 s: a thread does not leave the runtime "
           "(does the move of a channel's element end?)";
  }
};

// Takes a snapshot. `self` is the caller's own stack (runtime::callers_both_ends). Parks during
// another snapshot. Throws NoInstant, or bad_alloc if there is no room for so many different
// stacks. The next snapshot may succeed.
//
// With Detail::with_waits, each stack also says how many of its goroutines are in `apart`, a list
// of goroutine ids, or were created by one of these.
Snapshot take_snapshot(Detail detail, std::span<const uintptr_t> self, uint32_t self_elided = 0,
                       std::span<const uint64_t> apart = {});

}  // namespace golab::profiler
