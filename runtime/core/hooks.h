// hooks.h: the one call from the runtime up into the profiler.
//
// The libraries are linked in one direction: the profiler uses the runtime. So the runtime calls
// the profiler through this pointer only.
//
// Inside the runtime, core/ also calls folders that are built on it, by their headers:
//
//   net/netpoll.h     idle threads sleep in the poller; a new timer wakes it
//   chan/hchan.h      a timer that is stopped or reset drops the value in its channel
//   traceback/        a dying program prints its stacks; a stopped thread's stack is walked
//   os/os.h           start-up hands over the command line
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
