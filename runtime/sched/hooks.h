// hooks.h: the one call from the runtime up into the profiler.
//
// The profiler is built on the runtime, so the runtime calls it through this pointer only. Inside the
// runtime, the scheduler calls three rooms that stand above it, by functions that are declared low
// and defined high: sched/gate.h (stop/), core/throw.h (die/), and Timer::discard_value (chan/).
#pragma once

namespace golab::runtime {

struct G;

struct Hooks {
  // Records the stack of gp for the snapshot in progress. The scheduler calls it inside the
  // runtime, just before gp runs for the first time in an epoch. No other thread uses gp
  // in the meantime. It must not allocate, park, or take a lock that a goroutine may hold. Null if
  // no snapshot is in progress.
  void (*record)(G* gp) = nullptr;
};
extern Hooks hooks;

}  // namespace golab::runtime
