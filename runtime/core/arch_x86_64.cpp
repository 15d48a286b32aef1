// arch_x86_64.cpp: the stack switch, the registers of interrupted code, and the injected call.
//
// jump is Boost.Context's jump_fcontext, kept in step with the processor's return predictor. Each
// `call` pushes an address on the predictor's own stack, each `ret` pops one. It does not see that
// a switch changes the real stack, so it predicts the returns of the goroutine that left. That is
// mostly right: two goroutines that park in the same function got there by the same calls.
//
// But jump_fcontext is entered by a call and left by an indirect jump. The address that stays on
// the predictor's stack would make every return from gopark to the program a misprediction. So
// `jump` pops it after it arrives, by one more `ret` to that address, which is .Larrived itself.
// %rdx tells the first arrival from the second: jump_fcontext passes it on, and it is always 0
// here.
//
// For the same reason a stack is left for good by a jump from its bottom frame (jump_for_good).
#include <unwind.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <initializer_list>

#include "runtime/core/arch.h"
#include "runtime/core/inject.h"

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

  .section .rodata
  .balign 8
golab_jump_returns_to:
  .quad .Larrived
  .text
)");

extern "C" const uintptr_t golab_jump_returns_to;

namespace golab::runtime {

void context_registers(const ucontext_t* uc, uintptr_t* r) {
  constexpr int kByDwarf[] = {REG_RAX, REG_RDX, REG_RCX, REG_RBX, REG_RSI, REG_RDI,
                              REG_RBP, REG_RSP, REG_R8,  REG_R9,  REG_R10, REG_R11,
                              REG_R12, REG_R13, REG_R14, REG_R15, REG_RIP};
  for (int reg : kByDwarf) *r++ = static_cast<uintptr_t>(uc->uc_mcontext.gregs[reg]);
}

size_t registers_text(const ucontext_t* uc, char* text, size_t bytes) {
  struct Register {
    const char* name;
    int index;
  };
  constexpr Register kRegisters[] = {
      {"rax", REG_RAX}, {"rbx", REG_RBX}, {"rcx", REG_RCX},   {"rdx", REG_RDX}, {"rdi", REG_RDI},
      {"rsi", REG_RSI}, {"rbp", REG_RBP}, {"rsp", REG_RSP},   {"r8", REG_R8},   {"r9", REG_R9},
      {"r10", REG_R10}, {"r11", REG_R11}, {"r12", REG_R12},   {"r13", REG_R13}, {"r14", REG_R14},
      {"r15", REG_R15}, {"rip", REG_RIP}, {"rflags", REG_EFL}};
  size_t n = 0;
  auto line = [&](const char* name, uint64_t value) {
    n += static_cast<size_t>(snprintf(text + n, bytes - n, "%-7s0x%llx\n", name,
                                      static_cast<unsigned long long>(value)));
  };
  for (const Register& r : kRegisters) {
    line(r.name, static_cast<uint64_t>(uc->uc_mcontext.gregs[r.index]));
  }
  auto segments = static_cast<uint64_t>(uc->uc_mcontext.gregs[REG_CSGSFS]);
  line("cs", segments & 0xffff);
  line("fs", segments >> 32 & 0xffff);
  line("gs", segments >> 16 & 0xffff);
  return n;
}

// jump_fcontext has no unwind table. At each of its instructions the address to which it returns is
// at most kFrame above sp, on either of the two stacks, or has just been taken from there; below it
// lies the frame pointer, unless that is still in its register.
__attribute__((no_sanitize("address", "thread"))) bool caller_of_switch(const ucontext_t* uc,
                                                                        uintptr_t lo, uintptr_t hi,
                                                                        SwitchCaller* caller) {
  constexpr uintptr_t kWord = sizeof(uintptr_t), kFrame = 64;
  const uintptr_t sp = context_sp(uc), fp = context_fp(uc);
  if (sp % kWord != 0) return false;
  uintptr_t at = std::max(sp, lo + 2 * kWord) - kWord;
  for (; at <= sp + kFrame && at < hi; at += kWord) {
    const auto* word = reinterpret_cast<const volatile uintptr_t*>(at);
    if (*word != golab_jump_returns_to) continue;
    *caller = {*word, at + kWord, fp > at && fp < hi ? fp : word[-1]};
    return true;
  }
  return false;
}

int context_failed_write(const ucontext_t* uc) {
  const greg_t* regs = uc->uc_mcontext.gregs;
  if (regs[REG_RAX] != -EPIPE) return -1;
  const auto* next = reinterpret_cast<const unsigned char*>(regs[REG_RIP]);
  bool after_syscall = next[-2] == 0x0f && next[-1] == 0x05;
  return after_syscall ? static_cast<int>(regs[REG_RDI]) : -1;
}

namespace {

// What lies at faulted_here's rbp: a frame record, for walkers that follow those, then what its
// unwind table refers to by offset.
struct InjectedFrame {
  FrameRecord record;
  uintptr_t registers[17];  // by their DWARF numbers
  Fault fault;
};

// The handler returns here, with rbp = rsp = an InjectedFrame. To unwinders this is a signal's
// frame: its caller is at an instruction, not behind a call. The table says where each callee-saved
// register lies (number n at rbp + 16 + 8 n); the caller's rsp is the CFA.
[[gnu::naked]] void faulted_here() {
  asm(R"(
    .cfi_signal_frame
    .cfi_escape 0x0f, 4, 0x76, 0xc8, 0x00, 0x06   # CFA = *(rbp + 72)
    .cfi_escape 0x10, 3, 2, 0x76, 40              # rbx
    .cfi_escape 0x10, 6, 3, 0x76, 0xc0, 0x00      # rbp
    .cfi_escape 0x10, 12, 3, 0x76, 0xf0, 0x00     # r12
    .cfi_escape 0x10, 13, 3, 0x76, 0xf8, 0x00     # r13
    .cfi_escape 0x10, 14, 3, 0x76, 0x80, 0x01     # r14
    .cfi_escape 0x10, 15, 3, 0x76, 0x88, 0x01     # r15
    .cfi_escape 0x10, 16, 3, 0x76, 0x90, 0x01     # rip
    call golab_sigpanic
    ud2
  )");
}

}  // namespace

bool inject_sigpanic(ucontext_t* uc, const Fault& fault, uintptr_t lo, uintptr_t room) {
  constexpr uintptr_t kRedZone = 128;  // bytes below rsp that a function may use
  uintptr_t at = (fault.sp - kRedZone - sizeof(InjectedFrame)) & ~uintptr_t{15};
  if (at < lo + room) return false;
  auto* frame = reinterpret_cast<InjectedFrame*>(at);
  context_registers(uc, frame->registers);
  frame->registers[7] = fault.sp;
  frame->registers[16] = fault.from;
  frame->record = {fault.fp, fault.from + 1};  // as a return address
  frame->fault = fault;
  greg_t* regs = uc->uc_mcontext.gregs;
  regs[REG_RIP] = reinterpret_cast<greg_t>(faulted_here);
  regs[REG_RSP] = regs[REG_RBP] = static_cast<greg_t>(at);
  regs[REG_RDI] = reinterpret_cast<greg_t>(&frame->fault);
  return true;
}

void registers_at_call(void* unwind_context, uintptr_t* r) {
  auto* context = static_cast<_Unwind_Context*>(unwind_context);
  for (int n : {3, kDwarfFp, 12, 13, 14, 15}) r[n] = _Unwind_GetGR(context, n);
  r[kDwarfSp] = _Unwind_GetCFA(context) - sizeof(uintptr_t);  // there lies the return address
}

[[noreturn]] void call_instead(const uintptr_t* r, void (*fn)()) {
  asm volatile(R"(
    movq 24(%%rdi), %%rbx
    movq 48(%%rdi), %%rbp
    movq 96(%%rdi), %%r12
    movq 104(%%rdi), %%r13
    movq 112(%%rdi), %%r14
    movq 120(%%rdi), %%r15
    movq 56(%%rdi), %%rsp
    jmp *%%rsi
  )" ::"D"(r),
               "S"(fn)
               : "memory");
  __builtin_unreachable();
}

}  // namespace golab::runtime
