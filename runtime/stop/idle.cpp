// idle.cpp: counting the goroutines at work (see idle.h).
#include "runtime/stop/idle.h"

#include <algorithm>

#include "runtime/sched/netpoll.h"
#include "runtime/sched/sched.h"
#include "runtime/sched/timer.h"
#include "runtime/stop/stop.h"

namespace golab::runtime {
namespace {

bool at_work(const G* gp) {
  if (gp->system) return false;
  switch (gp->status.load(std::memory_order_acquire)) {
    case _Grunnable:
    case _Grunning:
      return true;
    case _Gsyscall:
      return gp->awaits_note == nullptr || gp->awaits_note->load() != 0;
    default:
      return false;
  }
}

// A timer is due that has not fired, or a descriptor is ready: somebody is about to be woken.
bool about_to_wake() {
  int64_t first = timers_earliest();
  return (first != 0 && first <= nanotime()) || netpollReady();
}

}  // namespace

int32_t goroutines_at_work() {
  int32_t count = 0;
  for (uint32_t i = 0, n = allglen(); i < n; i++) count += at_work(allg(i)) ? 1 : 0;
  // They wait for the end of this stop: in the program's eyes they are in the middle of their work.
  count += waiting_to_stop();
  return std::max(count, about_to_wake() ? 1 : 0);
}

}  // namespace golab::runtime
