// clock.h: the program's clock, which a class can stop and move.
//
// There are two clocks. nanotime() is the machine's: sysmon, stops of the world, waits that spin and
// the deadlines of connections go by it. program_time() is the program's: Go's package time, its
// timers and the ages in a dump go by it. Both are the same, except in a classroom.
//
// In a classroom (profiler/classroom) the program's clock stands still from the start of main, and
// only the class moves it. So an hour passes at once, and what a program does in it does not depend
// on how fast the machine is. Go's testing/synctest works in the same way.
//
//   - The clock moves only while the world is stopped: inside the runtime it stands still.
//   - A timer that is not due is in no P's heap. So no thread wakes up for it (timer.cpp).
//   - A timer that is due goes to the heap of a P at once, and fires there like any other. Timers of
//     one instant do so in the order in which they were set.
//
// Outside of a classroom this costs a branch that is always predicted.
#pragma once

#include <time.h>

#include <atomic>
#include <cstdint>

#include "runtime/sched/proc.h"

namespace golab::runtime {

// The program's time in a classroom, on the scale of nanotime; 0: not in a classroom.
extern std::atomic<int64_t> class_clock;

inline bool in_classroom() { return class_clock.load(std::memory_order_relaxed) != 0; }

inline int64_t program_time() {
  int64_t stands_at = class_clock.load(std::memory_order_relaxed);
  return stands_at == 0 ? nanotime() : stands_at;
}

timespec class_walltime();
// The date and time of day on the program's clock.
inline timespec program_walltime() {
  if (in_classroom()) [[unlikely]]
    return class_walltime();
  timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  return now;
}

// ---- For the class ----

// Stops the program's clock for good. Called once, before main.
void enter_classroom();
int64_t class_time();  // ns since then, on the program's clock
// Sets the clock, to a value of program_time that is not earlier. The timers that are due by then
// are about to fire. Requires: the world is stopped, by the calling goroutine.
void set_class_clock(int64_t at);

}  // namespace golab::runtime
