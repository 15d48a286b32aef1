// pictures.cpp: `lab bench --pictures`, the results as data for gnuplot: a table shows how much at
// one size, a picture how it grows. lines.gp and bars.gp draw them.
#include <algorithm>
#include <cmath>

#include "runtime/fmt/fmt.h"
#include "tests/bench/report/bench.h"
#include "tests/bench/report/goals.h"

namespace bench {
namespace {

namespace fmt = golab::fmt;

// A line of a picture: what a row "NAME/1000" of some contestant was, for all sizes that there are.
std::string line_data(const std::string& title, const BenchResults& results,
                      const std::string& name, Contestant who, int procs) {
  std::vector<std::pair<double, double>> points;
  for (const BenchRow& row : results.rows) {
    if (row.procs != procs || !row.has(who) || row.name.rfind(name + "/", 0) != 0) continue;
    double goroutines = std::atof(row.name.c_str() + name.size() + 1), value = row.median(who);
    // Neither axis has a place for what is not positive: memory may have been given back.
    if (goroutines > 0 && value > 0) points.emplace_back(goroutines, value);
  }
  std::sort(points.begin(), points.end());
  if (points.empty()) points.emplace_back(std::nan(""), std::nan(""));
  std::string data = fmt::Sprintf("goroutines \"%s\"\n", title);
  for (auto [x, y] : points) {
    data += std::isnan(x) ? "nan nan\n" : fmt::Sprintf("%.0f %.6g\n", x, y);
  }
  return data;
}

// What is not measured is a line without points: gnuplot tells lines by their numbers. Two empty
// lines lie between two of them.
std::string lines_data(const BenchResults& results, const std::string& name) {
  std::string data = line_data("Go at 1", results, name, kGo, 1) + "\n\n" +
                     line_data("Go at 2", results, name, kGo, 2) + "\n\n" +
                     line_data("ours at 1", results, name, kOurs, 1) + "\n\n" +
                     line_data("ours at 2", results, name, kOurs, 2);
  // Our later profiles are cheaper than the first.
  if (name == "profile-pb")
    data += "\n\n" + line_data("ours at 1, first", results, "first-pb", kOurs, 1);
  return data;
}

bool has_points(const std::string& data) {
  auto begins_with_digit = [](char before, char c) {
    return before == '\n' && c >= '0' && c <= '9';
  };
  return std::adjacent_find(data.begin(), data.end(), begins_with_digit) != data.end();
}

// Core workloads: those with a goal for the ratio to Go's and no number of goroutines in the name.
std::string bars_data(const BenchResults& results) {
  std::string data;
  for (const Goal& goal : bench_goals()) {
    if (goal.kind != Goal::kRatio || std::string(goal.name).find('/') != std::string::npos) {
      continue;
    }
    std::string ratios;
    bool measured = false;
    for (int procs : {1, 2}) {
      const BenchRow* row = results.find(goal.name, procs);
      bool there = row != nullptr && row->has(kOurs) && row->has(kGo);
      ratios += there ? fmt::Sprintf(" %.2f", row->ratio(kGo)) : " nan";
      measured = measured || there;
    }
    if (!measured) continue;
    data += fmt::Sprintf("\"%s\"%s %.2f %.2f\n", bench_words(goal.name), ratios, goal.limit(1),
                         goal.limit(2));
  }
  return data.empty() ? data : "workload \"at 1\" \"at 2\" \"goal at 1\" \"goal at 2\"\n" + data;
}

double goal_of(const std::string& name) {
  for (const Goal& goal : bench_goals()) {
    if (goal.kind == Goal::kAbsolute && goal.name == name + "/1000000") return goal.at_1;
  }
  return 0;
}

}  // namespace

std::vector<Picture> bench_pictures(const BenchResults& results) {
  struct Lines {
    const char *name, *rows, *title, *subtitle, *unit;
  };
  static constexpr Lines kLines[] = {
      {"snapshot-time", "profile-pb", "Time of a goroutine profile",
       "pprof's binary form, all goroutines parked eight frames deep; less is better", "time"},
      {"pause", "pause-pb", "How long a profile stops the world",
       "from the request to stop until the restart; less is better", "time"},
      {"bytes", "memory-pb", "Memory that taking a profile adds",
       "resident, at the peak of the first profile; less is better", "bytes"}};
  std::vector<Picture> pictures;
  for (const Lines& lines : kLines) {
    std::string data = lines_data(results, lines.rows);
    if (!has_points(data)) continue;
    pictures.push_back({lines.name,
                        "lines.gp",
                        {lines.title, lines.subtitle, lines.unit,
                         fmt::Sprintf("%g", goal_of(lines.rows)), results.date},
                        data});
  }
  if (std::string data = bars_data(results); !data.empty()) {
    pictures.push_back({"ratios",
                        "bars.gp",
                        {"Time of one operation, ours ÷ Go's",
                         "shorter is better; the black stroke is the goal", results.date},
                        data});
  }
  return pictures;
}

}  // namespace bench
