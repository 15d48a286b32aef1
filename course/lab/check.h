// check.h: `lab check` and `lab verify-shipped`: the judge's words on a terminal, in JSON, and as an
// exit status.
#pragma once

#include <string>
#include <vector>

#include "course/lab/judge.h"

namespace lab {

// A list of judgements in JSON, as `lab check --json` prints it.
std::string judgements_json(const std::vector<Judgement>& judgements);

struct CheckOptions {
  std::vector<std::string> names;  // of exercises
  bool all = false;                // every exercise, also those that nobody has opened
  bool json = false;
};

// 0: all are solved. 1: one is not yet. 2: one could not be judged.
int check_command(const CheckOptions& options);

struct VerifyOptions {
  std::vector<std::string> names;  // none: all exercises
  bool quick = false;              // without the wrong and right fixes of tests/exercises/
};

// Holds what is shipped to what it promises. Each exercise is red in the gates that its manifest
// names and in no other, and leaves what the manifest says. Each solution is solved. Each of
// tests/exercises/NN-name/wrong/*.cpp is red in the gates of its first line, each of right/*.cpp is
// solved. 0: all is so. 1: something is not. 2: something could not be judged.
int verify_shipped_command(const VerifyOptions& options);

// The gates in "// red left work: why", none in "// green: why". For tests.
std::vector<std::string> promised_gates(const std::string& first_line);

}  // namespace lab
