// cfi.h: one step up a stack by the unwind tables (.eh_frame), for stacks that are not running.
//
// The unwinders that a system comes with start from the registers of the thread that calls them, or
// allocate. This one is for a goroutine that is parked: from what is known of its registers (the
// program counter and the frame pointer will do), reading nothing but its stack and the tables. It
// allocates nothing and takes no lock (_dl_find_object finds the tables without one), so it may run
// while the world is stopped and in a signal handler.
#pragma once

#include <cstdint>

namespace golab::runtime {

// Registers by their DWARF numbers; bit n of `known` says that r[n] is.
struct UnwindState {
  static constexpr int kRegisters = 17;
  uintptr_t r[kRegisters] = {};
  uint32_t known = 0;

  void set(int reg, uintptr_t value) {
    r[reg] = value;
    known |= 1u << reg;
  }
  bool has(int reg) const { return (known >> reg & 1) != 0; }
};

#if defined(__x86_64__)
constexpr int kDwarfFp = 6;   // rbp
constexpr int kDwarfSp = 7;   // rsp
constexpr int kDwarfPc = 16;  // the return address column
#else
#error "the DWARF numbers of fp, sp and the return address for this processor"
#endif

enum class UnwindStep { Ok, End, Failed };

// A piece of memory that may be read: [lo, hi).
struct StackRange {
  uintptr_t lo = 0;
  uintptr_t hi = 0;
  bool holds(uintptr_t at) const { return at >= lo && at < hi; }
};

// Replaces the state by the caller's. *exact: pc is the address of an instruction; else it is a
// return address, and the call before it decides. The caller's is that, too, unless a signal
// interrupted it: *exact says so afterwards. sp is then the frame's CFA. Memory is read in `stack`
// only, and in `alternate`, if a signal handler runs there. End: the tables say that there is no
// caller.
UnwindStep unwind_step(UnwindState* state, bool* exact, StackRange stack,
                       StackRange alternate = {});

// What the tables say of nearly every instruction: the caller's frame begins (the CFA) a constant
// above one of two registers, the return address lies just below, and the caller's frame pointer is
// where it was, or saved further below.
struct PlainFrame {
  bool above_fp;         // else above sp
  uint16_t cfa_words;    // how far above it
  uint16_t saved_words;  // the saved frame pointer is so far below the CFA; 0: it was not touched
};

// False: it is not that kind. The answer is kept by pc if that is in an image that cannot be
// unloaded: it takes some nanoseconds then, and no look at the tables, which lie in a dozen pages.
bool plain_frame(uintptr_t pc, PlainFrame* frame);

}  // namespace golab::runtime
