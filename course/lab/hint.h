// hint.h: the hints of an exercise, rung by rung: exercises/NN-name/hints.md.
//
//   # 1
//   How to read the evidence.
//
//   # 2
//   The idea, and the lesson that has it.
//
//   # 3
//   The shape of the fix.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "course/lab/exercise.h"
#include "runtime/errors/errors.h"

namespace lab {

// The texts below "# 1", "# 2", …, without empty lines around them.
std::vector<std::string> parse_hints(const std::string& text);
std::pair<std::vector<std::string>, golab::error> hints_of(const Exercise& exercise);

// Shows one hint more than the student has seen, or all that there are; notes it in the diary.
// Returns the text for a terminal of so many columns.
std::pair<std::string, golab::error> next_hint(const Exercise& exercise, bool all, int columns);

}  // namespace lab
