// goexit.h: where every goroutine's stack begins, so where every walk ends.
//
// The entry function goexit (sched/proc.cpp) lies alone in a section of its own. So it takes two
// comparisons to see whether a return address is in it.
#pragma once

#include <cstdint>

extern "C" char __start_golab_goexit[], __stop_golab_goexit[];  // made by the linker

namespace golab::runtime {

inline bool is_goexit(uintptr_t pc) {
  return pc >= reinterpret_cast<uintptr_t>(__start_golab_goexit) &&
         pc < reinterpret_cast<uintptr_t>(__stop_golab_goexit);
}

// What stands for goexit in a stack that is not read from memory: a return address into it.
inline uintptr_t goexit_pc() { return reinterpret_cast<uintptr_t>(__start_golab_goexit) + 1; }

}  // namespace golab::runtime
