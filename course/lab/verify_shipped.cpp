// verify_shipped.cpp: what is shipped, held to its promises.
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <functional>
#include <map>
#include <sstream>

#include "course/lab/check.h"
#include "course/lab/output.h"
#include "course/lab/screen.h"
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

// One file, and what is wrong with its judgement.
struct Case {
  std::string file;
  std::function<std::string(const Judgement&)> wrong;
  Judgement judgement;
};

class Verification {
 public:
  explicit Verification(bool quick) : quick_(quick) {}

  void verify(const Exercise& exercise) {
    if (!exercise.problem.empty()) {
      status_ = 2;
      return say(exercise.name, exercise.problem);
    }
    std::vector<Case> cases;
    cases.push_back({shipped_file(exercise),
                     [&](const Judgement& j) { return wrong_with_shipped(exercise, j); },
                     {}});
    cases.push_back(
        {solution_file(exercise), [](const Judgement& j) { return wrong_with_fix({}, j); }, {}});
    for (const char* kind : {"wrong", "right"}) {
      for (const std::string& file : files(exercise, kind)) add_fix(file, cases);
    }
    judge_all(exercise, cases);
    for (const Case& one : cases) conclude(one);
  }

  int status() const { return status_; }

 private:
  Names files(const Exercise& exercise, const char* kind) const {
    Names found;
    std::error_code none;
    std::string directory = top_dir() + "/tests/exercises/" + exercise.name + "/" + kind;
    if (quick_) return found;
    for (const auto& entry : fs::directory_iterator(directory, none)) {
      if (entry.path().extension() == ".cpp") found.push_back(entry.path().string());
    }
    std::sort(found.begin(), found.end());
    return found;
  }

  void add_fix(const std::string& file, std::vector<Case>& cases) {
    auto [text, err] = os::ReadFile(file);
    std::string first = text.substr(0, text.find('\n'));
    if (err != nullptr || !(first.starts_with("// red ") || first.starts_with("// green:"))) {
      status_ = std::max(status_, 1);
      return say(file, "its first line is neither `// red GATE…: why` nor `// green: why`");
    }
    cases.push_back({file,
                     [promised = promised_gates(first)](const Judgement& j) {
                       return wrong_with_fix(promised, j);
                     },
                     {}});
  }

  // As many at a time as there are processors: what takes longest is the compiler.
  static void judge_all(const Exercise& exercise, std::vector<Case>& cases) {
    Progress progress;
    progress.step(exercise.name + ": " + std::to_string(cases.size()) + " files");
    std::atomic<size_t> next{0};
    sync::WaitGroup wg;
    for (int i = 0; i < runtime::NumCPU(); i++) {
      wg.Go([&] {
        for (size_t at; (at = next.fetch_add(1)) < cases.size();) {
          cases[at].judgement = judged(exercise, cases[at].file);
        }
      });
    }
    wg.Wait();
  }

  // In a directory of its own: a program is gone when it has been judged.
  static Judgement judged(const Exercise& exercise, const std::string& file) {
    auto [directory, err] = os::MkdirTemp("", "lab-verify-");
    if (err != nullptr) {
      Judgement none;
      none.problem = err.Error();
      return none;
    }
    Judgement judgement =
        judge(exercise, file, {.procs = {1, 2}, .program_dir = directory}, nullptr);
    std::error_code ignored;
    fs::remove_all(directory, ignored);
    return judgement;
  }

  void conclude(const Case& one) {
    if (one.judgement.verdict == Verdict::CouldNotJudge) {
      status_ = 2;
      return say(one.file, "could not be judged: " + one.judgement.problem);
    }
    std::string wrong = one.wrong(one.judgement);
    if (!wrong.empty()) {
      status_ = std::max(status_, 1);
      say(one.file, wrong);
      print(render_judgement(one.judgement, output_screen()));
      return;
    }
    Names red = red_gates(one.judgement);
    say(one.file, red.empty() ? "solved" : "red as promised: " + joined(red));
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
