// inject.h: reads the registers of interrupted code, and makes that code call sigpanic; leaves frames.
#pragma once

#include <ucontext.h>

#include <cstddef>
#include <cstdint>

namespace golab::runtime {

// An instruction that faulted, in a goroutine's code.
struct Fault {
  int sig;
  int code;        // siginfo's
  uintptr_t addr;  // siginfo's
  uintptr_t pc;    // the signal's: 0 after a call of a null pointer
  uintptr_t from;  // the instruction that faulted: pc, or that call
  uintptr_t sp;
  uintptr_t fp;
};

// All registers, at their DWARF numbers (cfi.h): 17 words.
void context_registers(const ucontext_t* uc, uintptr_t* r);

// Writes a line for each register, as Go prints them. Returns the length; 1024 bytes suffice.
size_t registers_text(const ucontext_t* uc, char* text, size_t bytes);

// If the interrupted code is in the middle of a switch, on a stack [lo, hi), so that no table leads
// out of it: the function that switched, on that stack, at its call.
struct SwitchCaller {
  uintptr_t pc;  // a return address
  uintptr_t sp;  // after the return
  uintptr_t fp;
};
bool caller_of_switch(const ucontext_t* uc, uintptr_t lo, uintptr_t hi, SwitchCaller* caller);

// The descriptor of a write that has just failed with EPIPE, or -1.
int context_failed_write(const ucontext_t* uc);

// Changes the interrupted registers so that sigpanic(fault) runs when the handler returns, on the
// interrupted stack, as if the instruction at fault.from had called it. Unwinders and walkers see
// the registers of that instruction. False: the stack has fewer than `room` bytes left above `lo`.
bool inject_sigpanic(ucontext_t* uc, const Fault& fault, uintptr_t lo, uintptr_t room);

// From libgcc's _Unwind_Context of a function: the registers that the function which it has called
// must give back, and the stack pointer at the first instruction of that one.
void registers_at_call(void* unwind_context, uintptr_t* r);
// Goes on as if that function had called `fn` as its very last act: its frame, and all below, are
// gone.
[[noreturn]] void call_instead(const uintptr_t* r, void (*fn)());

// Defined in die/fault.cpp.
[[noreturn]] void sigpanic(const Fault* fault) asm("golab_sigpanic");

}  // namespace golab::runtime
