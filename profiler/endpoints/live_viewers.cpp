// live_viewers.cpp: a set of goroutine ids.
#include "profiler/endpoints/live_viewers.h"

#include <algorithm>

#include "runtime/sched/proc.h"

namespace golab::profiler::live {

void Viewers::add_this() {
  std::lock_guard guard(mutex_);
  goids_.insert(runtime::getg()->goid);
  // Requests without looks, which would find out who is dead. The oldest have the lowest ids.
  if (goids_.size() > kGoroutinesMax) goids_.erase(goids_.begin());
}

std::vector<uint64_t> Viewers::others() const {
  std::lock_guard guard(mutex_);
  std::vector<uint64_t> goids;
  for (uint64_t goid : goids_) {
    if (goid != runtime::getg()->goid) goids.push_back(goid);
  }
  return goids;
}

void Viewers::forget_dead(const std::vector<uint64_t>& asked, const std::vector<uint64_t>& alive) {
  std::lock_guard guard(mutex_);
  for (uint64_t goid : asked) {
    if (!std::binary_search(alive.begin(), alive.end(), goid)) goids_.erase(goid);
  }
}

Viewers& viewers() {
  static auto* viewers = new Viewers;
  return *viewers;
}

}  // namespace golab::profiler::live
