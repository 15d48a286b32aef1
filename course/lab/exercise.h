// exercise.h: the exercises that there are, and what each one says about itself.
//
// exercises/NN-name/manifest is lines of a word and a value; '#' begins a comment:
//
//   title     The worker pool
//   minutes   30                     how long a student may need
//   addr      127.0.0.1:6060         where it listens unless --addr says otherwise
//   load      20 GET /process        what makes it leak: requests, method, path
//   leak      75 main.worker         goroutines that one request leaves behind, and where; one line
//   leak      1 main.producer        for each place
//
// `leak` is a promise about the program as shipped, and a test holds it to that.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "runtime/errors/errors.h"

namespace lab {

struct PromisedLeak {
  int64_t per_request = 0;
  std::string function;  // "main.worker"
};

struct Exercise {
  std::string name;  // "02-worker-pool"
  std::string title;
  int minutes = 0;
  std::string addr;
  int requests = 0;
  std::string method;
  std::string path;
  std::vector<PromisedLeak> leaks;

  // The binary, of the exercise itself or of its solution.
  std::string program(bool solution) const;
};

// All of them, in the order of the course.
std::pair<std::vector<Exercise>, golab::error> exercises();

// By its name, its number or both: 02-worker-pool, worker-pool, 02, 2. The error lists what there
// is.
std::pair<Exercise, golab::error> find_exercise(const std::string& wanted);

// Reads a manifest's text; `name` is the exercise's. For tests: exercises() does this to each.
std::pair<Exercise, golab::error> parse_manifest(const std::string& name, const std::string& text);

// A path below the project's top or the current directory, without that.
std::string short_path(const std::string& path);

}  // namespace lab
