// throw.h: the ends of a program that any part of the runtime may call for.
//
// Declared here, at the bottom, so that the scheduler can use them; defined in die/, at the top,
// where a dying program's text is made.
#pragma once

namespace golab::runtime {

// Ends the process with "fatal error: <s>", a dump and status 2. Cannot be recovered.
[[noreturn]] void throw_(const char* s);  // the runtime is broken
[[noreturn]] void fatal(const char* s);   // the program is, beyond recovery

// Raises a panic whose value is a runtime error: "runtime error: <s>" if `prefixed`, else the bare
// text.
[[noreturn]] void panic_runtime_error(const char* s, bool prefixed = false);

// Nothing will ever run again. Needs no goroutine.
[[noreturn]] void fatal_deadlock(const char* s);

}  // namespace golab::runtime
