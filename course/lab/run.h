// run.h: `lab run`: an exercise as the HTTP service it is.
#pragma once

#include <string>
#include <vector>

namespace lab {

// args[0] names the exercise. --solution runs the repaired program; everything else is for the
// service. Opens the exercise, builds the student's file, and becomes the service. Returns only if
// that is not possible.
int run_command(const std::vector<std::string>& args);

}  // namespace lab
