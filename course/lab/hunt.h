// hunt.h: `lab hunt`: a student's detector, tried on every broken program and on every solution.
//
// A detector errs in two ways: it misses a leak, or it gives a false alarm. Both are shown. What it
// is given are the dumps of each program (?debug=2), one at rest, and one after the load of its
// manifest and some class time more, while it has requests again: a program that works has goroutines,
// too, and to count them is no detector. The dumps are kept in mine/.lab/hunt, so that they are taken
// once, and can be read by hand; they are taken anew when the program is another one.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "course/lab/exercise.h"
#include "course/lab/hunt_rule.h"
#include "course/lab/screen.h"
#include "course/lab/terminal.h"
#include "runtime/errors/errors.h"

namespace lab {

struct Dumps {
  std::string rest;
  std::string after;
};

// Takes both of the exercise as shipped, or of its solution.
using TakeDumps = std::function<std::pair<Dumps, golab::error>(const Exercise& exercise,
                                                               bool solution, Progress* progress)>;

// The groups of the second dump; those that were there at rest have no growth.
std::pair<std::vector<Group>, golab::error> groups_of(const Dumps& dumps);

// What the rules say of one program.
struct Finding {
  std::string exercise;
  bool solution = false;
  int rule_line = 0;  // of the first rule that flags it, 0: none does
  Group group;        // the one that it flags, else the one that grew most
  bool flagged() const { return rule_line > 0; }
  bool right() const { return flagged() != solution; }
};

Finding find(const std::vector<Rule>& rules, const std::vector<Group>& groups);

// The table, then what was missed and what was flagged wrongly. `findings`: of each exercise first
// as shipped, then its solution.
std::string render_hunt(const std::vector<Finding>& findings, const Screen& screen);

// On the exercises with these names, or on all. 0: every program was judged rightly, 1: not so, 2: the
// rules cannot be read, or a program cannot be run.
int hunt_command(const std::vector<std::string>& names, const TakeDumps& take);

}  // namespace lab
