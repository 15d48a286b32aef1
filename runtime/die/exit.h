// exit.h: the good end of a process.
#pragma once

namespace golab::runtime {

// Ends the process with this status: flushes stdio, runs no destructor (os::Exit, and main's
// return).
[[noreturn]] void exit(int status);

}  // namespace golab::runtime
