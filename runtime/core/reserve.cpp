// reserve.cpp: shares of a limited address space, and the end of a program that has none left.
#include "runtime/core/reserve.h"

#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

namespace golab::runtime {

void* reserve(size_t bytes) {
  constexpr int kFlags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
  void* at = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, kFlags, -1, 0);
  return at == MAP_FAILED ? nullptr : at;
}

size_t share_of_address_space(size_t most, size_t part) {
  rlimit limit{};
  if (getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return most;
  return std::min<size_t>(most, limit.rlim_cur / part);
}

void* reserve_or_die(size_t bytes, const char* what) {
  void* at = reserve(bytes);
  if (at == nullptr) out_of_memory(bytes, what);
  return at;
}

// Prints no traceback: finding names needs memory.
[[noreturn]] void out_of_memory(size_t bytes, const char* what) {
  fflush_unlocked(stdout);
  char limit[64] = "no limit is set: the machine has no more";
  rlimit lim{};
  if (getrlimit(RLIMIT_AS, &lim) == 0 && lim.rlim_cur != RLIM_INFINITY) {
    snprintf(limit, sizeof limit, "ulimit -v is %zu", static_cast<size_t>(lim.rlim_cur >> 10));
  }
  char text[512];
  int n = snprintf(text, sizeof text,
                   "runtime: out of memory: cannot map %zu bytes for %s (%s; GOLAB_STACK=64k makes "
                   "goroutines' stacks smaller)\nfatal error: out of memory\n",
                   bytes, what, limit);
  if (write(2, text, static_cast<size_t>(n)) < 0) _exit(2);
  _exit(2);
}

}  // namespace golab::runtime
