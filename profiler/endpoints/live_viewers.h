// live_viewers.h: the goroutines that serve the page's own requests.
//
// Each open page keeps a connection, and a connection has a goroutine. A look counts that of the
// page that asks, as a profile counts the goroutine that asks for it, and leaves out those of other
// pages: a class that looks at one service sees the same numbers in all places.
#pragma once

#include <cstdint>
#include <mutex>
#include <set>
#include <vector>

namespace golab::profiler::live {

class Viewers {
 public:
  // The running goroutine has served a request of the page, and its connection may stay.
  void add_this();
  // Returns all but the running goroutine, ascending.
  std::vector<uint64_t> others() const;
  // A snapshot was asked for these, and has met only those that are alive. Ids are never used
  // again.
  void forget_dead(const std::vector<uint64_t>& asked, const std::vector<uint64_t>& alive);

 private:
  static constexpr size_t kGoroutinesMax = 1024;

  mutable std::mutex mutex_;
  std::set<uint64_t> goids_;
};

Viewers& viewers();

}  // namespace golab::profiler::live
