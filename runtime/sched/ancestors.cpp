// ancestors.cpp: takes down the creators of a goroutine.
#include "runtime/sched/ancestors.h"

#include <algorithm>
#include <new>

#include "runtime/core/arch.h"
#include "runtime/sched/gmp.h"
#include "runtime/sched/proc.h"
#include "runtime/walk/walk.h"

namespace golab::runtime {

int32_t tracebackancestors = 0;

namespace {

std::shared_ptr<const Ancestor> as_ancestor(const G* gp, const FrameRecord& caller) {
  uintptr_t pcs[kAncestorFrames];
  WalkResult walk =
      walk_from(caller.pc, caller.fp, gp->stack_lo, gp->stack_hi, {pcs, kAncestorFrames});
  return std::make_shared<Ancestor>(
      Ancestor{gp->goid, gp->gopc, std::vector<uintptr_t>(pcs, pcs + walk.stored)});
}

}  // namespace

AncestorList* save_ancestors(const void* frame) {
  const G* gp = getg();
  if (gp == nullptr || gp->system) return nullptr;
  reap_labels();
  try {
    auto list = std::make_unique<AncestorList>();
    list->ancestry.push_back(as_ancestor(gp, *static_cast<const FrameRecord*>(frame)));
    if (gp->ancestors != nullptr) {
      const Ancestry& older = gp->ancestors->ancestry;
      size_t n = std::min(older.size(), static_cast<size_t>(tracebackancestors) - 1);
      list->ancestry.insert(list->ancestry.end(), older.begin(),
                            older.begin() + static_cast<std::ptrdiff_t>(n));
    }
    return list.release();
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}

}  // namespace golab::runtime
