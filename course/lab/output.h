// output.h: what lab prints, on standard output and on standard error.
//
// What is written to standard output is what a command is for: one that cannot write it has failed,
// whatever else it did.
#pragma once

#include <string_view>

#include "runtime/errors/errors.h"

namespace lab {

// Writes to standard output. False if that failed, now or before: nothing more is written then. A
// pipe that nobody reads any more ends lab by SIGPIPE, as it ends any tool.
bool print(std::string_view text);

// The exit status of a command that came to `status`: 2, with a message, if something could not be
// printed.
int finish(int status);

// Says on standard error what went wrong, safe to show. Returns `status`.
int failed(const golab::error& err, int status);

}  // namespace lab
