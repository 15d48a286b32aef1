// stacks.cpp: reservations, guards, the depot of free stacks, and the scavenger.
#include "runtime/sched/stacks.h"

#include <sys/mman.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iterator>
#include <string_view>
#include <utility>

#include "runtime/core/reserve.h"
#include "runtime/core/throw.h"
#include "runtime/sched/proc.h"

#if defined(__SANITIZE_ADDRESS__) || defined(GOLAB_ASAN)
#include <sanitizer/asan_interface.h>
#include <sanitizer/lsan_interface.h>
#endif

#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102  // Linux 6.13, not yet in the headers of Debian 12
#endif

namespace golab::runtime {
namespace {

constexpr size_t kDefaultStackBytes = 256 << 10;
constexpr size_t kLimitedStackBytes = 64 << 10;  // under a ulimit -v of less than 8 GiB
constexpr size_t kMainStackBytes = 8 << 20;
constexpr size_t kReservationBytes = size_t{1} << 30;
constexpr uint32_t kMprotectGuardsMax = 24000;
constexpr uint64_t kCanary = 0x676f6c6162537461;  // "golabSta"
constexpr uint32_t kDepotMax = 1 << 24;
constexpr uint32_t kDepotWarm = 4096;  // free stacks that always keep their pages

struct Stacks {
  mutex lock;
  size_t bytes = kDefaultStackBytes;
  StackGuard guard = StackGuard::Madvise;
  std::atomic<uint32_t> carved{0};  // stacks ever made
  uintptr_t next = 0;   // not yet carved: [next, end)
  uintptr_t end = 0;
  uintptr_t* depot = nullptr;  // free stacks that no P caches, the last one on top
  uint32_t depot_len = 0;
  uint32_t depot_cold = 0;  // the lowest depot_cold of them have no pages
  uint32_t depot_low = 0;   // least depot_len since the scavenger last looked
};
Stacks stacks;

[[noreturn]] void bad_env(const char* name, const char* value, const char* wanted) {
  fprintf(stderr, "golab: %s=%s: %s\n", name, value, wanted);
  _exit(2);
}

size_t parse_stack_bytes(const char* text) {
  const char* wanted =
      "want a stack size from 16k to 64m, a power of two, such as 64k, 256k or 1m (unset: 256k)";
  char* rest = nullptr;
  errno = 0;
  unsigned long n = strtoul(text, &rest, 10);
  if (rest == text || errno != 0 || n > (64u << 20)) bad_env("GOLAB_STACK", text, wanted);
  if (*rest == 'k' || *rest == 'K')
    n <<= 10, rest++;
  else if (*rest == 'm' || *rest == 'M')
    n <<= 20, rest++;
  if (*rest != '\0' || n < (16u << 10) || n > (64u << 20) || (n & (n - 1)) != 0) {
    bad_env("GOLAB_STACK", text, wanted);
  }
  return n;
}

// Reserves `bytes`. If that fails, halves them, but to no less than `least`.
uintptr_t reserve_stacks(size_t& bytes, size_t least) {
  void* at = nullptr;
  while (bytes > least && (at = reserve(bytes)) == nullptr) bytes /= 2;
  if (at == nullptr) {
    bytes = least;
    at = reserve_or_die(bytes, "stacks of goroutines");
  }
  // Else a single touched page could commit two megabytes.
  madvise(at, bytes, MADV_NOHUGEPAGE);
  return reinterpret_cast<uintptr_t>(at);
}

// Guards the lowest page of a fresh stack. False: only a canary guards it.
bool install_guard(uintptr_t base) {
  void* at = reinterpret_cast<void*>(base);
  if (stacks.guard == StackGuard::Madvise) {
    if (madvise(at, kGuardBytes, MADV_GUARD_INSTALL) == 0) return true;
    stacks.guard = StackGuard::Mprotect;
  }
  if (stacks.guard == StackGuard::Mprotect) {
    if (stacks.carved < kMprotectGuardsMax && mprotect(at, kGuardBytes, PROT_NONE) == 0)
      return true;
    stacks.guard = StackGuard::Canary;
    fprintf(stderr,
            "golab: more than %u stacks: further ones are without a guard page (this kernel cannot "
            "guard more), overflows of those are found at the next switch only\n",
            stacks.carved.load());
  }
  return false;
}

// The lowest bit of a free stack's address says that it has no guard page.
constexpr uintptr_t kUnguarded = 1;

uintptr_t carve() {
  if (stacks.next == stacks.end) {
    size_t bytes = share_of_address_space(kReservationBytes, 16);
    uintptr_t base = reserve_stacks(bytes, 2 * stacks.bytes);
    stacks.end = base + bytes - bytes % stacks.bytes;
    stacks.next = base + stacks.bytes;  // the lowest place stays empty: stack_intact looks below
  }
  uintptr_t base = stacks.next;
  bool guarded = install_guard(base);
  stacks.next += stacks.bytes;
  stacks.carved++;
  return guarded ? base : base | kUnguarded;
}

void refill(P* pp) {
  lock(&stacks.lock);
  int want = kStackCacheSize / 2;
  while (want > 0 && stacks.depot_len > 0) {
    pp->stack_cache[pp->stack_cache_count++] = stacks.depot[--stacks.depot_len];
    want--;
  }
  if (stacks.depot_len < stacks.depot_low) stacks.depot_low = stacks.depot_len;
  if (stacks.depot_len < stacks.depot_cold) stacks.depot_cold = stacks.depot_len;
  if (pp->stack_cache_count == 0) pp->stack_cache[pp->stack_cache_count++] = carve();
  unlock(&stacks.lock);
}

void drain(P* pp) {
  int give = kStackCacheSize / 2;
  // The oldest half goes. Those used last stay: their pages are warm.
  lock(&stacks.lock);
  for (int i = 0; i < give; i++) stacks.depot[stacks.depot_len++] = pp->stack_cache[i];
  unlock(&stacks.lock);
  memmove(pp->stack_cache, pp->stack_cache + give, (kStackCacheSize - give) * sizeof(uintptr_t));
  pp->stack_cache_count -= give;
}

// The scavenger's two steps. Stacks whose pages go are out of the depot meanwhile, and stacks from
// the top take their places. The cold ones stay lowest.
constexpr uint32_t kBatch = 64;  // how many may be missing from the depot at a time

// Takes out the lowest warm ones, none above `goal`. Returns how many.
uint32_t take_warm(uintptr_t* batch, uint32_t goal) {
  lock(&stacks.lock);
  uint32_t first = stacks.depot_cold, n = 0;
  while (n < kBatch && first + n < goal && first + n + kDepotWarm < stacks.depot_len) {
    batch[n] = stacks.depot[first + n];
    n++;
  }
  for (uint32_t i = n; i-- > 0;) stacks.depot[first + i] = stacks.depot[--stacks.depot_len];
  unlock(&stacks.lock);
  return n;
}

void put_cold(const uintptr_t* batch, uint32_t n) {
  lock(&stacks.lock);
  for (uint32_t i = 0; i < n; i++) {
    uint32_t at = stacks.depot_cold++;
    stacks.depot[stacks.depot_len++] = stacks.depot[at];
    stacks.depot[at] = batch[i];
  }
  unlock(&stacks.lock);
}

uint64_t* canary_of(uintptr_t hi) { return reinterpret_cast<uint64_t*>(hi - sizeof(uint64_t)); }

}  // namespace

void stackinit() {
  constexpr size_t kEnough = size_t{8} << 30;
  if (share_of_address_space(kEnough, 1) < kEnough) stacks.bytes = kLimitedStackBytes;
  if (const char* text = getenv("GOLAB_STACK")) stacks.bytes = parse_stack_bytes(text);
  if (const char* text = getenv("GOLAB_GUARD")) {
    constexpr std::string_view kKinds[] = {"madvise", "mprotect", "canary"};  // as in StackGuard
    auto kind = std::find(std::begin(kKinds), std::end(kKinds), text);
    if (kind == std::end(kKinds))
      bad_env("GOLAB_GUARD", text, "want madvise, mprotect or canary (unset: the best there is)");
    stacks.guard = static_cast<StackGuard>(kind - kKinds);
  }
  size_t depot = share_of_address_space(kDepotMax * stacks.bytes, 1) / stacks.bytes;
  void* at = reserve_or_die(depot * sizeof(uintptr_t), "the table of free stacks");
  stacks.depot = static_cast<uintptr_t*>(at);
}

StackGuard stack_guard_kind() { return stacks.guard; }

void stackalloc(P* pp, G* gp) {
  if (pp->stack_cache_count == 0) refill(pp);
  uintptr_t base = pp->stack_cache[--pp->stack_cache_count];
  gp->stack_unguarded = (base & kUnguarded) != 0;
  base &= ~kUnguarded;
  gp->stack_lo = base + kGuardBytes;
  gp->stack_hi = base + stacks.bytes;
  *canary_of(gp->stack_hi) = kCanary;
}

void stackfree(P* pp, G* gp) {
  uintptr_t base = gp->stack_lo - kGuardBytes;
#if defined(GOLAB_ASAN)
  __asan_unpoison_memory_region(reinterpret_cast<void*>(gp->stack_lo), gp->stack_hi - gp->stack_lo);
#endif
  if (gp->stack_hi - base == stacks.bytes) {  // else goroutine 1's, which stays as it is
    if (pp->stack_cache_count == kStackCacheSize) drain(pp);
    pp->stack_cache[pp->stack_cache_count++] = gp->stack_unguarded ? base | kUnguarded : base;
  }
  gp->stack_lo = 0;
  gp->stack_hi = 0;
}

bool stackscavenge() {
  lock(&stacks.lock);
  uint32_t unused = std::exchange(stacks.depot_low, stacks.depot_len);
  uint32_t cold = stacks.depot_cold;
  // Half of the warm ones that were not needed since the last call.
  uint32_t goal = unused > cold + kDepotWarm ? cold + (unused - cold) / 2 : cold;
  bool more = stacks.depot_len > goal + kDepotWarm;
  unlock(&stacks.lock);

  uintptr_t batch[kBatch];
  while (uint32_t n = take_warm(batch, goal)) {
    for (uint32_t i = 0; i < n; i++) {
      uintptr_t lo = batch[i] & ~kUnguarded;
      madvise(reinterpret_cast<void*>(lo + kGuardBytes), stacks.bytes - kGuardBytes, MADV_DONTNEED);
    }
    put_cold(batch, n);
  }
  return more;
}

void stackalloc_main(G* gp) {
  size_t bytes = stacks.bytes > kMainStackBytes ? 2 * stacks.bytes : kMainStackBytes;
  uintptr_t base = reserve_stacks(bytes, bytes);
  mprotect(reinterpret_cast<void*>(base), kGuardBytes, PROT_NONE);
  gp->stack_unguarded = false;
  gp->stack_lo = base + kGuardBytes;
  gp->stack_hi = base + bytes;
}

size_t stacks_sys() { return stacks.carved.load() * stacks.bytes; }

bool stack_intact(const G* gp) {
  uintptr_t below = gp->stack_lo - kGuardBytes;
  uint64_t word = *canary_of(below);
  return word == kCanary || word == 0;  // 0: the stack below was never used
}

bool stack_guard_hit(const G* gp, uintptr_t addr) {
  // The probes of -fstack-clash-protection touch each page, so no frame jumps over the guard.
  return gp->stack_lo != 0 && addr >= gp->stack_lo - kGuardBytes && addr < gp->stack_lo;
}

#if defined(GOLAB_ASAN)
void check_leaks() {
  for (uint32_t i = 0; i < allglen(); i++) {
    G* gp = allg(i);
    uint32_t status = gp->status.load();
    if (gp->stack_lo == 0 || status == _Gdead) continue;
    // Of a parked one, what it uses. The leak checker must not read guards.
    uintptr_t lo = status == _Gwaiting || status == _Grunnable
                       ? reinterpret_cast<uintptr_t>(gp->ctx)
                       : gp->stack_lo;
    __lsan_register_root_region(reinterpret_cast<void*>(lo), gp->stack_hi - lo);
  }
  __lsan_register_root_region(allg(0), allglen() * sizeof(G));  // closures that have not run yet
  __lsan_do_leak_check();
}
#else
void check_leaks() {}
#endif

}  // namespace golab::runtime
