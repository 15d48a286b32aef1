// start.h: how the process begins and ends.
#pragma once

namespace golab::runtime {

// Ends the process with this status: flushes stdio, runs no destructor (os::Exit, and main's
// return).
[[noreturn]] void exit(int status);

// The program's arguments as the kernel gave them.
int argc();
char** argv();

}  // namespace golab::runtime
