// bench_report.cpp: `lab bench`, the judging: medians, ratios, goals, and the forms they are
// printed in.
#include <algorithm>
#include <cmath>
#include <cstdarg>
#include <cstdio>

#include "course/lab/bench.h"

namespace lab {
namespace {

// What we want to reach: ours divided by Go's, at GOMAXPROCS 1 and at 2. Against Boost.Fiber the
// goal is to be no slower, on one thread, wherever it has the workload.
struct Goal {
  const char* name;
  double at_1, at_2;
};
constexpr Goal kGoals[] = {
    {"chan-pingpong-roundtrip", 0.40, 0.40},
    {"chan-buffered128-item", 0.70, 0.70},
    {"chan-send+recv-uncontended", 0.80, 0.80},
    {"spawn+exit", 0.30, 0.60},
    {"spawn+join", 0.40, 0.40},
    {"gosched-switch", 0.30, 0.40},
    {"select3-recv", 0.50, 0.50},
    {"workerpool16-ctx-task", 0.50, 0.50},
    {"mutex8-lock", 1.00, 0.80},
    {"pipeline100-hop", 0.50, 0.50},
    {"time.After-create", 0.50, 0.50},
    {"sleep1ms-goroutine", 0.50, 0.50},
};
constexpr double kFiberGoal = 1.00;
constexpr double kNear = 1.05;  // within 5 % of the goal

constexpr const char* kLeftOut =
    "Ours has neither a garbage collector nor stacks that grow, and Go pays for both in these "
    "figures.\n";

std::string format(const char* pattern, ...) __attribute__((format(printf, 1, 2)));
std::string format(const char* pattern, ...) {
  char buffer[512];
  va_list args;
  va_start(args, pattern);
  std::vsnprintf(buffer, sizeof buffer, pattern, args);
  va_end(args);
  return buffer;
}

double goal_of(const BenchRow& row) {
  for (const Goal& goal : kGoals) {
    if (row.name == goal.name) return row.procs == 1 ? goal.at_1 : goal.at_2;
  }
  return 0;
}

const char* verdict(double ratio, double goal) {
  return ratio <= goal ? "ok" : ratio <= goal * kNear ? "near" : "MISSED";
}

std::string cell(const BenchRow& row, Contestant who) {
  return row.has(who) ? format("%10.1f", row.median(who)) : format("%10s", "-");
}

std::string ratio_cell(const BenchRow& row, Contestant who) {
  return row.has(who) && row.has(kOurs) ? format("%7.2f", row.ratio(who)) : format("%7s", "-");
}

}  // namespace

double BenchRow::median(Contestant who) const {
  std::vector<double> sorted = values[who];
  if (sorted.empty()) return std::nan("");
  std::sort(sorted.begin(), sorted.end());
  size_t middle = sorted.size() / 2;
  return sorted.size() % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

double BenchRow::spread(Contestant who) const {
  auto [least, most] = std::minmax_element(values[who].begin(), values[who].end());
  return least == values[who].end() ? 0 : (*most - *least) / 2 / median(who);
}

BenchRow& BenchResults::row(const std::string& name, int procs, const std::string& unit) {
  for (BenchRow& row : rows) {
    if (row.name == name && row.procs == procs) return row;
  }
  rows.push_back({name, procs, unit, {}});
  return rows.back();
}

std::string bench_table(const BenchResults& results) {
  std::string out =
      format("%s · %s · %s\n", results.date.c_str(), results.cpu.c_str(), results.kernel.c_str());
  out += format("golab (%s) · Go (%s) · Boost.Fiber (%s) · %d rounds in turn, medians\n\n",
                results.versions[kOurs].c_str(), results.versions[kGo].c_str(),
                results.versions[kFiber].c_str(), results.rounds);
  out += format("%-28s %5s %10s %10s %7s %10s %7s  %s\n", "workload, ns", "procs", "ours", "Go",
                "ratio", "Fiber", "ratio", "spread");
  for (const BenchRow& row : results.rows) {
    out += format("%-28s %5d %s %s %s %s %s ", row.name.c_str(), row.procs,
                  cell(row, kOurs).c_str(), cell(row, kGo).c_str(), ratio_cell(row, kGo).c_str(),
                  cell(row, kFiber).c_str(), ratio_cell(row, kFiber).c_str());
    for (Contestant who : {kOurs, kGo, kFiber}) {
      if (row.has(who)) out += format(" ±%.0f%%", 100 * row.spread(who));
    }
    out += "\n";
  }
  return out + "\nratio: ours divided by theirs, less is better. " + kLeftOut;
}

std::string bench_check(const BenchResults& results, bool* missed) {
  std::string out;
  auto judge = [&](const BenchRow& row, Contestant who, double goal, const char* against) {
    const char* word = verdict(row.ratio(who), goal);
    if (std::string_view(word) == "MISSED") *missed = true;
    out += format("%s%s %d %.1f %.1f %.2f %.2f %s\n", row.name.c_str(), against, row.procs,
                  row.median(kOurs), row.median(who), row.ratio(who), goal, word);
  };
  for (const BenchRow& row : results.rows) {
    if (!row.has(kOurs)) continue;
    double goal = goal_of(row);
    if (goal > 0 && row.has(kGo)) judge(row, kGo, goal, "");
    if (row.has(kFiber)) judge(row, kFiber, kFiberGoal, "/fiber");
  }
  return out;
}

std::string bench_json(const BenchResults& results) {
  static constexpr const char* kKeys[kContestants] = {"golab", "go", "fiber"};
  std::string out =
      format("{\"date\": \"%s\", \"cpu\": \"%s\", \"kernel\": \"%s\", \"rounds\": %d,\n",
             results.date.c_str(), results.cpu.c_str(), results.kernel.c_str(), results.rounds);
  out += " \"versions\": {";
  for (int who = 0; who < kContestants; ++who) {
    out += format("%s\"%s\": \"%s\"", who ? ", " : "", kKeys[who], results.versions[who].c_str());
  }
  out += "},\n \"rows\": [";
  for (size_t i = 0; i < results.rows.size(); ++i) {
    const BenchRow& row = results.rows[i];
    out += format("%s\n  {\"name\": \"%s\", \"procs\": %d, \"unit\": \"%s\"", i ? "," : "",
                  row.name.c_str(), row.procs, row.unit.c_str());
    for (int who = 0; who < kContestants; ++who) {
      if (row.values[who].empty()) continue;
      out += format(", \"%s\": [", kKeys[who]);
      for (size_t k = 0; k < row.values[who].size(); ++k) {
        out += format("%s%.3f", k ? ", " : "", row.values[who][k]);
      }
      out += "]";
    }
    out += "}";
  }
  return out + "\n]}\n";
}

}  // namespace lab
