// manifest.cpp: reads manifests, word by word.
#include <algorithm>
#include <sstream>

#include "course/lab/exercise.h"
#include "course/lab/suggest.h"
#include "runtime/fmt/fmt.h"

namespace lab {
namespace {

using golab::error;
namespace fmt = golab::fmt;
namespace time = golab::time;

using Value = std::istringstream;

constexpr int kChapters = 3;

bool is_request(const std::string& method, const std::string& path) {
  auto upper = [](char c) { return c >= 'A' && c <= 'Z'; };
  return std::all_of(method.begin(), method.end(), upper) && path.starts_with('/');
}

bool read_request(Value& value, std::vector<RequestLine>& lines) {
  RequestLine line;
  value >> line.count >> line.method >> line.path;
  if (!value || line.count < 1 || !is_request(line.method, line.path)) return false;
  lines.push_back(line);
  return true;
}

bool read_title(Value& value, Exercise& exercise) {
  std::getline(value >> std::ws, exercise.title);
  return !exercise.title.empty();
}

bool read_chapter(Value& value, Exercise& exercise) {
  return value >> exercise.chapter && exercise.chapter >= 1 && exercise.chapter <= kChapters;
}

bool read_minutes(Value& value, Exercise& exercise) {
  return value >> exercise.minutes && exercise.minutes > 0;
}

bool read_addr(Value& value, Exercise& exercise) {
  return value >> exercise.addr && exercise.addr.find(':') != std::string::npos;
}

bool read_load(Value& value, Exercise& exercise) { return read_request(value, exercise.loads); }
bool read_work(Value& value, Exercise& exercise) { return read_request(value, exercise.work); }
bool read_error(Value& value, Exercise& exercise) { return read_request(value, exercise.errors); }

bool read_results(Value& value, Exercise& exercise) {
  return read_request(value, exercise.results);
}

bool read_hangup(Value& value, Exercise& exercise) { return read_request(value, exercise.hangups); }

bool read_shutdown(Value& value, Exercise& exercise) {
  return read_request(value, exercise.shutdowns);
}

bool read_leak(Value& value, Exercise& exercise) {
  PromisedLeak leak;
  if (!(value >> leak.per_request >> leak.function) || leak.per_request <= 0) return false;
  exercise.leaks.push_back(leak);
  return true;
}

bool read_fail(Value& value, Exercise& exercise) {
  Failure failure;
  value >> failure.call >> failure.nth >> failure.method >> failure.path;
  if (!value || failure.nth < 1 || !is_request(failure.method, failure.path)) return false;
  exercise.failures.push_back(failure);
  return true;
}

bool read_duration(Value& value, time::Duration& duration) {
  std::string text;
  value >> text;
  auto [read, err] = time::ParseDuration(text);
  duration = read;
  return err == nullptr && read >= 0;
}

bool read_waits(Value& value, Exercise& exercise) {
  WaitLine line;
  if (!read_duration(value, line.least)) return false;
  value >> line.method >> line.path;
  if (!value || !is_request(line.method, line.path)) return false;
  exercise.waits.push_back(line);
  return true;
}

bool read_rest(Value& value, Exercise& exercise) { return read_duration(value, exercise.rest); }

bool read_red(Value& value, Exercise& exercise) {
  for (std::string gate; value >> gate;) exercise.red.push_back(gate);
  value.clear();
  return !exercise.red.empty();
}

struct Word {
  const char* name;
  const char* form;  // of the whole line
  bool (*read)(Value&, Exercise&);
};

constexpr Word kWords[] = {
    {"title", "title TEXT", read_title},
    {"chapter", "chapter 1, 2 or 3", read_chapter},
    {"minutes", "minutes NUMBER", read_minutes},
    {"addr", "addr HOST:PORT", read_addr},
    {"load", "load COUNT METHOD /PATH", read_load},
    {"leak", "leak COUNT-PER-REQUEST FUNCTION", read_leak},
    {"work", "work GOROUTINES METHOD /PATH", read_work},
    {"results", "results VALUES METHOD /PATH", read_results},
    {"waits", "waits DURATION METHOD /PATH", read_waits},
    {"error", "error COUNT METHOD /PATH", read_error},
    {"fail", "fail CALL NTH METHOD /PATH", read_fail},
    {"hangup", "hangup COUNT METHOD /PATH", read_hangup},
    {"shutdown", "shutdown COUNT METHOD /PATH", read_shutdown},
    {"rest", "rest DURATION, like 1m or 0s", read_rest},
    {"red", "red GATE...", read_red},
};

// The line without its comment and without blanks at its ends.
std::string without_comment(std::string line) {
  size_t comment = std::min(line.find("  #"), line.find("\t#"));
  line.erase(std::min(comment, line.size()));
  line.erase(0, std::min(line.find_first_not_of(" \t\r"), line.size()));
  line.erase(line.find_last_not_of(" \t\r") + 1);
  return line.starts_with('#') ? "" : line;
}

// What is wrong with a line, nil if nothing is.
error read_line(const std::string& line, Exercise& exercise) {
  Value value(line);
  std::string name;
  value >> name;
  auto is_it = [&](const Word& word) { return word.name == name; };
  const Word* word = std::find_if(std::begin(kWords), std::end(kWords), is_it);
  if (word == std::end(kWords)) {
    std::vector<std::string> names;
    for (const Word& known : kWords) names.emplace_back(known.name);
    std::string hint = did_you_mean(name, names);
    if (hint.empty()) hint = "; course/lab/exercise.h has the list";
    return fmt::Errorf("no word %q%s", name, hint);
  }
  bool understood = word->read(value, exercise);
  std::string rest;
  if (understood && !(value >> rest)) return nullptr;
  return fmt::Errorf("cannot read %q: expected %s", line, word->form);
}

// What the lines together do not say, or say against each other.
std::string contradiction(const Exercise& exercise) {
  if (exercise.title.empty()) return "there is no line \"title TEXT\"";
  if (exercise.chapter == 0) return "there is no line \"chapter 1, 2 or 3\"";
  if (exercise.minutes == 0) return "there is no line \"minutes NUMBER\"";
  if (exercise.addr.empty()) return "there is no line \"addr HOST:PORT\"";
  if (exercise.loads.empty()) return "there is no line \"load COUNT METHOD /PATH\"";
  std::vector<std::string> gates = exercise.gates();
  for (const std::string& gate : exercise.red) {
    if (std::find(gates.begin(), gates.end(), gate) != gates.end()) continue;
    std::string names;
    for (const std::string& known : gates) names += (names.empty() ? "" : ", ") + known;
    return fmt::Sprintf("red %s: this exercise has no such gate%s; it has %s", gate,
                        did_you_mean(gate, gates), names);
  }
  return "";
}

}  // namespace

std::pair<Exercise, error> parse_manifest(const std::string& name, const std::string& text) {
  const std::string file = "exercises/" + name + "/manifest";
  Exercise exercise;
  exercise.name = name;
  std::istringstream lines(text);
  int number = 0;
  for (std::string line; std::getline(lines, line);) {
    number++;
    std::string words = without_comment(line);
    if (words.empty()) continue;
    if (error err = read_line(words, exercise); err != nullptr) {
      return {exercise, fmt::Errorf("%s:%d: %w", file, number, err)};
    }
  }
  if (exercise.red.empty()) exercise.red = {"left"};
  std::string wrong = contradiction(exercise);
  return {exercise, wrong.empty() ? error(nullptr) : fmt::Errorf("%s: %s", file, wrong)};
}

std::vector<std::string> Exercise::gates() const {
  std::vector<std::string> names = {"builds", "rulers", "answers"};
  if (!work.empty() || !results.empty() || !waits.empty()) names.emplace_back("work");
  names.emplace_back("left");
  if (!hangups.empty()) names.emplace_back("hangup");
  if (!errors.empty() || !failures.empty()) names.emplace_back("errors");
  if (!shutdowns.empty()) names.emplace_back("shutdown");
  return names;
}

}  // namespace lab
