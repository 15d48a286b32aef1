// time_histogram.h: how many durations fell into which range, counted without a lock.
//
// The ranges are Go's (runtime/histogram.go): [0, 64 ns), [64, 128), [128, 192), [192, 256), and
// from there on four of equal width to each power of two, up to 2^47 ns, which is 39 hours. So a
// range is at most a quarter as wide as its lower end, and a recorder finds it with a shift.
#pragma once

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstdint>

namespace golab::runtime {

class TimeHistogram {
 public:
  static constexpr uint32_t kRanges = 161;  // the last one has no upper end

  // Async-signal safe.
  void record(int64_t ns) {
    counts_[range_of(static_cast<uint64_t>(std::max<int64_t>(ns, 0)))].fetch_add(
        1, std::memory_order_relaxed);
  }
  uint64_t count(uint32_t range) const { return counts_[range].load(std::memory_order_relaxed); }

  // The lower end of a range, ns.
  static constexpr uint64_t begin_ns(uint32_t range) {
    uint32_t power = range / kParts, part = range % kParts;
    if (power == 0) return part * (kFirstPower / kParts);
    return (kFirstPower << (power - 1)) / kParts * (kParts + part);
  }

  static constexpr uint32_t range_of(uint64_t ns) {
    if (ns < kFirstPower) return static_cast<uint32_t>(ns / (kFirstPower / kParts));
    auto exponent = static_cast<uint32_t>(std::bit_width(ns)) - 1;
    auto part = static_cast<uint32_t>(ns >> (exponent - 2)) % kParts;
    return std::min((exponent - kFirstExponent + 1) * kParts + part, kRanges - 1);
  }

 private:
  static constexpr uint32_t kParts = 4;  // of a power of two
  static constexpr uint32_t kFirstExponent = 8;
  static constexpr uint64_t kFirstPower = uint64_t{1} << kFirstExponent;

  std::atomic<uint64_t> counts_[kRanges] = {};
};

}  // namespace golab::runtime
