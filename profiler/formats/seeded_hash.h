// seeded_hash.h: the hash of keys that come from a file.
//
// The standard library's hashes are the same in every process. So somebody can make a file whose
// names or numbers all fall into one bucket, and each look-up then walks through all of them: a
// megabyte takes minutes. Here a seed that nobody knows, drawn anew in each process, decides the
// bucket. Internal to the readers and to analysis/.
#pragma once

#include <cstdint>
#include <cstring>
#include <random>
#include <string_view>
#include <vector>

namespace golab::profiler {

class SeededHash {
 public:
  size_t operator()(uint64_t value) const { return folded(value ^ seed(), kFactor); }
  size_t operator()(std::string_view text) const {
    uint64_t hash = seed() ^ text.size();
    for (; text.size() >= 8; text.remove_prefix(8)) hash = folded(hash ^ word(text, 8), kFactor);
    return folded(hash ^ word(text, text.size()), kFactor);
  }
  size_t operator()(const std::vector<uint32_t>& parts) const {
    uint64_t hash = seed() ^ parts.size();
    for (uint32_t part : parts) hash = folded(hash ^ part, kFactor);
    return hash;
  }

 private:
  static constexpr uint64_t kFactor = 0x9e3779b97f4a7c15;

  static uint64_t seed() {
    static const uint64_t drawn = [] {
      std::random_device device;
      return static_cast<uint64_t>(device()) << 32 | device();
    }();
    return drawn;
  }
  static uint64_t word(std::string_view text, size_t bytes) {
    uint64_t word = 0;
    std::memcpy(&word, text.data(), bytes);
    return word;
  }
  // Both halves of the product, so that each bit of `a` reaches each bit of the result.
  static uint64_t folded(uint64_t a, uint64_t b) {
    const auto product = static_cast<unsigned __int128>(a) * b;
    return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
  }
};

}  // namespace golab::profiler
