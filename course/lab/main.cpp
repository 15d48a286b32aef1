// main.cpp: the command line of lab.
//
// Exit status: 0 fine, 1 the lab's verdict or a service that refused, 2 wrong usage, or output that
// could not be written.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <iostream>
#include <sstream>

#include "course/lab/check.h"
#include "course/lab/commands.h"
#include "course/lab/compare.h"
#include "course/lab/compare_web.h"
#include "course/lab/exercise.h"
#include "course/lab/fetch.h"
#include "course/lab/help.h"
#include "course/lab/output.h"
#include "course/lab/profiles.h"
#include "course/lab/run.h"
#include "course/lab/service_url.h"
#include "course/lab/suggest.h"
#include "course/lab/terminal.h"
#include "profiler/formats/shown.h"
#include "runtime/golab.h"

namespace lab {
namespace {

// ---- The command line ----

const char kName[] = "EXERCISE is a number or a name: 2, 02, worker-pool, 02-worker-pool.";
const char kProfile[] =
    "PROFILE is a file, - for standard input, or the address of a service, Go or C++: "
    "127.0.0.1:6060, http://user:password@host:6060/debug/pprof/heap, unix:/run/app.sock. Any form "
    "of any Go: pprof's binary form, the text of ?debug=1, or a dump (?debug=2, a panic, SIGQUIT), "
    "also in the middle of a log, cut off, gzipped, in UTF-16. What cannot be read is said. "
    "course/reading-any-profile.md tells more.";

const char kType[] = "of several sample types, this one: alloc_space (pprof's default)";

const char kLoop[] =
    "golab: learn goroutine profiling on programs that leak\n\n"
    "./lab alone, on a terminal, works on the first exercise that is not solved: edit your copy in "
    "mine/, save, and see what its goroutines do; h shows a hint.";

struct Arguments {
  std::string exercise;
  std::vector<std::string> rest;
  FetchOptions fetch;
  CompareOptions compare;
  bool web = false;
  std::string web_addr;
  CheckOptions check;
  VerifyOptions verify;
  TopArguments top;
  bool cum = false;
  bool solution = false;
  DiffArguments diff;
};

CLI::App* command(CLI::App& app, const char* name, const char* purpose, const std::string& more) {
  CLI::App* added = app.add_subcommand(name, purpose);
  added->footer(more.empty() ? more : more + "\n");
  return added;
}

void add_compare_options(CLI::App* app, CompareOptions* options) {
  app->add_option("-n,--requests", options->requests,
                  "requests to each side (what the exercise's manifest says)")
      ->option_text("N")
      ->check(CLI::Range(1, 10'000'000));
  app->add_option("-c,--clients", options->clients, "requests at a time (4)")
      ->option_text("N")
      ->check(CLI::Range(1, 1000));
  app->add_option("-o,--output", options->directory, "where to write the profiles (here)")
      ->option_text("DIRECTORY");
}

void describe_exercise_commands(CLI::App& app, Arguments& a) {
  command(app, "demo", "start here: a leaky worker pool beside its repaired twin, explained", "");
  add_compare_options(app.get_subcommand("demo"), &a.compare);

  CLI::App* run =
      command(app, "run", "one exercise as the HTTP service it is, until Ctrl-C",
              std::string(kName) +
                  "\nIt listens on a free port, which ./lab url prints. Flags that follow it are "
                  "the exercise's own: ./lab run 02 --addr 127.0.0.1:7000, ./lab run 02 --help.");
  run->add_option("EXERCISE", a.exercise, "which one")->required()->option_text(" ");
  run->add_flag("--solution", a.solution, "run the repaired program instead");

  CLI::App* compare = command(
      app, "compare", "an exercise and its solution under the same load, side by side",
      std::string(kName) +
          "\nBoth run on free ports of this machine; nothing is left running, also not after "
          "Ctrl-C.\n\nExit status: 0 if the exercise leaks and the solution does not, 1 if not "
          "so, 2 if it could not be done.");
  compare->add_option("EXERCISE", a.exercise, "which one")->required()->option_text(" ");
  add_compare_options(compare, &a.compare);
  compare->add_flag("--web", a.web, "side by side in the browser, until Ctrl-C");
  compare->add_option("--addr", a.web_addr, "with --web: where to listen (a free port)")
      ->option_text("HOST:PORT")
      ->needs("--web");
}

void describe_judge_commands(CLI::App& app, Arguments& a) {
  CLI::App* check = command(
      app, "check", "is your file repaired? gate by gate, with the evidence",
      std::string(kName) +
          "\nJudges mine/NN-name/main.cpp; the first time it copies the exercise there. "
          "GOLAB_MINE names another place than mine/.\n\nExit status: 0 if all are solved, 1 if "
          "one is not yet, 2 if one could not be judged.");
  check->add_option("EXERCISE", a.check.names, "which ones")->option_text("...");
  check->add_flag("--all", a.check.all, "every exercise, also those that you have not opened");
  check->add_flag("--json", a.check.json,
                  "a list: exercise, file, verdict, seconds, problem, gates with their evidence");

  CLI::App* verify = command(
      app, "verify-shipped", "are the exercises as they promise? for those who write them",
      std::string(kName) +
          "\nEach exercise is red in the gates of its manifest and in no other, and leaves what "
          "the manifest says; its solution is solved; each of tests/exercises/NN-name/wrong/*.cpp "
          "is red in the gates of its first line; each of right/*.cpp is solved.");
  verify->add_option("EXERCISE", a.verify.names, "which ones (all)")->option_text("...");
  verify->add_flag("--quick", a.verify.quick, "only exercises and solutions");
}

void describe_profile_commands(CLI::App& app, Arguments& a) {
  CLI::App* fetch = command(
      app, "fetch", "save the goroutine profile of a service, Go or C++",
      "URL may be short: 127.0.0.1:6060 is http://127.0.0.1:6060/debug/pprof/goroutine, and "
      "unix:/run/app.sock the same at a unix socket. What comes is looked at: if it is no "
      "profile, nothing is written and the exit status is 1. FILE is there whole or not at all. At most 1 GiB is fetched; the response must begin "
      "within a minute (and --seconds) and bring 64 KiB a second after that.");
  fetch->add_option("URL", a.fetch.url, "the service")->required()->option_text(" ");
  fetch->add_option("-o,--output", a.fetch.file, "file to write (standard output)")
      ->option_text("FILE");
  fetch
      ->add_option("--debug", a.fetch.debug,
                   "0 binary, for pprof; 1 text, equal stacks counted; 2 every goroutine")
      ->option_text("N")
      ->check(CLI::Range(0, 2));
  fetch->add_option("--seconds", a.fetch.seconds, "what changes within so many seconds")
      ->option_text("N")
      ->check(CLI::Range(1, 3600));

  CLI::App* top =
      command(app, "top", "where goroutines are, as go tool pprof -top shows it", kProfile);
  top->add_option("PROFILE", a.top.profile, "file or address")->required()->option_text(" ");
  top->add_flag("--cum", a.cum, "order by cum: a function and all that it called");
  top->add_option("-n,--rows", a.top.options.rows_max, "at most so many rows")->option_text("N");
  top->add_option("--type", a.top.type, kType)->option_text("TYPE");

  CLI::App* diff = command(
      app, "diff", "what has grown between two profiles, stack by stack",
      std::string(kProfile) + "\nAlso of two builds: functions are compared, not addresses.");
  diff->add_option("BEFORE", a.diff.before, "file or address")->required()->option_text(" ");
  diff->add_option("AFTER", a.diff.after, "file or address")->required()->option_text(" ");
  diff->add_flag("--all", a.diff.render.unchanged, "also what did not change");
  diff->add_flag("--lines", a.diff.options.by_line, "two lines of one function are two places");
  diff->add_flag("--labels", a.diff.options.by_labels, "stacks with other labels are other stacks");
  diff->add_option("-n,--rows", a.diff.render.rows_max, "at most so many rows")->option_text("N");
  diff->add_option("--type", a.diff.type, kType)->option_text("TYPE");
}

// Says what is wrong, in which command, and which help to read.
std::string usage_error(const CLI::App* app, const CLI::Error& wrong) {
  std::string name = "./lab", about;
  for (const CLI::App* used : app->get_subcommands()) {
    name += " " + used->get_name();
    about += " " + used->get_name();
  }
  return "lab: " + name + ": " + without_passwords(wrong.what()) + "\n     more: ./lab help" +
         about + "\n";
}

int dispatch(const CLI::App& app, const StudentCommands& student, Arguments& a) {
  if (std::optional<int> status = student.dispatch(); status.has_value()) return *status;
  auto got = [&](const char* name) { return app.got_subcommand(name); };
  if (got("check")) return check_command(a.check);
  if (got("verify-shipped")) return verify_shipped_command(a.verify);
  if (got("compare")) {
    return a.web ? compare_web_command(a.exercise, a.web_addr)
                 : compare_command(a.exercise, a.compare);
  }
  if (got("demo")) return demo_command(a.compare);
  if (got("fetch")) return fetch_command(a.fetch);
  if (got("top")) {
    a.top.options.order = a.cum ? profiler::TopOrder::Cum : profiler::TopOrder::Flat;
    return top_command(a.top);
  }
  return diff_command(a.diff);
}

int no_command(const CLI::App& app, const std::string& wanted) {
  // These are of the script ./lab.
  std::vector<std::string> known = {"help", "test", "build", "bench", "packages"};
  for (const CLI::App* each : app.get_subcommands([](const CLI::App*) { return true; })) {
    known.push_back(each->get_name());
  }
  std::string meant = did_you_mean(wanted, known);
  return failed(fmt::Errorf("no command %q%s ./lab help lists them", without_passwords(wanted),
                            meant.empty() ? ";" : meant),
                2);
}

int main_of_lab(std::vector<std::string> args) {
  Arguments arguments;
  CLI::App app{kLoop, "./lab"};
  use_help_pages(app);
  app.require_subcommand(1);
  app.failure_message(usage_error);
  app.set_version_flag("--version", "golab " GOLAB_VERSION);
  StudentCommands student(app);
  describe_exercise_commands(app, arguments);
  describe_judge_commands(app, arguments);
  describe_profile_commands(app, arguments);
  app.footer(
      "\nMore about one of them: ./lab help COMMAND. The course begins in course/README.md.\n");

  if (args.empty() && ::isatty(0) && ::isatty(1)) return watch_mode_command();
  if (args.empty()) args = {"--help"};
  if (args[0] == "help") {
    args.erase(args.begin());
    args.push_back("--help");
  }
  bool help = args.size() > 1 && (args[1] == "--help" || args[1] == "-h");
  if (args[0] == "run" && args.size() > 1 && !help)
    return run_command({args.begin() + 1, args.end()});
  auto named = [&](const CLI::App* command) { return command->get_name() == args[0]; };
  bool option = args[0].starts_with("-");
  if (!option && app.get_subcommands(named).empty()) return no_command(app, args[0]);
  try {
    app.parse(std::vector<std::string>(args.rbegin(), args.rend()));
  } catch (const CLI::ParseError& wrong) {
    std::ostringstream out, err;
    int status = app.exit(wrong, out, err);
    print(out.str());
    std::cerr << profiler::shown_lines(err.str());
    return status == 0 ? 0 : 2;
  }
  return dispatch(app, student, arguments);
}

}  // namespace
}  // namespace lab

int main(int argc, char** argv) { return lab::finish(lab::main_of_lab({argv + 1, argv + argc})); }
