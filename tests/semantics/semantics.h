// semantics.h: Go's program `semantics`, ported: one line per rule, compared with what Go printed.
//
// golden_stdout.txt is the output of the Go program, made with Go 1.27. Each section of it is
// printed by one function here, which does the same things to our packages, line for line.
#pragma once

#include <string>

#include "runtime/golab.h"

namespace semantics {

template <typename... A>
void say(std::string_view format, const A&... args) {
  fmt::Printf(std::string(format) + "\n", args...);
}

// Runs f and says what it panics with, as the Go program does.
template <typename F>
std::string caught(F f) {
  try {
    f();
    return "no panic";
  } catch (Panic& p) {
    const char* type = p.value<runtime::Error>() != nullptr ? "runtime.Error" : "string";
    return fmt::Sprintf("%s %q", type, p.String());
  }
}

// Goes on when condition holds, where the Go program sleeps for long enough.
template <typename Condition>
void wait_until(Condition condition) {
  while (!condition()) time::Sleep(100 * time::Microsecond);
}

void channels();
void selects();
void contexts();
void groups();
void mutexes();
void timers();
void goroutines();

}  // namespace semantics
