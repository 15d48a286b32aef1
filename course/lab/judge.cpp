// judge.cpp: builds, runs, and puts the gates together.
#include "course/lab/judge.h"

#include <algorithm>
#include <sstream>

#include "course/lab/answers.h"
#include "course/lab/build.h"
#include "course/lab/claim.h"
#include "course/lab/gates.h"
#include "course/lab/rulers.h"
#include "course/lab/workspace.h"
#include "runtime/golab.h"

namespace lab {
namespace {

Gate gate_of(const std::string& name, bool is_green, const std::string& sentence) {
  Gate gate;
  gate.name = name;
  gate.state = is_green ? GateState::Green : GateState::Red;
  gate.sentence = sentence;
  return gate;
}

Gate rulers_gate(const std::string& shipped, const std::string& text) {
  std::string changed = changed_outside_rulers(shipped, text);
  return gate_of("rulers", changed.empty(),
                 changed.empty() ? "nothing outside the rulers was changed" : changed);
}

// A binary in the build may stand for a file of the student's with the same text. Its lines are
// then those of the student's file, in the evidence as in the dump.
void call_it_by(const std::string& source, const Exercise& exercise, std::vector<Gate>& gates) {
  for (Gate& gate : gates) {
    for (StuckGroup& group : gate.evidence) {
      for (std::string* file : {&group.file, &group.created_file}) {
        if (*file == shipped_file(exercise) || *file == solution_file(exercise)) *file = source;
      }
    }
  }
}

void call_it_by(const std::string& source, const Exercise& exercise, std::string& dump) {
  for (const std::string& built : {shipped_file(exercise), solution_file(exercise)}) {
    const std::string from = "\t" + built + ":", to = "\t" + source + ":";
    for (size_t at = 0; (at = dump.find(from, at)) != std::string::npos; at += to.size()) {
      dump.replace(at, from.size(), to);
    }
  }
}

class Judging {
 public:
  Judging(const Exercise& exercise, const std::string& source, const JudgeOptions& options,
          Progress* progress)
      : exercise_(exercise), source_(source), options_(options), progress_(progress) {
    judgement_.exercise = exercise.name;
    judgement_.file = source;
    for (const std::string& name : exercise.gates()) {
      judgement_.gates.push_back({});
      judgement_.gates.back().name = name;
    }
  }

  Judgement all() {
    time::Time begun = time::Now();
    if (error err = go_through(); err != nullptr) {
      judgement_.verdict = Verdict::CouldNotJudge;
      judgement_.problem = err.Error();
    } else {
      judgement_.verdict = all_green() ? Verdict::Solved : Verdict::NotYet;
    }
    judgement_.seconds = time::Since(begun).Seconds();
    return std::move(judgement_);
  }

 private:
  error go_through() {
    const bool mine = source_ == mine_file(exercise_);
    auto [shipped, shipped_err] =
        mine ? original_text(exercise_) : os::ReadFile(shipped_file(exercise_));
    if (shipped_err != nullptr) return shipped_err;
    auto [text, err] = os::ReadFile(source_);
    if (err != nullptr) return err;
    set(rulers_gate(shipped, text));

    if (error over = step("building"); over != nullptr) return over;
    auto [built, build_err] = build();
    if (build_err != nullptr) return build_err;
    const bool builds = !built.program.empty();
    set(gate_of("builds", builds, builds ? "it compiles and links" : built.complaint));
    if (!builds) return nullptr;

    if (error over = update("asking the solution"); over != nullptr) return over;
    auto [expectations, solution_err] = solution_answers(options_.ctx, exercise_, options_.procs);
    if (solution_err != nullptr) return solution_err;
    if (error over = update("judging"); over != nullptr) return over;
    std::vector<Trial> trials =
        try_under_each(options_.ctx, exercise_, built.program, options_.procs);
    for (const Trial& trial : trials) {
      if (trial.err != nullptr) return trial.err;
    }
    std::vector<Gate> gates = gates_of(exercise_, expectations, trials);
    call_it_by(source_, exercise_, gates);
    for (Gate& gate : gates) set(std::move(gate));
    if (trials.back().parts.empty()) return nullptr;
    const Part& load = trials.back().parts[0];
    judgement_.profile = load.profile;
    judgement_.dump = load.dump;
    call_it_by(source_, exercise_, judgement_.dump);
    return nullptr;
  }

  std::pair<Built, error> build() const {
    if (options_.program_dir.empty()) return build_program(options_.ctx, exercise_, source_);
    return build_program_in(options_.ctx, options_.program_dir, exercise_, source_);
  }

  void set(Gate gate) {
    auto known = std::find_if(judgement_.gates.begin(), judgement_.gates.end(),
                              [&](const Gate& g) { return g.name == gate.name; });
    if (known != judgement_.gates.end()) *known = std::move(gate);
  }

  bool all_green() const {
    return std::all_of(judgement_.gates.begin(), judgement_.gates.end(),
                       [](const Gate& gate) { return gate.state == GateState::Green; });
  }

  // Both say what comes next, unless the judgement is over.
  error step(const std::string& what) {
    if (progress_ != nullptr) progress_->step(exercise_.name + ": " + what);
    return options_.ctx.Err();
  }

  error update(const std::string& what) {
    if (progress_ != nullptr) progress_->update(exercise_.name + ": " + what);
    return options_.ctx.Err();
  }

  const Exercise& exercise_;
  const std::string& source_;
  const JudgeOptions& options_;
  Progress* progress_;
  Judgement judgement_;
};

}  // namespace

Judgement judge(const Exercise& exercise, const std::string& source_file,
                const JudgeOptions& options, Progress* progress) {
  Claim turn = wait_for_turn(options.ctx, [&] {
    if (progress != nullptr) progress->step(exercise.name + ": others are being judged first");
  });
  return Judging(exercise, source_file, options, progress).all();
}

const char* state_name(GateState state) {
  switch (state) {
    case GateState::Green:
      return "green";
    case GateState::Red:
      return "red";
    case GateState::NotJudged:
      break;
  }
  return "not judged";
}

const char* verdict_name(Verdict verdict) {
  switch (verdict) {
    case Verdict::Solved:
      return "solved";
    case Verdict::NotYet:
      return "not yet";
    case Verdict::CouldNotJudge:
      break;
  }
  return "could not be judged";
}

int exit_status(Verdict verdict) {
  switch (verdict) {
    case Verdict::Solved:
      return 0;
    case Verdict::NotYet:
      return 1;
    case Verdict::CouldNotJudge:
      break;
  }
  return 2;
}

}  // namespace lab
