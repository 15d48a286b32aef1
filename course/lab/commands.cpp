// commands.cpp: hint, list, url, reset, solution, report, watch, cheatsheet, hunt, completions.
#include "course/lab/commands.h"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstring>
#include <iostream>

#include "course/lab/address.h"
#include "course/lab/after_load.h"
#include "course/lab/completions.h"
#include "course/lab/diary.h"
#include "course/lab/hint.h"
#include "course/lab/hunt.h"
#include "course/lab/judge.h"
#include "course/lab/loop.h"
#include "course/lab/output.h"
#include "course/lab/report.h"
#include "course/lab/screen.h"
#include "course/lab/student.h"
#include "course/lab/terminal.h"
#include "course/lab/watch_url.h"
#include "course/lab/workspace.h"
#include "profiler/formats/shown.h"
#include "runtime/fmt/fmt.h"
#include "runtime/os/os.h"

namespace lab {

using golab::error;
namespace fmt = golab::fmt;

struct StudentCommands::Arguments {
  std::string exercise;
  std::vector<std::string> names_of_exercises;
  std::string file;
  std::string shell;
  bool all = false;
  bool json = false;
  bool names = false;
  bool solution = false;
  bool outside = false;
  bool yes = false;
  WatchOptions watch;
};

namespace {

// Asks on the terminal; without one the answer is yes: a script means what it says.
bool confirmed(const std::string& question) {
  if (!::isatty(0) || !::isatty(2)) return true;
  std::cerr << question << " y/n " << std::flush;
  std::string answer;
  std::getline(std::cin, answer);
  return answer == "y" || answer == "Y" || answer == "yes";
}

int list_command(bool json, bool names) {
  auto [all, err] = exercises();
  if (err != nullptr) return failed(err, 2);
  if (json) {
    print(list_json(all));
    return 0;
  }
  if (names) {
    for (const Exercise& exercise : all) print(exercise.name + "\n");
    return 0;
  }
  print(render_list(all, "", output_screen()));
  print("\nNext: ./lab works on the first one that is not solved.\n");
  return 0;
}

// Without a name: the service that was started last.
int url_command(const std::string& wanted, bool solution) {
  std::string name;
  if (!wanted.empty()) {
    auto [exercise, err] = find_exercise(wanted);
    if (err != nullptr) return failed(err, 2);
    name = exercise.name;
  }
  auto [url, err] = running_url(name, solution);
  if (err != nullptr) return failed(err, 1);
  print(url + "\n");
  return 0;
}

int hint_command(const Exercise& exercise, bool all) {
  auto [text, err] = next_hint(exercise, all, output_screen().columns);
  if (err != nullptr) return failed(err, 2);
  print(text);
  return 0;
}

int reset_command(const Exercise& exercise, bool yes) {
  if (!is_open(exercise)) {
    print(short_path(mine_file(exercise)) + " is not there: nothing to reset.\n");
    return 0;
  }
  const std::string file = short_path(mine_file(exercise));
  if (!yes && !confirmed("Begin anew with the shipped file? " + file + " is kept beside it.")) {
    return 1;
  }
  if (error err = reset(exercise); err != nullptr) return failed(err, 2);
  if (error err = write_diary(exercise.name, "reset"); err != nullptr) return failed(err, 2);
  print(file + " is as shipped. What you had is in " + file + ".before-reset\n");
  return 0;
}

int solution_command(const Exercise& exercise) {
  if (!is_solved(exercise) &&
      !confirmed(exercise.name + " is not solved yet. Show the solution?")) {
    return 1;
  }
  auto [page, err] = solution_page(exercise, output_screen());
  if (err != nullptr) return failed(err, 2);
  write_diary(exercise.name, "solution");
  print(page);
  return 0;
}

std::pair<Dumps, error> take_dumps(const Exercise& exercise, bool solution, Progress* progress) {
  progress->step(exercise.name + (solution ? ", the solution" : ", as shipped"));
  auto [seen, err] = look_after_load(exercise, exercise.program(solution));
  return {{seen.dump_at_rest, seen.dump}, err};
}

int cheatsheet_command() {
  auto [text, err] = golab::os::ReadFile(top_dir() + "/course/go-to-cpp.md");
  if (err != nullptr) return failed(err, 2);
  print(text);
  return 0;
}

// Becomes the program of the lesson on waiting (course/contention/pool.cpp).
int contention_command(bool outside) {
  std::string program = build_dir() + "/course/contended_pool", flag = "-outside";
  char* argv[] = {program.data(), outside ? flag.data() : nullptr, nullptr};
  ::execv(program.c_str(), argv);
  return failed(fmt::Errorf("%s: %s; ./lab build makes it", program, std::strerror(errno)), 2);
}

}  // namespace

StudentCommands::StudentCommands(CLI::App& app) : app_(app), a_(std::make_unique<Arguments>()) {
  auto add = [&](const char* name, const char* purpose, const char* more = "") {
    CLI::App* added = app.add_subcommand(name, purpose);
    added->footer(*more == '\0' ? "" : std::string(more) + "\n");
    return added;
  };
  auto exercise = [&](CLI::App* command) {
    command->add_option("EXERCISE", a_->exercise, "a number or a name: 2, worker-pool")
        ->required()
        ->option_text(" ");
    return command;
  };
  exercise(add("hint", "one hint more for an exercise, three in all",
               "lab remembers how many you have seen: in mine/.lab/diary."))
      ->add_flag("--all", a_->all, "all of them, from the first");
  CLI::App* list = add("list", "the exercises, and how far you are");
  list->add_flag("--json", a_->json, "an array of name, chapter, title, minutes, state");
  list->add_flag("--names", a_->names, "the names only, one a line");
  CLI::App* url = add(
      "url", "where your service listens, for curl and go tool pprof",
      "    url=$(./lab url)\n    curl \"$url/debug/pprof/goroutine?debug=1\"\n\nWithout EXERCISE: "
      "of the one that ./lab run started last. Exit status: 1 if none runs.");
  CLI::Option* named =
      url->add_option("EXERCISE", a_->exercise, "a number or a name: 2, worker-pool")
          ->option_text(" ");
  url->add_flag("--solution", a_->solution, "of the solution, if both run")->needs(named);
  exercise(add("solution", "our solution: path, why, and the diff",
               "Asks first if the exercise is not solved yet and this is a terminal."));
  exercise(add("reset", "begin an exercise anew",
               "Copies the shipped file again. Yours is kept as main.cpp.before-reset."))
      ->add_flag("--yes", a_->yes, "do not ask");
  add("report", "your way through the course as one HTML file",
      "It is a diary, not a proof: the files it is made from are yours to edit. A teacher checks "
      "them again:\n\n    GOLAB_MINE=PATH-OF-MINE ./lab check --all")
      ->add_option("-o,--output", a_->file, "file to write (mine/report.html)")
      ->option_text("FILE");
  CLI::App* watch = add("watch", "goroutines of a running service by state and stack, live",
                        "URL is the address of a service, Go or C++: 127.0.0.1:6060. Where the "
                        "output is no terminal, each look is one line. Ctrl-C ends it.");
  watch->add_option("URL", a_->watch.url, "the service")->required()->option_text(" ");
  watch->add_option("-n,--count", a_->watch.count, "so many looks (until Ctrl-C)")
      ->option_text("N")
      ->check(CLI::Range(1, 1'000'000));
  watch->add_option("--interval", a_->watch.interval, "seconds between two looks (1)")
      ->option_text("SECONDS")
      ->check(CLI::Range(0.05, 3600.0));
  add("hunt", "write a detector of leaks, and see what it misses",
      "The rules are in mine/hunt.txt, which says how they are written. They are tried on every "
      "exercise as shipped, which they must flag, and on every solution, which they must not.\n\n"
      "Exit status: 0 if all are right, 1 if not, 2 if the rules cannot be read.")
      ->add_option("EXERCISE", a_->names_of_exercises, "only these")
      ->option_text("...");
  add("contention", "a pool that waits for one lock; writes its block and mutex profiles",
      "The program of the lesson course/block-and-mutex.md. It writes block.pb.gz, block.txt, "
      "mutex.pb.gz and mutex.txt into this directory.")
      ->add_flag("--outside", a_->outside, "do the slow part before the lock is taken");
  add("cheatsheet", "Go and its C++ here on one page");
  add("completions", "what Tab offers after ./lab",
      "    source <(./lab completions bash)\n    source <(./lab completions zsh)")
      ->add_option("SHELL", a_->shell, "bash or zsh")
      ->required()
      ->option_text(" ")
      ->check(CLI::IsMember({"bash", "zsh"}));
}

StudentCommands::~StudentCommands() = default;

std::optional<int> StudentCommands::dispatch() const {
  auto got = [&](const char* name) { return app_.got_subcommand(name); };
  if (got("list")) return list_command(a_->json, a_->names);
  if (got("url")) return url_command(a_->exercise, a_->solution);
  if (got("report")) return report_command(a_->file);
  if (got("watch")) return watch_command(a_->watch);
  if (got("hunt")) return hunt_command(a_->names_of_exercises, take_dumps);
  if (got("contention")) return contention_command(a_->outside);
  if (got("cheatsheet")) return cheatsheet_command();
  if (got("completions")) {
    print(completions(app_, a_->shell));
    return 0;
  }
  if (!got("hint") && !got("reset") && !got("solution")) return std::nullopt;
  auto [exercise, err] = find_exercise(a_->exercise);
  if (err != nullptr) return failed(err, 2);
  if (got("hint")) return hint_command(exercise, a_->all);
  if (got("reset")) return reset_command(exercise, a_->yes);
  return solution_command(exercise);
}

int watch_mode_command() {
  return watch_mode({[](const golab::context::Context& ctx, const Exercise& exercise,
                        const std::string& file, Progress* progress) {
                       JudgeOptions options;
                       options.ctx = ctx;
                       return judge(exercise, file, options, progress);
                     },
                     {}});
}

}  // namespace lab
