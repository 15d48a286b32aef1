// reserve.h: address space for tables that grow in place and never move; memory comes as it is
// touched.
//
// The beginning of a table gets pages of 4 KiB, so that a small program stays small, and the rest
// pages of 2 MiB, if the kernel has them. (Linux: Documentation/admin-guide/mm/transhuge.rst; with
// "never" in /sys/kernel/mm/transparent_hugepage/enabled all are small.) That saves faults and
// entries of the TLB, but it is done for something else. The small pages of a table lie anywhere
// in physical memory, and a virtual machine may have that from its host in pieces of 2 MiB, each of
// which is away now and then: whoever touches it next waits 100 to 200 µs. So what counts is not
// how much a profile looks at, but in how many pieces that lies (measured: tests/bench/README.md,
// "What the host takes").
//
// The price: one goroutine in 6,400 waits, under the lock of the table, until the kernel has
// cleared 2 MiB: 0.2 ms, or 5 where the host has to find them first, or longer if the kernel must
// make room (`defrag` beside the file above). 512 small pages take 0.65 ms, but not in one go.
//
// Rejected: large pages from the start (2 MiB for each table); populating ahead (the pages come at
// once, but not from one place).
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <cstdint>

namespace golab::runtime {

constexpr size_t kSmallPage = size_t{4} << 10;  // bytes
constexpr size_t kLargePage = size_t{2} << 20;

// So many bytes of zeros, of which the first `small` (a multiple of kSmallPage) are in small pages.
// Null: out of address space (see ulimit -v). To be given back with munmap(at, bytes).
inline void* reserve(size_t bytes, size_t small = kLargePage) {
  bytes = (bytes + kSmallPage - 1) / kSmallPage * kSmallPage;
  void* map = mmap(nullptr, bytes + kLargePage, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (map == MAP_FAILED) return nullptr;
  auto begin = static_cast<char*>(map);
  size_t beyond = (reinterpret_cast<uintptr_t>(map) + small) % kLargePage;
  char* at = begin + (kLargePage - beyond) % kLargePage;  // the large ones begin at a boundary
  if (at != begin) munmap(begin, static_cast<size_t>(at - begin));
  munmap(at + bytes, static_cast<size_t>(begin + kLargePage - at));
  madvise(at, small < bytes ? small : bytes, MADV_NOHUGEPAGE);
  if (small < bytes) madvise(at + small, bytes - small, MADV_HUGEPAGE);
  return at;
}

// `most` bytes, or that part of the address space that this process may have (ulimit -v). So a table
// for 16 million goroutines is a smaller one under a limit, and leaves room for other things.
size_t share_of_address_space(size_t most, size_t part);

// For what the runtime cannot do without. If there is no address space, the program ends with
// status 2: "runtime: out of memory: cannot map … bytes for …".
void* reserve_or_die(size_t bytes, const char* what, size_t small = kLargePage);
void* map_or_die(size_t bytes, const char* what, int flags = 0);  // more flags for mmap
[[noreturn]] void out_of_memory(size_t bytes, const char* what);

}  // namespace golab::runtime
