// mprof.cpp: buckets of samples, in memory of their own.
#include "runtime/heap/mprof.h"

#include <pthread.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <new>

#include "runtime/core/godebug.h"
#include "runtime/core/reserve.h"
#include "runtime/heap/heap.h"
#include "runtime/heap/held.h"
#include "runtime/sched/proc.h"
#include "runtime/sched/stacks.h"
#include "runtime/walk/walk.h"

extern "C" void* __libc_stack_end;  // the dynamic linker's: where the first thread's stack begins

namespace golab::runtime {

std::atomic<int> MemProfileRate{512 << 10};

namespace {

using heap::Held;

constexpr uint32_t kDepthMax = 128;  // Go's
constexpr size_t kBucketBytes = size_t{1} << 30;
constexpr size_t kTableSize = 1 << 16;
constexpr size_t kUnit = 16;  // a bucket's number is its place in these

struct Bucket {
  uint64_t hash;
  uint64_t size;
  uint64_t allocs, frees;
  uint32_t older;        // number of the bucket that was made before
  uint32_t next_equal;   // in one place of the hash table
  uint32_t depth;
  uintptr_t pcs[1];      // depth of them
};

struct Buckets {
  mutex lock;
  char* memory = nullptr;  // a number's place is memory + number * kUnit
  size_t used = kUnit, bytes = 0;
  uint32_t newest = 0;
  uint32_t count = 0;
  uint32_t* table = nullptr;
};
constinit Buckets all;

Bucket* bucket(uint32_t number) {
  return reinterpret_cast<Bucket*>(all.memory + size_t{number} * kUnit);
}

bool begin() {  // with the lock held
  if (all.memory != nullptr) return true;
  all.bytes = share_of_address_space(kBucketBytes, 32);
  all.table = static_cast<uint32_t*>(reserve(kTableSize * sizeof(uint32_t)));
  void* memory = all.table != nullptr ? reserve(all.bytes) : nullptr;
  all.memory = static_cast<char*>(memory);
  return memory != nullptr;
}

uint64_t hash_of(size_t size, const uintptr_t* pcs, uint32_t depth) {
  constexpr uint64_t kOdd = 0x9e3779b97f4a7c15;
  uint64_t h = size * kOdd;
  for (uint32_t i = 0; i < depth; i++) h = (h ^ pcs[i] ^ h >> 29) * kOdd;
  return h ^ h >> 32;
}

// The bucket of a stack and a size; 0: there is no memory for another. Needs the lock.
uint32_t find_or_make(size_t size, const uintptr_t* pcs, uint32_t depth) {
  if (!begin()) return 0;
  const uint64_t hash = hash_of(size, pcs, depth);
  uint32_t& first = all.table[hash % kTableSize];
  for (uint32_t number = first; number != 0; number = bucket(number)->next_equal) {
    const Bucket& b = *bucket(number);
    if (b.hash == hash && b.size == size && b.depth == depth && std::equal(pcs, pcs + depth, b.pcs))
      return number;
  }
  size_t bytes = offsetof(Bucket, pcs) + std::max<size_t>(depth, 1) * sizeof(uintptr_t);
  bytes = (bytes + kUnit - 1) & ~(kUnit - 1);
  if (all.bytes - all.used < bytes) return 0;
  const auto number = static_cast<uint32_t>(all.used / kUnit);
  all.used += bytes;
  auto* b = new (bucket(number)) Bucket{hash, size, 0, 0, all.newest, first, depth, {}};
  std::copy(pcs, pcs + depth, b->pcs);
  first = all.newest = number;
  all.count++;
  return number;
}

// The end of the stack of this thread, if `at` lies on it; else 0. glibc has a thread's control block
// at the end of its stack.
uintptr_t thread_stack_end(uintptr_t at) {
  constexpr uintptr_t kMost = size_t{64} << 20;
  const bool first_thread = gettid() == getpid();
  const auto end = first_thread ? reinterpret_cast<uintptr_t>(__libc_stack_end)
                                : static_cast<uintptr_t>(pthread_self());
  return at < end && end - at < kMost ? end : 0;
}

// The stack below operator new, whose caller may be a library's code without frame pointers.
uint32_t callers_of(const void* frame, uintptr_t lo, uintptr_t hi, uintptr_t* pcs) {
  const WalkFrom from = caller_of(frame);
  if (uint32_t n = walk_plain(from.pc, from.fp, lo, hi, pcs, kDepthMax)) return n;
  return walk_anywhere(from, lo, hi, {pcs, kDepthMax, 0, nullptr}).stored;
}

uint32_t take_stack(const void* frame, uintptr_t* pcs) {
  const auto at = reinterpret_cast<uintptr_t>(frame);
  const M* mp = getm();
  if (const G* gp = mp != nullptr ? mp->curg : nullptr) {
    if (at >= gp->stack_lo && at < gp->stack_hi)
      return callers_of(frame, gp->stack_lo, gp->stack_hi, pcs);
    // On the thread's own stack, for a goroutine: the goroutine's, from where it left it.
    if (mp->on_systemstack) {
      const WalkBuffer buffer{pcs, kDepthMax, 0, nullptr};
      return walk_from(gp->sched_pc, gp->sched_fp, gp->stack_lo, gp->stack_hi, buffer).stored;
    }
  } else if (const uintptr_t end = thread_stack_end(at)) {
    return callers_of(frame, at, end, pcs);
  }
  // A signal's handler on its own stack, or a fiber of the program's own.
  pcs[0] = caller_of(frame).pc;
  return 1;
}

}  // namespace

void mprof_begin() { MemProfileRate = godebug_number("memprofilerate", MemProfileRate); }

uint32_t mprof_malloc(size_t bytes, const void* frame) {
  uintptr_t pcs[kDepthMax];
  const uint32_t depth = take_stack(frame, pcs);
  Held held(all.lock);
  const uint32_t number = find_or_make(bytes, pcs, depth);
  if (number != 0) bucket(number)->allocs++;
  return number;
}

void mprof_free(uint32_t number) {
  Held held(all.lock);
  bucket(number)->frees++;
}

int64_t mprof_next_sample(int rate, uint64_t* random) {
  if (rate <= 0) return INT64_MAX / 2;
  if (rate == 1) return 0;
  uint64_t x = *random;  // xorshift64 (Marsaglia 2003)
  x ^= x << 13, x ^= x >> 7, x ^= x << 17;
  *random = x;
  const double chance = (static_cast<double>(x >> 11) + 1) / 0x1p53;  // in (0, 1]
  return static_cast<int64_t>(-std::log(chance) * rate);
}

void mprof_lock_for_fork() { lock(&all.lock); }
void mprof_unlock_after_fork() { unlock(&all.lock); }

bool mem_profile_known() { return heap::in_use(); }

size_t mem_profile_count() {
  Held held(all.lock);
  return all.count;
}

// A vector's memory must not be asked for under the lock. Buckets are never removed and their
// stacks never change, so the numbers are noted first.
std::vector<MemProfileRecord> mem_profile_records() {
  uint32_t newest = 0;
  size_t count = 0;
  {
    Held held(all.lock);
    newest = all.newest;
    count = all.count;
  }
  std::vector<MemProfileRecord> records(count);
  uint32_t number = newest;
  for (MemProfileRecord& r : records) {
    const Bucket& b = *bucket(number);
    r.ObjectSize = static_cast<int64_t>(b.size);
    r.pcs.assign(b.pcs, b.pcs + b.depth);
    number = b.older;
  }
  Held held(all.lock);
  number = newest;
  for (MemProfileRecord& r : records) {
    const Bucket& b = *bucket(number);
    r.AllocObjects = static_cast<int64_t>(b.allocs);
    r.FreeObjects = static_cast<int64_t>(b.frees);
    number = b.older;
  }
  return records;
}

void ReadMemStats(MemStats* m) {
  *m = MemStats();
  if (!heap::in_use()) return;
  m->BySize.reserve(heap::kClassesMax);
  const heap::Stats s = heap::stats();
  auto add = [m](uint64_t allocs, uint64_t frees, uint64_t alloc_bytes, uint64_t free_bytes) {
    m->Mallocs += allocs;
    m->Frees += frees;
    m->TotalAlloc += alloc_bytes;
    m->HeapAlloc += alloc_bytes - free_bytes;
  };
  for (const heap::Stats::Class& c : s.classes) {
    if (c.bytes == 0) continue;
    add(c.allocs, c.frees, c.allocs * c.bytes, c.frees * c.bytes);
    m->BySize.push_back({static_cast<uint32_t>(c.bytes), c.allocs, c.frees});
  }
  add(s.large_allocs, s.large_frees, s.large_alloc_bytes, s.large_free_bytes);
  m->Alloc = m->HeapAlloc;
  m->HeapObjects = m->Mallocs - m->Frees;
  m->HeapSys = s.sys;
  m->HeapIdle = s.idle;
  m->HeapInuse = s.sys - std::min(s.idle, s.sys);
  m->HeapReleased = s.released;
  m->StackInuse = m->StackSys = stacks_sys();
  m->OtherSys = s.notes;
  m->Sys = m->HeapSys + m->StackSys + m->OtherSys;
}

}  // namespace golab::runtime
