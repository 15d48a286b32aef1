// fault.cpp: what each signal does to a program, as in Go's sigtable.
//
//   SIGSEGV SIGBUS SIGFPE, of an instruction   a panic, or the end: see below
//   the same, sent by kill(2)                  the end, with a dump and status 2
//   SIGQUIT SIGABRT SIGILL SIGTRAP SIGSYS      the same
//     SIGSTKFLT
//   SIGPIPE                                    nothing: the write returns EPIPE. Of a write to
//                                              descriptor 1 or 2: the end, by SIGPIPE
//   SIGUSR1 SIGUSR2 SIGPROF SIGALRM ...        nothing, unless os/signal wants it
//     and 35 to 64
//   SIGHUP SIGINT SIGTERM, and all others      the system's default
//
// "Nothing" is an empty handler, not SIG_IGN, which a child would inherit through exec.
//
// A fault is a panic that a catch block may recover, if three things hold:
//   - The thread is in a goroutine's code, outside the runtime and libraries, and holds no lock.
//   - The code was compiled with -fnon-call-exceptions: only then can the stack be unwound from an
//     instruction that faults. GCC notes the flag in the debug information; Clang does not have it.
//   - No noexcept function stands between the instruction and the catch block.
// Then the handler arranges that sigpanic runs on the goroutine's stack, as if the instruction had
// called it (inject.h). In all other cases the fault ends the program, with Go's text.
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "runtime/core/inject.h"
#include "runtime/die/die.h"
#include "runtime/sched/sched.h"
#include "runtime/sched/stacks.h"
#include "runtime/traceback/symbols.h"

namespace golab::runtime {
namespace {

constexpr uintptr_t kNilPage = 0x1000;       // members of a null object have addresses below it
constexpr uintptr_t kPanicBytes = 16 << 10;  // stack that sigpanic and the unwinder need

const char* signame(int sig) {
  struct Name {
    int sig;
    const char* text;
  };
  static constexpr Name kNames[] = {{SIGQUIT, "SIGQUIT: quit"},
                                    {SIGILL, "SIGILL: illegal instruction"},
                                    {SIGTRAP, "SIGTRAP: trace trap"},
                                    {SIGABRT, "SIGABRT: abort"},
                                    {SIGBUS, "SIGBUS: bus error"},
                                    {SIGFPE, "SIGFPE: floating-point exception"},
                                    {SIGSEGV, "SIGSEGV: segmentation violation"},
                                    {SIGSTKFLT, "SIGSTKFLT: stack fault"},
                                    {SIGSYS, "SIGSYS: bad system call"}};
  for (const Name& name : kNames) {
    if (name.sig == sig) return name.text;
  }
  return "signal";
}

// Nothing, if no goroutine was interrupted.
std::optional<GoroutineRecord> interrupted(const ucontext_t* uc, const G* gp) {
  if (gp == nullptr) return std::nullopt;
  last_stack.keep(walk_interrupted(uc, gp->stack_lo, gp->stack_hi, last_stack.buffer()), true);
  return running_goroutine(last_stack);
}

template <uint32_t Max>
void keep_stack(const Fault& fault, KeptStack<Max>* stack) {
  const G* gp = getg();
  WalkFrom from{fault.from, fault.sp, fault.fp, true};
  stack->keep(walk_anywhere(from, gp->stack_lo, gp->stack_hi, stack->buffer()));
  if (stack->depth > 0) stack->pcs[0]++;  // as a return address, like the others
}

size_t signal_line(const Fault& f, char* line, size_t bytes) {
  return static_cast<size_t>(snprintf(line, bytes, "[signal %s code=0x%x addr=0x%lx pc=0x%lx]\n",
                                      signame(f.sig), f.code, static_cast<unsigned long>(f.addr),
                                      static_cast<unsigned long>(f.pc)));
}

// The fault as a runtime error; null if no program may go on after it.
const char* error_of(const Fault& f) {
  switch (f.sig) {
    case SIGSEGV:
      if ((f.code != SEGV_MAPERR && f.code != SEGV_ACCERR) || f.addr >= kNilPage) return nullptr;
      return "invalid memory address or nil pointer dereference";
    case SIGBUS:
      if (f.code != BUS_ADRERR || f.addr >= kNilPage) return nullptr;
      return "invalid memory address or nil pointer dereference";
    case SIGFPE:
      if (f.code == FPE_INTDIV) return "integer divide by zero";
      return f.code == FPE_INTOVF ? "integer overflow" : "floating point error";
    default:
      return nullptr;
  }
}

[[noreturn]] void die_of_fault(const Fault& f, std::optional<GoroutineRecord> running,
                               bool in_program) {
  char line[160];
  signal_line(f, line, sizeof line);
  char head[320];
  Traceback traceback = gotraceback();
  const char* error = error_of(f);
  if (in_program && error != nullptr) {
    snprintf(head, sizeof head, "panic: runtime error: %s\n%s", error, line);
    die(head, running, traceback);
  }
  traceback.level = Level::System;
  if (in_program) {
    snprintf(head, sizeof head, "unexpected fault address 0x%lx\nfatal error: fault\n%s",
             static_cast<unsigned long>(f.addr), line);
  } else {
    snprintf(head, sizeof head, "fatal error: unexpected signal during runtime execution\n%s",
             line);
  }
  die(head, running, traceback);
}

// Not inlined, so that its name tells a reader of a core file what happened.
[[noreturn, gnu::noinline]] void goroutine_stack_overflow(const G* gp, const ucontext_t* uc) {
  char head[256];
  snprintf(head, sizeof head,
           "runtime: goroutine stack exceeds %zu-byte limit\n"
           "runtime: sp=0x%lx stack=[0x%lx, 0x%lx]\n"
           "fatal error: stack overflow\n",
           static_cast<size_t>(gp->stack_hi - gp->stack_lo + kGuardBytes),
           static_cast<unsigned long>(context_sp(uc)), static_cast<unsigned long>(gp->stack_lo),
           static_cast<unsigned long>(gp->stack_hi));
  Traceback traceback = gotraceback();
  traceback.level = Level::System;
  die(head, interrupted(uc, gp), traceback);
}

Fault fault_of(int sig, const siginfo_t* info, const ucontext_t* uc) {
  auto addr = reinterpret_cast<uintptr_t>(info->si_addr);
  uintptr_t pc = context_pc(uc), sp = context_sp(uc);
  Fault f{sig, info->si_code, addr, pc, pc, sp, context_fp(uc)};
  if (pc != 0 || sig != SIGSEGV) return f;
  // A null pointer was called. The fault is the call's; its return address is on top of the stack.
  uintptr_t back = *reinterpret_cast<const uintptr_t*>(sp);
  if (own_code(back - 1)) f.from = back - 1, f.sp = sp + sizeof back;
  return f;
}

bool in_program(const M* mp) {
  return mp->locks.load() == 0 && mp->state.load() == kMRunning && !mp->on_systemstack;
}

// ---- Handlers ----------------------------------------------------------------------------------

// Go's fatalsignal.
[[noreturn]] void die_of_signal(int sig, const siginfo_t* info, const ucontext_t* uc) {
  start_dying();
  M* mp = getm();
  const G* gp = mp != nullptr ? mp->curg : nullptr;
  // During a stack switch the thread is on another stack than its goroutine's.
  bool in_goroutine = gp != nullptr && mp->state.load() == kMRunning && !mp->on_systemstack &&
                      context_sp(uc) >= gp->stack_lo && context_sp(uc) < gp->stack_hi;
  char head[320];
  char* end = head + sizeof head;
  char* at = head;
  at += snprintf(at, static_cast<size_t>(end - at), "%s\nPC=0x%lx m=%ld sigcode=%d", signame(sig),
                 static_cast<unsigned long>(context_pc(uc)),
                 mp != nullptr ? static_cast<long>(mp->id) : -1L, info->si_code);
  if (sig == SIGSEGV || sig == SIGBUS) {
    at += snprintf(at, static_cast<size_t>(end - at), " addr=0x%lx",
                   reinterpret_cast<unsigned long>(info->si_addr));
  }
  at += snprintf(at, static_cast<size_t>(end - at), "\n");
  if (sig == SIGILL || sig == SIGFPE) {
    constexpr uintptr_t kPage = 4096, kBytes = 16;
    uintptr_t pc = context_pc(uc), n = std::min(kBytes, kPage - pc % kPage);
    at += snprintf(at, static_cast<size_t>(end - at), "instruction bytes:");
    for (uintptr_t i = 0; i < n; i++) {
      at += snprintf(at, static_cast<size_t>(end - at), " 0x%x",
                     reinterpret_cast<const unsigned char*>(pc)[i]);
    }
    snprintf(at, static_cast<size_t>(end - at), "\n");
  }
  Traceback traceback = gotraceback();
  traceback.level = Level::System;
  die(head, interrupted(uc, in_goroutine ? gp : nullptr), traceback, uc);
}

void on_fatal(int sig, siginfo_t* info, void* context) {
  die_of_signal(sig, info, static_cast<const ucontext_t*>(context));
}

[[maybe_unused]] void on_fault(int sig, siginfo_t* info, void* context) {
  auto* uc = static_cast<ucontext_t*>(context);
  if (info->si_code <= 0) die_of_signal(sig, info, uc);  // sent, not raised
  M* mp = getm();
  if (mp == nullptr) {
    print("fatal error: fault on a thread that is not the runtime's (goroutines start by go())\n");
    _exit(2);
  }
  Fault fault = fault_of(sig, info, uc);
  const G* gp = mp->curg;
  bool in_goroutine = gp != nullptr && !mp->on_systemstack;
  // A stack without a guard page may be left by far before an access faults.
  bool below = gp != nullptr && gp->stack_lo != 0 && fault.sp < gp->stack_lo;
  if (in_goroutine && sig == SIGSEGV && (below || stack_guard_hit(gp, fault.addr))) {
    start_dying();
    goroutine_stack_overflow(gp, uc);
  }
  bool inside = in_goroutine && in_program(mp);
  if (inside && error_of(fault) != nullptr && own_code(fault.from) && fault.sp < gp->stack_hi &&
      inject_sigpanic(uc, fault, gp->stack_lo, kPanicBytes)) {
    return;
  }
  start_dying();
  die_of_fault(fault, interrupted(uc, in_goroutine ? gp : nullptr), inside);
}

// SIGPIPE ends the program if nobody reads its output any more. A lost connection does not.
void on_sigpipe(int, siginfo_t*, void* context) {
  int fd = context_failed_write(static_cast<const ucontext_t*>(context));
  if (fd == 1 || fd == 2) raise_default(SIGPIPE);
}

void on_ignored(int, siginfo_t*, void*) {}

void handle(int sig, void (*handler)(int, siginfo_t*, void*), int flags = 0) {
  struct sigaction sa {};
  sa.sa_sigaction = handler;
  sa.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART | flags;
  sa.sa_mask = blockable_signals();
  sigaction(sig, &sa, nullptr);
}

}  // namespace

[[noreturn, gnu::noinline]] void sigpanic(const Fault* fault) {
  bool recoverable = false;
  systemstack([&] { recoverable = compiled_with(fault->from, "-fnon-call-exceptions"); });
  if (!recoverable) {
    start_dying();
    keep_stack(*fault, &last_stack);
    die_of_fault(*fault, running_goroutine(last_stack), true);
  }
  char line[160];
  signal_line(*fault, line, sizeof line);
  auto record = std::make_shared<PanicRecord>();
  record->signal = line;
  keep_stack(*fault, &record->stack);
  gopanic_fault(error_of(*fault), std::move(record));
}

void unblock_signal(int sig) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, sig);
  pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
}

void raise_default(int sig) {
  signal(sig, SIG_DFL);
  unblock_signal(sig);
  raise(sig);
}

sigset_t blockable_signals() {
  sigset_t set;
  sigfillset(&set);
  for (int failure : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS, SIGALRM})
    sigdelset(&set, failure);
  return set;
}

void signalinit() {
  std::set_terminate(glue::on_terminate);
  for (int sig : {SIGQUIT, SIGABRT, SIGSYS, SIGSTKFLT}) handle(sig, on_fatal, SA_NODEFER);
#if !defined(GOLAB_ASAN) && !defined(GOLAB_TSAN)
  // A sanitizer has its own reports of faults.
  for (int sig : {SIGSEGV, SIGBUS, SIGFPE}) handle(sig, on_fault, SA_NODEFER);
  for (int sig : {SIGILL, SIGTRAP}) handle(sig, on_fatal, SA_NODEFER);
#endif
  handle(SIGPIPE, on_sigpipe);
  for (int sig : {SIGUSR1, SIGUSR2, SIGALRM, SIGXCPU, SIGXFSZ, SIGVTALRM, SIGPROF, SIGIO, SIGPWR})
    handle(sig, on_ignored);
  for (int sig = SIGRTMIN + 1; sig <= SIGRTMAX; sig++) handle(sig, on_ignored);
}

}  // namespace golab::runtime
