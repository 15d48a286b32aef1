// bench_report.cpp: `lab bench`, the judging: medians, ratios, goals, and the forms they are
// printed in.
#include <algorithm>
#include <cmath>
#include <cstdarg>
#include <cstdio>

#include "course/lab/bench.h"

namespace lab {
namespace {

// What we want to reach. Against Boost.Fiber the goal is always the same: to be no slower, on one
// thread, wherever it has the workload.
enum class Kind {
  kRatio,     // ours divided by Go's, at most
  kAtLeast,   // ours divided by Go's, at least
  kAbsolute,  // ours, at most
  kOwn,       // ours divided by our own line `other`, at most
};
struct Goal {
  const char* name;
  Kind kind;
  double at_1, at_2;  // at GOMAXPROCS 1, at 2
  const char* other = nullptr;
};
constexpr double kMiB = 1 << 20;
constexpr Goal kGoals[] = {
    {"chan-pingpong-roundtrip", Kind::kRatio, 0.40, 0.40},
    {"chan-buffered128-item", Kind::kRatio, 0.70, 0.70},
    {"chan-send+recv-uncontended", Kind::kRatio, 0.80, 0.80},
    {"spawn+exit", Kind::kRatio, 0.30, 0.60},
    {"spawn+join", Kind::kRatio, 0.40, 0.40},
    {"gosched-switch", Kind::kRatio, 0.30, 0.40},
    {"select3-recv", Kind::kRatio, 0.50, 0.50},
    {"workerpool16-ctx-task", Kind::kRatio, 0.50, 0.50},
    {"mutex8-lock", Kind::kRatio, 1.00, 0.80},
    {"pipeline100-hop", Kind::kRatio, 0.50, 0.50},
    {"time.After-create", Kind::kRatio, 0.50, 0.50},
    {"sleep1ms-goroutine", Kind::kRatio, 0.50, 0.50},
    {"http-hello", Kind::kAtLeast, 1.3, 1.3},
    {"http-pprof", Kind::kAtLeast, 3, 3},
    {"profile-pb/1000000", Kind::kRatio, 0.10, 0.10},
    {"memory-pb/1000000", Kind::kAbsolute, 64 * kMiB, 64 * kMiB},
    {"profile-debug2/100000", Kind::kRatio, 0.10, 0.10},
    {"areas/1000000", Kind::kAbsolute, 1000, 1000},
    {"rss/1000000", Kind::kAbsolute, 4.9 * 1024, 4.9 * 1024},
    {"rss-64k/1000000", Kind::kAbsolute, 4.5 * 1024, 4.5 * 1024},
    {"pause-pb/1000", Kind::kAbsolute, 100e3, 100e3},
    {"pause-debug1/1000", Kind::kAbsolute, 100e3, 100e3},
    {"pause-debug2/1000", Kind::kAbsolute, 100e3, 100e3},
    {"pause-pb/100000", Kind::kAbsolute, 100e3, 100e3},
    {"pause-debug1/100000", Kind::kAbsolute, 100e3, 100e3},
    {"pause-debug2/100000", Kind::kAbsolute, 100e3, 100e3},
    {"pause-pb/1000000", Kind::kAbsolute, 100e3, 100e3},
    {"pause-debug1/1000000", Kind::kAbsolute, 100e3, 100e3},
    {"gap-pb/1000", Kind::kOwn, 1.5, 1.5, "gap-quiet/1000"},
    {"gap-debug2/1000", Kind::kOwn, 1.5, 1.5, "gap-quiet/1000"},
    {"gap-pb/100000", Kind::kOwn, 1.5, 1.5, "gap-quiet/100000"},
    {"gap-debug2/100000", Kind::kOwn, 1.5, 1.5, "gap-quiet/100000"},
    {"gap-pb/1000000", Kind::kOwn, 1.5, 1.5, "gap-quiet/1000000"},
    {"gap-pb/1000", Kind::kRatio, 1, 1},
    {"gap-debug2/1000", Kind::kRatio, 1, 1},
    {"gap-pb/100000", Kind::kRatio, 1, 1},
    {"gap-debug2/100000", Kind::kRatio, 1, 1},
    {"gap-pb/1000000", Kind::kRatio, 1, 1},
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

// `excess` is 1 where the goal is just reached, and more where it is not.
const char* verdict(double excess) {
  return excess <= 1 ? "ok" : excess <= kNear ? "near" : "MISSED";
}

std::string unit_name(std::string unit) {
  std::replace(unit.begin(), unit.end(), '_', ' ');
  return unit;
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
  out += format("%-28s %5s %10s %10s %7s %10s %7s  %s\n", "workload", "procs", "ours", "Go",
                "ratio", "Fiber", "ratio", "spread, unit");
  for (const BenchRow& row : results.rows) {
    out += format("%-28s %5d %s %s %s %s %s ", row.name.c_str(), row.procs,
                  cell(row, kOurs).c_str(), cell(row, kGo).c_str(), ratio_cell(row, kGo).c_str(),
                  cell(row, kFiber).c_str(), ratio_cell(row, kFiber).c_str());
    for (Contestant who : {kOurs, kGo, kFiber}) {
      if (row.has(who)) out += format(" ±%.0f%%", 100 * row.spread(who));
    }
    out += "  " + unit_name(row.unit) + "\n";
  }
  return out + "\nratio: ours divided by theirs; less is better, except of requests per s. " +
         kLeftOut;
}

namespace {

// Appends one line of the check: name, procs, ours, theirs, ratio, goal, verdict.
void judge(const BenchRow& row, const std::string& name, double theirs, double ratio,
           const std::string& goal, double excess, std::string* out, bool* missed) {
  const char* word = verdict(excess);
  if (word[0] == 'M') *missed = true;
  auto number = [](double v) { return std::isnan(v) ? std::string("-") : format("%.1f", v); };
  *out += name + format(" %d ", row.procs) + number(row.median(kOurs)) + " " + number(theirs) +
          " " + (std::isnan(ratio) ? std::string("-") : format("%.2f", ratio)) + " " + goal + " " +
          word + "\n";
}

void judge_goal(const BenchRow& row, const Goal& goal, const BenchResults& results,
                std::string* out, bool* missed) {
  double limit = row.procs == 1 ? goal.at_1 : goal.at_2, theirs = row.median(kGo);
  switch (goal.kind) {
    case Kind::kRatio:
      if (!row.has(kGo)) return;
      judge(row, row.name, theirs, row.ratio(kGo), format("<=%.2f", limit), row.ratio(kGo) / limit,
            out, missed);
      return;
    case Kind::kAtLeast:
      if (!row.has(kGo)) return;
      judge(row, row.name, theirs, row.ratio(kGo), format(">=%.2f", limit), limit / row.ratio(kGo),
            out, missed);
      return;
    case Kind::kAbsolute:
      judge(row, row.name, theirs, row.ratio(kGo), format("<=%.0f", limit),
            row.median(kOurs) / limit, out, missed);
      return;
    case Kind::kOwn:
      for (const BenchRow& other : results.rows) {
        if (other.name != goal.other || other.procs != row.procs || !other.has(kOurs)) continue;
        double ratio = row.median(kOurs) / other.median(kOurs);
        judge(row, row.name + "/quiet", other.median(kOurs), ratio, format("<=%.2f", limit),
              ratio / limit, out, missed);
      }
  }
}

}  // namespace

std::string bench_check(const BenchResults& results, bool* missed) {
  std::string out;
  for (const BenchRow& row : results.rows) {
    if (!row.has(kOurs)) continue;
    for (const Goal& goal : kGoals) {
      if (row.name == goal.name) judge_goal(row, goal, results, &out, missed);
    }
    if (row.has(kFiber)) {
      judge(row, row.name + "/fiber", row.median(kFiber), row.ratio(kFiber),
            format("<=%.2f", kFiberGoal), row.ratio(kFiber) / kFiberGoal, &out, missed);
    }
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
