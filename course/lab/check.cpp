// check.cpp: which files are judged, and the exit status.
#include "course/lab/check.h"

#include <algorithm>
#include <iostream>

#include "course/lab/diary.h"
#include "course/lab/output.h"
#include "course/lab/screen.h"
#include "course/lab/terminal.h"
#include "course/lab/workspace.h"
#include "profiler/formats/shown.h"
#include "runtime/golab.h"

namespace lab {
namespace {

// The exercises that are meant, with those whose manifests are bad.
std::pair<std::vector<Exercise>, error> chosen(const CheckOptions& options) {
  if (options.all) return exercises();
  std::vector<Exercise> found;
  for (const std::string& name : options.names) {
    auto [exercise, err] = find_exercise(name);
    if (err != nullptr) return {{}, err};
    found.push_back(exercise);
  }
  if (found.empty())
    return {{}, errors::New("which exercise? ./lab check 02, or ./lab check --all")};
  return {found, nullptr};
}

Judgement could_not_judge(const Exercise& exercise, const std::string& why) {
  Judgement judgement;
  judgement.exercise = exercise.name;
  judgement.problem = why;
  return judgement;
}

// Who names an exercise opens it; --all copies nothing.
Judgement check(const Exercise& exercise, bool open) {
  if (!exercise.problem.empty()) return could_not_judge(exercise, exercise.problem);
  std::string file = current_file(exercise);
  if (open) {
    auto [opened, err] = open_exercise(exercise);
    if (err != nullptr) return could_not_judge(exercise, err.Error());
    file = opened;
  }
  Judgement judgement;
  {
    Progress progress;
    judgement = judge(exercise, file, {}, &progress);
  }
  // The diary is the student's: a look at all of them writes nothing into it.
  if (error err = open ? note_judgement(judgement) : nullptr; err != nullptr) failed(err, 0);
  if (judgement.verdict != Verdict::Solved || !is_open(exercise)) return judgement;
  if (error err = mark_solved(exercise); err != nullptr) failed(err, 0);
  return judgement;
}

void tell_of_change(const Exercise& exercise) {
  if (!changed_since_copy(exercise)) return;
  std::cerr << "lab: the shipped " << exercise.name
            << " is another one than you copied. Your file is judged by the one that you copied;\n"
               "     ./lab reset "
            << exercise.name << " takes the new one and keeps yours beside it\n";
}

}  // namespace

int check_command(const CheckOptions& options) {
  auto [exercises, err] = chosen(options);
  if (err != nullptr) return failed(err, 2);
  std::vector<Judgement> judgements;
  int status = 0;
  for (const Exercise& exercise : exercises) {
    judgements.push_back(check(exercise, !options.all));
    const Judgement& judgement = judgements.back();
    status = std::max(status, exit_status(judgement.verdict));
    tell_of_change(exercise);
    if (!options.json) print(render_judgement(judgement, output_screen()));
  }
  if (options.json) print(judgements_json(judgements));
  return status;
}

}  // namespace lab
