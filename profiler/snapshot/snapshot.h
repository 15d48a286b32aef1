// snapshot.h: all goroutines' stacks as they were at one instant, counted or one by one.
//
// The instant is a stop of the world that does a fixed amount of work: the threads that run
// goroutines take down those stacks themselves, the epoch goes up, the world starts again.
// Everybody else's stack stands still until its goroutine runs, so it can be recorded afterwards,
// while the program goes on: by the walkers here, or by the scheduler just before it runs that
// goroutine (runtime/core/stop.h). So the pause does not grow with the number of goroutines, and
// still every stack is of the same instant:
//
//        request        stop                start                              done
//   ────────┬────────────┬────────────────────┬──────────────────────────────────┬────────
//   threads │ run        │ write own stacks   │ run; each goroutine is recorded   │ run
//           │            │ epoch + 1          │ before it runs for the first time │
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
#include <span>
#include <string>
#include <vector>

#include "profiler/formats/stacks.h"
#include "profiler/snapshot/lazy_array.h"
#include "runtime/core/stop.h"

namespace golab::profiler {

// One goroutine at the instant.
struct GoroutineSnapshot {
  uint64_t goid;
  uint64_t parent_goid;
  uintptr_t gopc;
  uint32_t epoch;     // number of the snapshot that wrote this
  uint32_t stack;     // into Snapshot::stacks (while it is recorded: StackCounter::reference)
  uint32_t waited_s;  // how long it has waited, 0 if it does not
  uint8_t status;     // runtime::_G…
  runtime::WaitReason waitreason;
  bool locked_to_thread;
  bool started;  // false: it has not run yet
};

struct Snapshot {
  std::vector<StackRecord> stacks;          // different stacks, counted
  LazyArray<GoroutineSnapshot> goroutines;  // only of each_goroutine: in order of the table
  size_t self = 0;                          // the one of them that took this snapshot
  int64_t total = 0;
  int64_t pause_ns = 0;    // from the request to stop until all run again
  int64_t time_nanos = 0;  // wall clock of the instant
  uint32_t fallbacks = 0;  // stacks whose frame pointers did not lead to the bottom
};

enum class Detail { counted, each_goroutine };

// Takes a snapshot. `self` is the caller's own stack, from where the caller wants it to begin
// (runtime::Callers). Parks while another snapshot is being taken.
Snapshot take_snapshot(Detail detail, std::span<const uintptr_t> self);

}  // namespace golab::profiler
