// stack.h: Go's runtime.Callers, runtime.Stack, debug.Stack and debug.PrintStack.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "runtime/walk/walk.h"

namespace golab::runtime {

// The return addresses of the calls that the running goroutine is in, innermost first; skip 0
// begins in Callers itself, 1 in its caller. Physical frames: calls that were inlined have none of
// their own (symbols.h finds them). Returns how many were stored. Allocates nothing.
int Callers(int skip, std::span<uintptr_t> pcs);

// The same, from its caller on if skip is 1; of a deep stack both ends, as the buffer says
// (walk.h).
WalkResult callers_both_ends(int skip, const WalkBuffer& buffer);

// Writes the stack of the running goroutine, with `all` those of all others after it (the world is
// stopped meanwhile), cut at the end of buf. Returns the number of bytes.
int Stack(std::span<char> buf, bool all);

// The text of Stack, whole.
std::string StackText(bool all);

namespace debug {

std::string Stack();  // of the running goroutine; its own frame is the first
void PrintStack();    // the same to stderr

}  // namespace debug
}  // namespace golab::runtime
