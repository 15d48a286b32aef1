// allgs.cpp: the tables of all goroutines: their Gs, and those of the dead.
//
// Each table is one reservation (reserve.h), so a G is found by index and never moves.
#include <algorithm>
#include <new>

#include "runtime/core/reserve.h"
#include "runtime/core/throw.h"
#include "runtime/sched/proc.h"
#include "runtime/sched/sched.h"

namespace golab::runtime {

namespace {
uint32_t goroutines_max = 16 << 20;  // fewer where address space is limited (allginit)
constexpr uint32_t kGBatch = 16;

mutex allglock;
std::atomic<uint32_t> allglen_{0};
G* allgs = nullptr;

template <typename T>
T* table(size_t n) {
  return static_cast<T*>(reserve_or_die(sizeof(T) * n, "the table of goroutines"));
}
}  // namespace

void allginit() {
  size_t bytes = share_of_address_space(goroutines_max * sizeof(G), 16);
  goroutines_max = static_cast<uint32_t>(bytes / sizeof(G));
  allgs = table<G>(goroutines_max);
  memoinit(goroutines_max);
  sched.gFree = table<G*>(goroutines_max);
}

namespace {
// Moves n free Gs from the end of one table to the end of another.
void gmove(G** from_end, G** to_end, int32_t n) { std::copy(from_end - n, from_end, to_end); }

// Puts some Gs into pp's empty cache: dead ones from the global table, or new ones. These are
// tables of pointers: in a list through the Gs, each G that died elsewhere would be a cache miss.
void gfrefill(P* pp) {
  if (sched.gfree_count.load(std::memory_order_relaxed) > 0) {
    lock(&sched.lock);
    int32_t there = sched.gfree_count.load(std::memory_order_relaxed);
    int32_t n = std::min(there, kGFreeSize / 2);
    gmove(sched.gFree + there, pp->gFree, n);
    pp->gfree_count = n;
    sched.gfree_count.store(there - n, std::memory_order_relaxed);
    unlock(&sched.lock);
    if (n > 0) return;
  }
  lock(&allglock);
  uint32_t len = allglen_.load(std::memory_order_relaxed);
  if (len + kGBatch > goroutines_max) {
    out_of_memory(2 * goroutines_max * sizeof(G), "a larger table of goroutines");
  }
  // The highest first, so that they are taken in order of the table.
  for (uint32_t i = kGBatch; i-- > 0;) {
    G* gp = new (&allgs[len + i]) G;
    gp->status.store(_Gdead, std::memory_order_relaxed);
    pp->gFree[pp->gfree_count++] = gp;
  }
  allglen_.store(len + kGBatch, std::memory_order_release);
  unlock(&allglock);
}
}  // namespace

G* gfget(P* pp) {
  if (pp->gfree_count == 0) gfrefill(pp);
  return pp->gFree[--pp->gfree_count];
}

void gfgive(P* pp, int32_t n) {
  int32_t there = sched.gfree_count.load(std::memory_order_relaxed);
  gmove(pp->gFree + pp->gfree_count, sched.gFree + there, n);
  sched.gfree_count.store(there + n, std::memory_order_relaxed);
  pp->gfree_count = pp->gfree_count - n;
}

void gfput(P* pp, G* gp) {
  pp->gFree[pp->gfree_count++] = gp;
  if (pp->gfree_count < kGFreeSize) return;
  lock(&sched.lock);
  gfgive(pp, kGFreeSize / 2);
  unlock(&sched.lock);
}

uint32_t allglen() { return allglen_.load(std::memory_order_acquire); }
G* allg(uint32_t i) { return &allgs[i]; }

int32_t gcount(bool include_system) {
  RuntimeCall rc;
  // Under both locks no G is made, and none moves to or from the global table.
  lock(&sched.lock);
  lock(&allglock);
  int32_t n = static_cast<int32_t>(allglen()) - sched.gfree_count.load();
  if (!include_system) n -= sched.nsystem.load();
  for (int32_t i = 0; i < kMaxProcs && sched.allp[i] != nullptr; i++)
    n -= sched.allp[i]->gfree_count;
  unlock(&allglock);
  unlock(&sched.lock);
  return n < 1 ? 1 : n;  // other Ps' counts change during the reads
}

int NumGoroutine() { return gcount(false); }

GoroutineStates goroutine_states() {
  GoroutineStates states;
  for (uint32_t i = 0; i < allglen(); i++) {
    switch (allg(i)->status.load(std::memory_order_relaxed)) {  // DOC: goroutines-by-state
      case _Grunnable:
        states.runnable++;
        break;
      case _Grunning:
        states.running++;
        break;
      case _Gsyscall:
        states.not_in_go++;
        break;
      case _Gwaiting:
        states.waiting++;
        break;
      default:  // not in use
        break;
    }
  }
  return states;
}

}  // namespace golab::runtime
