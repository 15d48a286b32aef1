// exercise.cpp: exercises listed, and found by name.
#include "course/lab/exercise.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "course/lab/suggest.h"
#include "runtime/errors/errors.h"
#include "runtime/fmt/fmt.h"

// The directories from course/CMakeLists.txt. A tree that is moved must be configured again.
#ifndef GOLAB_SOURCE_DIR
#error "GOLAB_SOURCE_DIR and GOLAB_BUILD_DIR say where the exercises are"
#endif

namespace lab {

using golab::error;
namespace errors = golab::errors;
namespace fmt = golab::fmt;

std::string top_dir() { return GOLAB_SOURCE_DIR; }
std::string build_dir() { return GOLAB_BUILD_DIR; }

std::string Exercise::load_lines() const {
  std::string lines;
  for (const RequestLine& line : loads) {
    lines += std::to_string(line.count) + " " + line.method + " " + line.path + "\n";
  }
  return lines;
}

std::string Exercise::program(bool solution) const {
  return build_dir() + (solution ? "/solutions/" : "/exercises/") + name;
}

std::string short_path(const std::string& path) {
  std::error_code ignored;
  for (const std::string& top : {std::filesystem::current_path(ignored).string(), top_dir()}) {
    if (!top.empty() && path.size() > top.size() + 1 && path.compare(0, top.size(), top) == 0 &&
        path[top.size()] == '/') {
      return path.substr(top.size() + 1);
    }
  }
  return path;
}

std::pair<std::vector<Exercise>, error> exercises() {
  return exercises_in(top_dir() + "/exercises");
}

std::pair<std::vector<Exercise>, error> exercises_in(const std::string& directory) {
  std::vector<Exercise> found;
  std::error_code failed;
  for (const auto& entry : std::filesystem::directory_iterator(directory, failed)) {
    std::ifstream manifest(entry.path() / "manifest");
    if (!manifest) continue;
    std::ostringstream text;
    text << manifest.rdbuf();
    auto [exercise, err] = parse_manifest(entry.path().filename().string(), text.str());
    if (err != nullptr) {
      Exercise bad;
      bad.name = exercise.name;
      bad.problem = err.Error();
      exercise = bad;
    }
    found.push_back(exercise);
  }
  if (found.empty()) {
    return {found, fmt::Errorf("no exercises in %s: was the project moved? build it anew there",
                               directory)};
  }
  std::sort(found.begin(), found.end(),
            [](const Exercise& a, const Exercise& b) { return a.name < b.name; });
  return {found, nullptr};
}

std::pair<Exercise, error> find_exercise(const std::string& wanted) {
  auto [all, err] = exercises();
  if (err != nullptr) return {{}, err};
  std::string names;
  std::vector<std::string> words;
  for (const Exercise& exercise : all) {
    size_t dash = exercise.name.find('-');
    std::string number = exercise.name.substr(0, dash);
    std::string plain = number.substr(std::min(number.find_first_not_of('0'), number.size()));
    std::string word = dash == std::string::npos ? "" : exercise.name.substr(dash + 1);
    for (const std::string& alias : {exercise.name, number, plain, word}) {
      if (alias != wanted || wanted.empty()) continue;
      if (!exercise.problem.empty()) return {{}, errors::New(exercise.problem)};
      return {exercise, nullptr};
    }
    words.push_back(word);
    words.push_back(exercise.name);
    names += (names.empty() ? "" : ", ") + exercise.name;
  }
  std::string hint = did_you_mean(wanted, words);
  return {{},
          fmt::Errorf("no exercise %q%s", wanted, hint.empty() ? "; there are: " + names : hint)};
}

}  // namespace lab
