// stack_counter.h: counts equal stacks while they are recorded; shared by all recorders, without a
// lock.
//
// A hash table that only grows while it is used, in a mapping of its own: nothing calls malloc. A
// bucket is a list. A new entry is put in front by compare-and-swap; who loses that race looks at
// the entries that came in between, and may find its stack among them. The entry it had prepared
// then stays unused, with a count of 0.
//
// A recorder cannot fail: it stands in the scheduler. A stack for which there is no room any more
// is counted by an entry of its own, the first; then the profile fails (overflowed).
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "profiler/snapshot/lazy_array.h"

namespace golab::profiler {

struct StackEntry {
  StackEntry* next;  // in its bucket; set before the entry is published
  uint64_t hash;
  std::atomic<int64_t> count;
  const void* labels;
  uint32_t depth;
  uint32_t elided;  // of a deeper stack, whose both ends these are (runtime::both_ends)
  bool leaf_exact;
  uintptr_t pcs[];
};

class StackCounter {
 public:
  // Throws bad_alloc if there is no address space for it.
  explicit StackCounter(size_t arena_bytes = size_t{2} << 30);  // address space, not memory

  // Adds n to the count of this stack and answers its entry. Safe from any thread, never blocks.
  StackEntry* add(const uintptr_t* pcs, uint32_t depth, bool leaf_exact, const void* labels,
                  int64_t n, uint32_t elided = 0);

  // An entry as a number of 32 bits, and back.
  uint32_t reference(const StackEntry* entry) const {
    auto at = reinterpret_cast<const unsigned char*>(entry) - arena_.data();
    return static_cast<uint32_t>(static_cast<size_t>(at) / alignof(StackEntry));
  }
  StackEntry* at(uint32_t reference) const {
    return reinterpret_cast<StackEntry*>(arena_.data() + size_t{reference} * alignof(StackEntry));
  }

  // Sets all counts to 0. The stacks stay, with their numbers. If they are too many the table
  // begins anew: true.
  bool clear();

  // Some stacks had no room, so what was counted is not all. Until clear().
  bool overflowed() const { return at(0)->count.load(std::memory_order_relaxed) > 0; }

  // Every entry that was counted, once nobody adds any more.
  template <typename F>
  void for_each(F f) {
    for (size_t at = bytes_of(0); at < used_.load(std::memory_order_acquire);) {
      auto* entry = reinterpret_cast<StackEntry*>(arena_.data() + at);
      if (entry->count.load(std::memory_order_relaxed) > 0) f(*entry);
      at += bytes_of(entry->depth);
    }
  }

 private:
  static constexpr size_t kBuckets = size_t{1} << 16;
  static constexpr size_t kKeptBytes = size_t{4} << 20;

  static size_t bytes_of(uint32_t depth) { return sizeof(StackEntry) + depth * sizeof(uintptr_t); }

  void touch_buckets();
  StackEntry* new_entry(uint32_t depth);

  LazyArray<unsigned char> arena_;
  LazyArray<std::atomic<StackEntry*>> buckets_;
  std::atomic<size_t> used_{bytes_of(0)};  // the first counts what has no room
};

}  // namespace golab::profiler
