// die.h: the ways in which a program ends badly, and the text it leaves on stderr. For runtime/core
// only.
//
//   foreign.cpp   exceptions that are no panics: what they are called, where they were thrown
//   fault.cpp     signals: faults, and those that end a program with a dump
//   die.cpp       panics that nobody catches, fatal errors, and the printing itself
#pragma once

#include <ucontext.h>

#include <cstdint>
#include <exception>
#include <memory>
#include <string>
#include <string_view>

#include "runtime/die/panic.h"
#include "runtime/stop/stop.h"
#include "runtime/walk/walk.h"

namespace golab {

void run_defers(runtime::G* gp);

namespace glue {
[[noreturn]] void on_terminate();  // the terminate handler
}

namespace runtime {

// ---- Panics ----

// One call of panic(): what it was given, where it happened, and the panic it came on top of.
struct PanicRecord : std::enable_shared_from_this<PanicRecord> {
  static constexpr uint32_t kMaxDepth = 256;

  std::shared_ptr<PanicValue> value;
  std::shared_ptr<PanicRecord> link;  // older
  uint64_t goid = 0;
  uint32_t depth = 0;
  uint32_t elided = 0;  // of a deeper stack, whose both ends these are (both_ends)
  uintptr_t pcs[kMaxDepth];
  std::string signal;      // of a fault: "[signal SIGSEGV: …]", a line
  bool recovered = false;  // somebody caught it before the next was raised
  bool dying = false;      // nobody will: its Defers run on top of it
  G* raiser = nullptr;     // whose G::panics points here, until this is gone

  ~PanicRecord();
};

// The running goroutine's own stack, from its caller on if `skip` is 1.
void take_stack(int skip, PanicRecord* record);

// Is it what panic() throws?
bool is_panic(const std::type_info& type);

// Raises a runtime error for a fault, whose stack and line `record` has.
[[noreturn]] void gopanic_fault(const char* text, std::shared_ptr<PanicRecord> record);

std::string panic_stack(const PanicRecord& record);
// "panic: first\n\tpanic: second\n", the oldest first, then the line of the signal if a fault
// raised the newest. Calls the values' Error() or String(), which may panic.
std::string panic_chain_text(const PanicRecord& newest);

// Panics that are on their way: raised, and neither caught nor printed yet. main does not return
// while there are any (await_deaths).
extern std::atomic<uint32_t> runningPanicDefers;

// An exception as a panic: a Panic's own record, else one made of its type, its what(), and the
// stack at its throw. Null if there is no exception. `chained`: on top of the goroutine's newest
// panic.
std::shared_ptr<PanicRecord> record_of(const std::exception_ptr& exception, bool chained);

// ---- Ends ----

enum class Level { None, Single, All, System };

struct Traceback {  // what GOTRACEBACK asks for
  Level level = Level::Single;
  bool crash = false;
};
Traceback gotraceback();

// The stack at which the current goroutine is shown.
struct Shown {
  uintptr_t pcs[kStackTraceMax];
  WalkResult walk;
  bool leaf_exact = false;
};

void print(std::string_view text);  // to stderr, at once; allocates nothing

// From here on this thread is the one that dies; others that come here wait for the end.
void start_dying();
// Writes `head` at once, then what is to be shown, and ends the process. `shown` is null if no
// goroutine runs; the registers of `uc`, if given, come last. Requires: start_dying.
[[noreturn]] void die(std::string_view head, const Shown* shown, Traceback traceback,
                      const ucontext_t* uc = nullptr);

[[noreturn]] void die_fatal(const char* text, bool runtime_fault);
[[noreturn]] void die_deadlock(const char* text);

// Called when main returns: waits for goroutines that panic. Those whose Defers run get a moment,
// as in Go; if one of them dies, that is the program's end and this does not return.
void await_deaths();

}  // namespace runtime
}  // namespace golab
