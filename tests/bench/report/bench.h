// bench.h: `lab bench`: our runtime beside Go and Boost.Fiber, on the same workloads, in turn.
//
// The programs of tests/bench/ each print one line of JSON per workload:
//
//   {"name": "spawn+join", "procs": 1, "ns_per_op": 123.4, "n": 500000}
//
// A machine is not equally fast all the time. So the programs run in turns (ours, Go, Boost.Fiber,
// ours, ...), at least five rounds of it; what counts is the median of each line, and the ratio of
// two medians from the same rounds. Ratios travel to other machines, times do not.
//
// Measuring takes long, so what was measured can be kept (--json) and shown again (--from).
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "runtime/errors/errors.h"

namespace bench {

// The command. Returns the exit status: 0, 1 if a goal was missed with --check, 2 for wrong usage.
int bench_command(const std::vector<std::string>& args);

// ---- What bench.cpp measures, file.cpp keeps, goals.cpp judges; the others show ----

enum Contestant { kOurs, kGo, kFiber, kContestants };

// All that was measured for one workload at one GOMAXPROCS: a value per round and contestant.
struct BenchRow {
  std::string name;
  int procs = 0;
  std::string unit;  // "ns_per_op", "bytes_per_goroutine", ...
  std::vector<double> values[kContestants];

  bool has(Contestant who) const { return !values[who].empty(); }
  double median(Contestant who) const;
  double spread(Contestant who) const;  // half of (greatest − smallest), divided by the median
  double ratio(Contestant who) const { return median(kOurs) / median(who); }
};

struct BenchResults {
  int rounds = 0;
  std::string date, cpu, kernel;
  std::string versions[kContestants];
  std::vector<BenchRow> rows;  // in the order of the programs

  // The row of that name; made if there is none.
  BenchRow& row(const std::string& name, int procs, const std::string& unit);
  // The same, or null.
  const BenchRow* find(const std::string& name, int procs) const;
};

// The table for people.
std::string bench_table(const BenchResults& results);
// The table for a check: "name procs ours go ratio goal ok|near|MISSED" per line that has a goal.
std::string bench_check(const BenchResults& results, bool* missed);
// The tables of FIGURES.md: what has a goal, in words.
std::string bench_markdown(const BenchResults& results);
// A picture that gnuplot draws: `script` of this folder, from NAME.dat to NAME.svg.
struct Picture {
  std::string name;
  std::string script;
  std::vector<std::string> arguments;  // behind the two files
  std::string data;
};
// Without those that the results have nothing for.
std::vector<Picture> bench_pictures(const BenchResults& results);

// Everything, as JSON, and back. An error says what is wrong with the text.
std::string bench_json(const BenchResults& results);
std::pair<BenchResults, golab::error> read_bench(const std::string& json);

// ---- Between those that show ----

// On what, when, and of which versions: a line without its end.
std::string bench_heading(const BenchResults& results);
// What the comparison leaves out: a line.
extern const char* const kLeftOut;
// A value of a row's unit as people say it: "383 ms", "11.2 MiB".
std::string human(double value, const std::string& unit);
// A ratio with two decimals; one digit that says something if that would be 0.00.
std::string ratio_text(double ratio);

}  // namespace bench
