// goexit.h: the function at the bottom of every goroutine's stack, where every walk ends.
//
// goexit (sched/proc.cpp) is alone in a section of its own, so two comparisons tell whether a
// return address is in it.
#pragma once

#include <cstdint>

extern "C" char __start_golab_goexit[], __stop_golab_goexit[];  // made by the linker

namespace golab::runtime {

inline bool is_goexit(uintptr_t pc) {
  return pc >= reinterpret_cast<uintptr_t>(__start_golab_goexit) &&
         pc < reinterpret_cast<uintptr_t>(__stop_golab_goexit);
}

// A return address in goexit, for a stack that is not read from memory.
inline uintptr_t goexit_pc() { return reinterpret_cast<uintptr_t>(__start_golab_goexit) + 1; }

}  // namespace golab::runtime
