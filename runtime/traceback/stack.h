// stack.h: Go's runtime.Callers, runtime.Stack, debug.Stack and debug.PrintStack.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "runtime/walk/walk.h"

namespace golab::runtime {

// Stores the return addresses of the running goroutine's calls, innermost first. skip 0 begins in
// Callers itself, 1 in its caller. Frames are physical: symbols.h finds the inlined ones. Returns
// how many were stored: none on a thread that runs no goroutine. Allocates nothing.
int Callers(int skip, std::span<uintptr_t> pcs);

// The same; of a deep stack both ends, as the buffer says (walk.h).
WalkResult callers_both_ends(int skip, const WalkBuffer& buffer);

// Writes the stack of the running goroutine, with `all` also those of all others, for which the
// world stops. The text is cut at the end of buf. Returns the number of bytes.
int Stack(std::span<char> buf, bool all);

// The same text, whole.
std::string StackText(bool all);

namespace debug {

std::string Stack();  // of the running goroutine; its own frame is the first
void PrintStack();    // writes the same to stderr

}  // namespace debug
}  // namespace golab::runtime
