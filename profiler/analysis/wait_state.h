// wait_state.h: tells what a goroutine waits for, from the runtime frames of its stack.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace golab::profiler {

// True for a function of package runtime. A report leaves these out at the leaf.
bool is_runtime_function(std::string_view name);

// The state of a goroutine with these functions on its stack, leaf first, in Go's words as ?debug=2
// prints them: "chan receive", "select", "IO wait". A profile has no states, but a goroutine that
// receives has runtime.chanrecv on its stack, and so on. The frames do not show
//
//   - a nil channel: the state is that of any other channel;
//   - whether a goroutine runs or is runnable: the state is empty for both.
std::string wait_state(const std::vector<std::string_view>& functions);

}  // namespace golab::profiler
