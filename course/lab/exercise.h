// exercise.h: finds the exercises and reads their manifests.
//
// exercises/NN-name/manifest has lines of a word and a value; '#' begins a comment:
//
//   title     The worker pool
//   minutes   30                     how long a student may need
//   addr      127.0.0.1:6060         where it listens without --addr
//   load      20 GET /process        the load that makes it leak: requests, method, path
//   leak      75 main.worker         goroutines that one request leaves behind, and where: one line
//   leak      1 main.producer        for each place
//
// A test checks that the program as shipped leaks exactly what `leak` says.
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

  // Returns the path of the binary.
  std::string program(bool solution) const;
};

// Returns all exercises, in the order of the course.
std::pair<std::vector<Exercise>, golab::error> exercises();

// Finds one by name, number or both: 02-worker-pool, worker-pool, 02, 2. The error lists all.
std::pair<Exercise, golab::error> find_exercise(const std::string& wanted);

// Reads a manifest's text; `name` is the exercise's.
std::pair<Exercise, golab::error> parse_manifest(const std::string& name, const std::string& text);

// Returns the path relative to the project's top or to the current directory, if it is below one.
std::string short_path(const std::string& path);

}  // namespace lab
