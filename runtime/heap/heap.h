// heap.h: the program's own heap. It exists because two profiles ask what the C library's heap
// cannot say: who allocated this block (the heap profile), and which block contains this address
// (the leak marker).
//
// A program asks for it by linking the library `heap`, which defines operator new and delete
// (operator_new.cpp). malloc stays the C library's. Sanitizer builds bring an operator new of their
// own, so there is none of this in them.
//
// Nothing of the heap lies in the heap. No block has a header, and no free block holds a link: all
// notes are in tables beside it. So
//
//   - a program that writes beyond a block, or into a freed one, damages its own data only: the
//     heap goes on, and so does a profile of the damaged program;
//   - a second delete of a block is found, and so is a delete of what new did not return. Both are
//     fatal errors with a traceback;
//   - a marker may scan all blocks, and meets no pointer that is the heap's.
//
// The arena is one reservation of address space, in chunks of 64 KiB. A chunk holds blocks of one
// size class, or it is part of a run of chunks that is one large block. So from any address:
//
//   chunk = (address − base) >> 16            its class is a byte in a table
//   block = (address & 0xffff) / class size   by a multiplication
//   state = a byte in a table, for each 16 bytes of the arena: free, live, or live and sampled
//
// The state of a block changes by one store, after a thread has taken the block and before it gives
// it up. So at any instant, in whatever instruction each thread is stopped, every block is free or
// live, and walking them needs nobody's lock.
//
// Fast (cache.h). Each thread has, for each class, a magazine: an array of free blocks. new takes
// the last one, delete adds one. Full and empty magazines are exchanged with the depot of the
// class, under its lock (Bonwick and Adams, "Magazines and Vmem", 2001). A thread keeps two of
// them, so that one that alternates between new and delete at the edge of a magazine stays out of
// the depot. The cache is the thread's, not the P's: a goroutine that loses its P in the middle of
// new stays on its thread (sched/proc.h), and foreign threads have no P.
//
// Locks. A thread that holds one is inside the runtime (M::locks): it cannot be stopped there, so
// no stopped thread ever holds a lock of the heap's. On g0, on foreign threads, before main and
// after it, all is the same, because nothing here is constructed or destroyed.
//
// What it does not do. A chunk keeps its class for good, and the pages of small blocks stay with
// the program. Large blocks share no chunk; from 1 MiB on their pages go back to the kernel when
// they are freed. The arena ends at 64 GiB, or at a sixth of `ulimit -v`: then new fails.
//
// (Looked for and not found: a library that does this. jemalloc, mimalloc and tcmalloc know the
// size of a block, but not, without a lock and from an address inside of it, where it begins and
// whether it is live; jemalloc and tcmalloc sample, but write C++ names; Boehm's collector knows
// all of it, and wants to own threads and signals, which are the runtime's.)
#pragma once

#include <cstddef>
#include <cstdint>

namespace golab::runtime::heap {

// True if the program's operator new is this heap's, and has been called.
bool in_use();

// The block that contains an address.
struct Block {
  uintptr_t base = 0;
  size_t bytes = 0;  // all that may be used: the class's size, or a large block's whole pages
  bool live = false;  // false: it is free, and what it holds is left over
};

// Finds the block in constant time, without a lock; also in a signal handler. False: the address is
// in no block. A block that was never handed out counts as free.
bool find(uintptr_t address, Block* block);

// Calls f for each live block, in the order of addresses. Blocks that threads make or free
// meanwhile may be missed or shown: stop them if that matters.
void for_each_live(void (*f)(const Block& block, void* arg), void* arg);

// ---- A mark for each block: for one marker at a time ----

bool set_mark(const Block& block);  // true: it had none
bool marked(const Block& block);
void clear_marks();

// The address space of the blocks, and that of the heap's own tables, which no marker should scan.
// Empty before the first new.
struct Range {
  uintptr_t lo = 0, hi = 0;
};
Range blocks_range();
Range tables_range();

// ---- Figures ----

constexpr uint32_t kClassesMax = 72;

// They are sums over threads that go on meanwhile, so they may be of slightly different moments.
struct Stats {
  struct Class {
    size_t bytes = 0;
    uint64_t allocs = 0, frees = 0;
  };
  Class classes[kClassesMax + 1];  // [0]: unused
  uint64_t large_allocs = 0, large_frees = 0;
  uint64_t large_alloc_bytes = 0, large_free_bytes = 0;
  size_t sys = 0;       // bytes of the arena that were ever used
  size_t idle = 0;      // of them, in runs of chunks without blocks
  size_t released = 0;  // of them, given back to the kernel
  size_t notes = 0;     // bytes of caches, magazines and samples
};
Stats stats();

}  // namespace golab::runtime::heap
