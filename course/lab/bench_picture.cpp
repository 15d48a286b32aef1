// bench_picture.cpp: `lab bench --pictures`, the results as SVG for the README: a table shows how
// much at one size, a picture how it grows.
//
// Each picture brings its own white ground, because GitHub shows it on a dark page as well, and
// nothing from elsewhere: no fonts, no scripts. Colours are Okabe and Ito's, which stay apart for
// colour-blind eyes; the second line of a colour is dashed. Lines carry their names at their ends.
#include <algorithm>
#include <cmath>
#include <optional>

#include "course/lab/bench.h"
#include "course/lab/bench_goals.h"
#include "runtime/fmt/fmt.h"

namespace lab {
namespace {

namespace fmt = golab::fmt;

constexpr const char* kInk = "#1a1a1a";
constexpr const char* kGrey = "#595959";
constexpr const char* kGrid = "#e3e3e3";
constexpr const char* kBlue = "#0072b2";
constexpr const char* kSky = "#56b4e9";
constexpr const char* kVermilion = "#d55e00";
constexpr int kWidth = 720;

std::string escaped(const std::string& text) {
  std::string out;
  for (char c : text) {
    out += c == '&' ? "&amp;" : c == '<' ? "&lt;" : c == '>' ? "&gt;" : std::string(1, c);
  }
  return out;
}

// An SVG under construction.
class Drawing {
 public:
  Drawing(int height, const std::string& title, const std::string& subtitle) {
    svg_ = fmt::Sprintf(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" "
        "height=\"%d\" role=\"img\" font-family=\"system-ui, 'Segoe UI', Helvetica, Arial, "
        "sans-serif\" font-size=\"13\">\n<title>%s</title>\n",
        kWidth, height, kWidth, height, escaped(title));
    svg_ += fmt::Sprintf(
        "<rect x=\"0.5\" y=\"0.5\" width=\"%d\" height=\"%d\" rx=\"8\" fill=\"#ffffff\" "
        "stroke=\"#d0d0d0\"/>\n",
        kWidth - 1, height - 1);
    text(20, 30, title, kInk, "start", "font-size=\"17\" font-weight=\"600\"");
    text(20, 50, subtitle, kGrey, "start");
  }

  void text(double x, double y, const std::string& words, const char* colour, const char* anchor,
            const char* more = "") {
    svg_ +=
        fmt::Sprintf("<text x=\"%.1f\" y=\"%.1f\" fill=\"%s\" text-anchor=\"%s\"%s%s>%s</text>\n",
                     x, y, colour, anchor, *more != 0 ? " " : "", more, escaped(words));
  }
  void line(double x1, double y1, double x2, double y2, const char* colour, const char* more = "") {
    svg_ +=
        fmt::Sprintf("<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" stroke=\"%s\"%s%s/>\n",
                     x1, y1, x2, y2, colour, *more != 0 ? " " : "", more);
  }
  void bar(double x, double y, double width, double height, const char* colour) {
    svg_ +=
        fmt::Sprintf("<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" fill=\"%s\"/>\n",
                     x, y, width, height, colour);
  }
  void path(const std::vector<std::pair<double, double>>& points, const char* colour,
            const std::string& dashes) {
    std::string d;
    for (auto [x, y] : points) d += fmt::Sprintf("%s%.1f %.1f", d.empty() ? "M" : " L", x, y);
    svg_ += fmt::Sprintf("<path d=\"%s\" fill=\"none\" stroke=\"%s\" stroke-width=\"2.5\"%s/>\n", d,
                         colour, dashes.empty() ? "" : " stroke-dasharray=\"" + dashes + "\"");
  }
  void dot(double x, double y, const char* colour, bool hollow) {
    svg_ += fmt::Sprintf(
        "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"%d\" fill=\"%s\" stroke=\"%s\" "
        "stroke-width=\"2\"/>\n",
        x, y, hollow ? 5 : 4, hollow ? "#ffffff" : colour, colour);
  }

  std::string end() { return svg_ + "</svg>\n"; }

 private:
  std::string svg_;
};

// ---- Lines over the number of goroutines ----

struct Series {
  std::string name;
  const char* colour;
  std::string dashes;  // none: solid
  std::string unit;
  std::vector<std::pair<double, double>> points;  // goroutines, value
};

// What a row "NAME/1000" of some contestant was, for all sizes that there are.
Series series(const BenchResults& results, const std::string& name, Contestant who, int procs) {
  Series found{fmt::Sprintf("%s at %d", who == kOurs ? "ours" : "Go", procs),
               who == kOurs ? kBlue : kVermilion,
               procs == 1 ? "" : "7 5",
               "",
               {}};
  for (const BenchRow& row : results.rows) {
    if (row.procs != procs || !row.has(who) || row.name.compare(0, name.size() + 1, name + "/")) {
      continue;
    }
    double goroutines = std::atof(row.name.c_str() + name.size() + 1), value = row.median(who);
    // Neither axis has a place for what is not positive: memory may have been given back.
    if (goroutines > 0 && value > 0) found.points.emplace_back(goroutines, value);
    found.unit = row.unit;
  }
  std::sort(found.points.begin(), found.points.end());
  return found;
}

struct Chart {
  std::string title, subtitle;
  std::vector<Series> lines;
  double step_unit;  // the y axis has a line at each power of ten of this: 1 ns, 1 MiB
  std::optional<double> goal;
};

// Where the plot is, and which piece of the two logarithmic axes it shows.
struct Plot {
  static constexpr double kLeft = 84, kRight = kWidth - 190, kTop = 74, kBottom = 348;
  static constexpr int kHeight = 400;
  double x_from, x_to, y_from, y_to;  // log10

  double x(double value) const {
    return kLeft + (std::log10(value) - x_from) / (x_to - x_from) * (kRight - kLeft);
  }
  double y(double value) const {
    return kBottom - (std::log10(value) - y_from) / (y_to - y_from) * (kBottom - kTop);
  }
};

Plot plot_of(const Chart& chart) {
  double least_x = INFINITY, most_x = 0, least_y = INFINITY, most_y = 0;
  for (const Series& line : chart.lines) {
    for (auto [x, y] : line.points) {
      least_x = std::min(least_x, x), most_x = std::max(most_x, x);
      least_y = std::min(least_y, y), most_y = std::max(most_y, y);
    }
  }
  if (chart.goal) least_y = std::min(least_y, *chart.goal), most_y = std::max(most_y, *chart.goal);
  double unit = std::log10(chart.step_unit);
  Plot plot{std::log10(least_x), std::log10(most_x), std::floor(std::log10(least_y) - unit) + unit,
            std::ceil(std::log10(most_y) - unit) + unit};
  if (plot.x_to <= plot.x_from) plot.x_to = plot.x_from + 1;
  if (plot.y_to <= plot.y_from) plot.y_to = plot.y_from + 1;
  return plot;
}

void draw_axes(const Chart& chart, const Plot& plot, Drawing* drawing) {
  double unit = std::log10(chart.step_unit);
  for (double log = plot.y_from; log < plot.y_to + 0.5; log += 1) {
    double value = std::pow(10, std::round(log - unit)) * chart.step_unit, y = plot.y(value);
    drawing->line(Plot::kLeft, y, Plot::kRight, y, kGrid);
    drawing->text(Plot::kLeft - 10, y + 4, human(value, chart.lines[0].unit), kGrey, "end");
  }
  for (double log = std::ceil(plot.x_from - 0.01); log < plot.x_to + 0.01; log += 1) {
    static constexpr const char* kCounts[] = {"1",      "10",      "100",      "1,000",
                                              "10,000", "100,000", "1,000,000"};
    double x = plot.x(std::pow(10, log));
    drawing->line(x, Plot::kBottom, x, Plot::kBottom + 5, kGrey);
    std::string count = log < 7 ? kCounts[static_cast<int>(log)] : fmt::Sprintf("1e%.0f", log);
    drawing->text(x, Plot::kBottom + 21, count, kGrey, "middle");
  }
  drawing->line(Plot::kLeft, Plot::kBottom, Plot::kRight, Plot::kBottom, kGrey);
  drawing->text((Plot::kLeft + Plot::kRight) / 2, Plot::kBottom + 41, "goroutines", kGrey,
                "middle");
  drawing->text(kWidth - 20, Plot::kBottom + 41, "at 1, at 2 (dashed): GOMAXPROCS", kGrey, "end");
  if (chart.goal) {
    double y = plot.y(*chart.goal);
    drawing->line(Plot::kLeft, y, Plot::kRight, y, kInk, "stroke-dasharray=\"2 3\"");
    drawing->text(Plot::kLeft + 6, y - 6, "goal: " + human(*chart.goal, chart.lines[0].unit), kInk,
                  "start");
  }
}

// Names at the ends of the lines, moved apart where the ends are too close.
void draw_names(const Chart& chart, const Plot& plot, Drawing* drawing) {
  constexpr double kApart = 19;
  struct Name {
    const Series* line;
    double y;
  };
  std::vector<Name> names;
  for (const Series& line : chart.lines)
    names.push_back({&line, plot.y(line.points.back().second)});
  std::stable_sort(names.begin(), names.end(),
                   [](const Name& a, const Name& b) { return a.y < b.y; });
  for (size_t i = 0; i < names.size(); ++i) {  // close ones share the way: half up, half down
    size_t end = i + 1;
    while (end < names.size() && names[end].y - names[end - 1].y < kApart) ++end;
    double middle = (names[i].y + names[end - 1].y) / 2;
    double top = middle - kApart * static_cast<double>(end - i - 1) / 2;
    for (; i < end; ++i) names[i].y = top, top += kApart;
    --i;
  }
  for (size_t i = 1; i < names.size(); ++i)
    names[i].y = std::max(names[i].y, names[i - 1].y + kApart);
  for (const Name& name : names) {
    auto [x, value] = name.line->points.back();
    drawing->line(plot.x(x) + 8, plot.y(value), Plot::kRight + 24, name.y, name.line->colour);
    drawing->text(Plot::kRight + 29, name.y + 4,
                  name.line->name + ": " + human(value, name.line->unit), name.line->colour,
                  "start", "font-weight=\"600\"");
  }
}

std::string draw(const Chart& chart) {
  Plot plot = plot_of(chart);
  Drawing drawing(Plot::kHeight, chart.title, chart.subtitle);
  draw_axes(chart, plot, &drawing);
  for (const Series& line : chart.lines) {
    std::vector<std::pair<double, double>> points;
    for (auto [x, y] : line.points) points.emplace_back(plot.x(x), plot.y(y));
    drawing.path(points, line.colour, line.dashes);
  }
  // The hollow dots of dashed lines are greater: drawn first, both can be seen at one place.
  for (bool dashed : {true, false}) {
    for (const Series& line : chart.lines) {
      if (line.dashes.empty() == dashed) continue;
      for (auto [x, y] : line.points) drawing.dot(plot.x(x), plot.y(y), line.colour, dashed);
    }
  }
  draw_names(chart, plot, &drawing);
  return drawing.end();
}

// ---- Bars ----

// Core workloads: those with a goal for the ratio to Go's and no number of goroutines in the name.
std::vector<const Goal*> core_goals(const BenchResults& results) {
  std::vector<const Goal*> found;
  for (const Goal& goal : bench_goals()) {
    if (goal.kind != Goal::kRatio || std::string(goal.name).find('/') != std::string::npos)
      continue;
    for (int procs : {1, 2}) {
      const BenchRow* row = results.find(goal.name, procs);
      if (row == nullptr || !row->has(kOurs) || !row->has(kGo)) continue;
      found.push_back(&goal);
      break;
    }
  }
  return found;
}

std::string draw_ratios(const BenchResults& results, const std::vector<const Goal*>& goals) {
  constexpr double kLeft = 292, kRight = kWidth - 34, kTop = 98, kGroup = 38, kBar = 15;
  double most = 1;
  for (const Goal* goal : goals) {
    for (int procs : {1, 2}) {
      const BenchRow* row = results.find(goal->name, procs);
      if (row != nullptr && row->has(kGo)) most = std::max(most, row->ratio(kGo));
    }
  }
  most = std::ceil(most * 10 + 0.5) / 10;
  auto x = [&](double ratio) { return kLeft + ratio / most * (kRight - kLeft); };
  double bottom = kTop + kGroup * static_cast<double>(goals.size());

  Drawing drawing(static_cast<int>(bottom) + 40, "Time of one operation, ours ÷ Go's",
                  "shorter is better; the black stroke is the goal");
  for (double ratio = 0; ratio <= most + 0.01; ratio += 0.2) {
    drawing.line(x(ratio), kTop - 6, x(ratio), bottom, kGrid);
    drawing.text(x(ratio), bottom + 20, fmt::Sprintf("%.1f", ratio), kGrey, "middle");
  }
  drawing.line(x(1), kTop - 6, x(1), bottom, kGrey);
  drawing.text(x(1), kTop - 12, "as fast as Go", kGrey, "middle");
  double y = kTop;
  for (const Goal* goal : goals) {
    drawing.text(kLeft - 12, y + kBar + 5, bench_words(goal->name), kInk, "end");
    for (int procs : {1, 2}) {
      const BenchRow* row = results.find(goal->name, procs);
      double top = y + (procs - 1) * (kBar + 1);
      if (row == nullptr || !row->has(kOurs) || !row->has(kGo)) continue;
      double ratio = row->ratio(kGo), end = x(ratio);
      drawing.bar(kLeft, top, end - kLeft, kBar, procs == 1 ? kBlue : kSky);
      drawing.line(x(goal->limit(procs)), top - 1, x(goal->limit(procs)), top + kBar + 1, kInk,
                   "stroke-width=\"2.5\"");
      bool inside = end - kLeft > 34;
      drawing.text(inside ? kLeft + 5 : end + 5, top + 12, fmt::Sprintf("%.2f", ratio),
                   inside && procs == 1 ? "#ffffff" : kInk, "start", "font-size=\"12\"");
      if (goal == goals.front()) {
        drawing.text(std::max(end, x(goal->limit(procs))) + 8, top + 12,
                     fmt::Sprintf("GOMAXPROCS %d", procs), kInk, "start", "font-size=\"12\"");
      }
    }
    y += kGroup;
  }
  return drawing.end();
}

Chart chart_of(const BenchResults& results, const std::string& name, const std::string& title,
               const std::string& subtitle, double step_unit) {
  Chart chart{title, subtitle, {}, step_unit, {}};
  for (Contestant who : {kGo, kOurs}) {
    for (int procs : {1, 2}) {
      Series line = series(results, name, who, procs);
      if (!line.points.empty()) chart.lines.push_back(std::move(line));
    }
  }
  if (name == "profile-pb") {  // our later profiles are cheaper than the first: show that, too
    Series first = series(results, "first-pb", kOurs, 1);
    first.name = "ours, first";
    first.dashes = "2 4";
    if (!first.points.empty()) chart.lines.push_back(std::move(first));
  }
  for (const Goal& goal : bench_goals()) {
    if (goal.kind == Goal::kAbsolute && goal.name == name + "/1000000") chart.goal = goal.at_1;
  }
  return chart;
}

}  // namespace

std::vector<std::pair<std::string, std::string>> bench_pictures(const BenchResults& results) {
  std::vector<std::pair<std::string, std::string>> pictures;
  const std::pair<const char*, Chart> kCharts[] = {
      {"snapshot-time.svg",
       chart_of(results, "profile-pb", "Time of a goroutine profile",
                "pprof's binary form, all goroutines parked eight frames deep; less is better", 1)},
      {"pause.svg", chart_of(results, "pause-pb", "How long a profile stops the world",
                             "from the request to stop until the restart; less is better", 1)},
      {"bytes.svg",
       chart_of(results, "memory-pb", "Memory that taking a profile adds",
                "resident, at the peak of the first profile; less is better", 1 << 20)},
  };
  for (const auto& [name, chart] : kCharts) {
    if (!chart.lines.empty()) pictures.emplace_back(name, draw(chart));
  }
  if (auto goals = core_goals(results); !goals.empty()) {
    pictures.emplace_back("ratios.svg", draw_ratios(results, goals));
  }
  return pictures;
}

}  // namespace lab
