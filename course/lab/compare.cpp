// compare.cpp: measures both sides, and writes their profiles to files.
#include "course/lab/compare.h"

#include <filesystem>
#include <iostream>

#include "course/lab/build.h"
#include "course/lab/output.h"
#include "course/lab/session.h"
#include "course/lab/whole_file.h"
#include "course/lab/workspace.h"
#include "profiler/formats/debug2_reader.h"
#include "profiler/formats/shown.h"
#include "runtime/golab.h"

namespace lab {
namespace {

const char* side_name(bool solution) { return solution ? "solution" : "exercise"; }

bool all_states_known(const profiler::LeakVerdict& verdict) {
  for (const profiler::LeakedStack& leaked : verdict.leaked) {
    if (leaked.stack.state.empty()) return false;
  }
  return true;
}

// Fills in states that the functions of a profile do not tell, from ?debug=2. Returns why some are
// still missing, or "".
std::string learn_states(Service& service, profiler::LeakVerdict& verdict) {
  if (all_states_known(verdict)) return "";
  auto [text, err] = service.fetch_dump();
  if (err != nullptr) return "no dump, so some states are missing: " + err.Error();
  profiler::DumpResult dump = profiler::read_debug2(text, service.address());
  if (!dump) return "some states are missing: " + dump.error;
  profiler::add_states(verdict.diff, dump.goroutines);
  for (profiler::LeakedStack& leaked : verdict.leaked) {
    for (const profiler::StackChange& stack : verdict.diff.stacks) {
      if (stack.functions == leaked.stack.functions && stack.line == leaked.stack.line) {
        leaked.stack.state = stack.state;
      }
    }
  }
  return dump.warning;
}

// Returns the name of the file for one profile.
std::string file_of(const Comparison& comparison, const CompareOptions& options, bool solution,
                    const char* when) {
  std::string name = comparison.exercise.name + "." + side_name(solution) + when + ".pb.gz";
  return options.directory == "." ? name : options.directory + "/" + name;
}

error write_profiles(const Comparison& comparison, const CompareOptions& options) {
  if (options.directory != ".") {
    if (error err = os::MkdirAll(options.directory, 0777); err != nullptr) return err;
  }
  for (bool solution : {false, true}) {
    const Side& side = solution ? comparison.fixed : comparison.broken;
    for (auto [fetched, when] : {std::pair(&side.rest, ".rest"), {&side.after, ""}}) {
      std::string file = file_of(comparison, options, solution, when);
      if (error err = write_whole(file, fetched->bytes); err != nullptr) return err;
    }
  }
  return nullptr;
}

std::string go_on_with(const Comparison& comparison, const CompareOptions& options) {
  std::string broken = file_of(comparison, options, false, "");
  std::string rest = file_of(comparison, options, false, ".rest");
  std::string fixed = file_of(comparison, options, true, "");
  const std::string pprof = "  go tool pprof -http=localhost:8000 ";
  std::string text = "Profiles written: " + broken + ", " + fixed + "\n";
  text += "(and both at rest, before the load: *.rest.pb.gz). Go on with\n\n";
  text += pprof + broken + "\n";
  text += pprof + "\\\n      -diff_base " + rest + " \\\n      " + broken + "\n";
  text += pprof + "\\\n      -diff_base " + fixed + " \\\n      " + broken + "\n";
  return text;
}

// A binary in the build may stand for a student's file with the same text. Its lines are then those
// of the student's file.
void call_it_by(const std::string& file, const Exercise& exercise, profiler::LeakVerdict& verdict) {
  const std::string shipped = shipped_file(exercise);
  for (profiler::LeakedStack& leaked : verdict.leaked) {
    if (leaked.stack.file == shipped) leaked.stack.file = file;
  }
}

}  // namespace

std::pair<std::string, error> program_of(const Exercise& exercise, bool solution) {
  if (solution) return {exercise.program(true), nullptr};
  auto [built, err] = build_program(context::Background(), exercise, current_file(exercise));
  if (err == nullptr && built.program.empty()) {
    err = fmt::Errorf("%s does not compile:\n%s", short_path(current_file(exercise)),
                      built.complaint);
  }
  return {built.program, err};
}

std::pair<Side, error> measure(const Exercise& exercise, bool solution,
                               const CompareOptions& options, Progress* progress) {
  Side side;
  Session session;
  std::string who = side_name(solution);
  RequestLine line = exercise.load();
  if (options.requests > 0) line.count = options.requests;
  progress->step(exercise.name + ", the " + who + ": starting");
  auto [program, build_err] = program_of(exercise, solution);
  if (build_err != nullptr) return {std::move(side), build_err};
  error started = session.start(context::Background(), program, 0);
  if (started != nullptr) return {std::move(side), started};
  Service& service = session.service();
  auto [rest, rest_err] = service.fetch_settled(-1);
  if (rest_err != nullptr) return {std::move(side), rest_err};
  side.rest = std::move(rest);

  std::string what = exercise.name + ", the " + who + ": " + std::to_string(line.count) + " × " +
                     line.method + " " + line.path;
  progress->step(what);
  time::Time shown = time::Now();
  Exchange exchange = session.put(line, options.clients, [&](int done) {
    if (time::Since(shown) < 50 * time::Millisecond) return;
    shown = time::Now();
    progress->update(what + ": " + std::to_string(done) + " done");
  });
  if (exchange.err != nullptr) return {std::move(side), exchange.err};
  if (!exchange.trouble.empty()) {
    return {std::move(side),
            fmt::Errorf("the %s does not stand the load: %s", who, exchange.trouble)};
  }

  progress->update(what + ": done; waiting for it to come to rest");
  if (auto [settled, err] = session.look_after(exercise.rest); err != nullptr) {
    return {std::move(side), err};
  }
  auto [after, after_err] = service.fetch_settled(side.rest.goroutines);
  if (after_err != nullptr) return {std::move(side), after_err};
  side.after = std::move(after);
  side.verdict = profiler::judge(side.rest.profile, side.after.profile, line.count);
  side.warning = learn_states(service, side.verdict);
  if (!solution) call_it_by(current_file(exercise), exercise, side.verdict);
  return {std::move(side), nullptr};
}

int compare_command(const std::string& name, const CompareOptions& options) {
  Comparison comparison;
  auto [exercise, err] = find_exercise(name);
  if (err != nullptr) return failed(err, 2);
  comparison.exercise = exercise;
  comparison.file = current_file(exercise);
  comparison.requests = options.requests > 0 ? options.requests : exercise.load().count;
  {
    Progress progress;
    for (bool solution : {false, true}) {
      auto [side, side_err] = measure(exercise, solution, options, &progress);
      if (side_err != nullptr) {
        progress.clear();
        return failed(side_err, 2);
      }
      (solution ? comparison.fixed : comparison.broken) = std::move(side);
    }
  }
  print(render_comparison(comparison, wants_colour(1), terminal_columns()) + "\n");
  for (const Side* side : {&comparison.broken, &comparison.fixed}) {
    if (!side->warning.empty())
      std::cerr << "lab: " << golab::profiler::shown(side->warning) << "\n";
  }
  if (error write_err = write_profiles(comparison, options); write_err != nullptr) {
    return failed(
        fmt::Errorf("cannot keep the profiles: %w; -o names another directory", write_err), 2);
  }
  print(go_on_with(comparison, options));
  return comparison.fixed.verdict.leaks ? 1 : 0;
}

int demo_command(const CompareOptions& options) {
  int columns = std::min(terminal_columns(), 100);
  print(
      wrapped("A worker pool that leaks, and the same pool repaired. Both run now as HTTP services "
              "on this machine, get the same requests, and are asked for their goroutine profile "
              "before and after: the list of all goroutines, equal stacks counted.",
              columns));
  int status = compare_command("02-worker-pool", options);
  if (status != 0) return status;
  print(
      "\n" +
      wrapped("What you see: a service at rest has three goroutines, one that listens and two for "
              "the connection that fetches the profile. Whatever is added by requests and stays "
              "when they are over, has leaked. The state says what a leaked goroutine waits for, "
              "the line says where: the workers for a task from a channel that nobody closes, the "
              "producer for somebody to take its last report. Why, and what the solution does "
              "about it: course/02-worker-pool.md.",
              columns));
  return status;
}

}  // namespace lab
