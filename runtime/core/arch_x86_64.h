// arch_x86_64.h: x86-64's part of the runtime: this thread's M, frame records, the end of a stack.
//
// A port supplies what this file declares, and the functions of inject.h that arch_x86_64.cpp
// defines.
#pragma once

#include <ucontext.h>

#include <cstdint>

namespace golab::runtime {

struct M;
extern thread_local constinit M* tls_m;

// The M of the thread that executes this instruction.
//
// A compiler may keep the address of a thread_local in a register across a call, and a goroutine
// may return from that call on another thread. So a volatile asm reads the variable through the
// thread register each time. Its local-exec model needs a static runtime in a non-PIE program.
[[gnu::always_inline]] inline M* getm() {
  M* m;
  asm volatile("movq %%fs:_ZN5golab7runtime5tls_mE@tpoff, %0" : "=r"(m)::"memory");
  return m;
}

inline void cpu_relax() { __builtin_ia32_pause(); }
inline void full_fence() { __builtin_ia32_mfence(); }

// Goes to another stack: a jump() returns there, or a new context begins. Returns when a thread
// jumps back, with the context of the stack that this thread left.
void* jump(void* to) asm("golab_jump");

// The last jump from a stack, made without a call (arch_x86_64.cpp).
[[noreturn, gnu::always_inline]] inline void jump_for_good(void* to) {
  asm volatile("xorl %%esi, %%esi\n\tjmp jump_fcontext@PLT" ::"D"(to) : "memory");
  __builtin_unreachable();
}

// A frame record: the caller's frame pointer, then the return address.
struct FrameRecord {
  uintptr_t fp;
  uintptr_t pc;
};

// Registers by their DWARF numbers (System V ABI for x86-64, figure 3.36).
constexpr int kDwarfRegisters = 17;
constexpr int kDwarfFp = 6;   // rbp
constexpr int kDwarfSp = 7;   // rsp
constexpr int kDwarfPc = 16;  // the return address

// Tells unwinders that the enclosing function has no caller.
#define GOLAB_STACK_END() asm volatile(".cfi_undefined rip")

// An address of the instruction being executed.
[[gnu::always_inline]] inline uintptr_t getpc() {
  uintptr_t pc;
  asm volatile("leaq 0(%%rip), %0" : "=r"(pc));
  return pc;
}

// A system call, in the frame of its caller. Returns the kernel's result: -errno is an error.
[[gnu::always_inline]] inline long raw_syscall(long trap, long a1, long a2, long a3, long a4,
                                               long a5, long a6) {
  register long r10 asm("r10") = a4;
  register long r8 asm("r8") = a5;
  register long r9 asm("r9") = a6;
  long result = trap;
  asm volatile("syscall"
               : "+a"(result)
               : "D"(a1), "S"(a2), "d"(a3), "r"(r10), "r"(r8), "r"(r9)
               : "rcx", "r11", "memory");
  return result;
}

inline uintptr_t context_pc(const ucontext_t* uc) { return uc->uc_mcontext.gregs[REG_RIP]; }
inline uintptr_t context_fp(const ucontext_t* uc) { return uc->uc_mcontext.gregs[REG_RBP]; }
inline uintptr_t context_sp(const ucontext_t* uc) { return uc->uc_mcontext.gregs[REG_RSP]; }

}  // namespace golab::runtime
