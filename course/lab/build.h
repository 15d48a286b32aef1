// build.h: a student's file made into a program, with the commands that CMake builds exercises with.
//
// exercises/CMakeLists.txt has a template of an exercise, and writes down the two commands that
// compile and link it, exercises/commands in the build directory. Here they are given another source
// and another place for the program. So nothing but that place is written to, and many students can
// share one build. The end of a context ends the compiler.
#pragma once

#include <string>
#include <utility>

#include "course/lab/exercise.h"
#include "runtime/context/context.h"
#include "runtime/errors/errors.h"

namespace lab {

struct Built {
  std::string program;    // empty if it does not compile or link
  std::string complaint;  // what the compiler says then, the student's own line first
};

// Makes the program, at most once for each text: it is kept in mine/.lab/programs/ with those of a
// few other files. A file that is as shipped, or as the solution, has its program in the build
// directory. An error means that it cannot be said whether the file compiles: a compiler that fails
// while the build is older than its sources is no judge of the file.
std::pair<Built, golab::error> build_program(const golab::context::Context& ctx,
                                             const Exercise& exercise, const std::string& source);

// The same into a directory of the caller's, where all are kept.
std::pair<Built, golab::error> build_program_in(const golab::context::Context& ctx,
                                                const std::string& directory,
                                                const Exercise& exercise,
                                                const std::string& source);

// The beginning of what a compiler printed: the first error, but before it the line of `source` that
// led to it. For tests.
std::string shortest_complaint(const std::string& output, const std::string& source);

// Whether this dry run of ninja, in this directory, finds something to build. For tests.
std::pair<bool, golab::error> finds_work(const golab::context::Context& ctx,
                                         const std::string& directory, const std::string& look);

}  // namespace lab
