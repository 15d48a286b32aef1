// parked.h: the stack of a goroutine that does not run.
#pragma once

#include "runtime/sched/gmp.h"
#include "runtime/walk/walk.h"

namespace golab::runtime {

// The stack of a goroutine that is parked, runnable, or in a system call.
WalkResult walk_stack(const G* gp, const WalkBuffer& buffer);

// Of a goroutine that has not run yet, or whose stack is not known: `leaf`, a function (0: none),
// the function that it was started with, if that is known, each as if just entered (pc = entry +
// 1), and goexit.
WalkResult made_up_stack(uintptr_t leaf, const G* gp, const WalkBuffer& buffer);

// The same by walk_plain, in the common case. 0: it is another case, call walk_stack.
uint32_t walk_fast(const G* gp, uintptr_t* pcs, uint32_t max);

}  // namespace golab::runtime
