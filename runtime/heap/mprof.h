// mprof.h: which code allocates: the samples behind the heap and the allocs profile.
//
// With the library `heap` linked in, operator new records one allocation in MemProfileRate bytes,
// with its stack. The distance to the next sample is drawn from an exponential distribution with
// that mean, as in Go: so a block of S bytes is in the profile with the chance 1 − exp(−S/rate),
// whatever the program does in between, and the profile is scaled by the inverse of it
// (profiler/endpoints/lookup.cpp).
//
// A sample belongs to a bucket: equal stacks and equal sizes. The size is that of the class, as in
// Go. A sampled block knows its bucket, so that its delete is counted there.
//
// The stack is the goroutine's. What runs on the thread's own stack for a goroutine (systemstack)
// allocates in the name of the function that called systemstack. Threads that run no goroutine are
// recorded, too, from their own stacks.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace golab::runtime {

// On average one allocation is recorded for so many bytes. 1: every allocation. 0 or less: none. As
// in Go, GODEBUG=memprofilerate=N sets it before the program begins. Whoever changes it does so
// once, as early as possible: a profile is scaled as if the rate had always been what it is now.
extern std::atomic<int> MemProfileRate;  // 512 KiB

struct MemProfileRecord {
  int64_t AllocObjects = 0;  // sampled so far
  int64_t FreeObjects = 0;   // of them, deleted
  int64_t ObjectSize = 0;    // bytes of each
  std::vector<uintptr_t> pcs;  // return addresses, leaf first: the function that called new
  int64_t AllocBytes() const { return AllocObjects * ObjectSize; }
  int64_t InUseObjects() const { return AllocObjects - FreeObjects; }
  int64_t InUseBytes() const { return InUseObjects() * ObjectSize; }
};
// All buckets, also those of which nothing is in use, the newest first.
std::vector<MemProfileRecord> mem_profile_records();
size_t mem_profile_count();

// False: this program's operator new is not the heap's, so nothing is known.
bool mem_profile_known();

// Go's runtime.MemStats, as of a program that never collects garbage. What the C library's malloc
// holds is in none of the figures.
struct MemStats {
  uint64_t Alloc = 0;       // bytes of live blocks; the same as HeapAlloc
  uint64_t TotalAlloc = 0;  // bytes of all blocks ever made
  uint64_t Sys = 0;         // HeapSys, StackSys and OtherSys
  uint64_t Lookups = 0;     // always 0
  uint64_t Mallocs = 0, Frees = 0;
  uint64_t HeapAlloc = 0;
  uint64_t HeapSys = 0;       // address space that blocks have lain in
  uint64_t HeapIdle = 0;      // of it, without blocks
  uint64_t HeapInuse = 0;     // the rest
  uint64_t HeapReleased = 0;  // of HeapIdle, given back to the kernel
  uint64_t HeapObjects = 0;   // live blocks
  uint64_t StackInuse = 0;    // address space of goroutines' stacks, used or kept for the next
  uint64_t StackSys = 0;
  uint64_t OtherSys = 0;  // the heap's own notes
  uint64_t NextGC = UINT64_MAX;  // never
  uint32_t NumGC = 0;
  bool EnableGC = false;
  struct BySizeClass {
    uint32_t Size = 0;
    uint64_t Mallocs = 0, Frees = 0;
  };
  std::vector<BySizeClass> BySize;
};
// All zeros in a program without the heap. Other threads go on meanwhile (heap.h, Stats).
void ReadMemStats(MemStats* m);

// ---- For the heap ----

void mprof_begin();  // before the first allocation: reads GODEBUG

// Records an allocation. frame: of the operator new that was called. Returns its bucket, which the
// block keeps; 0: there was no memory for one. Neither allocates nor parks.
uint32_t mprof_malloc(size_t bytes, const void* frame);
void mprof_free(uint32_t bucket);
// Draws the distance to the next sample. random: the state of a generator, not 0.
int64_t mprof_next_sample(int rate, uint64_t* random);

// Around fork(): no thread holds the lock then.
void mprof_lock_for_fork();
void mprof_unlock_after_fork();

}  // namespace golab::runtime
