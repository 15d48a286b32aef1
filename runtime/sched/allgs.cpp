// allgs.cpp: the tables of all goroutines: their Gs, and those of the dead.
//
// Each table is one reservation (reserve.h), so a G is found by index and never moves.
//
// A dump lists goroutines in order of the table. As in Go, a goroutine gets the place of a dead
// one, or the next place, whichever P makes it. So the goroutines of a program in which none has
// ended stand in the order in which they were made.
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
G* allgs = nullptr;
std::atomic<uint32_t> allglen_{0};  // places that have been given away
std::atomic<uint32_t> made{0};      // the next ones, up to here, have a G; grows under allglock

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

// Puts dead Gs from the global table into pp's empty cache. These are tables of pointers: in a list
// through the Gs, each G that died elsewhere would be a cache miss.
void gfrefill(P* pp) {
  lock(&sched.lock);
  int32_t there = sched.gfree_count.load(std::memory_order_relaxed);
  int32_t n = std::min(there, kGFreeSize / 2);
  gmove(sched.gFree + there, pp->gFree, n);
  pp->gfree_count = n;
  sched.gfree_count.store(there - n, std::memory_order_relaxed);
  unlock(&sched.lock);
}

// Makes Gs for places that have not been given away.
void make_more() {
  lock(&allglock);
  uint32_t have = made.load(std::memory_order_relaxed);
  if (have == allglen_.load(std::memory_order_relaxed)) {
    if (have + kGBatch > goroutines_max) {
      out_of_memory(2 * goroutines_max * sizeof(G), "a larger table of goroutines");
    }
    for (uint32_t i = have; i < have + kGBatch; i++) {
      (new (&allgs[i]) G)->status.store(_Gdead, std::memory_order_relaxed);
    }
    made.store(have + kGBatch, std::memory_order_release);
  }
  unlock(&allglock);
}

// The next place of the table.
G* gnew() {
  uint32_t place = allglen_.load(std::memory_order_relaxed);
  for (;;) {
    if (place == made.load(std::memory_order_acquire)) {
      make_more();
      place = allglen_.load(std::memory_order_relaxed);
    } else if (allglen_.compare_exchange_weak(place, place + 1, std::memory_order_acq_rel)) {
      return &allgs[place];
    }
  }
}
}  // namespace

G* gfget(P* pp) {
  if (pp->gfree_count == 0) {
    if (sched.gfree_count.load(std::memory_order_relaxed) > 0) gfrefill(pp);
    if (pp->gfree_count == 0) return gnew();
  }
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
  lock(&sched.lock);  // no G moves to or from the global table
  int32_t n = -sched.gfree_count.load();
  if (!include_system) n -= sched.nsystem.load();
  for (int32_t i = 0; i < kMaxProcs && sched.allp[i] != nullptr; i++)
    n -= sched.allp[i]->gfree_count;
  // Last: a goroutine that is made and ends meanwhile must not be taken off without being counted.
  n += static_cast<int32_t>(allglen());
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
