// stack_counter.cpp: the hash, and the lock-free insertion.
#include "profiler/snapshot/stack_counter.h"

#include <cstring>

#include "runtime/core/reserve.h"

namespace golab::profiler {
namespace {

uint64_t hash_of(const uintptr_t* pcs, uint32_t depth, uint32_t elided, bool leaf_exact,
                 const void* labels) {
  uint64_t h = (0x9e3779b97f4a7c15 + leaf_exact) ^ elided ^ reinterpret_cast<uintptr_t>(labels);
  for (uint32_t i = 0; i < depth; i++) {
    h = (h ^ pcs[i]) * 0xff51afd7ed558ccd;
    h ^= h >> 32;
  }
  return h;
}

}  // namespace

StackCounter::StackCounter(size_t arena_bytes) : arena_(arena_bytes), buckets_(kBuckets) {}

bool StackCounter::clear() {
  size_t used = used_.load();
  if (used > kKeptBytes || overflowed()) {
    arena_.forget(used);
    buckets_.forget(kBuckets);
    used_.store(bytes_of(0));
    return true;
  }
  for_each([](StackEntry& entry) {
    entry.count.store(0, std::memory_order_relaxed);
    entry.waitsince_us.store(0, std::memory_order_relaxed);
    entry.gopc.store(0, std::memory_order_relaxed);
    entry.apart.store(0, std::memory_order_relaxed);
  });
  return false;
}

// Returns null if there is no room.
StackEntry* StackCounter::new_entry(uint32_t depth) {
  size_t at = used_.load(std::memory_order_relaxed);
  do {
    if (at + bytes_of(depth) > arena_.size()) return nullptr;
  } while (!used_.compare_exchange_weak(at, at + bytes_of(depth)));
  return reinterpret_cast<StackEntry*>(arena_.data() + at);
}

StackEntry* StackCounter::add(const uintptr_t* pcs, uint32_t depth, bool leaf_exact,
                              const runtime::LabelMap* labels, int64_t n, uint32_t elided) {
  uint64_t hash = hash_of(pcs, depth, elided, leaf_exact, labels);
  std::atomic<StackEntry*>& bucket = buckets_[hash % kBuckets];
  StackEntry* head = bucket.load(std::memory_order_acquire);
  StackEntry* seen = nullptr;  // the entries from this one on are known to be others
  StackEntry* mine = nullptr;
  for (;;) {
    for (StackEntry* e = head; e != seen; e = e->next) {
      if (e->hash == hash && e->depth == depth && e->elided == elided &&
          e->leaf_exact == leaf_exact && e->labels == labels &&
          memcmp(e->pcs, pcs, depth * sizeof(uintptr_t)) == 0) {
        e->count.fetch_add(n, std::memory_order_relaxed);
        return e;
      }
    }
    seen = head;
    if (mine == nullptr) {
      mine = new_entry(depth);
      if (mine == nullptr) {
        at(0)->count.fetch_add(1, std::memory_order_relaxed);
        return at(0);
      }
      mine->hash = hash;
      mine->depth = depth;
      mine->elided = elided;
      mine->leaf_exact = leaf_exact;
      mine->labels = labels;
      memcpy(mine->pcs, pcs, depth * sizeof(uintptr_t));
    }
    mine->next = head;
    mine->count.store(n, std::memory_order_relaxed);
    if (bucket.compare_exchange_strong(head, mine, std::memory_order_acq_rel)) return mine;
    mine->count.store(0, std::memory_order_relaxed);
  }
}

}  // namespace golab::profiler
