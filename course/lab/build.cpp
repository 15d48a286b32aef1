// build.cpp: the commands of CMake with another source.
#include "course/lab/build.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <sstream>
#include <vector>

#include "course/lab/shell.h"
#include "course/lab/workspace.h"
#include "runtime/golab.h"

namespace lab {
namespace {

namespace fs = std::filesystem;

constexpr size_t kProgramsKept = 3;  // each has the runtime's debug information in it
constexpr size_t kComplaintLinesMax = 12;

struct Commands {
  std::string compile;
  std::string link;
  std::string look;  // for what these two use and the build does not have as the sources say
};

// What stands for the places of one build in exercises/commands.
constexpr std::string_view kSource = "{source}";
constexpr std::string_view kObject = "{object}";
constexpr std::string_view kProgram = "{program}";

std::pair<Commands, error> read_commands() {
  std::string file = build_dir() + "/exercises/commands";
  auto [text, err] = os::ReadFile(file);
  std::istringstream lines(text);
  Commands commands;
  bool whole = std::getline(lines, commands.compile) && std::getline(lines, commands.link) &&
               std::getline(lines, commands.look);
  if (err == nullptr && whole) return {commands, nullptr};
  return {commands, fmt::Errorf("%s is not there: build it: ./lab build lab_exercises", file)};
}

std::string quoted(const std::string& path) {
  std::string text = "'";
  for (char c : path) text += c == '\'' ? "'\\''" : std::string(1, c);
  return text + "'";
}

void put_in(std::string& command, std::string_view mark, const std::string& path) {
  for (size_t at = 0; (at = command.find(mark, at)) != std::string::npos;) {
    std::string text = quoted(path);
    command.replace(at, mark.size(), text);
    at += text.size();
  }
}

// What a built library is known by, without reading it.
std::string stamp(const std::string& file) {
  struct stat there;
  if (::stat(file.c_str(), &there) != 0) return "-";
  return fmt::Sprintf("%d.%d.%d", there.st_size, there.st_mtim.tv_sec, there.st_mtim.tv_nsec);
}

// What a program depends on: its source, the commands, and what these use of the build: libraries,
// headers, and the maker of its line table.
std::string key_of(const std::string& text, const Commands& commands) {
  std::string all = text + commands.compile + commands.link;
  std::istringstream words(commands.compile + " " + commands.link);
  for (std::string word; words >> word;) {
    if (word.ends_with(".a") || word.ends_with("/pclntab"))
      all += stamp(fs::path(build_dir()) / word);
    if (word.ends_with(".hxx")) all += stamp(word + ".gch") + stamp(word + ".pch");
  }
  char name[20];
  std::snprintf(name, sizeof name, "%016zx", std::hash<std::string>()(all));
  return name;
}

// Removes all but the newest programs.
void forget_old_programs(const fs::path& directory) {
  std::vector<std::pair<fs::file_time_type, fs::path>> programs;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(directory, ignored)) {
    programs.emplace_back(entry.last_write_time(ignored), entry.path());
  }
  std::sort(programs.rbegin(), programs.rend());
  for (size_t i = kProgramsKept; i < programs.size(); i++) fs::remove(programs[i].second, ignored);
}

// Compiles and links into `program`. Two of us at once do no harm: each has files of its own until
// the program is whole. The commands run in the build directory: CMake's paths are relative to
// that.
std::pair<Built, error> make(const context::Context& ctx, const Commands& commands,
                             const std::string& source, const std::string& program) {
  const std::string mine = program + "." + std::to_string(::getpid());
  const std::string object = mine + ".o";
  Defer clean_up([=] {
    ::unlink(object.c_str());
    ::unlink(mine.c_str());
  });
  for (std::string command : {commands.compile, commands.link}) {
    put_in(command, kSource, source);
    put_in(command, kObject, object);
    put_in(command, kProgram, mine);
    auto [ran, err] = run_in_shell(ctx, build_dir(), command);
    if (err != nullptr) return {{}, err};
    if (ran.succeeded) continue;
    // It may be no fault of the file's: a new header does not fit an old precompiled one.
    auto [outdated, look_err] = finds_work(ctx, build_dir(), commands.look);
    if (look_err != nullptr) return {{}, look_err};
    if (outdated) {
      return {{},
              errors::New("the build is older than the sources that it is made from; make it "
                          "anew:\n     ./lab build lab_program lab_exercises")};
    }
    return {{"", shortest_complaint(ran.output, source)}, nullptr};
  }
  if (std::rename(mine.c_str(), program.c_str()) != 0) {
    return {{}, fmt::Errorf("cannot write %s", program)};
  }
  return {{program, ""}, nullptr};
}

// The binary in the build that has this very text, "" if none has. A file that was edited after its
// binary was built has none.
std::string built_before(const Exercise& exercise, const std::string& source) {
  for (bool solution : {false, true}) {
    const std::string shipped = solution ? solution_file(exercise) : shipped_file(exercise);
    const std::string program = exercise.program(solution);
    std::error_code missing;
    auto built = fs::last_write_time(program, missing);
    if (missing || built < fs::last_write_time(shipped, missing) || missing) continue;
    auto [text, err] = os::ReadFile(source);
    if (err == nullptr && text == os::ReadFile(shipped).first) return program;
  }
  return "";
}

}  // namespace

std::pair<bool, error> finds_work(const context::Context& ctx, const std::string& directory,
                                  const std::string& look) {
  auto [ran, err] = run_in_shell(ctx, directory, look);
  const std::string& output = ran.output;  // Clang 14 captures no structured binding
  auto says = [&](std::string_view part) { return output.find(part) != std::string::npos; };
  // Where there is no ninja, nobody knows. Nor if CMake has to look first: it does so whenever any
  // file comes into the folder of an exercise, an editor's, too.
  const bool unknown = !ran.succeeded || says("Re-running CMake");
  return {!unknown && !says("no work to do"), err};
}

std::string shortest_complaint(const std::string& output, const std::string& source) {
  std::vector<std::string> lines;
  std::istringstream text(output);
  for (std::string line; std::getline(text, line);) lines.push_back(line);
  auto has = [](const std::string& line, std::string_view part) {
    return line.find(part) != std::string::npos;
  };
  auto is_error = [&](const std::string& line) {
    return has(line, " error: ") || has(line, "undefined reference") ||
           has(line, "undefined symbol");
  };
  auto is_own = [&](const std::string& line) { return line.starts_with(source + ":"); };
  auto first = std::find_if(lines.begin(), lines.end(), is_error);
  if (first == lines.end()) first = lines.begin();
  // An error in a header came from a line of the student's: that is named before or after it.
  std::string complaint;
  if (first != lines.end() && !is_own(*first)) {
    auto own = std::find_if(lines.begin(), lines.end(), is_own);
    if (own != lines.end()) complaint = *own + "\n";
  }
  auto end = first + std::min<ptrdiff_t>(lines.end() - first, kComplaintLinesMax);
  for (auto line = first; line != end; ++line) complaint += *line + "\n";
  return complaint;
}

std::pair<Built, error> build_program_in(const context::Context& ctx, const std::string& directory,
                                         const Exercise& exercise, const std::string& source) {
  if (std::string built = built_before(exercise, source); !built.empty())
    return {{built, ""}, nullptr};
  auto [commands, err] = read_commands();
  if (err != nullptr) return {{}, err};
  auto [text, read_err] = os::ReadFile(source);
  if (read_err != nullptr) return {{}, read_err};
  std::string program = directory + "/" + key_of(source + "\n" + text, commands);
  if (::access(program.c_str(), X_OK) == 0) return {{program, ""}, nullptr};
  return make(ctx, commands, source, program);
}

std::pair<Built, error> build_program(const context::Context& ctx, const Exercise& exercise,
                                      const std::string& source) {
  auto [place, err] = lab_file("programs/x");
  if (err != nullptr) return {{}, err};
  std::string directory = fs::path(place).parent_path().string();
  auto [built, build_err] = build_program_in(ctx, directory, exercise, source);
  forget_old_programs(directory);
  return {built, build_err};
}

}  // namespace lab
