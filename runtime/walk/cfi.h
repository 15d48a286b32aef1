// cfi.h: one step up a stack by the unwind tables (.eh_frame), from whatever registers are known.
//
// A system's unwinders start from the registers of the thread that calls them, or allocate. This
// one starts from the registers that are known of any goroutine: the program counter and the frame
// pointer suffice. It reads only the stack and the tables, allocates nothing and takes no lock
// (_dl_find_object finds the tables without one). So it may run while the world is stopped, and in
// a signal handler.
#pragma once

#include <cstdint>

#include "runtime/core/arch.h"

namespace golab::runtime {

// Registers by their DWARF numbers. Bit n of `known`: r[n] is known.
struct UnwindState {
  static constexpr int kRegisters = kDwarfRegisters;
  uintptr_t r[kRegisters] = {};
  uint32_t known = 0;

  void set(int reg, uintptr_t value) {
    r[reg] = value;
    known |= 1u << reg;
  }
  bool has(int reg) const { return (known >> reg & 1) != 0; }
};

enum class UnwindStep { Ok, End, Failed };

// A piece of memory that may be read: [lo, hi).
struct StackRange {
  uintptr_t lo = 0;
  uintptr_t hi = 0;
  bool holds(uintptr_t at) const { return at >= lo && at < hi; }
};

// Replaces the state by the caller's; sp becomes the frame's CFA. *exact: pc is the address of an
// instruction; else it is a return address, and the call before it decides. The caller's pc is a
// return address unless a signal interrupted it; *exact is set to that. Reads memory in `stack`
// only, and in `alternate`, where a signal handler may run. End: the tables say that there is no
// caller.
UnwindStep unwind_step(UnwindState* state, bool* exact, StackRange stack,
                       StackRange alternate = {});

// What the tables say of nearly every instruction: the CFA (where the caller's frame begins) is a
// constant above sp or fp, the return address lies just below it, and the caller's frame pointer is
// untouched or saved further below.
struct PlainFrame {
  bool above_fp;         // else above sp
  uint16_t cfa_words;    // how far above it
  uint16_t saved_words;  // from the CFA down to the saved frame pointer; 0: not touched
};

// False: the tables say more than that, or nothing. The result is kept if pc is in an image that is
// never unloaded, so that the next call does not read the tables.
bool plain_frame(uintptr_t pc, PlainFrame* frame);

}  // namespace golab::runtime
