// arch_x86_64.cpp: jump: Boost.Context's, and in step with the processor's memory of calls.
//
// A processor guesses where a `ret` goes from a stack of its own: each `call` puts an address on
// it, each `ret` takes one off. It knows nothing of a change of stacks. What it remembers then are
// the calls of the goroutine that left, and two goroutines that park in the same function have
// called the same functions to get there: its guesses would be right for all but the last frame.
//
// But jump_fcontext is called, and arrives by an indirect jump. So one address too many is left,
// each guess is that of the frame before, and all of them are wrong, from gopark to the program and
// on: 15 to 20 cycles each, three quarters of the time of a switch. Therefore `jump` takes that one
// off: who arrives returns once more, to where the guess goes and it stands already. %rdx tells the
// first time from the second: it is the datum that jump_fcontext passes on, which is always 0 here.
//
// For the same reason a stack is left for good from its bottom frame, by a jump and not a call
// (jump_for_good): what the processor remembers is then what it was when the stack was entered.
//
// Measured on a Zen 5, against jump_fcontext alone: a switch by Gosched 0.6, a ping-pong round trip
// 0.7, a hop in a pipeline 0.5 of the time.
#include "runtime/core/arch.h"

asm(R"(
  .text
  .p2align 4
  .globl golab_jump
  .type golab_jump, @function
golab_jump:
  .cfi_startproc
  subq $8, %rsp
  .cfi_adjust_cfa_offset 8
  xorl %esi, %esi
  call jump_fcontext@PLT
.Larrived:
  testq %rdx, %rdx
  jne .Lin_step
  incl %edx
  leaq .Larrived(%rip), %rcx
  pushq %rcx
  .cfi_adjust_cfa_offset 8
  ret
  .cfi_adjust_cfa_offset -8
.Lin_step:
  addq $8, %rsp
  .cfi_adjust_cfa_offset -8
  ret
  .cfi_endproc
  .size golab_jump, . - golab_jump
)");
