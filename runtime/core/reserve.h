// reserve.h: address space for tables that grow in place and never move. Memory comes as it is
// touched.
#pragma once

#include <cstddef>

namespace golab::runtime {

// Reserves `bytes` of zeros. Null: out of address space (ulimit -v). munmap(at, bytes) gives them
// back.
void* reserve(size_t bytes);

// The smaller of `most` bytes and 1/`part` of the address space that this process may have (ulimit
// -v). So a table for 16 million goroutines is smaller under a limit, and leaves room for the rest.
size_t share_of_address_space(size_t most, size_t part);

// For what the runtime cannot do without. If there is no address space, it ends the program with
// status 2: "runtime: out of memory: cannot map … bytes for …".
void* reserve_or_die(size_t bytes, const char* what);
[[noreturn]] void out_of_memory(size_t bytes, const char* what);

}  // namespace golab::runtime
