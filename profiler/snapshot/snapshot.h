// snapshot.h: all goroutines' stacks as they were at one instant, counted or one by one.
//
// The instant is a stop of the world that does a fixed amount of work: the epoch goes up, the world
// starts again. The threads that ran goroutines take down those stacks before they return to them.
// Everybody else's stack stands still until its goroutine runs, so it can be recorded afterwards,
// while the program goes on: by the walkers here, or by the scheduler just before it runs that
// goroutine (runtime/stop/stop.h). So the pause does not grow with the number of goroutines, and
// still every stack is of the same instant:
//
//        request        stop                start                              done
//   ────────┬────────────┬────────────────────┬──────────────────────────────────┬────────
//   threads │ run        │ epoch + 1          │ write own stacks, then run; each  │ run
//           │            │                    │ other is recorded before it runs  │
//   walkers │            │                    │ record the rest, within GOMAXPROCS│
//
// Equal stacks are counted while they are walked: a table keyed by the return addresses, shared by
// all recorders without a lock (entries are only ever added, a count is an atomic addition). Memory
// goes with different stacks, not with goroutines. It comes from mappings made before the stop, so
// that recording never allocates: it happens inside the scheduler.
//
// Go ends its profile with a second stop, to switch recording off. Here none is needed: when the
// walkers are through, every goroutine of the instant is satisfied, and younger ones are born so.
#pragma once

#include <cstdint>
#include <exception>
#include <span>
#include <string>
#include <vector>

#include "profiler/formats/stacks.h"
#include "profiler/snapshot/lazy_array.h"
#include "runtime/stop/stop.h"

namespace golab::profiler {

// One goroutine at the instant.
struct GoroutineSnapshot {
  uint64_t goid;  // 0: nobody is at this place of the table
  uint64_t parent_goid;
  uintptr_t gopc;
  uint32_t stack;              // StackCounter::reference; see Snapshot::stack_of
  uint64_t waitsince_us : 48;  // nanotime / 1000, rounded up; 0 if it does not wait
  uint64_t status : 4;         // runtime::_G…
  uint64_t waitreason : 8;     // runtime::WaitReason
  uint64_t locked_to_thread : 1;
  uint64_t started : 1;  // 0: it has not run yet
};

struct Snapshot {
  std::vector<StackRecord> stacks;         // different stacks, counted
  std::vector<uint32_t> stack_references;  // their StackCounter::references, ascending
  int64_t total = 0;
  int64_t pause_ns = 0;    // from the request to stop until all run again
  int64_t time_nanos = 0;  // wall clock of the instant
  uint32_t fallbacks = 0;  // stacks whose frame pointers did not lead to the bottom

  // The rest only of each_goroutine. The goroutines have the places that they have in the runtime's
  // table.
  LazyArray<GoroutineSnapshot> table;
  size_t places = 0;  // so many may be used
  size_t self = 0;    // the one of them that took this snapshot
  int64_t now = 0;    // nanotime of the instant

  bool present(size_t place) const { return table[place].goid != 0; }
  size_t stack_of(const GoroutineSnapshot& g) const;    // an index of stacks
  int64_t waited_ns(const GoroutineSnapshot& g) const;  // how long it has waited, 0 if it does not
  // f(const GoroutineSnapshot&), in order of the table.
  template <typename F>
  void for_each_goroutine(F f) const {
    for (size_t i = 0; i < places; i++) {
      if (present(i)) f(table[i]);
    }
  }
};

enum class Detail { counted, each_goroutine };

// There was no instant at which all goroutines stood: one does not come out of the runtime.
struct NoInstant : std::exception {
  const char* what() const noexcept override {
    return "goroutine profile: the world did not stop in 5 s: a thread does not leave the runtime "
           "(does the move of a channel's element end?)";
  }
};

// Takes a snapshot. `self` is the caller's own stack, from where the caller wants it to begin
// (runtime::callers_both_ends). Parks while another snapshot is being taken. Throws bad_alloc if
// there is no memory, or no address space for so many different stacks, and NoInstant; the next one
// is none the worse for it.
Snapshot take_snapshot(Detail detail, std::span<const uintptr_t> self, uint32_t self_elided = 0);

}  // namespace golab::profiler
