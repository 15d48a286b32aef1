// cpuprof.h: samples of what the threads do: the runtime's part of a CPU profile.
//
// Each thread has a timer of the kernel's that runs while the thread uses a processor, and sends it
// SIGPROF each time that a period is over (timer_create, CLOCK_THREAD_CPUTIME_ID). So a thread that
// waits is never interrupted, goroutines that are blocked cost nothing, and each sample stands for
// one period of processor time. The handler walks the interrupted stack and hands it to `record`.
//
// Who starts a thread's timer? Go's threads do it themselves, on their way through the scheduler. A
// thread here may be in a loop that never comes there. But a timer can be made for the clock of
// another thread. So whoever turns profiling on makes the timers of all threads, and a new thread
// its own (profile_this_thread). A lock decides which of the two makes it.
//
// Which stack is it? A thread may be
//
//   in a goroutine's code       its stack, to goexit
//   on g0, for a goroutine      what runs on g0, then the goroutine's stack (systemstack)
//   on g0                       the scheduler: up to schedule() and the thread's function
//   between two stacks          the stack that sp is still, or already, in
//   none of the runtime's       the instruction, below runtime._ExternalCode
//   anywhere else, or in code   the instruction, below runtime._System
//     that cannot be walked
//
// Threads that are not the runtime's are looked up in /proc (profile_foreign_threads), now and then
// while profiling is on. (Rejected: Go's way, a timer of the whole process for those. Its signals
// hit any thread, also one that waits in the program's poll(2), which then fails with EINTR.)
//
// The handler takes no lock, allocates nothing, and blocks SIGURG: a stop of the world finds the
// thread before it or after it. In SIGURG's handler SIGPROF is blocked in turn, so a thread that
// stands still for a stop is not sampled there.
#pragma once

#include <cstdint>

#include "runtime/sched/gmp.h"

namespace golab::runtime {

constexpr uint32_t kCpuProfileFrames = 64;  // of a sample, the innermost: Go's number
constexpr int32_t kCpuProfileHzMax = 1'000'000;

struct CpuSample {
  const uintptr_t* pcs;  // return addresses, leaf first
  uint32_t depth;
  bool leaf_exact;   // pcs[0] is an instruction's address
  LabelMap* labels;  // of the goroutine; null: none. It is alive until record() returns
  int64_t periods;   // how many the sample stands for: mostly 1
};

// Turns sampling on (hz > 0) or off. `record` is called in signal handlers, on any thread, on many
// at a time. When this returns from turning it off, no call of it is under way. Requires: on a
// goroutine, and one caller at a time.
void setcpuprofilerate(int32_t hz, void (*record)(const CpuSample& sample));

// For a new thread: starts its timer if sampling is on.
void profile_this_thread(M* mp);
// Starts the timers of threads that are not the runtime's and have none. Requires: sampling is on,
// and the caller is the one of setcpuprofilerate.
void profile_foreign_threads();

}  // namespace golab::runtime
