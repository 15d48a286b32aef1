// throw.h: how any part of the runtime ends the program. Defined in die/ (sched/hooks.h says why).
#pragma once

namespace golab::runtime {

// Ends the process with "fatal error: <s>", a dump and status 2. Cannot be recovered.
[[noreturn]] void throw_(const char* s);  // the runtime is broken
[[noreturn]] void fatal(const char* s);   // the program is, beyond recovery

// Raises a panic whose value is a runtime error: "runtime error: <s>" if `prefixed`, else <s>.
[[noreturn]] void panic_runtime_error(const char* s, bool prefixed = false);

// As fatal, for a program in which no goroutine can run any more. Needs no goroutine.
[[noreturn]] void fatal_deadlock(const char* s);

}  // namespace golab::runtime
