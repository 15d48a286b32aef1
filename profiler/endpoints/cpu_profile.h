// cpu_profile.h: Go's CPU profile: which functions use the processors, and for whom.
//
//   auto err = pprof::StartCPUProfile(w);  // err := pprof.StartCPUProfile(w)
//   work();                                // work()
//   pprof::StopCPUProfile();               // pprof.StopCPUProfile()
//
// A thread that uses a processor is interrupted 100 times in each second that it uses
// (runtime/sched/cpuprof.h). A sample counts the stack at that moment, with the labels of its
// goroutine (pprof::Do). A goroutine that waits is in no sample: for those, Lookup("goroutine").
#pragma once

#include "profiler/endpoints/lookup.h"

namespace golab::runtime {

// Turns profiling on, `hz` samples per second of processor time, at most a million; hz <= 0 turns
// it off. Programs call pprof::StartCPUProfile instead, which sets 100. If profiling is on, or its
// samples are not written yet, this changes nothing, and says on stderr "runtime: cannot set cpu
// profile rate until previous profile has finished.". So, as in Go, a program that sets a rate
// before StartCPUProfile gets a profile of that rate, and the message.
void SetCPUProfileRate(int hz);

}  // namespace golab::runtime

namespace golab::runtime::pprof {

// Turns profiling on. The profile is written to w by StopCPUProfile, on a goroutine of its own, so
// what w writes to must live until that returns. The error is "cpu profiling already in use", or:
// out of memory.
error StartCPUProfile(Writer w);
// Turns it off, if it is on. Parks until the profile is written.
void StopCPUProfile();

}  // namespace golab::runtime::pprof
