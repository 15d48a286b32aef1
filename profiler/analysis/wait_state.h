// wait_state.h: finds out what a goroutine waits for, from the runtime frames of its stack.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace golab::profiler {

// True for the functions that a report leaves out at the leaf.
bool is_runtime_function(std::string_view name);

// Returns the state of a goroutine with these functions on its stack, leaf first, in the words of
// ?debug=2: runtime.chanrecv means "chan receive". A nil channel has the state of any other. If the
// goroutine runs or is runnable, the state is empty.
std::string wait_state(const std::vector<std::string_view>& functions);

}  // namespace golab::profiler
