// markdown.cpp: `lab bench --markdown`, the tables of FIGURES.md: what has a goal, in words
// and in units that a person has a feeling for.
#include <algorithm>
#include <cmath>

#include "runtime/fmt/fmt.h"
#include "tests/bench/report/bench.h"
#include "tests/bench/report/goals.h"

namespace bench {
namespace {

namespace fmt = golab::fmt;

// A cell: what was measured, and a mark if it misses its goal; a dash if it was not measured.
std::string marked(const std::string& text, double excess) {
  return verdict(excess) == Verdict::kMissed ? "**" + text + " ✗**" : text;
}

std::string ratio_cell(double ratio, double excess) {
  return std::isnan(ratio) ? "—" : marked(ratio_text(ratio), excess);
}

std::string value_cell(const BenchRow* row, Contestant who, double excess) {
  if (row == nullptr || !row->has(who)) return "—";
  return marked(human(row->median(who), row->unit), excess);
}

// "≤ 0.3 / 0.6", or one of the two if they are the same.
std::string limits(const char* sign, const std::string& at_1, const std::string& at_2) {
  return std::string(sign) + " " + at_1 + (at_1 == at_2 ? "" : " / " + at_2);
}

// A row at GOMAXPROCS 1 and at 2: null where it was not measured.
struct Pair {
  const BenchRow* at[2];
  Pair(const std::string& name, const BenchResults& results)
      : at{results.find(name, 1), results.find(name, 2)} {
    for (const BenchRow*& row : at) {
      if (row != nullptr && !row->has(kOurs)) row = nullptr;
    }
  }
  bool empty() const { return at[0] == nullptr && at[1] == nullptr; }
  const std::string& unit() const { return (at[0] != nullptr ? at[0] : at[1])->unit; }
};

std::string ratio_row(const Goal& goal, const Pair& rows) {
  std::string line = "| " + bench_words(goal.name) + " |";
  for (const BenchRow* row : rows.at) {
    bool there = row != nullptr && row->has(kGo);
    double ratio = there ? row->ratio(kGo) : std::nan("");
    line += " " + ratio_cell(ratio, there ? goal.excess(*row) : 0) + " |";
  }
  const BenchRow* first = rows.at[0];
  double fiber = first != nullptr && first->has(kFiber) ? first->ratio(kFiber) : std::nan("");
  return line + " " +
         limits(goal.kind == Goal::kRatio ? "≤" : "≥", fmt::Sprintf("%.2g", goal.at_1),
                fmt::Sprintf("%.2g", goal.at_2)) +
         " | " + ratio_cell(fiber, fiber / kFiberGoal) + " |\n";
}

std::string absolute_row(const Goal& goal, const Pair& rows) {
  std::string line = "| " + bench_words(goal.name) + " |";
  for (const BenchRow* row : rows.at) {
    double excess = row != nullptr ? goal.excess(*row) : 0;
    line += " " + value_cell(row, kOurs, excess) + " |";
  }
  for (const BenchRow* row : rows.at) line += " " + value_cell(row, kGo, 0) + " |";
  return line + " " + limits("≤", human(goal.at_1, rows.unit()), human(goal.at_2, rows.unit())) +
         " |\n";
}

// The rows of those goals that `wanted` picks, below a head; nothing if there is no such row.
template <typename Wanted, typename Line>
std::string table(const std::string& head, const BenchResults& results, Wanted wanted, Line line) {
  std::string rows;
  for (const Goal& goal : bench_goals()) {
    Pair pair(goal.name, results);
    if (wanted(goal) && !pair.empty()) rows += line(goal, pair);
  }
  return rows.empty() ? "" : head + rows + "\n";
}

}  // namespace

std::string bench_markdown(const BenchResults& results) {
  std::string out =
      bench_heading(results) + fmt::Sprintf(" · medians of %d rounds in turn.\n", results.rounds);
  out += "Below, 1 and 2 are GOMAXPROCS; **✗** misses its goal by more than 5 %. ";
  out += kLeftOut;
  out += "\n";
  out += table(
      "| Ours ÷ theirs (less is better, except of requests) | Go, 1 | Go, 2 | goal | "
      "Boost.Fiber, 1 (goal ≤ 1) |\n"
      "| --- | ---: | ---: | --- | ---: |\n",
      results,
      [](const Goal& goal) { return goal.kind == Goal::kRatio || goal.kind == Goal::kAtLeast; },
      ratio_row);
  out += table(
      "| What it costs the program | ours, 1 | ours, 2 | Go, 1 | Go, 2 | goal |\n"
      "| --- | ---: | ---: | ---: | ---: | --- |\n",
      results, [](const Goal& goal) { return goal.kind == Goal::kAbsolute; }, absolute_row);
  return out;
}

}  // namespace bench
