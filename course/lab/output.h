// output.h: what lab prints, on standard output and on standard error.
//
// A command that cannot write its standard output has failed, whatever else it did.
#pragma once

#include <string_view>

#include "runtime/errors/errors.h"

namespace lab {

// Writes to standard output. After a failure it writes nothing and returns false. A closed pipe
// ends lab by SIGPIPE, as it ends any tool.
bool print(std::string_view text);

// Returns the exit status: `status`, or 2 with a message if a print has failed.
int finish(int status);

// Prints the error on standard error, made safe to show. Returns `status`.
int failed(const golab::error& err, int status);

}  // namespace lab
