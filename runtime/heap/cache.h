// cache.h: the fast paths of new and delete: a thread's cache of free blocks. Internal to heap/.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "runtime/heap/heap.h"
#include "runtime/heap/mprof.h"

namespace golab::runtime::heap {

// ---- Size classes: multiples of 16 up to 128, then eight steps to each doubling ----

constexpr size_t kGranuleBytes = 16;
constexpr size_t kChunkBytes = 64 << 10;
constexpr size_t kSmallMax = 32 << 10;
// What a chunk holds: blocks of class 1 to 72, or one of these.
constexpr uint8_t kNoClass = 0, kLargeClass = kClassesMax + 1;

constexpr uint32_t class_of(size_t bytes) {
  if (bytes <= 128) return static_cast<uint32_t>((bytes + (bytes == 0) + 15) / 16);
  const auto width = static_cast<uint32_t>(std::bit_width(bytes - 1));
  return (width - 8) * 8 + static_cast<uint32_t>((bytes - 1) >> (width - 4)) + 1;
}

constexpr std::array<uint16_t, kClassesMax + 2> kClassBytes = [] {
  std::array<uint16_t, kClassesMax + 2> bytes{};
  for (uint32_t c = 1; c <= 8; c++) bytes[c] = static_cast<uint16_t>(16 * c);
  for (uint32_t c = 9; c <= kClassesMax; c++) {
    bytes[c] = static_cast<uint16_t>(((c - 9) % 8 + 9) << ((c - 9) / 8 + 4));
  }
  return bytes;
}();
static_assert(kClassBytes[kClassesMax] == kSmallMax && class_of(kSmallMax) == kClassesMax);

// ---- The tables ----

enum State : uint8_t { kFree = 0, kLive = 1, kSampled = 2 };  // sampled: live, and in the profile

struct Tables {
  uintptr_t base = 0;  // of the arena
  size_t bytes = 0;
  std::atomic<uint8_t>* states = nullptr;        // by granule, at the first one of a block
  std::atomic<uint8_t>* chunk_class = nullptr;   // by chunk
};
extern constinit Tables tables;

// ---- A thread's cache ----

// Free blocks, by granule. It is full with as many as its class allows (room_of).
struct Magazine {
  static constexpr uint32_t kMost = 61;
  Magazine* next = nullptr;
  uint32_t n = 0;
  uint32_t blocks[kMost];
};

// A count that one thread writes and any may read.
class Tally {
 public:
  void add(uint64_t n) { n_.store(get() + n, std::memory_order_relaxed); }
  uint64_t get() const { return n_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> n_{0};
};

struct Slot {
  uint32_t n = 0;     // blocks in `loaded`
  uint32_t room = 0;  // how many it may have; 0 while there is none
  uint32_t* blocks = nullptr;
  Magazine* loaded = nullptr;
  Magazine* spare = nullptr;
  Tally allocs, frees;
};

struct Cache {
  int64_t next_sample = 0;  // bytes until the next sample
  int rate = 0;             // the MemProfileRate that next_sample was drawn for
  uint64_t random = 0;
  Cache* next = nullptr;       // of all, for stats()
  Cache* next_free = nullptr;  // of those without a thread
  Slot slots[kClassesMax + 2];
};
extern constinit thread_local Cache* cache;  // null: this thread has none yet

// The rest of new. `frame`: of the operator new that was called. Null: out of memory.
void* allocate_slow(size_t bytes, size_t align, const void* frame);
void free_slow(void* block);

// Null: the slow path must be taken.
[[gnu::always_inline]] inline void* allocate_fast(size_t bytes) {
  Cache* c = cache;
  if (c == nullptr || bytes > kSmallMax) [[unlikely]]
    return nullptr;
  const uint32_t cls = class_of(bytes);
  Slot& slot = c->slots[cls];
  const int64_t left = c->next_sample - kClassBytes[cls];
  if (left < 0 || c->rate != MemProfileRate.load(std::memory_order_relaxed) || slot.n == 0)
      [[unlikely]]
    return nullptr;
  c->next_sample = left;
  const uint32_t at = slot.blocks[--slot.n];
  slot.allocs.add(1);
  tables.states[at].store(kLive, std::memory_order_relaxed);
  return reinterpret_cast<void*>(tables.base + at * kGranuleBytes);
}

// False: the slow path must be taken.
[[gnu::always_inline]] inline bool free_fast(void* block) {
  Cache* c = cache;
  const uintptr_t offset = reinterpret_cast<uintptr_t>(block) - tables.base;
  if (c == nullptr || offset >= tables.bytes || offset % kGranuleBytes != 0) [[unlikely]]
    return false;
  const auto at = static_cast<uint32_t>(offset / kGranuleBytes);
  if (tables.states[at].load(std::memory_order_relaxed) != kLive) [[unlikely]]
    return false;
  Slot& slot =
      c->slots[tables.chunk_class[offset / kChunkBytes].load(std::memory_order_relaxed)];
  if (slot.n == slot.room) [[unlikely]]
    return false;
  tables.states[at].store(kFree, std::memory_order_relaxed);
  slot.blocks[slot.n++] = at;
  slot.frees.add(1);
  return true;
}

}  // namespace golab::runtime::heap
