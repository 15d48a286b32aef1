// verify_shipped.cpp: what is shipped, held to its promises.
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>
#include <sstream>

#include "course/lab/check.h"
#include "course/lab/output.h"
#include "course/lab/terminal.h"
#include "course/lab/workspace.h"
#include "runtime/golab.h"

namespace lab {
namespace {

namespace fs = std::filesystem;

using Names = std::vector<std::string>;

std::string joined(const Names& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : " ") + name;
  return text.empty() ? "none" : text;
}

Names red_gates(const Judgement& judgement) {
  Names names;
  for (const Gate& gate : judgement.gates) {
    if (gate.state == GateState::Red) names.push_back(gate.name);
  }
  return names;
}

bool has(const Names& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// What one request leaves behind, "75 main.worker, 1 main.producer", in the order of the names.
std::string leaks_text(const std::map<std::string, double>& leaks) {
  std::string text;
  for (const auto& [function, count] : leaks) {
    text += (text.empty() ? "" : ", ") + profiler::rate_text(count) + " " + function;
  }
  return text;
}

// What it leaves against what it promises to. Empty if that is the same.
std::string broken_promise(const Exercise& exercise, const Judgement& judgement) {
  std::map<std::string, double> promised, found;
  for (const PromisedLeak& leak : exercise.leaks) promised[leak.function] += leak.per_request;
  for (const Gate& gate : judgement.gates) {
    if (gate.name != "left") continue;
    for (const StuckGroup& group : gate.evidence) {
      found[group.function] += static_cast<double>(group.count) / exercise.load().count;
    }
  }
  if (leaks_text(promised) == leaks_text(found)) return "";
  return "a request leaves " + leaks_text(found) + ", its manifest says " + leaks_text(promised);
}

// What is wrong with an exercise as shipped.
std::string wrong_with_shipped(const Exercise& exercise, const Judgement& judgement) {
  Names red = red_gates(judgement), promised;
  for (const std::string& gate : exercise.gates()) {
    if (has(exercise.red, gate)) promised.push_back(gate);
  }
  if (red != promised) {
    return "red: " + joined(red) + "; its manifest says " + joined(promised);
  }
  return has(promised, "left") ? broken_promise(exercise, judgement) : "";
}

// What is wrong with a fix whose file promises these gates.
std::string wrong_with_fix(const Names& promised, const Judgement& judgement) {
  if (promised.empty()) {
    return judgement.verdict == Verdict::Solved ? "" : "red: " + joined(red_gates(judgement));
  }
  Names red = red_gates(judgement);
  bool as_said = std::all_of(promised.begin(), promised.end(),
                             [&](const std::string& gate) { return has(red, gate); });
  return as_said ? "" : "red: " + joined(red) + "; its first line says " + joined(promised);
}

class Verification {
 public:
  explicit Verification(bool quick) : quick_(quick) {}

  void verify(const Exercise& exercise) {
    if (!exercise.problem.empty()) {
      status_ = 2;
      say(exercise.name, exercise.problem);
      return;
    }
    Judgement shipped = judged(exercise, shipped_file(exercise));
    conclude(shipped_file(exercise), shipped, wrong_with_shipped(exercise, shipped));
    Judgement solution = judged(exercise, solution_file(exercise));
    conclude(solution_file(exercise), solution, wrong_with_fix({}, solution));
    if (quick_) return;
    for (const char* kind : {"wrong", "right"}) {
      for (const std::string& file : files(exercise, kind)) verify_fix(exercise, file);
    }
  }

  int status() const { return status_; }

 private:
  static Names files(const Exercise& exercise, const char* kind) {
    Names found;
    std::error_code none;
    std::string directory = top_dir() + "/tests/exercises/" + exercise.name + "/" + kind;
    for (const auto& entry : fs::directory_iterator(directory, none)) {
      if (entry.path().extension() == ".cpp") found.push_back(entry.path().string());
    }
    std::sort(found.begin(), found.end());
    return found;
  }

  void verify_fix(const Exercise& exercise, const std::string& file) {
    auto [text, err] = os::ReadFile(file);
    std::string first = text.substr(0, text.find('\n'));
    if (err != nullptr || !(first.starts_with("// red ") || first.starts_with("// green:"))) {
      status_ = std::max(status_, 1);
      say(file, "its first line is neither `// red GATE…: why` nor `// green: why`");
      return;
    }
    Judgement judgement = judged(exercise, file);
    conclude(file, judgement, wrong_with_fix(promised_gates(first), judgement));
  }

  Judgement judged(const Exercise& exercise, const std::string& file) {
    Progress progress;
    progress.update(short_path(file));
    return judge(exercise, file, {}, nullptr);
  }

  void conclude(const std::string& file, const Judgement& judgement, const std::string& wrong) {
    if (judgement.verdict == Verdict::CouldNotJudge) {
      status_ = 2;
      say(file, "could not be judged: " + judgement.problem);
      return;
    }
    if (!wrong.empty()) {
      status_ = std::max(status_, 1);
      say(file, wrong);
      print(render_judgement(judgement, false, terminal_columns()));
      return;
    }
    Names red = red_gates(judgement);
    say(file, red.empty() ? "solved" : "red as promised: " + joined(red));
  }

  static void say(const std::string& what, const std::string& text) {
    print(short_path(what) + ": " + text + "\n");
  }

  bool quick_;
  int status_ = 0;
};

}  // namespace

std::vector<std::string> promised_gates(const std::string& first_line) {
  Names gates;
  std::istringstream words(first_line.substr(0, first_line.find(':')));
  std::string word;
  if (!(words >> word >> word) || word != "red") return {};
  while (words >> word) gates.push_back(word);
  return gates;
}

int verify_shipped_command(const VerifyOptions& options) {
  auto [all, err] = exercises();
  if (err != nullptr) return failed(err, 2);
  if (!options.names.empty()) {
    all.clear();
    for (const std::string& name : options.names) {
      auto [exercise, find_err] = find_exercise(name);
      if (find_err != nullptr) return failed(find_err, 2);
      all.push_back(exercise);
    }
  }
  Verification verification(options.quick);
  for (const Exercise& exercise : all) verification.verify(exercise);
  return verification.status();
}

}  // namespace lab
