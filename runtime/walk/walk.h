// walk.h: the return addresses on a stack, without allocating, locking or asking anybody.
//
// A stack is a chain of frame records: our code keeps frame pointers, and we know every goroutine's
// stack to the byte, so each record is checked to lie above the last one and inside. The chain of a
// goroutine ends in the entry function (is_goexit). Libraries need not keep frame pointers: a
// callback from qsort that parks has a frame in between whose caller the chain loses, mostly
// without a trace. What gives it away is an address outside of our own code, or an end elsewhere
// than in the entry function. Such a stack is walked again by its unwind tables (cfi.h).
//
// All pcs are return addresses: the instruction is at pc − 1. Where the innermost one was
// interrupted rather than left by a call, `leaf_exact` says so.
#pragma once

#include <ucontext.h>

#include <cstdint>

#include "runtime/walk/cfi.h"
#include "runtime/walk/depth.h"

namespace golab::runtime {

// Where to put a stack. Of one deeper than `max` the innermost frames are kept, and of the
// outermost ones the last `tail`, in order: a dump shows both ends (tail ≤ max).
struct WalkBuffer {
  uintptr_t* pcs = nullptr;
  uint32_t max = 0;
  uint32_t tail = 0;
  uintptr_t* cfas = nullptr;  // if wanted: where each frame begins, max of them
};

struct WalkResult {
  uint32_t total = 0;   // frames there are
  uint32_t stored = 0;  // frames in the buffer
  uint32_t head = 0;    // those before the gap of total − stored frames; stored if there is none
  bool complete = false;   // ended where a stack ends
  bool by_tables = false;  // frame pointers did not suffice
};

// Of a stack that was taken down with a tail of kStackTraceTail: `stored` frames, and `elided` ones
// before the tail.
WalkResult both_ends(uint32_t stored, uint32_t elided);

// From the innermost frame of a stack that nobody runs on, in the common case and as fast as can
// be: no more than max frames, whose frame pointers lead through our own code to the stack's end.
// Returns how many pcs were stored; 0 if it is not that case: then walk_from.
uint32_t walk_plain(uintptr_t pc, uintptr_t fp, uintptr_t lo, uintptr_t hi, uintptr_t* pcs,
                    uint32_t max);

// From a frame of the running goroutine: pc is the address to begin with (a return address), fp the
// frame pointer of the function it is in.
WalkResult walk_from(uintptr_t pc, uintptr_t fp, uintptr_t lo, uintptr_t hi,
                     const WalkBuffer& buffer);

// From any instruction, of a library's too, in a signal handler as well. With no tail the walk ends
// when there is no room (total: max + 1). Memory is read in [lo, hi) only, and on the alternate
// stack, if the interrupted code is a signal handler that runs there.
struct WalkFrom {
  uintptr_t pc, sp, fp;
  bool exact;  // pc is that of an instruction; else a return address, and sp as after the return
  StackRange alternate = {};
};
WalkFrom interrupted_at(const ucontext_t* context);
WalkResult walk_anywhere(const WalkFrom& from, uintptr_t lo, uintptr_t hi,
                         const WalkBuffer& buffer);
// The stack below a signal handler, from all registers that were interrupted: it also leads out of
// code that finds its frame by another register than sp and fp, such as the dynamic linker's.
WalkResult walk_interrupted(const ucontext_t* context, uintptr_t lo, uintptr_t hi,
                            const WalkBuffer& buffer);

// Is pc in code of the program itself (not of a shared library)?
bool own_code(uintptr_t pc);

}  // namespace golab::runtime
