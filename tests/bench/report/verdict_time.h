// verdict_time.h: `lab bench`, the student: how long it takes from the save of a file to its verdict.
#pragma once

#include <string>

namespace bench {

// Saves exercise 02, as shipped but for its first line, so that nobody has built it, and has the
// program `lab` judge it. `seconds` is what lab says that it took: to compile, link, run under
// GOMAXPROCS 1 and 2, and compare. The solution was measured before, as it is once for each student.
// False, with a message on stderr, if there was no verdict, or another one than it must be.
bool time_to_verdict(const std::string& lab, int procs, double* seconds);

}  // namespace bench
