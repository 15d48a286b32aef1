// hooks.h: the calls from the runtime into the profiler, which is built on it.
//
// A folder includes only folders below it (tests/setup/layers.txt). Inside the runtime, lower
// folders call higher ones by these means only:
//
//   sched/gate.h; releasem_slow and Goexit of sched/proc.h   declared in sched/, defined in stop/
//                                                 and die/
//   core/throw.h, sigpanic of core/inject.h       declared in core/, defined in die/
//   Timer::f and Timer::discard_value             set by the timer's owner: chan/, time/
#pragma once

namespace golab::runtime {

struct G;

struct Hooks {
  // Records the stack of gp for the snapshot in progress. pass_snapshot calls it inside the
  // runtime, just before gp runs for the first time in an epoch, unless gp was counted by its memo.
  // No other thread uses gp meanwhile. It must not allocate, park, or take a lock that a goroutine
  // may hold. Null if no snapshot is in progress.
  void (*record)(G* gp) = nullptr;

  // Set before main by the profiler's initializers; null in a program without it.
  void (*before_main)() = nullptr;  // on goroutine 1
  void (*before_exit)(int status) =
      nullptr;  // the program ends well: on the goroutine that ends it
};
extern Hooks hooks;

}  // namespace golab::runtime
