// arch_x86_64.cpp: jump: Boost.Context's, in step with the processor's return predictor.
//
// A processor predicts the target of a `ret` with a stack of its own: each `call` pushes an
// address, each `ret` pops one. It does not know that a switch changes the real stack, so it
// predicts the returns of the goroutine that left. That is right most of the time: two goroutines
// that park in the same function have called the same functions to get there.
//
// But jump_fcontext is entered by a call and left by an indirect jump. So one address too many is
// on the predictor's stack. Every prediction is off by one frame, and every return from gopark to
// the program is mispredicted, which takes most of the time of a switch. Therefore `jump` pops that
// address: after it arrives, it executes one more `ret`, to the predicted address, which is
// .Larrived itself. %rdx tells the first arrival from the second: jump_fcontext passes it on, and
// it is always 0 here.
//
// For the same reason a stack is left for good by a jump from its bottom frame, not by a call
// (jump_for_good). The predictor's stack is then as it was when the stack was entered.
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
