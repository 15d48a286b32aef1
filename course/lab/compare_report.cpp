// compare_report.cpp: writes a comparison as text, for 80 columns or more.
#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "course/lab/compare.h"
#include "profiler/analysis/diff.h"
#include "profiler/analysis/text_table.h"
#include "profiler/formats/shown.h"

namespace lab {
namespace {

using golab::profiler::Colour;
using golab::profiler::coloured;
using golab::profiler::LeakedStack;
using golab::profiler::LeakVerdict;
using golab::profiler::rate_text;
using golab::profiler::same_names;
using golab::profiler::shown;
using golab::profiler::StackChange;
using golab::profiler::TextTable;

// A stack that leaked, with its count on each side; 0 where it did not leak.
struct Row {
  StackChange stack;
  int64_t broken = 0;
  int64_t fixed = 0;
};

// The stacks that leaked on one side or both.
std::vector<Row> rows_of(const Comparison& comparison) {
  std::vector<Row> rows;
  for (bool solution : {false, true}) {
    const LeakVerdict& verdict = (solution ? comparison.fixed : comparison.broken).verdict;
    for (const LeakedStack& leaked : verdict.leaked) {
      // The sides are two programs, so lines cannot be compared.
      auto same = std::find_if(rows.begin(), rows.end(), [&](const Row& row) {
        return solution && row.fixed == 0 &&
               same_names(row.stack.functions, leaked.stack.functions) &&
               row.stack.labels == leaked.stack.labels;
      });
      if (same == rows.end()) same = rows.insert(rows.end(), {leaked.stack, 0, 0});
      (solution ? same->fixed : same->broken) = leaked.stack.after;
    }
  }
  std::stable_sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) {
    return std::llabs(a.broken - a.fixed) > std::llabs(b.broken - b.fixed);
  });
  return rows;
}

std::string right(int64_t number, int width) {
  char text[32];
  std::snprintf(text, sizeof text, "%*lld", width, static_cast<long long>(number));
  return text;
}

std::string render_rows(const std::vector<Row>& rows, bool colour, int columns) {
  std::string text = coloured("  exercise  solution  goroutine", Colour::Bold, colour) + "\n";
  const std::string indent(22, ' ');
  for (const Row& row : rows) {
    const StackChange& stack = row.stack;
    std::string what = coloured(stack.function.empty() ? "(not started)" : shown(stack.function),
                                Colour::Bold, colour);
    if (!stack.labels.empty()) what += " {" + shown(stack.labels) + "}";
    if (!stack.state.empty()) what += " [" + shown(stack.state) + "]";
    text += coloured(right(row.broken, 10), row.broken > 0 ? Colour::Red : Colour::Green, colour) +
            coloured(right(row.fixed, 10), row.fixed > 0 ? Colour::Red : Colour::Green, colour) +
            "  " + what + "\n";
    if (stack.file.empty()) continue;
    text += indent + shown(short_path(stack.file)) + ":" + std::to_string(stack.line) + "\n";
    std::string source = golab::profiler::source_line(stack.file, stack.line);
    if (source.empty()) continue;
    text += indent +
            coloured(shortened("    " + source, columns - static_cast<int>(indent.size())),
                     Colour::Dim, colour) +
            "\n";
  }
  return text;
}

std::string counts(const Comparison& comparison, bool colour) {
  using Align = TextTable::Align;
  TextTable table({Align::Left, Align::Right, Align::Right});
  const Side &broken = comparison.broken, &fixed = comparison.fixed;
  table.row({"", "exercise", "solution"}, Colour::Bold);
  table.row({"goroutines at rest", std::to_string(broken.rest.goroutines),
             std::to_string(fixed.rest.goroutines)});
  table.row({"after " + std::to_string(comparison.requests) + " requests",
             std::to_string(broken.after.goroutines), std::to_string(fixed.after.goroutines)});
  table.row({"growth per request", rate_text(broken.verdict.per_request),
             rate_text(fixed.verdict.per_request)});
  return table.render(colour);
}

// "75 goroutines in main.worker (main.cpp:29, chan receive) and 1 in main.producer (…)"
std::string left_behind(const LeakVerdict& verdict) {
  std::string text;
  size_t n = verdict.leaked.size();
  for (size_t i = 0; i < n; i++) {
    const LeakedStack& leaked = verdict.leaked[i];
    if (i > 0) text += i + 1 == n ? " and " : ", ";
    std::string rate = rate_text(leaked.per_request);
    text += rate;
    if (i == 0) text += rate == "1" ? " goroutine" : " goroutines";
    text += " in " + (leaked.stack.function.empty() ? "(not started)" : leaked.stack.function);
    if (leaked.stack.file.empty()) continue;
    std::string file = leaked.stack.file.substr(leaked.stack.file.rfind('/') + 1);
    text += " (" + file + ":" + std::to_string(leaked.stack.line);
    if (!leaked.stack.state.empty()) text += ", " + leaked.stack.state;
    text += ")";
  }
  return text;
}

std::string sentence(const Comparison& comparison) {
  const LeakVerdict &broken = comparison.broken.verdict, &fixed = comparison.fixed.verdict;
  std::string request = comparison.exercise.load().method + " " + comparison.exercise.load().path;
  if (broken.leaks && !fixed.leaks) {
    return "The exercise leaks: each " + request + " leaves " + left_behind(broken) +
           ". The solution leaves nothing.";
  }
  if (broken.leaks) {
    return "Both leak. Of the exercise each " + request + " leaves " + left_behind(broken) +
           "; of the solution it leaves " + left_behind(fixed) + ".";
  }
  if (fixed.leaks) {
    return "The solution leaks, the exercise does not: each " + request + " leaves " +
           left_behind(fixed) + ".";
  }
  return "Neither leaks: after " + std::to_string(comparison.requests) +
         " requests both have the goroutines that they had before the first one. If you repaired "
         "the exercise, it is as good as the solution.";
}

}  // namespace

std::string render_comparison(const Comparison& comparison, bool colour, int columns) {
  const Exercise& exercise = comparison.exercise;
  bool as_wanted = !comparison.fixed.verdict.leaks;
  std::string text = coloured(exercise.name + ": " + exercise.title, Colour::Bold, colour) + "\n" +
                     std::to_string(comparison.requests) + " × " + exercise.load().method + " " +
                     exercise.load().path + " on " + shown(short_path(comparison.file)) +
                     " and on the solution\n\n" + counts(comparison, colour) + "\n";
  std::vector<Row> rows = rows_of(comparison);
  if (!rows.empty()) {
    text += "Stacks that differ after the load:\n\n" + render_rows(rows, colour, columns) + "\n";
  }
  std::string verdict = wrapped(shown(sentence(comparison)), std::min(columns, 100));
  return text + coloured(verdict, as_wanted ? Colour::Bold : Colour::Red, colour);
}

}  // namespace lab
