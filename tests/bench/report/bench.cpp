// bench.cpp: `lab bench`, the command and the measuring: runs the programs of tests/bench/ in turns
// and reads what they say.
#include "tests/bench/report/bench.h"

#include <sys/utsname.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>
#include <string_view>

#include "course/lab/output.h"
#include "profiler/formats/shown.h"
#include "runtime/fmt/fmt.h"
#include "tests/bench/report/programs.h"
#include "tests/bench/report/verdict_time.h"

namespace bench {
namespace {

namespace fmt = golab::fmt;

constexpr const char* kPrograms[kContestants] = {"golab_bench", "go_bench", "fiber_bench"};
constexpr const char* kNames[kContestants] = {"golab", "Go", "Boost.Fiber"};
constexpr const char* kPackages[kContestants] = {"", "golang-go", "libboost-fiber-dev"};
constexpr const char* kProfiled = "1000,100000,1000000";  // goroutines

// In which order they are measured, and how often in a round. A workload of `core` takes 30 to 300
// ms and a virtual machine has spells of a tenth to half of a second, so one turn may lie wholly in
// one, and its opponent's not; all turns of all rounds count alike.
struct Group {
  const char* name;
  int turns;
  Contestant last;  // of those that have it: Boost.Fiber has neither profiles nor a server
};
constexpr Group kGroups[] = {{"core", 4, kFiber},
                             {"fair", 1, kGo},
                             {"profile", 1, kGo},
                             {"http", 4, kGo},
                             {"lab", 1, kOurs}};

struct Options {
  int rounds = 5;
  std::vector<int> procs = {1, 2};
  std::vector<std::string> groups = {"core"};
  std::string only;
  std::string json;
  std::string from;
  std::string pictures;
  bool check = false;
  bool markdown = false;
  bool quick = false;

  bool wants(const char* group) const {
    return std::find(groups.begin(), groups.end(), group) != groups.end();
  }
};

// The directory of the benchmark programs, seen from this program:
// build/tests/bench/report/bench_report.
std::string bench_directory() {
  char self[4096];
  ssize_t n = ::readlink("/proc/self/exe", self, sizeof self - 1);
  std::string path(self, n > 0 ? static_cast<size_t>(n) : 0);
  for (int up = 0; up < 2; ++up) path.resize(std::min(path.size(), path.rfind('/')));
  return path;
}

// Says what went wrong; false.
bool failed(const golab::error& err) {
  lab::failed(err, 2);
  return false;
}

bool write_file(const std::string& name, const std::string& text) {
  std::ofstream file(name, std::ios::binary);
  file << text;
  if (file.flush()) return true;
  return failed(fmt::Errorf("cannot write %s: %s", name, std::strerror(errno)));
}

// The benchmark runs copies of the three programs. A linker writes a file in small pieces, so the
// pages of its code are in many places of memory, a different number after each build. This number
// decides how long a goroutine waits during profiles (tests/bench/README.md, "What the host
// takes"). A copy is written at once, and is in one to three places.
std::string copies_directory() { return bench_directory() + "/copies"; }

bool copy_program(const std::string& name) {
  const std::string from = bench_directory() + "/" + name, to = copies_directory() + "/" + name;
  const std::string fresh = to + "." + std::to_string(::getpid());
  std::error_code ec;
  std::filesystem::create_directories(copies_directory(), ec);
  std::ifstream file(from, std::ios::binary);
  std::ostringstream bytes;
  if (!file.is_open() || !(bytes << file.rdbuf()))
    return failed(fmt::Errorf("cannot read %s: %s", from, std::strerror(errno)));
  if (!write_file(fresh, bytes.str())) return false;
  std::filesystem::permissions(fresh, std::filesystem::perms(0755), ec);
  // The old one may be running: it can be replaced, not written.
  if (!ec) std::filesystem::rename(fresh, to, ec);
  if (!ec) return true;
  return failed(fmt::Errorf("cannot write %s: %s", to, ec.message()));
}

// Reads one line of a program's output: an object whose third key is the unit, or the version.
void read_line(const std::string& line, Contestant who, const std::string& suffix,
               BenchResults* results) {
  char name[128], unit[64];
  int procs;
  double value;
  if (std::sscanf(line.c_str(), "{\"version\": \"%127[^\"]\"", name) == 1) {
    results->versions[who] = name;
  } else if (std::sscanf(line.c_str(), "{\"name\": \"%127[^\"]\", \"procs\": %d, \"%63[^\"]\": %lf",
                         name, &procs, unit, &value) == 4) {
    std::string full = name;
    if (!suffix.empty()) full.insert(std::min(full.find('/'), full.size()), suffix);
    results->row(full, procs, unit).values[who].push_back(value);
  }
}

// A turn of one contestant, in one group.
class Turn {
 public:
  Turn(Contestant who, int procs, const Options& options, BenchResults* results)
      : who_(who), procs_(std::to_string(procs)), options_(options), results_(results) {}

  bool run(std::string_view group) {
    if (group == "core") return core();
    if (group == "fair") return read({program(), "--procs", procs_, "fair"}, {}, "");
    if (group == "profile") return profile();
    return group == "http" ? http() : student();
  }

 private:
  bool core() {
    std::vector<std::string> command = {program(), "--procs", procs_};
    if (!options_.only.empty()) command.insert(command.end(), {"--only", options_.only});
    if (options_.quick) command.insert(command.end(), {"--scale", "20"});
    return read(command, {}, "");
  }

  bool profile() {
    // One process per size: memory that the last size has used is not free for the next one.
    std::string sizes = options_.quick ? "1000" : kProfiled;
    for (size_t begin = 0, end; begin < sizes.size(); begin = end + 1) {
      end = std::min(sizes.find(',', begin), sizes.size());
      std::string size = sizes.substr(begin, end - begin);
      if (!read({program(), "--procs", procs_, "--only", size, "profile"}, {}, "")) return false;
      if (who_ != kOurs || size != "1000000") continue;
      if (!read({program(), "--procs", procs_, "--only", size, "park"}, {"GOLAB_STACK=64k"},
                "-64k")) {
        return false;
      }
    }
    return true;
  }

  bool http() {
    Server server;
    if (!server.start({program(), "--procs", procs_, "serve"})) return false;
    const std::pair<const char*, const char*> kPages[] = {{"http-hello", "/hello"},
                                                          {"http-pprof", "/debug/pprof/goroutine"}};
    for (auto [name, page] : kPages) {
      double rate = 0;
      if (!wrk("http://" + server.address() + page, 1, &rate)) return false;
      results_->row(name, std::stoi(procs_), "requests_per_s").values[who_].push_back(rate);
    }
    return true;
  }

  bool student() {
    double seconds = 0;
    const int procs = std::stoi(procs_);
    if (!time_to_verdict(bench_directory() + "/../../course/lab", procs, &seconds)) return false;
    results_->row("save-to-verdict", procs, "ns").values[who_].push_back(seconds * 1e9);
    return true;
  }

  std::string program() const { return copies_directory() + "/" + kPrograms[who_]; }

  // Runs a program and takes its lines; `suffix` goes into their names, before the number.
  bool read(const std::vector<std::string>& command, const std::vector<std::string>& environment,
            const std::string& suffix) {
    std::string output;
    if (!run_program(command, environment, &output)) return false;
    for (size_t begin = 0, end; (end = output.find('\n', begin)) != output.npos; begin = end + 1) {
      read_line(output.substr(begin, end - begin), who_, suffix, results_);
    }
    return true;
  }

  Contestant who_;
  std::string procs_;
  const Options& options_;
  BenchResults* results_;
};

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

// Shows the progress in one line, if standard error is a terminal.
void show_progress(int round, const Options& options, int procs, const Group& group,
                   const char* who) {
  if (!::isatty(2)) return;
  std::fprintf(stderr, "\r\033[Kround %d of %d, GOMAXPROCS=%d, %s: %s", round, options.rounds,
               procs, group.name, who);
}

// One turn of each of those that are there.
bool take_turns(int round, int procs, const Group& group, const Options& options, bool* installed,
                BenchResults* results) {
  for (int who = 0; who < kContestants; ++who) {
    if (!installed[who] || who > static_cast<int>(group.last) || (who == kFiber && procs != 1))
      continue;
    show_progress(round, options, procs, group, kNames[who]);
    if (Turn(static_cast<Contestant>(who), procs, options, results).run(group.name)) continue;
    // Boost.Fiber does not know every workload: if --only names none of its own, it is out.
    if (who != kFiber) return false;
    installed[who] = false;
  }
  return true;
}

bool measure(const Options& options, BenchResults* results) {
  bool installed[kContestants];
  for (int who = 0; who < kContestants; ++who) {
    installed[who] = ::access((bench_directory() + "/" + kPrograms[who]).c_str(), X_OK) == 0;
    if (installed[who]) {
      if (!copy_program(kPrograms[who])) return false;
    } else {
      std::cerr << "lab: no " << kNames[who] << " here: its column stays empty\n";
      if (who != kOurs) {
        std::cerr << "     to fill it: apt-get install " << kPackages[who] << ", then again\n";
      }
    }
  }
  if (!installed[kOurs]) {
    std::cerr << "lab: " << bench_directory() << "/golab_bench is not built\n"
              << "     build it: ./lab build bench\n";
    return false;
  }
  for (int round = 1; round <= options.rounds; ++round) {
    for (int procs : options.procs) {
      for (const Group& group : kGroups) {
        if (!options.wants(group.name)) continue;
        for (int turn = 0; turn < (options.quick ? 1 : group.turns); ++turn) {
          if (!take_turns(round, procs, group, options, installed, results)) return false;
        }
      }
    }
  }
  if (::isatty(2)) std::fputs("\r\033[K", stderr);
  results->rounds = options.rounds;
  return true;
}

// What is not measured now but was once.
bool read_results(const std::string& name, BenchResults* results) {
  errno = 0;
  std::ifstream file(name, std::ios::binary);
  std::ostringstream json;
  // A directory opens, and cannot be read; an empty file is for read_bench to judge.
  if (!file.is_open() || (!(json << file.rdbuf()) && errno != 0))
    return failed(fmt::Errorf("%s: %s", name, std::strerror(errno)));
  auto [read, err] = read_bench(json.str());
  if (err != nullptr) return failed(fmt::Errorf("%s: %w", name, err));
  *results = std::move(read);
  return true;
}

// The data, and from them the pictures.
bool draw_pictures(const std::string& directory, const BenchResults& results) {
  std::error_code ec;
  std::filesystem::create_directories(directory, ec);
  if (ec) return failed(fmt::Errorf("cannot make %s: %s", directory, ec.message()));
  const std::vector<Picture> pictures = bench_pictures(results);
  for (const Picture& picture : pictures) {
    if (!write_file(directory + "/" + picture.name + ".dat", picture.data)) return false;
  }
  if (!have_program("gnuplot")) {
    return failed(
        fmt::Errorf("gnuplot draws the pictures, and is not here; their data are in %s\n     "
                    "apt-get install gnuplot-nox",
                    directory));
  }
  for (const Picture& picture : pictures) {
    const std::string file = directory + "/" + picture.name, scripts = GOLAB_SOURCE_DIR;
    std::vector<std::string> command = {"gnuplot", "-c",
                                        scripts + "/tests/bench/report/" + picture.script,
                                        file + ".dat", file + ".svg"};
    command.insert(command.end(), picture.arguments.begin(), picture.arguments.end());
    std::string output;
    if (!run_program(command, {}, &output)) return false;
  }
  return true;
}

void add_options(CLI::App* app, Options* options) {
  std::vector<CLI::Option*> measuring = {
      app->add_option("--rounds", options->rounds, "how often it all runs, each program in turn")
          ->check(CLI::PositiveNumber)
          ->capture_default_str(),
      app->add_option("--procs", options->procs, "values of GOMAXPROCS")
          ->delimiter(',')
          ->capture_default_str(),
      app->add_option(
             "--groups", options->groups,
             "core (channels, locks, timers), fair (timers and turns beside a load), "
             "profile (up to a million goroutines), http (needs wrk), lab (a student's wait)")
          ->delimiter(',')
          ->check(CLI::IsMember({"core", "fair", "profile", "http", "lab"}))
          ->capture_default_str(),
      app->add_option("--only", options->only,
                      "names of workloads of group core, separated by commas"),
      app->add_flag("--quick", options->quick,
                    "one round, a twentieth of the work: does it run at all?"),
  };
  CLI::Option* from =
      app->add_option("--from", options->from,
                      "do not measure: take what --json wrote to this file, show that")
          ->type_name("FILE");
  for (CLI::Option* option : measuring) from->excludes(option);
  app->add_option(
         "--json", options->json,
         "write everything that was measured to this file; without it, to last.json in the "
         "build")
      ->type_name("FILE");
  app->add_option("--pictures", options->pictures,
                  "also draw pictures (SVG, by gnuplot) and write them and their data to this\n"
                  "directory")
      ->type_name("DIR");
  CLI::Option* check = app->add_flag(
      "--check", options->check, "judge all groups against their goals; exit 1 if one is missed");
  app->add_flag("--markdown", options->markdown, "the tables as they stand in FIGURES.md")
      ->excludes(check);
}

// From the file, or from the programs.
bool get_results(const Options& options, BenchResults* results) {
  if (!options.from.empty()) return read_results(options.from, results);
  if (options.wants("http") && !have_program("wrk")) {
    std::cerr << "lab: the group http needs wrk, which is not here\n     apt-get install wrk\n";
    return false;
  }
  describe_machine(results);
  return measure(options, results);
}

}  // namespace

int bench_command(const std::vector<std::string>& args) {
  Options options;
  CLI::App app{"Our runtime beside Go and Boost.Fiber: the same workloads, in turn, medians.",
               "lab bench"};
  add_options(&app, &options);
  try {
    app.parse(std::vector<std::string>(args.rbegin(), args.rend()));
  } catch (const CLI::ParseError& error) {
    std::ostringstream out, err;
    int status = app.exit(error, out, err);
    lab::print(out.str());
    std::cerr << golab::profiler::shown_lines(err.str());
    return status == 0 ? 0 : 2;
  }
  if (options.quick) options.rounds = 1;
  if (options.check && app.count("--groups") == 0) {
    options.groups = {"core", "fair", "profile", "lab"};
    if (have_program("wrk")) {
      options.groups.push_back("http");
    } else if (options.from.empty()) {
      std::cerr << "lab: no wrk here: the rows of http are not measured\n"
                   "     to have them: apt-get install wrk, then again\n";
    }
  }
  // An hour's work is never lost.
  if (options.json.empty() && options.from.empty()) options.json = bench_directory() + "/last.json";

  BenchResults results;
  if (!get_results(options, &results)) return 2;
  if (!options.json.empty() && !write_file(options.json, bench_json(results))) return 2;
  if (!options.pictures.empty() && !draw_pictures(options.pictures, results)) return 2;
  bool missed = false;
  lab::print(options.check      ? bench_check(results, &missed)
             : options.markdown ? bench_markdown(results)
                                : bench_table(results));
  return missed ? 1 : 0;
}

}  // namespace bench
