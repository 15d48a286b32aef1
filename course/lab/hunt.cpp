// hunt.cpp: dumps become groups, groups meet rules, errors are counted.
#include "course/lab/hunt.h"

#include <sys/stat.h>

#include <algorithm>
#include <map>

#include "course/lab/output.h"
#include "course/lab/whole_file.h"
#include "course/lab/workspace.h"
#include "profiler/analysis/text_table.h"
#include "profiler/formats/debug2_reader.h"
#include "profiler/formats/shown.h"
#include "runtime/errors/errors.h"
#include "runtime/fmt/fmt.h"
#include "runtime/os/os.h"

namespace lab {

using golab::error;
using golab::profiler::Colour;
using golab::profiler::coloured;
using golab::profiler::shown;
namespace fmt = golab::fmt;
namespace os = golab::os;

namespace {

const char kFirstRules[] =
    R"(# Your detector. One line is one rule; a program is flagged if any rule flags any group of its
# goroutines. A group: the same functions on the stack, the same state, created at the same place.
# They are seen after the load and a rest, while a few requests are at work again.
#
#   growth   goroutines more than at rest        growth >= 10
#   count    goroutines there are                count > 100
#   age      how long the oldest has waited      age >= 1m
#   state    what they wait for                  state is "chan receive"
#   stack    a function on their stack           stack has "main.worker"
#   creator  the function that created them      creator is "main.*"
#
# and, or, not and ( ) combine these. `./lab hunt` tries the rules on every program, broken and
# repaired. This one is a beginning; it errs in both ways.
flag if growth >= 100
)";

using Key = std::tuple<std::vector<std::string>, std::string, std::string>;

std::map<Key, Group> grouped(const std::vector<golab::profiler::DumpedGoroutine>& goroutines) {
  std::map<Key, Group> groups;
  for (const golab::profiler::DumpedGoroutine& goroutine : goroutines) {
    Group one;
    for (const golab::profiler::DumpedFrame& frame : goroutine.frames) {
      one.stack.push_back(frame.function);
    }
    one.state = goroutine.state;
    one.creator = goroutine.created_by;
    one.age_s = goroutine.minutes * 60;
    auto [known, added] = groups.try_emplace({one.stack, one.state, one.creator}, one);
    known->second.count++;
    known->second.age_s = std::max(known->second.age_s, one.age_s);
  }
  return groups;
}

// "+1500 main.worker [chan receive], 1 minute"
std::string told(const Group& group) {
  auto mine = std::find_if(group.stack.begin(), group.stack.end(), [](const std::string& function) {
    return function.starts_with("main.");
  });
  std::string function = mine != group.stack.end() ? *mine
                         : group.stack.empty()     ? "(not started)"
                                                   : group.stack.front();
  int64_t minutes = group.age_s / 60;
  std::string age = minutes == 0   ? ""
                    : minutes == 1 ? ", 1 minute"
                                   : ", " + std::to_string(minutes) + " minutes";
  return "+" + std::to_string(group.growth) + " " + function + " [" + group.state + "]" + age;
}

// Names the version of a program that dumps were taken of.
std::string stamp_of(const std::string& program) {
  struct stat status;
  if (::stat(program.c_str(), &status) != 0) return "";
  return fmt::Sprintf("%d.%d %d", static_cast<int64_t>(status.st_mtim.tv_sec),
                      static_cast<int64_t>(status.st_mtim.tv_nsec),
                      static_cast<int64_t>(status.st_size));
}

// The dumps from mine/.lab/hunt, or taken and put there.
std::pair<Dumps, error> kept_dumps(const Exercise& exercise, bool solution, const TakeDumps& take,
                                   Progress* progress) {
  const std::string base = "hunt/" + exercise.name + (solution ? ".solution" : ".shipped");
  auto [stamp_file, err] = lab_file(base + ".stamp");
  if (err != nullptr) return {{}, err};
  const std::string files = stamp_file.substr(0, stamp_file.rfind('.'));
  const std::string stamp = stamp_of(exercise.program(solution));
  if (auto [kept, stamp_err] = os::ReadFile(stamp_file); stamp_err == nullptr && kept == stamp) {
    auto [rest, rest_err] = os::ReadFile(files + ".rest.txt");
    auto [after, after_err] = os::ReadFile(files + ".after.txt");
    if (rest_err == nullptr && after_err == nullptr) return {{rest, after}, nullptr};
  }
  auto [dumps, take_err] = take(exercise, solution, progress);
  if (take_err != nullptr) return {{}, take_err};
  for (const auto& [file, text] : {std::pair(files + ".rest.txt", dumps.rest),
                                   {files + ".after.txt", dumps.after},
                                   {stamp_file, stamp}}) {
    if (error write_err = write_whole(file, text); write_err != nullptr) return {{}, write_err};
  }
  return {dumps, nullptr};
}

std::pair<std::vector<Exercise>, error> named(const std::vector<std::string>& names) {
  if (names.empty()) return exercises();
  std::vector<Exercise> found;
  for (const std::string& name : names) {
    auto [exercise, err] = find_exercise(name);
    if (err != nullptr) return {{}, err};
    found.push_back(exercise);
  }
  return {found, nullptr};
}

std::pair<std::vector<Finding>, error> hunt(const std::vector<Rule>& rules,
                                            const std::vector<std::string>& names,
                                            const TakeDumps& take) {
  std::vector<Finding> findings;
  auto [all, err] = named(names);
  if (err != nullptr) return {findings, err};
  Progress progress;
  for (const Exercise& exercise : all) {
    if (!exercise.problem.empty()) continue;
    for (bool solution : {false, true}) {
      auto [dumps, dumps_err] = kept_dumps(exercise, solution, take, &progress);
      if (dumps_err != nullptr) return {findings, dumps_err};
      auto [groups, groups_err] = groups_of(dumps);
      if (groups_err != nullptr) return {findings, groups_err};
      Finding finding = find(rules, groups);
      finding.exercise = exercise.name;
      finding.solution = solution;
      findings.push_back(finding);
    }
  }
  return {findings, nullptr};
}

// The rules' text; the first time there is one to begin with.
std::pair<std::string, error> rules_text(const std::string& file) {
  auto [text, err] = os::ReadFile(file);
  if (err == nullptr || !golab::errors::Is(err, os::ErrNotExist)) return {text, err};
  if (error made = os::MkdirAll(mine_dir(), 0777); made != nullptr) return {"", made};
  if (error written = write_whole(file, kFirstRules); written != nullptr) return {"", written};
  print("Your rules go into " + short_path(file) + "; it has one to begin with.\n\n");
  return {kFirstRules, nullptr};
}

}  // namespace

std::pair<std::vector<Group>, error> groups_of(const Dumps& dumps) {
  golab::profiler::DumpResult rest = golab::profiler::read_debug2(dumps.rest, "the dump at rest");
  golab::profiler::DumpResult after = golab::profiler::read_debug2(dumps.after, "the dump");
  for (const golab::profiler::DumpResult* dump : {&rest, &after}) {
    if (!*dump) return {{}, golab::errors::New(dump->error)};
  }
  std::map<Key, Group> before = grouped(rest.goroutines);
  std::vector<Group> groups;
  for (auto& [key, group] : grouped(after.goroutines)) {
    auto known = before.find(key);
    groups.push_back(group);
    groups.back().growth = group.count - (known == before.end() ? 0 : known->second.count);
  }
  std::stable_sort(groups.begin(), groups.end(),
                   [](const Group& a, const Group& b) { return a.growth > b.growth; });
  return {groups, nullptr};
}

Finding find(const std::vector<Rule>& rules, const std::vector<Group>& groups) {
  Finding finding;
  if (!groups.empty()) finding.group = groups.front();
  for (const Rule& rule : rules) {
    for (const Group& group : groups) {
      if (!rule.flags(group)) continue;
      finding.rule_line = rule.line;
      finding.group = group;
      return finding;
    }
  }
  return finding;
}

std::string render_hunt(const std::vector<Finding>& findings, const Screen& screen) {
  using Align = golab::profiler::TextTable::Align;
  golab::profiler::TextTable table({Align::Left, Align::Left, Align::Left});
  table.row({"", "as shipped", "solution"}, Colour::Bold);
  std::string errors;
  int missed = 0, alarms = 0;
  for (size_t i = 0; i + 1 < findings.size(); i += 2) {
    const Finding &broken = findings[i], &fixed = findings[i + 1];
    table.row({broken.exercise, broken.flagged() ? "flagged" : "MISSED",
               fixed.flagged() ? "FALSE ALARM" : "quiet"},
              broken.right() && fixed.right() ? Colour::Green : Colour::Red);
    missed += !broken.right();
    alarms += !fixed.right();
    if (!broken.right()) {
      errors += wrapped(
          "- " + broken.exercise + " is missed. What grew most: " + shown(told(broken.group)),
          screen.columns);
    }
    if (!fixed.right()) {
      errors += wrapped("- the solution of " + fixed.exercise + " is flagged by line " +
                            std::to_string(fixed.rule_line) + ": " + shown(told(fixed.group)),
                        screen.columns);
    }
  }
  std::string text = table.render(screen.colour) + "\n";
  if (!errors.empty()) text += errors + "\n";
  std::string sum = std::to_string(missed) + (missed == 1 ? " leak" : " leaks") + " missed, " +
                    std::to_string(alarms) + (alarms == 1 ? " false alarm" : " false alarms");
  return text + coloured(sum, missed + alarms == 0 ? Colour::Green : Colour::Red, screen.colour) +
         "\n";
}

int hunt_command(const std::vector<std::string>& names, const TakeDumps& take) {
  const std::string file = mine_dir() + "/hunt.txt";
  auto [text, text_err] = rules_text(file);
  if (text_err != nullptr) return failed(text_err, 2);
  auto [rules, rules_err] = parse_rules(short_path(file), text);
  if (rules_err != nullptr) return failed(rules_err, 2);
  auto [findings, err] = hunt(rules, names, take);
  if (err != nullptr) return failed(err, 2);
  print(render_hunt(findings, output_screen()));
  const bool all_right = std::all_of(findings.begin(), findings.end(),
                                     [](const Finding& finding) { return finding.right(); });
  if (!all_right) {
    print(wrapped(
        "\nThe dumps are in " + shown(short_path(mine_dir())) + "/.lab/hunt: read them there.",
        terminal_columns()));
  }
  return all_right ? 0 : 1;
}

}  // namespace lab
