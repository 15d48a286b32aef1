// parked.h: the stack of a goroutine that does not run.
#pragma once

#include "runtime/sched/gmp.h"
#include "runtime/walk/walk.h"

namespace golab::runtime {

// The stack of a goroutine that is parked, runnable, or in a system call. One that has not run yet
// shows its function, as if just entered (pc = entry + 1), if that is known, and goexit.
WalkResult walk_stack(const G* gp, const WalkBuffer& buffer);

// The same by walk_plain, in the common case. 0: it is another case, call walk_stack.
uint32_t walk_fast(const G* gp, uintptr_t* pcs, uint32_t max);

}  // namespace golab::runtime
