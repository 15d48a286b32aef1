// diary.cpp: lines appended, and lines read.
#include "course/lab/diary.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <sstream>

#include "course/lab/workspace.h"
#include "runtime/fmt/fmt.h"
#include "runtime/os/os.h"
#include "runtime/time/time.h"

namespace lab {

using golab::error;
namespace fmt = golab::fmt;
namespace time = golab::time;

namespace {

std::string one_line(std::string text) {
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text;
}

}  // namespace

error write_diary(const std::string& exercise, const std::string& what, const std::string& more) {
  auto [file, err] = lab_file("diary");
  if (err != nullptr) return err;
  std::string line = time::Now().UTC().Format(time::RFC3339) + " " + exercise + " " + what +
                     (more.empty() ? "" : " " + one_line(more)) + "\n";
  int fd = ::open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  if (fd < 0) return fmt::Errorf("cannot write %s: %s", file, std::strerror(errno));
  ssize_t n = ::write(fd, line.data(), line.size());
  int why = errno;
  ::close(fd);
  if (n < 0) return fmt::Errorf("cannot write %s: %s", file, std::strerror(why));
  return nullptr;
}

std::vector<DiaryEntry> parse_diary(const std::string& text) {
  std::vector<DiaryEntry> entries;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    DiaryEntry entry;
    std::istringstream words(line);
    if (!(words >> entry.time >> entry.exercise >> entry.what)) continue;
    if (time::Parse(time::RFC3339, entry.time).second != nullptr) continue;
    std::getline(words >> std::ws, entry.more);
    entries.push_back(entry);
  }
  return entries;
}

std::vector<DiaryEntry> read_diary() {
  auto [text, err] = golab::os::ReadFile(mine_dir() + "/.lab/diary");
  return err != nullptr ? std::vector<DiaryEntry>{} : parse_diary(text);
}

int hints_shown(const std::vector<DiaryEntry>& diary, const std::string& exercise) {
  int most = 0;
  for (const DiaryEntry& entry : diary) {
    if (entry.exercise != exercise || entry.what != "hint") continue;
    int rung = 0;
    std::istringstream(entry.more) >> rung;
    most = std::max(most, rung);
  }
  return most;
}

bool has_happened(const std::vector<DiaryEntry>& diary, const std::string& exercise,
                  const std::string& what) {
  return std::any_of(diary.begin(), diary.end(), [&](const DiaryEntry& entry) {
    return entry.exercise == exercise && entry.what == what;
  });
}

error note_judgement(const Judgement& judgement) {
  std::string more = verdict_name(judgement.verdict);
  std::string red;
  for (const Gate& gate : judgement.gates) {
    if (gate.state == GateState::Red) red += " " + gate.name;
  }
  if (judgement.verdict == Verdict::NotYet && !red.empty()) more += ":" + red;
  return write_diary(judgement.exercise, "checked", more);
}

}  // namespace lab
