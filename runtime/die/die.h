// die.h: the ways in which a program ends badly, and the text that it leaves on stderr. For the
// runtime only.
//
//   panic.cpp     raising panics (panic.h), and their chain
//   goexit.cpp    Goexit, also out of a Defer that a panic runs
//   foreign.cpp   exceptions that are not panics: their names, and where they were thrown
//   fault.cpp     signals: faults, and those that end a program with a dump
//   die.cpp       panics that nobody catches, fatal errors, and the printing of all bad ends
#pragma once

#include <ucontext.h>

#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "runtime/die/panic.h"
#include "runtime/stop/stop.h"
#include "runtime/traceback/traceback.h"

namespace golab {

void run_defers(runtime::G* gp);

namespace glue {
[[noreturn]] void on_terminate();  // the terminate handler
}

namespace runtime {

// ---- Panics ----

using PanicStack = KeptStack<256>;

struct ThrowSite;

// One call of panic(): its value, its stack, and the panic that it came on top of.
struct PanicRecord : std::enable_shared_from_this<PanicRecord> {
  std::shared_ptr<PanicValue> value;
  std::shared_ptr<PanicRecord> link;  // the older panic
  uint64_t goid = 0;
  PanicStack stack;
  std::string signal;      // the line "[signal SIGSEGV: …]" of a fault
  bool recovered = false;  // it was caught before the next one was raised
  bool repanicked = false;  // and raised again, with the same value
  bool dying = false;       // nobody catches it: the goroutine's Defers run on top of it
  bool forgotten = false;   // by Goexit: the goroutine ends without it
  G* raiser = nullptr;      // its G::panics may point here; the destructor takes that back
  // While it is thrown: the exception, how many were in flight with it, and where (goexit.cpp).
  void* exception = nullptr;
  int in_flight = 0;
  ThrowSite* site = nullptr;

  ~PanicRecord();
};

// The record of an exception that panic() throws; null for other exceptions.
PanicRecord* record_of_thrown(void* object, const std::type_info& type);
// Called when a catch block throws again what it has caught. Returns its record if it is a panic.
PanicRecord* note_rethrow();

// Calls raise(arg), which throws a panic's exception or throws it again (goexit.cpp).
[[noreturn]] void throw_panic(PanicRecord* record, void (*raise)(const void*), const void* arg);
// Goexit has ended a panic that nobody catches: goes back to where it was thrown, and ends the
// goroutine from there. Returns if that place is no longer on the stack.
void leave_from_throw(ThrowSite* site);

// Raises a runtime error for a fault. `record` has its stack and its line.
[[noreturn]] void gopanic_fault(const char* text, std::shared_ptr<PanicRecord> record);

std::string panic_stack(const PanicRecord& record);
// "panic: first\n\tpanic: second\n", the oldest first, then the signal's line if a fault raised the
// newest. Calls the values' Error() or String(), which may panic.
std::string panic_chain_text(const PanicRecord& newest);

// How many panics are raised and not yet handled or printed. main's return waits for them
// (await_deaths).
extern std::atomic<uint32_t> runningPanicDefers;

constexpr const char* kGoexitTooLate =
    "runtime.Goexit called where a panic that ends the program cannot be left";

// An exception as a panic: a Panic's own record, or a new one with the exception's type, its what()
// and the stack of its throw. Null if there is no exception. `chained`: a new one comes on top of
// the goroutine's newest panic.
std::shared_ptr<PanicRecord> record_of(const std::exception_ptr& exception, bool chained);

// ---- Ends ----

enum class Level { None, Single, All, System };

struct Traceback {  // what GOTRACEBACK asks for
  Level level = Level::Single;
  bool crash = false;
};
Traceback gotraceback();

// Of the goroutine that dies: too large for its own stack. Only one thread dies.
extern StoppedStack last_stack;

void print(std::string_view text);  // to stderr, at once; allocates nothing
void raise_default(int sig);        // with what the system does by default

// Makes this thread the one that dies. Other threads that call this wait for the end.
void start_dying();
// Writes `head` at once, then the stacks, that of the running goroutine first (none: no goroutine
// runs), and ends the process. The registers of `uc`, if given, come last. Requires: start_dying.
[[noreturn]] void die(std::string_view head, std::optional<GoroutineRecord> running,
                      Traceback traceback, const ucontext_t* uc = nullptr);

[[noreturn]] void die_fatal(const char* text, bool runtime_fault);
[[noreturn]] void die_deadlock(const char* text);

// Called when main returns. As in Go, waits a moment for goroutines whose panic runs Defers. If one
// of them dies, the program ends with it, and this does not return.
void await_deaths();

}  // namespace runtime
}  // namespace golab
