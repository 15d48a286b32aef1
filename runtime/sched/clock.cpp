// clock.cpp: the clock of a classroom (see clock.h).
#include "runtime/sched/clock.h"

#include "runtime/sched/sched.h"
#include "runtime/sched/timer.h"

namespace golab::runtime {

// Every send looks at it: on a cache line where nothing is written.
alignas(64) std::atomic<int64_t> class_clock{0};

namespace {
int64_t class_began = 0;      // class_clock when it was stopped
timespec class_began_wall{};  // the date then
}  // namespace

void enter_classroom() {
  clock_gettime(CLOCK_REALTIME, &class_began_wall);
  class_began = tick_clock();
  class_clock.store(class_began);
}

int64_t class_time() { return class_clock.load() - class_began; }

timespec class_walltime() {
  constexpr int64_t kSecondNs = 1'000'000'000;
  int64_t ns = class_began_wall.tv_nsec + class_time() % kSecondNs;
  int64_t seconds = class_began_wall.tv_sec + class_time() / kSecondNs + ns / kSecondNs;
  return {static_cast<time_t>(seconds), static_cast<long>(ns % kSecondNs)};
}

void set_class_clock(int64_t at) {
  class_clock.store(at);
  sched.clock.store(at);  // ages count from this clock
  release_class_timers();
}

}  // namespace golab::runtime
