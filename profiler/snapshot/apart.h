// apart.h: the goroutines that a snapshot counts apart, and which of them it has met.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace golab::profiler {

// Recorders ask it about each goroutine, so it does not allocate, and its answer is mostly one
// comparison. Each goroutine is recorded once: each place of met_ is written once.
class Apart {
 public:
  explicit Apart(std::span<const uint64_t> goids) : goids_(goids.begin(), goids.end()) {
    std::sort(goids_.begin(), goids_.end());
    met_.resize(goids_.size());
    for (uint64_t goid : goids_) filter_ |= bit_of(goid);
  }
  // Returns true if this goroutine is one of them, or a child of one.
  bool meet(uint64_t goid, uint64_t parent_goid) {
    if ((filter_ & (bit_of(goid) | bit_of(parent_goid))) == 0) return false;
    size_t place = place_of(goid);
    if (place < goids_.size()) met_[place] = 1;
    return place < goids_.size() || place_of(parent_goid) < goids_.size();
  }
  std::vector<uint64_t> met() const {
    std::vector<uint64_t> goids;
    for (size_t i = 0; i < goids_.size(); i++) {
      if (met_[i] != 0) goids.push_back(goids_[i]);
    }
    return goids;
  }

 private:
  static uint64_t bit_of(uint64_t goid) { return uint64_t{1} << (goid % 64); }
  // Returns goids_.size() for a goroutine that is not in the list.
  size_t place_of(uint64_t goid) const {
    auto at = std::lower_bound(goids_.begin(), goids_.end(), goid);
    bool found = at != goids_.end() && *at == goid;
    return found ? static_cast<size_t>(at - goids_.begin()) : goids_.size();
  }

  std::vector<uint64_t> goids_;  // ascending
  std::vector<char> met_;
  uint64_t filter_ = 0;  // the bits of all: most other goroutines have none of these
};

}  // namespace golab::profiler
