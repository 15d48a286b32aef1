// run.cpp: from a student's file to a running service.
#include "course/lab/run.h"

#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <iostream>

#include "course/lab/address.h"
#include "course/lab/after_load.h"
#include "course/lab/build.h"
#include "course/lab/exercise.h"
#include "course/lab/output.h"
#include "course/lab/port.h"
#include "course/lab/predict.h"
#include "course/lab/workspace.h"
#include "profiler/formats/shown.h"
#include "runtime/golab.h"

namespace lab {
namespace {

struct Wish {
  bool solution = false;
  bool help = false;
  std::string addr;                // where it is to listen; empty until it is chosen
  std::vector<std::string> flags;  // of the service
};

// The flag as Go's package flag reads it: -addr VALUE, --addr=VALUE.
Wish read_wish(const std::vector<std::string>& args) {
  Wish wish;
  for (size_t i = 1; i < args.size(); i++) {
    if (args[i] == "--solution") {
      wish.solution = true;
      continue;
    }
    wish.flags.push_back(args[i]);
    size_t dashes = std::min(args[i].find_first_not_of('-'), size_t{2});
    std::string name = args[i].substr(dashes);
    if (dashes == 0) continue;
    wish.help = wish.help || name == "h" || name == "help";
    if (name == "addr" && i + 1 < args.size()) wish.addr = args[i + 1];
    if (name.starts_with("addr=")) wish.addr = name.substr(5);
  }
  return wish;
}

// Chooses an address if the student has not. One that is in use is said before the service is
// started, with the process that has it. Everything else about an address the service says itself.
error settle_address(const Exercise& exercise, Wish* wish) {
  if (wish->addr.empty()) {
    auto [chosen, err] = choose_address(exercise, wish->solution);
    chosen.claim.keep();
    wish->addr = chosen.address;
    wish->flags.insert(wish->flags.begin(), {"--addr", chosen.address});
    return err;
  }
  auto [listener, err] = net::Listen("tcp", wish->addr);
  if (err == nullptr) {
    listener.Close();
    return nullptr;
  }
  int port = port_of(wish->addr);
  std::string holder = port_holder(port);
  if (port == 0 || holder.empty()) return nullptr;
  return fmt::Errorf("%w\n     %s has it: end that, or let lab choose: ./lab run %s%s", err, holder,
                     exercise.name, wish->solution ? " --solution" : "");
}

// Returns the program, or an error with the status to end with.
std::pair<std::string, error> program_for(const Exercise& exercise, const Wish& wish, int* status) {
  *status = 2;
  if (wish.solution) return {exercise.program(true), nullptr};
  auto [file, err] = open_exercise(exercise);
  if (err != nullptr) return {"", err};
  auto [built, build_err] = build_program(context::Background(), exercise, file);
  if (build_err != nullptr || !built.program.empty()) return {built.program, build_err};
  *status = 1;
  return {"", fmt::Errorf("%s does not compile:\n%s", short_path(file), built.complaint)};
}

void introduce(const Exercise& exercise, const Wish& wish) {
  const std::string url = profiler::shown(url_of(wish.addr));
  std::string file = wish.solution ? solution_file(exercise) : mine_file(exercise);
  std::cerr << exercise.name << ": " << profiler::shown(short_path(file))
            << ". Ctrl-C ends it. In another terminal:\n"
            << "  url=" << url << "\n"
            << "  curl \"$url" << exercise.load().path << "\"\n"
            << "  curl \"$url/debug/pprof/goroutine?debug=1\"\n"
            << "or in a browser: " << url << "/debug/lab/ (./lab url prints this address, too)\n"
            << std::flush;
}

}  // namespace

int run_command(const std::vector<std::string>& args) {
  auto [exercise, err] = find_exercise(args.empty() ? "" : args[0]);
  if (err != nullptr) return failed(err, 2);
  Wish wish = read_wish(args);
  int status = 0;
  auto [program, program_err] = program_for(exercise, wish, &status);
  if (program_err != nullptr) return failed(program_err, status);
  if (!wish.help) {
    error unsettled = settle_address(exercise, &wish);
    if (unsettled != nullptr) return failed(unsettled, 1);
    error unnoted = note_address(exercise, wish.solution, wish.addr);
    if (unnoted != nullptr) failed(fmt::Errorf("%w; ./lab url will not find it", unnoted), 0);
  }

  std::vector<char*> argv = {program.data()};
  for (std::string& flag : wish.flags) argv.push_back(flag.data());
  argv.push_back(nullptr);
  if (!wish.solution && !wish.help) {
    predict_before_run(exercise, [&, &exercise = exercise, &program = program] {
      auto [seen, look_err] = look_after_load(exercise, program);
      return std::pair(std::move(seen.profile.profile), look_err);
    });
  }
  if (::isatty(2) && port_of(wish.addr) != 0) introduce(exercise, wish);
  ::setenv("GOLAB_LOADS", exercise.load_lines().c_str(), 1);  // the buttons of /debug/lab/
  ::execv(argv[0], argv.data());
  return failed(
      fmt::Errorf("%s: %s; build it: ./lab build lab_exercises", program, std::strerror(errno)), 2);
}

}  // namespace lab
