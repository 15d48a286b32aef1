// workspace.cpp: copies, and what is remembered of them.
#include "course/lab/workspace.h"

#include <cstdlib>
#include <filesystem>

#include "course/lab/diary.h"
#include "course/lab/whole_file.h"
#include "runtime/fmt/fmt.h"
#include "runtime/os/os.h"

namespace lab {

using golab::error;
namespace fmt = golab::fmt;
namespace fs = std::filesystem;
namespace os = golab::os;

namespace {

bool is_file(const std::string& path) {
  std::error_code ignored;
  return fs::is_regular_file(path, ignored);
}

// Makes the directory that the file is to be in.
error make_place(const std::string& file) {
  error err = os::MkdirAll(fs::path(file).parent_path().string(), 0777);
  if (err == nullptr) return nullptr;
  return fmt::Errorf("%w; GOLAB_MINE names another place for your files", err);
}

error write_file(const std::string& file, const std::string& text) {
  if (error err = make_place(file); err != nullptr) return err;
  return write_whole(file, text);
}

// The text of the exercise as it was when it was copied.
std::string original_file(const Exercise& exercise) {
  return mine_dir() + "/.lab/originals/" + exercise.name + ".cpp";
}

std::string solved_file(const Exercise& exercise) {
  return mine_dir() + "/.lab/solved/" + exercise.name;
}

// The shipped text becomes the student's, and is remembered as what was copied.
error copy_shipped(const Exercise& exercise) {
  auto [text, err] = os::ReadFile(shipped_file(exercise));
  if (err != nullptr) return err;
  if (error kept = write_file(original_file(exercise), text); kept != nullptr) return kept;
  return write_file(mine_file(exercise), text);
}

}  // namespace

std::string mine_dir() {
  const char* named = std::getenv("GOLAB_MINE");
  if (named == nullptr || *named == '\0') return top_dir() + "/mine";
  std::error_code failed;
  std::string absolute = fs::absolute(named, failed).lexically_normal().string();
  if (failed) return named;
  while (absolute.size() > 1 && absolute.ends_with('/')) absolute.pop_back();
  return absolute;
}

std::string mine_file(const Exercise& exercise) {
  return mine_dir() + "/" + exercise.name + "/main.cpp";
}

std::string shipped_file(const Exercise& exercise) {
  return top_dir() + "/exercises/" + exercise.name + "/main.cpp";
}

std::string solution_file(const Exercise& exercise) {
  return top_dir() + "/solutions/" + exercise.name + "/main.cpp";
}

bool is_open(const Exercise& exercise) { return is_file(mine_file(exercise)); }

std::pair<std::string, error> open_exercise(const Exercise& exercise) {
  if (is_open(exercise)) return {mine_file(exercise), nullptr};
  error err = copy_shipped(exercise);
  if (err == nullptr) err = write_diary(exercise.name, "opened");
  return {mine_file(exercise), err};
}

std::string current_file(const Exercise& exercise) {
  return is_open(exercise) ? mine_file(exercise) : shipped_file(exercise);
}

bool changed_since_copy(const Exercise& exercise) {
  if (!is_open(exercise) || !is_file(original_file(exercise))) return false;
  return os::ReadFile(original_file(exercise)) != os::ReadFile(shipped_file(exercise));
}

std::pair<std::string, error> original_text(const Exercise& exercise) {
  bool copied = is_open(exercise) && is_file(original_file(exercise));
  return os::ReadFile(copied ? original_file(exercise) : shipped_file(exercise));
}

error reset(const Exercise& exercise) {
  std::error_code failed;
  std::string file = mine_file(exercise);
  if (is_file(file)) fs::rename(file, file + ".before-reset", failed);
  if (failed) return fmt::Errorf("cannot rename %s: %s", file, failed.message());
  fs::remove(solved_file(exercise), failed);
  return copy_shipped(exercise);
}

error mark_solved(const Exercise& exercise) {
  return is_solved(exercise) ? error(nullptr) : write_file(solved_file(exercise), "");
}

bool is_solved(const Exercise& exercise) { return is_file(solved_file(exercise)); }

std::pair<std::string, error> lab_file(const std::string& name) {
  std::string file = mine_dir() + "/.lab/" + name;
  return {file, make_place(file)};
}

}  // namespace lab
