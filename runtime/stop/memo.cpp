// memo.cpp: the table of memos.
#include "runtime/stop/memo.h"

#include "runtime/core/reserve.h"
#include "runtime/sched/proc.h"
#include "runtime/stop/stop.h"

namespace golab::runtime {

namespace {
Memo* memos = nullptr;
}

void memoinit(size_t goroutines_max) {
  memos = static_cast<Memo*>(reserve_or_die(sizeof(Memo) * goroutines_max, "the table of memos"));
}

Memo& memo_of(uint32_t i) { return memos[i]; }

bool take_memo(G* gp) {
  gp->has_memo.store(false, std::memory_order_relaxed);
  uint64_t memo = memo_of(static_cast<uint32_t>(gp - allg(0))).exchange(0);
  return memo_epoch(memo) == static_cast<uint32_t>(snapshot_epoch.load(std::memory_order_relaxed));
}

}  // namespace golab::runtime
