// exercise.cpp: reads manifests, and finds exercises by name.
#include "course/lab/exercise.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "runtime/fmt/fmt.h"

// The directories from course/CMakeLists.txt. A tree that is moved must be configured again.
#ifndef GOLAB_SOURCE_DIR
#error "GOLAB_SOURCE_DIR and GOLAB_BUILD_DIR say where the exercises are"
#endif

namespace lab {

using golab::error;
namespace fmt = golab::fmt;

std::string Exercise::program(bool solution) const {
  return std::string(GOLAB_BUILD_DIR) + (solution ? "/solutions/" : "/exercises/") + name;
}

std::string short_path(const std::string& path) {
  std::error_code ignored;
  for (const std::string& top :
       {std::filesystem::current_path(ignored).string(), std::string(GOLAB_SOURCE_DIR)}) {
    if (!top.empty() && path.size() > top.size() + 1 && path.compare(0, top.size(), top) == 0 &&
        path[top.size()] == '/') {
      return path.substr(top.size() + 1);
    }
  }
  return path;
}

std::pair<Exercise, error> parse_manifest(const std::string& name, const std::string& text) {
  Exercise exercise;
  exercise.name = name;
  std::istringstream lines(text);
  int number = 0;
  for (std::string line; std::getline(lines, line);) {
    number++;
    std::istringstream words(line.substr(0, line.find('#')));
    std::string key;
    if (!(words >> key)) continue;
    bool understood = true;
    if (key == "title") {
      std::getline(words >> std::ws, exercise.title);
      exercise.title.erase(exercise.title.find_last_not_of(" \t\r") + 1);
      understood = !exercise.title.empty();
    } else if (key == "minutes") {
      understood = static_cast<bool>(words >> exercise.minutes);
    } else if (key == "addr") {
      understood = static_cast<bool>(words >> exercise.addr);
    } else if (key == "load") {
      words >> exercise.requests >> exercise.method >> exercise.path;
      understood = words && exercise.requests > 0 && exercise.path[0] == '/';
    } else if (key == "leak") {
      PromisedLeak leak;
      understood = words >> leak.per_request >> leak.function && leak.per_request > 0;
      exercise.leaks.push_back(leak);
    } else {
      understood = false;
    }
    if (!understood) {
      return {exercise,
              fmt::Errorf("manifest of %s, line %d: cannot make sense of %q", name, number, line)};
    }
  }
  for (auto [key, missing] : {std::pair("title", exercise.title.empty()),
                              {"addr", exercise.addr.empty()},
                              {"load", exercise.path.empty()}}) {
    if (missing) return {exercise, fmt::Errorf("manifest of %s: no line %q", name, key)};
  }
  return {exercise, nullptr};
}

std::pair<std::vector<Exercise>, error> exercises() {
  std::vector<Exercise> found;
  std::string directory = std::string(GOLAB_SOURCE_DIR) + "/exercises";
  std::error_code failed;
  for (const auto& entry : std::filesystem::directory_iterator(directory, failed)) {
    std::ifstream manifest(entry.path() / "manifest");
    if (!manifest) continue;
    std::ostringstream text;
    text << manifest.rdbuf();
    auto [exercise, err] = parse_manifest(entry.path().filename().string(), text.str());
    if (err != nullptr) return {found, err};
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
  for (const Exercise& exercise : all) {
    size_t dash = exercise.name.find('-');
    std::string number = exercise.name.substr(0, dash);
    std::string plain = number.substr(std::min(number.find_first_not_of('0'), number.size()));
    std::string word = dash == std::string::npos ? "" : exercise.name.substr(dash + 1);
    for (const std::string& alias : {exercise.name, number, plain, word}) {
      if (alias == wanted && !wanted.empty()) return {exercise, nullptr};
    }
    names += (names.empty() ? "" : ", ") + exercise.name;
  }
  return {{}, fmt::Errorf("no exercise %q; there are: %s", wanted, names)};
}

}  // namespace lab
