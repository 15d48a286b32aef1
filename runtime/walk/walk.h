// walk.h: the return addresses on a stack, without allocating or locking.
//
// A stack is a chain of frame records: the program's own code keeps frame pointers. The bounds of
// every goroutine's stack are known, so a walk checks that each record lies inside and above the
// last one. The chain ends in the entry function (is_goexit).
//
// Libraries need not keep frame pointers: a callback from qsort that parks has a library's frame in
// between, whose caller the chain skips. A walk notices that by an address outside of the program's
// own code, or by an end elsewhere than in goexit, and starts again by the unwind tables (cfi.h).
//
// All pcs are return addresses: the instruction is at pc − 1. Only the innermost one may be exact:
// the address of the instruction that was interrupted.
#pragma once

#include <ucontext.h>

#include <cstdint>

#include "runtime/walk/cfi.h"

namespace golab::runtime {

// How many frames are kept of one stack.
constexpr uint32_t kStackTraceMax = 512;
constexpr uint32_t kStackTraceTail = 100;  // of them, the outermost ones of a deeper stack

// Where to put a stack. Of one deeper than `max` frames, the outermost `tail` are kept and the
// innermost max − tail: a dump shows both ends (tail ≤ max).
struct WalkBuffer {
  uintptr_t* pcs = nullptr;
  uint32_t max = 0;
  uint32_t tail = 0;
  uintptr_t* cfas = nullptr;  // if not null: where each frame begins, max of them
};

struct WalkResult {
  uint32_t total = 0;      // frames of the stack
  uint32_t stored = 0;     // frames in the buffer
  uint32_t head = 0;       // frames before the gap of total − stored; without a gap: stored
  bool complete = false;   // ended where the stack ends
  bool by_tables = false;  // frame pointers or plain frames did not suffice
};

// The result of a walk with a tail of kStackTraceTail that stored `stored` frames and left out
// `elided` before the tail.
WalkResult both_ends(uint32_t stored, uint32_t elided);

// A stack that was taken down, leaf first; of one deeper than Max both ends. All pcs are return
// addresses, but the leaf's is exact if a signal interrupted it there.
template <uint32_t Max>
struct KeptStack {
  uint32_t depth = 0;
  uint32_t elided = 0;  // frames between the last kStackTraceTail pcs and those before
  bool leaf_exact = false;
  uintptr_t pcs[Max];

  WalkBuffer buffer() { return {pcs, Max, kStackTraceTail}; }
  // Notes the result of a walk to buffer().
  void keep(const WalkResult& walked, bool exact = false) {
    depth = walked.stored;
    elided = walked.total - walked.stored;
    leaf_exact = exact;
  }
  WalkResult walk() const { return both_ends(depth, elided); }
};
using StoppedStack = KeptStack<kStackTraceMax>;

// The common case of walk_from, as fast as possible: at most max frames, whose frame pointers lead
// through the program's own code to goexit. Returns how many pcs were stored; 0 if it is another
// case.
uint32_t walk_plain(uintptr_t pc, uintptr_t fp, uintptr_t lo, uintptr_t hi, uintptr_t* pcs,
                    uint32_t max);

// From a frame that is at a call: pc is the first return address, fp the frame pointer of the
// function that pc is in.
WalkResult walk_from(uintptr_t pc, uintptr_t fp, uintptr_t lo, uintptr_t hi,
                     const WalkBuffer& buffer);

// From any instruction, also a library's; in a signal handler, too. Without a tail the walk ends
// when the buffer is full (total: max + 1). Reads memory in [lo, hi) only, and on the alternate
// stack if the interrupted code is a signal handler that runs there.
struct WalkFrom {
  uintptr_t pc, sp, fp;
  bool exact;  // pc is an instruction's; else a return address, and sp is as after the return
  StackRange alternate = {};
};
WalkFrom interrupted_at(const ucontext_t* context);
WalkFrom caller_of(const void* frame);  // of the function that has this frame record
WalkResult walk_anywhere(const WalkFrom& from, uintptr_t lo, uintptr_t hi,
                         const WalkBuffer& buffer);
// The stack below a signal handler, from all interrupted registers: it also leads out of code that
// finds its frame by another register than sp and fp, such as the dynamic linker's.
WalkResult walk_interrupted(const ucontext_t* context, uintptr_t lo, uintptr_t hi,
                            const WalkBuffer& buffer);

// True if pc is in the program's own code, not in a shared library's.
bool own_code(uintptr_t pc);

}  // namespace golab::runtime
