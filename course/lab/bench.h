// bench.h: `lab bench`: our runtime beside Go and Boost.Fiber, on the same workloads, in turn.
//
// The programs of tests/bench/ each print one line of JSON per workload:
//
//   {"name": "spawn+join", "procs": 1, "ns_per_op": 123.4, "n": 500000}
//
// A machine is not equally fast all the time. So the programs run in turns (ours, Go, Boost.Fiber,
// ours,
// ...), at least five rounds of it; what counts is the median of each line, and the ratio of two
// medians from the same rounds. Ratios travel to other machines, times do not.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace lab {

// The command. Answers the exit status: 0, 1 if a goal was missed with --check, 2 for wrong usage.
int bench_command(const std::vector<std::string>& args);

// ---- Between bench.cpp, which measures, and bench_report.cpp, which judges and prints ----

enum Contestant { kOurs, kGo, kFiber, kContestants };

// All that was measured for one workload at one GOMAXPROCS: a value per round and contestant.
struct BenchRow {
  std::string name;
  int procs = 0;
  std::string unit;  // "ns_per_op", "bytes_per_goroutine", ...
  std::vector<double> values[kContestants];

  bool has(Contestant who) const { return !values[who].empty(); }
  double median(Contestant who) const;
  double spread(
      Contestant who) const;  // half the distance from smallest to greatest, of the median
  double ratio(Contestant who) const { return median(kOurs) / median(who); }
};

struct BenchResults {
  int rounds = 0;
  std::string date, cpu, kernel;
  std::string versions[kContestants];
  std::vector<BenchRow> rows;  // in the order of the programs

  BenchRow& row(const std::string& name, int procs, const std::string& unit);
};

// The table for people.
std::string bench_table(const BenchResults& results);
// The table for a check: "name procs ours go ratio goal ok|near|MISSED" per line that has a goal.
std::string bench_check(const BenchResults& results, bool* missed);
std::string bench_json(const BenchResults& results);

}  // namespace lab
