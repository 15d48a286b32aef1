#include "profiler/snapshot/stack_counter.h"

#include <sys/mman.h>

#include <cstring>

#include "runtime/core/panic.h"
#include "runtime/core/reserve.h"

namespace golab::profiler {
namespace {

void* map_lazily(size_t bytes) {
  void* at = runtime::reserve(bytes);
  if (at == nullptr) panic("goroutine profile: out of address space (see ulimit -v)");
  return at;
}

uint64_t hash_of(const uintptr_t* pcs, uint32_t depth, uint32_t elided, bool leaf_exact,
                 const void* labels) {
  uint64_t h = reinterpret_cast<uintptr_t>(labels) * 2 + leaf_exact + 0x9e3779b97f4a7c15;
  h ^= elided;
  for (uint32_t i = 0; i < depth; i++) {
    h = (h ^ pcs[i]) * 0xff51afd7ed558ccd;
    h ^= h >> 32;
  }
  return h;
}

}  // namespace

StackCounter::StackCounter() {
  arena_ = static_cast<unsigned char*>(map_lazily(kArenaBytes));
  buckets_ = static_cast<std::atomic<StackEntry*>*>(map_lazily(kBuckets * sizeof(*buckets_)));
  touch_buckets();
}

StackCounter::~StackCounter() {
  munmap(arena_, kArenaBytes);
  munmap(static_cast<void*>(buckets_), kBuckets * sizeof(*buckets_));
}

// Recorders read a bucket before they write to it. The first of them in a page would have it mapped
// to the kernel's page of zeros, then replaced: a fault each, and the other processors interrupted
// to forget the mapping.
void StackCounter::touch_buckets() {
  constexpr size_t kInPage = runtime::kSmallPage / sizeof(*buckets_);
  for (size_t i = 0; i < kBuckets; i += kInPage) buckets_[i].store(nullptr);
}

void StackCounter::clear() {
  size_t used = used_.load();
  if (used > kKeptBytes) {
    madvise(arena_, used, MADV_DONTNEED);
    madvise(static_cast<void*>(buckets_), kBuckets * sizeof(*buckets_), MADV_DONTNEED);
    used_.store(0);
    touch_buckets();
    generation_ = generation_ % INT16_MAX + 1;
    return;
  }
  for_each([](StackEntry& entry) { entry.count.store(0, std::memory_order_relaxed); });
}

StackEntry* StackCounter::add(const uintptr_t* pcs, uint32_t depth, bool leaf_exact,
                              const void* labels, int64_t n, uint32_t elided) {
  uint64_t hash = hash_of(pcs, depth, elided, leaf_exact, labels);
  std::atomic<StackEntry*>& bucket = buckets_[hash % kBuckets];
  StackEntry* head = bucket.load(std::memory_order_acquire);
  StackEntry* seen = nullptr;  // everything from here on was looked at before
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
      size_t at = used_.fetch_add(bytes_of(depth));
      if (at + bytes_of(depth) > kArenaBytes)
        runtime::throw_("goroutine profile: too many different stacks");
      mine = reinterpret_cast<StackEntry*>(arena_ + at);
      mine->hash = hash;
      mine->labels = labels;
      mine->depth = depth;
      mine->elided = elided;
      mine->leaf_exact = leaf_exact;
      memcpy(mine->pcs, pcs, depth * sizeof(uintptr_t));
    }
    mine->next = head;
    mine->count.store(n, std::memory_order_relaxed);
    if (bucket.compare_exchange_strong(head, mine, std::memory_order_acq_rel)) return mine;
    mine->count.store(0, std::memory_order_relaxed);
  }
}

}  // namespace golab::profiler
