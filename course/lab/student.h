// student.h: the pages around the judge, for the commands and for watch mode alike: list, solution,
// profile files.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "course/lab/exercise.h"
#include "course/lab/screen.h"
#include "runtime/errors/errors.h"

namespace lab {

// "solved", "open" (the student has a copy) or "new".
std::string state_of(const Exercise& exercise);

// The exercises by chapter: state, name, title, minutes; then what is wrong with the manifests of
// those that cannot be used. `current`: marked, may be empty.
std::string render_list(const std::vector<Exercise>& all, const std::string& current,
                        const Screen& screen);

// An array of name, chapter, title, minutes and state, in JSON.
std::string list_json(const std::vector<Exercise>& all);

// The first one that is not solved; the last one if all are. Requires at least one.
size_t first_unsolved(const std::vector<Exercise>& all);
// The next one after `at` that is not solved, from the start again if need be; the next one at all
// if all are solved.
size_t next_after(const std::vector<Exercise>& all, size_t at);

// Path, why (the comment that the solution begins with), and the diff against the shipped exercise.
std::pair<std::string, golab::error> solution_page(const Exercise& exercise, const Screen& screen);
// The first comment of a source, without "// ".
std::string leading_comment(const std::string& source);

// diff -u of two files, with these names for them. Empty if they are equal.
std::pair<std::string, golab::error> diff_files(const std::string& before,
                                                const std::string& after);

// Writes mine/NN-name/goroutine.pb.gz; returns the page that says so and how to go on.
std::pair<std::string, golab::error> keep_profile(const Exercise& exercise,
                                                  const std::string& profile, const Screen& screen);

// Writes mine/NN-name/goroutines.txt, the text of ?debug=2; returns it as a page that begins with
// where it is.
std::pair<std::string, golab::error> keep_dump(const Exercise& exercise, const std::string& dump,
                                               const Screen& screen);

}  // namespace lab
