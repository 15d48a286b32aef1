// reserve.h: address space for tables that grow in place and never move.
//
// Memory comes as it is touched. A table begins with pages of 4 KiB, so that a small program stays
// small, and goes on with pages of 2 MiB, if the kernel has them (Linux:
// Documentation/admin-guide/mm/transhuge.rst). They save faults and entries of the TLB, and keep a
// table in few pieces of physical memory: a virtual machine gets its memory from the host in pieces
// of 2 MiB, and has to wait for a piece that the host has taken back. So the number of pieces that
// a profile touches decides what it costs (tests/bench/README.md, "What the host takes").
//
// The price: the thread that touches a new large page waits, under the lock of the table, until the
// kernel has cleared it. Rejected: large pages from the start (2 MiB for each table); populating
// ahead (the pages come at once, but not from one place).
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <cstdint>

namespace golab::runtime {

constexpr size_t kSmallPage = size_t{4} << 10;  // bytes
constexpr size_t kLargePage = size_t{2} << 20;

// Reserves `bytes` of zeros, the first `small` of them (a multiple of kSmallPage) in small pages.
// Null: out of address space (ulimit -v). munmap(at, bytes) gives them back.
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

// The smaller of `most` bytes and 1/`part` of the address space that this process may have (ulimit
// -v). So a table for 16 million goroutines is smaller under a limit, and leaves room for the rest.
size_t share_of_address_space(size_t most, size_t part);

// For what the runtime cannot do without. If there is no address space, they end the program with
// status 2: "runtime: out of memory: cannot map … bytes for …".
void* reserve_or_die(size_t bytes, const char* what, size_t small = kLargePage);
void* map_or_die(size_t bytes, const char* what, int flags = 0);  // more flags for mmap
[[noreturn]] void out_of_memory(size_t bytes, const char* what);

}  // namespace golab::runtime
