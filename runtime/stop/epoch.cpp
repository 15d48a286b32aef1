// epoch.cpp: records a goroutine once for a snapshot: by a walker, or by the scheduler before it
// runs it. See stop.h, "The epoch snapshot", and memo.h.
#include "runtime/sched/gate.h"
#include "runtime/sched/hooks.h"
#include "runtime/stop/memo.h"
#include "runtime/stop/stop.h"

namespace golab::runtime {

std::atomic<uint64_t> snapshot_epoch{0};
std::atomic<bool> snapshot_active{false};
Hooks hooks;

bool snapshot_claim(G* gp) {
  uint64_t epoch = snapshot_epoch.load(std::memory_order_relaxed);
  uint64_t mark = gp->snapshot.load(std::memory_order_acquire);
  if (mark >> 2 == epoch) return false;
  return gp->snapshot.compare_exchange_strong(mark, epoch << 2 | kSnapshotInProgress,
                                              std::memory_order_acq_rel);
}

void snapshot_done(G* gp) {
  uint64_t epoch = snapshot_epoch.load(std::memory_order_relaxed);
  gp->snapshot.store(epoch << 2 | kSnapshotSatisfied, std::memory_order_release);
}

bool snapshot_satisfied(const G* gp) {
  uint64_t epoch = snapshot_epoch.load(std::memory_order_relaxed);
  return gp->snapshot.load(std::memory_order_acquire) == (epoch << 2 | kSnapshotSatisfied);
}

void snapshot_end() { snapshot_active.store(false); }

uint64_t snapshot_of_newborn() {
  return snapshot_epoch.load(std::memory_order_relaxed) << 2 | kSnapshotSatisfied;
}

bool pass_snapshot(G* gp) {
  bool active = snapshot_active.load(std::memory_order_acquire);
  bool claimed = active && snapshot_claim(gp);
  if (active && !claimed && !snapshot_satisfied(gp)) return false;
  bool counted = gp->has_memo.load(std::memory_order_relaxed) && take_memo(gp);
  if (!claimed) return true;
  if (!counted && hooks.record != nullptr) hooks.record(gp);
  snapshot_done(gp);
  return true;
}

}  // namespace golab::runtime
