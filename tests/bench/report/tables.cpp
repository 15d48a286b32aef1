// tables.cpp: `lab bench`, the tables for a terminal: what was measured, and how it was
// judged.
#include <algorithm>
#include <cmath>
#include <cstdarg>
#include <cstdio>

#include "tests/bench/report/bench.h"
#include "tests/bench/report/goals.h"

namespace bench {
namespace {

std::string format(const char* pattern, ...) __attribute__((format(printf, 1, 2)));
std::string format(const char* pattern, ...) {
  char buffer[512];
  va_list args;
  va_start(args, pattern);
  std::vsnprintf(buffer, sizeof buffer, pattern, args);
  va_end(args);
  return buffer;
}

std::string unit_name(std::string unit) {
  std::replace(unit.begin(), unit.end(), '_', ' ');
  return unit;
}

std::string cell(const BenchRow& row, Contestant who) {
  return row.has(who) ? format("%10.1f", row.median(who)) : format("%10s", "-");
}

std::string ratio_cell(const BenchRow& row, Contestant who) {
  return row.has(who) && row.has(kOurs) ? format("%7s", ratio_text(row.ratio(who)).c_str())
                                        : format("%7s", "-");
}

}  // namespace

static double median_of(std::vector<double> sorted) {
  if (sorted.empty()) return std::nan("");
  std::sort(sorted.begin(), sorted.end());
  size_t middle = sorted.size() / 2;
  return sorted.size() % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

double BenchRow::median(Contestant who) const { return median_of(values[who]); }

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

const BenchRow* BenchResults::find(const std::string& name, int procs) const {
  for (const BenchRow& row : rows) {
    if (row.name == name && row.procs == procs) return &row;
  }
  return nullptr;
}

const char* const kLeftOut =
    "Ours has neither a garbage collector nor stacks that grow, and Go pays for both in these "
    "figures.\n";

std::string bench_heading(const BenchResults& results) {
  return results.date + " · " + results.cpu + " · " + results.kernel + " · golab (" +
         results.versions[kOurs] + ") · Go (" + results.versions[kGo] + ") · Boost.Fiber (" +
         results.versions[kFiber] + ")";
}

std::string ratio_text(double ratio) {
  if (!(ratio > 0) || ratio >= 0.005) return format("%.2f", ratio);
  return format("%.*f", static_cast<int>(std::ceil(-std::log10(ratio))), ratio);
}

std::string human(double value, const std::string& unit) {
  struct Step {
    double size;
    const char* name;
  };
  static constexpr Step kTimes[] = {{1e9, "s"}, {1e6, "ms"}, {1e3, "µs"}, {1, "ns"}};
  static constexpr Step kBytes[] = {{1 << 30, "GiB"}, {1 << 20, "MiB"}, {1 << 10, "KiB"}, {1, "B"}};
  bool time = unit.compare(0, 2, "ns") == 0, bytes = unit.compare(0, 5, "bytes") == 0;
  if (!time && !bytes) return format("%.0f", value);
  for (const Step& step : time ? kTimes : kBytes) {
    double size = value / step.size, digits = std::abs(size);
    if (digits < 1 && step.size > 1) continue;
    // Three digits, and none of them a zero after the point.
    std::string number = format("%.*f", digits < 10 ? 2 : digits < 100 ? 1 : 0, size);
    if (number.find('.') != number.npos) {
      number.erase(number.find_last_not_of('0') + 1);
      if (number.back() == '.') number.pop_back();
    }
    return number + " " + step.name;
  }
  return "0";
}

std::string bench_table(const BenchResults& results) {
  std::string out = bench_heading(results);
  out += format(" · %d rounds in turn, medians\n\n", results.rounds);
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
  Verdict found = verdict(excess);
  if (found == Verdict::kMissed) *missed = true;
  auto number = [](double v) { return std::isnan(v) ? std::string("-") : format("%.1f", v); };
  *out += name + format(" %d ", row.procs) + number(row.median(kOurs)) + " " + number(theirs) +
          " " + (std::isnan(ratio) ? std::string("-") : ratio_text(ratio)) + " " + goal + " " +
          verdict_name(found) + "\n";
}

void judge_goal(const BenchRow& row, const Goal& goal, std::string* out, bool* missed) {
  double excess = goal.excess(row), limit = goal.limit(row.procs);
  if (std::isnan(excess)) return;
  std::string text = goal.kind == Goal::kAtLeast    ? format(">=%.2f", limit)
                     : goal.kind == Goal::kAbsolute ? format("<=%.0f", limit)
                                                    : format("<=%.2f", limit);
  judge(row, row.name, row.median(kGo), row.ratio(kGo), text, excess, out, missed);
}

}  // namespace

std::string bench_check(const BenchResults& results, bool* missed) {
  std::string out;
  for (const BenchRow& row : results.rows) {
    if (!row.has(kOurs)) continue;
    for (const Goal& goal : bench_goals()) {
      if (row.name == goal.name) judge_goal(row, goal, &out, missed);
    }
    if (row.has(kFiber)) {
      judge(row, row.name + "/fiber", row.median(kFiber), row.ratio(kFiber),
            format("<=%.2f", kFiberGoal), row.ratio(kFiber) / kFiberGoal, &out, missed);
    }
  }
  return out;
}

}  // namespace bench
