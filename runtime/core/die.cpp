// die.cpp: how a program ends badly: an uncaught panic, a fatal error, a deadlock, a fault.
//
// All print to stderr in Go's form and exit with status 2. How much is printed is GOTRACEBACK's
// affair:
//
//               panic, fatal          deadlock          runtime fault, stack overflow, SIGQUIT
//   none        message only          message only      as system
//   single      + current goroutine   + all goroutines  as system      (unset: this one)
//   all         + all goroutines      same              as system
//   system      all, with runtime frames and addresses, also the runtime's own goroutines
//   crash       as system, then SIGABRT
//
// Order. The first thread that dies prints; others that die meanwhile wait for the end. If
// something fails while printing, the process ends at once, with what was printed so far. Text is
// made on the big stack of the thread where one is to be had: symbols need room that the goroutine
// may lack.
#include "runtime/core/die.h"

#include <cxxabi.h>
#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "runtime/core/sched.h"
#include "runtime/core/stack.h"
#include "runtime/core/start.h"
#include "runtime/traceback/stack.h"
#include "runtime/traceback/traceback.h"

namespace golab::runtime {
namespace {

enum class Level { None, Single, All, System };

struct Traceback {
  Level level = Level::Single;
  bool crash = false;
};

Traceback gotraceback() {
  const char* text = getenv("GOTRACEBACK");
  if (text == nullptr || *text == '\0' || strcmp(text, "single") == 0)
    return {Level::Single, false};
  if (strcmp(text, "crash") == 0) return {Level::System, true};
  if (strcmp(text, "system") == 0) return {Level::System, false};
  if (strcmp(text, "all") == 0) return {Level::All, false};
  char* end = nullptr;
  unsigned long n = strtoul(text, &end, 10);
  if (*end != '\0' || n == 0) return {Level::None, false};
  return {n == 1 ? Level::All : Level::System, false};
}

void print(const std::string& text) {
  for (size_t at = 0; at < text.size();) {
    ssize_t n = ::write(2, text.data() + at, text.size() - at);
    if (n <= 0) return;
    at += static_cast<size_t>(n);
  }
}

std::atomic<int32_t> dying{0};  // tid of the thread that prints

// Only one thread passes. One that comes here a second time failed while it printed.
void start_dying() {
  fflush(stdout);
  int32_t me = gettid();
  int32_t nobody = 0;
  if (dying.compare_exchange_strong(nobody, me)) {
    // What a thread holds that the world stopped in malloc is not to be had any more. Better half a
    // text than a process that never ends.
    signal(SIGALRM, [](int) { _exit(2); });
    alarm(30);
    return;
  }
  if (nobody == me) _exit(2);
  for (;;) pause();
}

[[noreturn]] void finish_dying(const Traceback& traceback) {
  if (traceback.crash) {
    signal(SIGABRT, SIG_DFL);
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGABRT);
    pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
    raise(SIGABRT);
  }
  _exit(2);
}

std::string registers_text(const ucontext_t* uc);

// The stack at which the current goroutine is shown.
struct Shown {
  uintptr_t pcs[kStackTraceMax];
  WalkResult walk;
  bool leaf_exact = false;
};

void shown_from(Shown* shown, uintptr_t pc, uintptr_t fp) {
  const G* gp = getg();
  WalkBuffer buffer;
  buffer.pcs = shown->pcs;
  buffer.max = kStackTraceMax;
  buffer.tail = kStackTraceTail;
  if (gp != nullptr) shown->walk = walk_from(pc, fp, gp->stackLo, gp->stackHi, buffer);
}

GoroutineRecord current_record(const Shown& shown) {
  GoroutineRecord r;
  if (const G* gp = getm()->curg) describe_goroutine(gp, nanotime(), &r);
  r.status = _Grunning;
  r.pcs = shown.pcs;
  r.walk = shown.walk;
  r.leaf_exact = shown.leaf_exact;
  return r;
}

// What follows the message. `shown` is null if no goroutine runs.
std::string goroutines_text(const Shown* shown, Level level) {
  if (level == Level::None) return "";
  PrintOptions options =
      default_print_options(level == Level::System ? TraceLevel::System : TraceLevel::User);
  std::string text;
  if (level == Level::Single && shown != nullptr) {
    text += '\n';
    append_goroutine(&text, current_record(*shown), options);
    return text;
  }
  freezeTheWorld();
  GoroutineDump dump = dump_goroutines({}, /*world_stopped=*/true, level == Level::System);
  const G* current = shown != nullptr ? getm()->curg : nullptr;
  if (current != nullptr) {
    text += '\n';
    append_goroutine(&text, current_record(*shown), options);
  }
  for (const GoroutineRecord& r : dump.records) {
    if (current != nullptr && r.goid == current->goid) continue;
    text += '\n';
    append_goroutine(&text, r, options);
  }
  return text;
}

// Makes and prints the text, on a big stack if the thread can go there, and ends the process. It
// never comes back from that stack: the world stands still for good by then.
[[noreturn]] void print_and_die(const std::string& message, const Shown* shown, Level level,
                                const Traceback& traceback, const ucontext_t* uc = nullptr) {
  auto make = [&] {
    print(message + goroutines_text(shown, level));
    if (uc != nullptr) print("\n" + registers_text(uc));
    finish_dying(traceback);
  };
  M* mp = getm();
  bool can_switch = mp != nullptr && mp->curg != nullptr && !mp->onSystemstack &&
                    mp->locks.load() == 0 && mp->state.load() == kMRunning;
  if (can_switch) systemstack(make);
  make();
  __builtin_unreachable();
}

}  // namespace

[[gnu::noinline]] void take_stack(int skip, PanicRecord* record) {
  WalkResult walk =
      callers_both_ends(skip + 1, {record->pcs, PanicRecord::kMaxDepth, kStackTraceTail});
  record->depth = walk.stored;
  record->elided = walk.total - walk.stored;
}

// ---- Fatal errors -------------------------------------------------------------------------------

[[noreturn, gnu::noinline]] void die_fatal(const char* text, bool runtime_fault) {
  auto* frame = static_cast<FrameRecord*>(__builtin_frame_address(0));
  start_dying();
  static Shown shown;
  shown_from(&shown, frame->pc, frame->fp);
  Traceback traceback = gotraceback();
  Level level = runtime_fault ? Level::System : traceback.level;
  std::string message = std::string("fatal error: ") + text + "\n";
  G* gp = getg();
  // "panic: first\n\tfatal error: ..." if the goroutine was dying already.
  if (gp != nullptr && gp->panics != nullptr && gp->panics->dying) {
    message = panic_chain_text(*gp->panics) + "\t" + message;
  }
  print_and_die(message, gp != nullptr ? &shown : nullptr, level, traceback);
}

[[noreturn]] void die_deadlock(const char* text) {
  start_dying();
  Traceback traceback = gotraceback();
  Level level = traceback.level == Level::Single ? Level::All : traceback.level;
  print_and_die(std::string("fatal error: ") + text + "\n", nullptr, level, traceback);
}

// ---- Panics -------------------------------------------------------------------------------------

std::string panic_chain_text(const PanicRecord& newest) {
  std::string text;
  if (newest.link != nullptr) text = panic_chain_text(*newest.link) + "\t";
  text += "panic: ";
  for (char c : newest.value->print()) {
    text += c;
    if (c == '\n') text += '\t';
  }
  if (newest.recovered) text += " [recovered]";
  return text + "\n";
}

std::string panic_stack(const PanicRecord& record) {
  std::string text;
  auto make = [&] {
    GoroutineRecord r;
    if (const G* gp = getm()->curg) describe_goroutine(gp, nanotime(), &r);
    r.status = _Grunning;
    r.pcs = record.pcs;
    r.walk = both_ends(record.depth, record.elided);
    append_goroutine(&text, r, default_print_options());
  };
  systemstack(make);
  return text;
}

namespace {

std::string describe_foreign(const std::exception* e) {
  std::type_info* type = abi::__cxa_current_exception_type();
  int status = 0;
  char* name =
      type != nullptr ? abi::__cxa_demangle(type->name(), nullptr, nullptr, &status) : nullptr;
  std::string text = name != nullptr ? name : "exception of unknown type";
  free(name);
  if (e != nullptr) text += std::string(": ") + e->what();
  return text;
}

// An exception that is not a Panic, as the panic that a Go engineer would call it.
std::shared_ptr<PanicRecord> foreign_record(const std::exception* e) {
  struct Text final : PanicValue {
    std::string text;
    std::string print() const override { return text; }
    const std::type_info& type() const override { return typeid(std::string); }
    const void* address() const override { return &text; }
  };
  auto value = std::make_shared<Text>();
  value->text = describe_foreign(e);
  auto record = std::make_shared<PanicRecord>();
  record->value = std::move(value);
  take_stack(2, record.get());
  uint32_t depth = record->depth;
  // The frames of the C++ runtime that lead here from the throw are nobody's business.
  uint32_t skip = 0;
  while (skip < depth && own_code(record->pcs[skip] - 1)) skip++;
  while (skip < depth && !own_code(record->pcs[skip] - 1)) skip++;
  if (skip == depth) skip = 0;
  record->depth = depth - skip;
  memmove(record->pcs, record->pcs + skip, record->depth * sizeof(uintptr_t));
  return record;
}

std::shared_ptr<PanicRecord> exception_in_flight() {
  std::exception_ptr exception = std::current_exception();
  if (exception == nullptr) return nullptr;
  try {
    std::rethrow_exception(exception);
  } catch (Panic& p) {
    return p.record();
  } catch (std::exception& e) {
    return foreign_record(&e);
  } catch (...) {
    return foreign_record(nullptr);
  }
}

}  // namespace
}  // namespace golab::runtime

namespace golab::glue {

using namespace golab::runtime;

// The terminate handler. Where nobody catches, C++ unwinds nothing before it calls this: the stack
// below is whole, and the Defers on it have not run. They run now, on top of it, as Go's gopanic
// runs them.
[[noreturn]] void on_terminate() {
  M* mp = getm();
  std::shared_ptr<PanicRecord> record = exception_in_flight();
  if (record == nullptr) fatal("std::terminate called without an exception");
  G* gp = mp != nullptr ? mp->curg : nullptr;
  if (gp != nullptr && mp->locks.load() == 0) {
    for (;;) {
      record->dying = true;
      gp->panics = record.get();
      try {
        run_defers(gp);
        break;
      } catch (Panic& next) {  // a Defer panicked on top of it: the chain grows
        record = next.record();
      }
    }
  }
  start_dying();
  static Shown shown;
  memcpy(shown.pcs, record->pcs, record->depth * sizeof(uintptr_t));
  shown.walk = both_ends(record->depth, record->elided);
  Traceback traceback = gotraceback();
  print_and_die(panic_chain_text(*record), gp != nullptr ? &shown : nullptr, traceback.level,
                traceback);
}

}  // namespace golab::glue

namespace golab::runtime {

// ---- Faults and SIGQUIT -------------------------------------------------------------------------

namespace {

std::string hex(uintptr_t v) {
  char text[24];
  snprintf(text, sizeof text, "0x%lx", static_cast<unsigned long>(v));
  return text;
}

const char* signal_text(int sig) {
  switch (sig) {
    case SIGSEGV:
      return "SIGSEGV: segmentation violation";
    case SIGBUS:
      return "SIGBUS: bus error";
    case SIGFPE:
      return "SIGFPE: floating-point exception";
    case SIGILL:
      return "SIGILL: illegal instruction";
    default:
      return "signal";
  }
}

void shown_interrupted(Shown* shown, const ucontext_t* uc) {
  const G* gp = getm()->curg;
  WalkBuffer buffer;
  buffer.pcs = shown->pcs;
  buffer.max = kStackTraceMax;
  buffer.tail = kStackTraceTail;
  shown->leaf_exact = true;
  shown->walk = walk_anywhere(interrupted_at(uc), gp->stackLo, gp->stackHi, buffer);
}

// The name tells a debugger, and whoever reads a core file, what happened.
[[noreturn, gnu::noinline]] void goroutine_stack_overflow(G* gp, const ucontext_t* uc,
                                                          Shown* shown) {
  size_t bytes = gp->stackHi - gp->stackLo + kGuardBytes;
  std::string message = "runtime: goroutine stack exceeds " + std::to_string(bytes) +
                        "-byte limit\n" + "runtime: sp=" + hex(context_sp(uc)) + " stack=[" +
                        hex(gp->stackLo) + ", " + hex(gp->stackHi) +
                        "]\nfatal error: stack overflow\n";
  print_and_die(message, shown, Level::System, gotraceback());
}

[[maybe_unused]] void on_fault(int sig, siginfo_t* info, void* context) {
  M* mp = getm();
  auto* uc = static_cast<ucontext_t*>(context);
  auto addr = reinterpret_cast<uintptr_t>(info->si_addr);
  if (mp == nullptr) {
    const char* text =
        "fatal error: fault on a thread that is not the runtime's (goroutines start by go())\n";
    print(text);
    _exit(2);
  }
  start_dying();
  static Shown shown;
  G* gp = mp->curg;
  bool in_goroutine = gp != nullptr && !mp->onSystemstack;
  if (in_goroutine) shown_interrupted(&shown, uc);
  // A stack without a guard page may be left far below before anything faults.
  bool below = gp != nullptr && gp->stackLo != 0 && context_sp(uc) < gp->stackLo;
  if (in_goroutine && sig == SIGSEGV && (below || stackGuardHit(gp, addr)))
    goroutine_stack_overflow(gp, uc, &shown);
  char line[160];
  snprintf(line, sizeof line, "[signal %s code=0x%x addr=0x%lx pc=0x%lx]\n", signal_text(sig),
           info->si_code, static_cast<unsigned long>(addr),
           static_cast<unsigned long>(context_pc(uc)));
  const char* what =
      sig == SIGFPE   ? "panic: runtime error: integer divide by zero\n"
      : sig == SIGILL ? "fatal error: illegal instruction\n"
                      : "panic: runtime error: invalid memory address or nil pointer dereference\n";
  Traceback traceback = gotraceback();
  if (in_goroutine && mp->locks.load() == 0) {
    print_and_die(std::string(what) + line, &shown, traceback.level, traceback);
  }
  print_and_die(std::string("fatal error: unexpected signal during runtime execution\n") + line,
                in_goroutine ? &shown : nullptr, Level::System, traceback);
}

std::string registers_text(const ucontext_t* uc) {
  struct Register {
    const char* name;
    int index;
  };
  constexpr Register kRegisters[] = {
      {"rax", REG_RAX}, {"rbx", REG_RBX}, {"rcx", REG_RCX},   {"rdx", REG_RDX}, {"rdi", REG_RDI},
      {"rsi", REG_RSI}, {"rbp", REG_RBP}, {"rsp", REG_RSP},   {"r8", REG_R8},   {"r9", REG_R9},
      {"r10", REG_R10}, {"r11", REG_R11}, {"r12", REG_R12},   {"r13", REG_R13}, {"r14", REG_R14},
      {"r15", REG_R15}, {"rip", REG_RIP}, {"rflags", REG_EFL}};
  std::string text;
  char line[64];
  for (const Register& r : kRegisters) {
    snprintf(line, sizeof line, "%-7s0x%llx\n", r.name,
             static_cast<unsigned long long>(uc->uc_mcontext.gregs[r.index]));
    text += line;
  }
  auto segments = static_cast<uint64_t>(uc->uc_mcontext.gregs[REG_CSGSFS]);
  const char* names[] = {"cs", "gs", "fs"};
  const int shifts[] = {0, 16, 32};
  for (int i : {0, 2, 1}) {
    snprintf(line, sizeof line, "%-7s0x%llx\n", names[i],
             static_cast<unsigned long long>(segments >> shifts[i] & 0xffff));
    text += line;
  }
  return text;
}

void on_quit(int, siginfo_t* info, void* context) {
  M* mp = getm();
  auto* uc = static_cast<ucontext_t*>(context);
  start_dying();
  static Shown shown;
  const G* gp = mp != nullptr ? mp->curg : nullptr;
  // In the midst of a switch the thread is on another stack than its goroutine's.
  bool in_goroutine = gp != nullptr && mp->state.load() == kMRunning && !mp->onSystemstack &&
                      context_sp(uc) >= gp->stackLo && context_sp(uc) < gp->stackHi;
  if (in_goroutine) shown_interrupted(&shown, uc);
  char head[96];
  snprintf(head, sizeof head, "SIGQUIT: quit\nPC=0x%lx m=%ld sigcode=%d\n",
           static_cast<unsigned long>(context_pc(uc)),
           mp != nullptr ? static_cast<long>(mp->id) : -1L, info->si_code);
  print_and_die(head, in_goroutine ? &shown : nullptr, Level::System, gotraceback(), uc);
}

void handle(int sig, void (*handler)(int, siginfo_t*, void*)) {
  struct sigaction sa {};
  sa.sa_sigaction = handler;
  sa.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART;
  sigfillset(&sa.sa_mask);
  sigdelset(&sa.sa_mask, SIGSEGV);
  sigaction(sig, &sa, nullptr);
}

}  // namespace

void signalinit() {
  std::set_terminate(glue::on_terminate);
#if !defined(GOLAB_ASAN) && !defined(GOLAB_TSAN)
  // A sanitizer reports faults better than we do.
  for (int sig : {SIGSEGV, SIGBUS, SIGFPE, SIGILL}) handle(sig, on_fault);
#endif
  handle(SIGQUIT, on_quit);
  signal(SIGPIPE,
         SIG_IGN);  // a write to a closed connection is an error; see os for stdout and stderr
}

}  // namespace golab::runtime
