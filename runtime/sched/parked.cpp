// parked.cpp: hands to the walkers where a goroutine has stopped.
#include "runtime/sched/parked.h"

#include "runtime/core/goexit.h"

namespace golab::runtime {

WalkResult walk_stack(const G* gp, const WalkBuffer& buffer) {
  if (gp->started_running) {
    return walk_from(gp->sched_pc, gp->sched_fp, gp->stack_lo, gp->stack_hi, buffer);
  }
  WalkResult r;
  auto add = [&](uintptr_t pc) {
    if (r.total++ < buffer.max) {
      buffer.pcs[r.stored] = pc;
      if (buffer.cfas != nullptr) buffer.cfas[r.stored] = 0;
      r.stored++;
    }
  };
  if (gp->startpc != 0) add(gp->startpc + 1);
  add(goexit_pc());
  r.head = r.stored;
  r.complete = true;
  return r;
}

uint32_t walk_fast(const G* gp, uintptr_t* pcs, uint32_t max) {
  if (!gp->started_running) return 0;
  return walk_plain(gp->sched_pc, gp->sched_fp, gp->stack_lo, gp->stack_hi, pcs, max);
}

}  // namespace golab::runtime
