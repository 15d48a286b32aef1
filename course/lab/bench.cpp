// bench.cpp: `lab bench`, the measuring: runs the programs of tests/bench/ in turns and reads them.
#include "course/lab/bench.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <fstream>
#include <iostream>
#include <string_view>

extern char** environ;

namespace lab {
namespace {

constexpr const char* kPrograms[kContestants] = {"golab_bench", "go_bench", "fiber_bench"};
constexpr const char* kNames[kContestants] = {"golab", "Go", "Boost.Fiber"};

struct Options {
  int rounds = 5;
  std::vector<int> procs = {1, 2};
  std::string only;
  std::string json;
  bool check = false;
  bool quick = false;
};

// The directory of the benchmark programs, seen from this program: build/course/lab.
std::string bench_directory() {
  char self[4096];
  ssize_t n = ::readlink("/proc/self/exe", self, sizeof self - 1);
  std::string path(self, n > 0 ? static_cast<size_t>(n) : 0);
  for (int up = 0; up < 2; ++up) path.resize(std::min(path.size(), path.rfind('/')));
  return path + "/tests/bench";
}

// Runs a program to its end and answers its standard output. Its standard error is ours.
// Plain POSIX, and blocking: while a benchmark runs, this process should not do anything at all.
bool run_program(const std::vector<std::string>& command, std::string* output) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return false;
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
  std::vector<char*> argv;
  for (const std::string& word : command) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  pid_t child;
  int failed = ::posix_spawn(&child, argv[0], &actions, nullptr, argv.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  ::close(ends[1]);
  if (failed != 0) {
    ::close(ends[0]);
    std::cerr << "lab: cannot start " << command[0] << ": " << std::strerror(failed) << "\n";
    return false;
  }
  char buffer[4096];
  for (ssize_t n; (n = ::read(ends[0], buffer, sizeof buffer)) != 0;) {
    if (n > 0) {
      output->append(buffer, static_cast<size_t>(n));
    } else if (errno != EINTR) {
      break;
    }
  }
  ::close(ends[0]);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {}
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return true;
  std::cerr << "lab: " << command[0]
            << (WIFSIGNALED(status) ? " was killed by signal " : " failed with exit status ")
            << (WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status)) << "\n";
  return false;
}

// Reads one line of a program's output: an object whose third key is the unit, or the version.
void read_line(const std::string& line, Contestant who, BenchResults* results) {
  char name[128], unit[64];
  int procs;
  double value;
  if (std::sscanf(line.c_str(), "{\"version\": \"%127[^\"]\"", name) == 1) {
    results->versions[who] = name;
  } else if (std::sscanf(line.c_str(), "{\"name\": \"%127[^\"]\", \"procs\": %d, \"%63[^\"]\": %lf",
                         name, &procs, unit, &value) == 4) {
    results->row(name, procs, unit).values[who].push_back(value);
  }
}

bool run_contestant(Contestant who, int procs, const Options& options, BenchResults* results) {
  std::vector<std::string> command = {bench_directory() + "/" + kPrograms[who], "--procs",
                                      std::to_string(procs)};
  if (!options.only.empty()) command.insert(command.end(), {"--only", options.only});
  if (options.quick) command.insert(command.end(), {"--scale", "20"});
  std::string output;
  if (!run_program(command, &output)) return false;
  for (size_t begin = 0, end; (end = output.find('\n', begin)) != output.npos; begin = end + 1) {
    read_line(output.substr(begin, end - begin), who, results);
  }
  return true;
}

std::string first_line_with(const char* file, std::string_view key) {
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    if (line.compare(0, key.size(), key) == 0) {
      size_t value = line.find(": ");
      return value == line.npos ? line : line.substr(value + 2);
    }
  }
  return "unknown";
}

void describe_machine(BenchResults* results) {
  std::time_t now = std::time(nullptr);
  char date[32];
  std::strftime(date, sizeof date, "%Y-%m-%d %H:%M UTC", std::gmtime(&now));
  utsname system;
  ::uname(&system);
  results->date = date;
  results->cpu = first_line_with("/proc/cpuinfo", "model name") + ", " +
                 std::to_string(::sysconf(_SC_NPROCESSORS_ONLN)) + " processors";
  results->kernel = std::string(system.sysname) + " " + system.release;
}

// One line on the terminal that says how far it is; nothing where nobody watches.
void show_progress(int round, const Options& options, int procs, const char* who) {
  if (!::isatty(2)) return;
  std::fprintf(stderr, "\r\033[Kround %d of %d, GOMAXPROCS=%d: %s", round, options.rounds, procs,
               who);
}

bool measure(const Options& options, BenchResults* results) {
  bool installed[kContestants];
  for (int who = 0; who < kContestants; ++who) {
    installed[who] = ::access((bench_directory() + "/" + kPrograms[who]).c_str(), X_OK) == 0;
    if (!installed[who]) {
      std::cerr << "lab: no " << kNames[who] << " here: its column stays empty\n";
    }
  }
  if (!installed[kOurs]) {
    std::cerr << "lab: " << bench_directory() << "/golab_bench is not built\n"
              << "     build it: ./lab build bench\n";
    return false;
  }
  for (int round = 1; round <= options.rounds; ++round) {
    for (int procs : options.procs) {
      for (int who = 0; who < kContestants; ++who) {
        if (!installed[who] || (who == kFiber && procs != 1)) continue;
        show_progress(round, options, procs, kNames[who]);
        // Boost.Fiber does not know every workload: if --only names none of its own, it is out.
        if (!run_contestant(static_cast<Contestant>(who), procs, options, results)) {
          if (who != kFiber) return false;
          installed[who] = false;
        }
      }
    }
  }
  if (::isatty(2)) std::fputs("\r\033[K", stderr);
  results->rounds = options.rounds;
  return true;
}

}  // namespace

int bench_command(const std::vector<std::string>& args) {
  Options options;
  CLI::App app{"Our runtime beside Go and Boost.Fiber: the same workloads, in turn, medians.",
               "lab bench"};
  app.add_option("--rounds", options.rounds, "how often each program runs")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--procs", options.procs, "values of GOMAXPROCS")
      ->delimiter(',')
      ->capture_default_str();
  app.add_option("--only", options.only, "names of workloads, separated by commas");
  app.add_option("--json", options.json, "also write everything that was measured to this file");
  app.add_flag("--check", options.check,
               "judge each line against its goal; exit 1 if one is missed");
  app.add_flag("--quick", options.quick, "one round, a twentieth of the work: does it run at all?");
  try {
    app.parse(std::vector<std::string>(args.rbegin(), args.rend()));
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  if (options.quick) options.rounds = 1;

  BenchResults results;
  describe_machine(&results);
  if (!measure(options, &results)) return 2;
  if (!options.json.empty()) {
    std::ofstream file(options.json);
    file << bench_json(results);
    if (!file.flush()) {
      std::cerr << "lab: cannot write " << options.json << ": " << std::strerror(errno) << "\n";
      return 2;
    }
  }
  bool missed = false;
  std::cout << (options.check ? bench_check(results, &missed) : bench_table(results)) << std::flush;
  return missed ? 1 : 0;
}

}  // namespace lab
