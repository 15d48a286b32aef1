// workspace.h: the student's own copies of the exercises, mine/NN-name/main.cpp.
//
// The shipped files stay as they are, so that tests and `git pull` never meet an edit. The first
// opening of an exercise copies it. mine/.lab/ keeps what lab itself must remember: the text of each
// exercise as it was copied, the programs that it built, and which exercises were solved. GOLAB_MINE
// names another place than mine/, so that many students can share one build that none of them can
// write to.
#pragma once

#include <string>
#include <utility>

#include "course/lab/exercise.h"
#include "runtime/errors/errors.h"

namespace lab {

// GOLAB_MINE, or mine/ at the project's top.
std::string mine_dir();

// mine/NN-name/main.cpp, whether it is there or not.
std::string mine_file(const Exercise& exercise);

// exercises/NN-name/main.cpp and solutions/NN-name/main.cpp, as shipped.
std::string shipped_file(const Exercise& exercise);
std::string solution_file(const Exercise& exercise);

// Whether the student has a copy.
bool is_open(const Exercise& exercise);

// Copies the exercise at its first opening. Returns mine/NN-name/main.cpp.
std::pair<std::string, golab::error> open_exercise(const Exercise& exercise);

// The student's file if there is one, else the shipped one. Copies nothing.
std::string current_file(const Exercise& exercise);

// Whether the shipped file is another one than at the time of the copy. The student's file is then
// still judged against the text that was copied.
bool changed_since_copy(const Exercise& exercise);

// The text that was copied: what the student began with. The shipped text if nothing was copied.
std::pair<std::string, golab::error> original_text(const Exercise& exercise);

// Copies the shipped file again. The student's file is kept beside it as main.cpp.before-reset.
golab::error reset(const Exercise& exercise);

// Solved marks. An exercise is solved from the first time that the judge says so; `reset` ends that.
golab::error mark_solved(const Exercise& exercise);
bool is_solved(const Exercise& exercise);

// mine/.lab/NAME, its directory made.
std::pair<std::string, golab::error> lab_file(const std::string& name);

}  // namespace lab
