// parked.cpp: hands to the walkers where a goroutine has stopped.
#include "runtime/sched/parked.h"

#include "runtime/core/goexit.h"

namespace golab::runtime {

WalkResult walk_stack(const G* gp, const WalkBuffer& buffer) {
  if (!gp->started_running) return made_up_stack(0, gp, buffer);
  return walk_from(gp->sched_pc, gp->sched_fp, gp->stack_lo, gp->stack_hi, buffer);
}

WalkResult made_up_stack(uintptr_t leaf, const G* gp, const WalkBuffer& buffer) {
  WalkResult r;
  r.complete = true;
  for (uintptr_t pc : {leaf + 1, gp->startpc + 1, goexit_pc()}) {
    if (pc == 1 || r.total++ >= buffer.max) continue;
    if (buffer.cfas != nullptr) buffer.cfas[r.stored] = 0;
    buffer.pcs[r.stored++] = pc;
  }
  r.head = r.stored;
  return r;
}

uint32_t walk_fast(const G* gp, uintptr_t* pcs, uint32_t max) {
  if (!gp->started_running) return 0;
  return walk_plain(gp->sched_pc, gp->sched_fp, gp->stack_lo, gp->stack_hi, pcs, max);
}

}  // namespace golab::runtime
