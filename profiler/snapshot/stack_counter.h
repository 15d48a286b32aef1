// stack_counter.h: counts equal stacks, for all recorders of a snapshot at once, without a lock.
//
// It is a hash table in mappings of its own: nothing calls malloc. While recorders use it, entries
// are only added: in front of a bucket's list, by compare-and-swap. A recorder that loses this race
// looks at the entries that came in between. If its stack is there, its own entry keeps count 0.
//
// A recorder cannot fail, because it runs in the scheduler. A stack without room is counted by the
// first entry, and the profile fails afterwards (overflowed).
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "profiler/snapshot/lazy_array.h"
#include "runtime/sched/labels.h"

namespace golab::profiler {

struct StackEntry {
  StackEntry* next;  // in its bucket; set before the entry is published
  uint64_t hash;
  std::atomic<int64_t> count;
  uint32_t depth;
  uint32_t elided;  // frames left out between the two ends of a deep stack (runtime::both_ends)
  bool leaf_exact;
  const runtime::LabelMap* labels;  // null: none. Read it only while it is kept (KeepLabels).
  // Detail::with_waits:
  std::atomic<uint64_t> waitsince_us;  // of the goroutine that waits longest; 0: none waits
  std::atomic<uintptr_t> gopc;         // of one of them
  std::atomic<int64_t> apart;          // how many of them the snapshot counts apart (Apart)
  uintptr_t pcs[];
};

class StackCounter {
 public:
  // Throws bad_alloc if there is no address space.
  explicit StackCounter(size_t arena_bytes = size_t{2} << 30);  // address space, not memory

  // Adds n to the count of this stack with these labels. Returns its entry. Any thread may call it;
  // it never blocks.
  StackEntry* add(const uintptr_t* pcs, uint32_t depth, bool leaf_exact,
                  const runtime::LabelMap* labels, int64_t n, uint32_t elided = 0);

  // An entry as a number of 32 bits, and back.
  uint32_t reference(const StackEntry* entry) const {
    auto at = reinterpret_cast<const unsigned char*>(entry) - arena_.data();
    return static_cast<uint32_t>(static_cast<size_t>(at) / alignof(StackEntry));
  }
  StackEntry* at(uint32_t reference) const {
    return reinterpret_cast<StackEntry*>(arena_.data() + size_t{reference} * alignof(StackEntry));
  }

  // Sets all counts to 0 and keeps the entries. Removes them if they are too many: returns true.
  // Requires: no recorder is at work.
  bool clear();

  // True from the first stack without room until clear(): the counts are not complete.
  bool overflowed() const { return at(0)->count.load(std::memory_order_relaxed) > 0; }

  // Calls f for every entry with a count. Requires: no recorder is at work.
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

  StackEntry* new_entry(uint32_t depth);

  LazyArray<unsigned char> arena_;
  LazyArray<std::atomic<StackEntry*>> buckets_;
  std::atomic<size_t> used_{bytes_of(0)};  // bytes; the first entry is there from the start
};

}  // namespace golab::profiler
