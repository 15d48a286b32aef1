// hint.cpp: hints.md read, and how far up the ladder a student is.
#include "course/lab/hint.h"

#include <algorithm>
#include <filesystem>
#include <sstream>

#include "course/lab/diary.h"
#include "course/lab/terminal.h"
#include "course/lab/workspace.h"
#include "profiler/formats/shown.h"
#include "runtime/fmt/fmt.h"
#include "runtime/os/os.h"

namespace lab {

using golab::error;
namespace fmt = golab::fmt;

namespace {

std::string trimmed(const std::string& text) {
  size_t begin = text.find_first_not_of('\n');
  if (begin == std::string::npos) return "";
  return text.substr(begin, text.find_last_not_of(" \n") + 1 - begin);
}

}  // namespace

std::vector<std::string> parse_hints(const std::string& text) {
  std::vector<std::string> hints;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const std::string heading = "# " + std::to_string(hints.size() + 1);
    if (line.starts_with(heading)) {
      hints.emplace_back();
    } else if (!hints.empty()) {
      hints.back() += line + "\n";
    }
  }
  for (std::string& hint : hints) hint = trimmed(hint);
  return hints;
}

std::pair<std::vector<std::string>, error> hints_of(const Exercise& exercise) {
  std::string file =
      std::filesystem::path(shipped_file(exercise)).replace_filename("hints.md").string();
  auto [text, err] = golab::os::ReadFile(file);
  if (err != nullptr) {
    return {
        {},
        fmt::Errorf("%s has no hints: its lesson is course/%s.md", exercise.name, exercise.name)};
  }
  return {parse_hints(text), nullptr};
}

std::pair<std::string, error> next_hint(const Exercise& exercise, bool all, int columns) {
  auto [hints, err] = hints_of(exercise);
  if (err != nullptr) return {"", err};
  const int there = static_cast<int>(hints.size());
  const int seen = std::min(hints_shown(read_diary(), exercise.name), there);
  const int last = all ? there : std::min(seen + 1, there);
  std::string text;
  for (int rung = all ? 1 : last; rung <= last; rung++) {
    text += "Hint " + std::to_string(rung) + " of " + std::to_string(there) + "\n\n" +
            filled(golab::profiler::shown_lines(hints[static_cast<size_t>(rung) - 1]),
                   std::min(columns, 80), "  ") +
            "\n";
  }
  if (seen == there && !all) text += "That was the last one.\n";
  if (last > seen) err = write_diary(exercise.name, "hint", std::to_string(last));
  return {text, err};
}

}  // namespace lab
