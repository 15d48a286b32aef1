// injected.h: calls that fail because the class wants them to.
//
// In a classroom the n-th next call of one of a few functions can be made to fail, so that the class
// sees what a program does with an error that is rare otherwise.
#pragma once

#include <string>
#include <string_view>

#include "runtime/errors/errors.h"
#include "runtime/sched/clock.h"

namespace golab::glue {
error injected_error(std::string_view call);
}

namespace golab::errors {

// At the top of a function that can be made to fail, by its name in Go:
//
//   if (error err = errors::injected("net.Dial"); err != nullptr) return {nullptr, err};
inline error injected(std::string_view call) {
  if (!runtime::in_classroom()) [[likely]]
    return nullptr;
  return glue::injected_error(call);
}

// ---- For the class ----

// The nth next call fails, counted from 1. False: no such call can be made to fail.
bool inject(std::string_view call, int64_t nth);
// The names of those that can, with commas.
std::string injectable_calls();

}  // namespace golab::errors
