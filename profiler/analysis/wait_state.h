// wait_state.h: what a goroutine waits for, read off the runtime frames of its stack.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace golab::profiler {

// Frames of package runtime, which a report leaves out at the leaf.
bool is_runtime_function(std::string_view name);

// Go's words for the state of a goroutine with these functions on its stack, leaf first: "chan
// receive", "select", "IO wait", as ?debug=2 prints them. Empty if the frames do not tell. A
// profile has no states; but a goroutine that receives has runtime.chanrecv on its stack, and so
// on. Two states cannot be told from their neighbours this way: a nil channel's, and a busy
// goroutine's from one that waits its turn (both are empty).
std::string wait_state(const std::vector<std::string_view>& functions);

}  // namespace golab::profiler
