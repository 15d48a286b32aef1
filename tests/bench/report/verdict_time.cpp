// verdict_time.cpp: `lab bench`, the student: a file, `lab check --json`, and what that says.
#include "tests/bench/report/verdict_time.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>

#include "tests/bench/report/programs.h"

namespace bench {
namespace {

namespace fs = std::filesystem;

const std::string kExercise = "02-worker-pool";

// A place for a student's files, gone with this object.
class Mine {
 public:
  Mine() {
    std::string pattern = fs::temp_directory_path().string() + "/lab-bench-XXXXXX";
    if (::mkdtemp(pattern.data()) != nullptr) path_ = pattern;
  }
  ~Mine() {
    std::error_code ignored;
    if (!path_.empty()) fs::remove_all(path_, ignored);
  }
  Mine(const Mine&) = delete;
  Mine& operator=(const Mine&) = delete;
  const std::string& path() const { return path_; }

  bool save(const std::string& first_line) const {
    if (path_.empty()) return false;
    std::error_code failed;
    fs::create_directories(path_ + "/" + kExercise, failed);
    std::ifstream shipped(GOLAB_SOURCE_DIR "/exercises/" + kExercise + "/main.cpp");
    std::ofstream file(path_ + "/" + kExercise + "/main.cpp");
    file << first_line << "\n" << shipped.rdbuf();
    return shipped && file.flush();
  }

 private:
  std::string path_;
};

// The seconds of what `lab check --json` says of the shipped exercise. False: it says something
// else.
bool read_verdict(const std::string& said, double* seconds) try {
  const nlohmann::json judgement = nlohmann::json::parse(said).at(0);
  *seconds = judgement.at("seconds").get<double>();
  return judgement.at("verdict") == "not yet" &&
         said.find("\"function\": \"main.worker\"") != said.npos;
} catch (const nlohmann::json::exception&) {
  return false;
}

}  // namespace

bool time_to_verdict(const std::string& lab, int procs, double* seconds) {
  const Mine mine;
  for (const char* first_line : {"// the first time, with the solution", "// and again"}) {
    std::string said;
    // It is not solved: exit status 1.
    const bool ran =
        mine.save(first_line) &&
        run_program({"sh", "-c", "\"$0\" check 02 --json || [ $? -eq 1 ]", lab},
                    {"GOLAB_MINE=" + mine.path(), "GOMAXPROCS=" + std::to_string(procs)}, &said);
    if (!ran || !read_verdict(said, seconds)) {
      std::cerr << "lab: exercise 02 as shipped has no verdict, or a wrong one:\n" << said;
      return false;
    }
  }
  return true;
}

}  // namespace bench
