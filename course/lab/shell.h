// shell.h: a command of the shell, and all that it starts, as one thing that can be ended.
//
// A compiler is several processes: the shell, the driver, the compiler proper, the assembler. They are
// one process group, below a process of ours that leads it. When the context ends or lab itself does,
// however that ends, the leader passes SIGTERM on to the group: compilers remove their temporary files
// then.
#pragma once

#include <string>
#include <utility>

#include "runtime/context/context.h"
#include "runtime/errors/errors.h"

namespace lab {

struct Ran {
  bool succeeded = false;
  std::string output;  // standard output and standard error
};

// Runs the command in `directory` and waits for its end. An error means that it could not be started,
// or that ctx has ended.
std::pair<Ran, golab::error> run_in_shell(const golab::context::Context& ctx,
                                          const std::string& directory, const std::string& command);

}  // namespace lab
