// hooks.h: the only calls upwards: what a profiler may ask the runtime to call. Null: nobody asked.
#pragma once

#include <atomic>
#include <cstdint>

namespace golab::runtime {

struct G;

struct Hooks {
  // Records the stack of gp as it is, for the snapshot in progress. Called by the scheduler, on a
  // scheduler thread inside the runtime, just before gp runs for the first time in an epoch, and
  // with gp in nobody else's hands. Must not allocate, park or take a lock that a goroutine may
  // hold.
  void (*record)(G* gp) = nullptr;
  // A block event (gp was parked ns nanoseconds), a mutex event. Reserved for those profiles.
  void (*blockevent)(G* gp, int64_t ns) = nullptr;
  void (*mutexevent)(G* gp, int64_t ns) = nullptr;
};
extern Hooks hooks;

}  // namespace golab::runtime
