// student.cpp: pages as text.
#include "course/lab/student.h"

#include <cstdio>
#include <sstream>

#include "course/lab/terminal.h"
#include "course/lab/whole_file.h"
#include "course/lab/workspace.h"
#include "profiler/analysis/text_table.h"
#include "profiler/formats/shown.h"
#include "runtime/fmt/fmt.h"
#include "runtime/os/os.h"
#include "runtime/sched/proc.h"

namespace lab {

using golab::error;
using golab::profiler::Colour;
using golab::profiler::coloured;
using golab::profiler::shown;
namespace fmt = golab::fmt;

namespace {

// One word for the shell.
std::string quoted(const std::string& text) {
  std::string all = "'";
  for (char c : text) all += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return all + "'";
}

// What a command of the shell prints, and its exit status; -1 if it cannot be run.
std::pair<std::string, int> output_of(const std::string& command) {
  std::string all;
  golab::runtime::entersyscall();
  int status = -1;
  if (FILE* pipe = ::popen(command.c_str(), "re"); pipe != nullptr) {
    char piece[4096];
    for (size_t n; (n = std::fread(piece, 1, sizeof piece, pipe)) > 0;) all.append(piece, n);
    int ended = ::pclose(pipe);
    if (WIFEXITED(ended)) status = WEXITSTATUS(ended);
  }
  golab::runtime::exitsyscall();
  return {all, status};
}

}  // namespace

std::string state_of(const Exercise& exercise) {
  if (is_solved(exercise)) return "solved";
  return is_open(exercise) ? "open" : "new";
}

std::string render_list(const std::vector<Exercise>& all, const std::string& current,
                        const Screen& screen) {
  std::string text, unusable;
  int chapter = 0, minutes = 0, solved = 0, usable = 0;
  for (const Exercise& exercise : all) {
    if (!exercise.problem.empty()) {
      unusable += wrapped(shown(exercise.problem), screen.columns, "  ");
      continue;
    }
    usable++;
    if (exercise.chapter != chapter) {
      chapter = exercise.chapter;
      text += (text.empty() ? "" : "\n") +
              coloured("Chapter " + std::to_string(chapter), Colour::Bold, screen.colour) + "\n";
    }
    const bool done = is_solved(exercise);
    const std::string state = state_of(exercise);
    char begin[64];
    std::snprintf(begin, sizeof begin, "%c %-6s %3d min  ", exercise.name == current ? '>' : ' ',
                  state.c_str(), exercise.minutes);
    const std::string line = begin + exercise.name + "  " + shown(exercise.title);
    text += coloured(shortened(line, screen.columns), done ? Colour::Green : Colour::None,
                     screen.colour) +
            "\n";
    minutes += exercise.minutes;
    solved += done;
  }
  if (!unusable.empty()) {
    text += (text.empty() ? "" : "\n") +
            coloured("Left out, because of their manifests", Colour::Red, screen.colour) + "\n" +
            unusable;
  }
  return text + "\n" + std::to_string(solved) + " of " + std::to_string(usable) + " solved, " +
         std::to_string(minutes) + " minutes in all\n";
}

size_t first_unsolved(const std::vector<Exercise>& all) {
  for (size_t i = 0; i < all.size(); i++) {
    if (all[i].problem.empty() && !is_solved(all[i])) return i;
  }
  return all.size() - 1;
}

size_t next_after(const std::vector<Exercise>& all, size_t at) {
  for (bool also_solved : {false, true}) {
    for (size_t step = 1; step < all.size(); step++) {
      size_t i = (at + step) % all.size();
      if (all[i].problem.empty() && (also_solved || !is_solved(all[i]))) return i;
    }
  }
  return at;
}

std::string leading_comment(const std::string& source) {
  std::string text;
  std::istringstream lines(source);
  for (std::string line; std::getline(lines, line) && line.starts_with("//");) {
    text += line.substr(line.starts_with("// ") ? 3 : 2) + "\n";
  }
  return text;
}

std::pair<std::string, error> diff_files(const std::string& before, const std::string& after) {
  std::string command = "diff -u --label " + quoted(short_path(before)) + " --label " +
                        quoted(short_path(after)) + " -- " + quoted(before) + " " + quoted(after) +
                        " 2>&1";
  auto [text, status] = output_of(command);
  if (status == 0 || status == 1) return {text, nullptr};
  return {"", fmt::Errorf("cannot compare %s and %s: %s", before, after,
                          status == 127 ? "no program diff (apt-get install diffutils)" : text)};
}

std::pair<std::string, error> solution_page(const Exercise& exercise, const Screen& screen) {
  auto [source, err] = golab::os::ReadFile(solution_file(exercise));
  if (err != nullptr) return {"", err};
  auto [diff, diff_err] = diff_files(shipped_file(exercise), solution_file(exercise));
  if (diff_err != nullptr) return {"", diff_err};
  return {coloured(short_path(solution_file(exercise)), Colour::Bold, screen.colour) + "\n\n" +
              filled(golab::profiler::shown_lines(leading_comment(source)),
                     std::min(screen.columns, 100)) +
              "\n" + coloured_diff(diff, screen.colour),
          nullptr};
}

std::pair<std::string, error> keep_profile(const Exercise& exercise, const std::string& profile,
                                           const Screen& screen) {
  const std::string file = mine_dir() + "/" + exercise.name + "/goroutine.pb.gz";
  if (error err = write_whole(file, profile); err != nullptr) return {"", err};
  const std::string shown_file = shown(short_path(file));
  std::string text = wrapped("The profile after the load is in " + shown_file + ". Go on with",
                             std::min(screen.columns, 80));
  text += "\n  go tool pprof -top \\\n    " + shown_file + "\n";
  text += "  go tool pprof -http=localhost:8000 \\\n    " + shown_file + "\n";
  text += "\nor, where Go is not installed,\n\n  ./lab top --cum " + shown_file + "\n";
  return {text, nullptr};
}

std::pair<std::string, error> keep_dump(const Exercise& exercise, const std::string& dump,
                                        const Screen& screen) {
  const std::string file = mine_dir() + "/" + exercise.name + "/goroutines.txt";
  if (error err = write_whole(file, dump); err != nullptr) return {"", err};
  return {wrapped("Every goroutine after the load, as ?debug=2 prints it. To search in it: less " +
                      shown(short_path(file)),
                  std::min(screen.columns, 80)) +
              "\n" + golab::profiler::shown_lines(dump),
          nullptr};
}

}  // namespace lab
