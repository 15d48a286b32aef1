// run.h: runs the lab binary as a user would, and takes down what it says.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "tests/catch.h"

namespace lab_test {

// The matcher for a part of a text, which the two generations of Catch2 call differently.
inline auto Has(const std::string& part) {
#if __has_include(<catch2/catch_all.hpp>)
  return Catch::Matchers::ContainsSubstring(part);
#else
  return Catch::Matchers::Contains(part);
#endif
}

struct Ran {
  int status = -1;  // exit status; 128 + signal if one ended it
  std::string out;
  std::string err;
  int64_t peak_bytes = 0;  // the most memory that it had at once
};

// `directory`: where it runs. The lab's standard input is empty.
Ran run_lab(const std::vector<std::string>& args, const std::string& directory = ".");

// The same with a standard output that is this file or device: "" for none at all.
Ran run_lab_into(const std::string& output, const std::vector<std::string>& args);

// The same for any program, found by its path.
Ran run_program(const std::string& program, const std::vector<std::string>& args,
                const std::string& directory = ".");

// Starts it, and does not wait. Its output goes nowhere.
pid_t start_lab(const std::vector<std::string>& args, const std::string& directory);
// Waits for its end; 128 + signal if one ended it.
int wait_for(pid_t pid, int64_t* peak_bytes = nullptr);

// Processes below this one, at any depth.
std::vector<pid_t> descendants(pid_t pid);
bool is_alive(pid_t pid);

// A directory of its own for one test, gone when that ends.
class TemporaryDirectory {
 public:
  TemporaryDirectory();
  ~TemporaryDirectory();
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// A place for a student's files, for this process and those that it starts. Where a test has none,
// these are in the build directory: what somebody has in mine/ is no business of the tests.
class Mine {
 public:
  Mine();
  ~Mine();
  Mine(const Mine&) = delete;
  Mine& operator=(const Mine&) = delete;
  std::string path(const std::string& file) const { return directory.path() + "/" + file; }

  TemporaryDirectory directory;
};

}  // namespace lab_test
