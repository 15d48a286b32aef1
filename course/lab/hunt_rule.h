// hunt_rule.h: the language in which a student writes a detector of leaks: mine/hunt.txt.
//
// Profiles are given, and a rule says which groups of goroutines have leaked. A group is all
// goroutines with the same functions on their stacks, in the same state, created at the same place.
// One line is one rule; a program is flagged if any rule flags any of its groups.
//
//   # Comments begin with '#'.
//   flag if growth >= 10 and state is "chan receive"
//   flag if age >= 1m and not stack has "net/http.(*conn).serve"
//
//   rule      = "flag" "if" either
//   either    = both { "or" both }
//   both      = one { "and" one }
//   one       = "not" one | "(" either ")" | fact
//   fact      = ( "stack" | "state" | "creator" ) ( "is" | "has" ) TEXT
//             | ( "growth" | "count" ) COMPARE NUMBER
//             | "age" COMPARE DURATION
//   COMPARE   = ">=" | ">" | "<=" | "<" | "=="
//   TEXT      = in double quotes; '*' in it stands for any characters
//   DURATION  = a number and its unit: 30s, 1m, 2h
//
// stack: one of the functions is, or has in its name, the text. growth: goroutines more than at
// rest. count: goroutines there are. age: how long the oldest of them has waited; the dump says it in
// whole minutes.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "runtime/errors/errors.h"

namespace lab {

struct Group {
  std::vector<std::string> stack;  // functions, leaf first
  std::string state;
  std::string creator;  // the function that created them, empty for main
  int64_t growth = 0;
  int64_t count = 0;
  int64_t age_s = 0;  // of the oldest
};

struct Rule {
  int line = 0;
  std::function<bool(const Group&)> flags;
};

// The error says file, line, column, and what is expected there.
std::pair<std::vector<Rule>, golab::error> parse_rules(const std::string& file,
                                                       const std::string& text);

// Whether the text matches a pattern in which '*' stands for any characters.
bool matches(const std::string& pattern, const std::string& text);

}  // namespace lab
