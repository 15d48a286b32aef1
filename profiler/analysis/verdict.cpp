// verdict.cpp: applies the rule of verdict.h, and puts the verdict into words.
#include "profiler/analysis/verdict.h"

#include <algorithm>
#include <cstdio>

#include "profiler/analysis/text_table.h"
#include "profiler/formats/shown.h"

namespace golab::profiler {
namespace {

// A goroutine of the server's for one connection, outside of any handler.
bool serves_connection(const StackChange& stack) {
  if (stack.in_main) return false;
  return std::any_of(stack.functions.begin(), stack.functions.end(), [](const std::string* name) {
    return *name == "net/http.(*conn).serve" || *name == "net/http.(*connReader).backgroundRead";
  });
}

}  // namespace

LeakVerdict judge(const SymbolizedProfile& rest, const SymbolizedProfile& after, int64_t requests,
                  JudgeOptions options) {
  LeakVerdict verdict;
  verdict.diff = diff(rest, after, {.by_line = true});  // both are of one process
  verdict.rest = verdict.diff.total_before;
  verdict.after = verdict.diff.total_after;
  verdict.requests = requests;
  int64_t left_behind = 0;
  for (const StackChange& stack : verdict.diff.stacks) {
    if (stack.delta() <= (stack.in_main ? 0 : options.slack)) continue;
    if (options.without_connections && serves_connection(stack)) continue;
    double rate =
        requests > 0 ? static_cast<double>(stack.delta()) / static_cast<double>(requests) : 0;
    verdict.leaked.push_back({stack, rate});
    left_behind = wrapping_add(left_behind, stack.delta());
  }
  std::stable_sort(
      verdict.leaked.begin(), verdict.leaked.end(),
      [](const LeakedStack& a, const LeakedStack& b) { return a.stack.delta() > b.stack.delta(); });
  verdict.leaks = !verdict.leaked.empty();
  if (requests > 0) {
    verdict.per_request = static_cast<double>(left_behind) / static_cast<double>(requests);
  }
  return verdict;
}

std::string rate_text(double rate) {
  char text[64];
  std::snprintf(text, sizeof text, "%.2f", rate);
  std::string number = text;
  if (number.find('.') != number.npos) {
    number.erase(number.find_last_not_of('0') + 1);
    if (number.ends_with('.')) number.pop_back();
  }
  return number;
}

std::string render_verdict(const LeakVerdict& verdict, RenderOptions options) {
  std::string requests =
      std::to_string(verdict.requests) + (verdict.requests == 1 ? " request" : " requests");
  if (!verdict.leaks) {
    return coloured("no leak", Colour::Green, options.colour) + ": " +
           std::to_string(verdict.rest) + " goroutines at rest, " + std::to_string(verdict.after) +
           " after " + requests + "\n";
  }
  int64_t left_behind = 0;
  for (const LeakedStack& leaked : verdict.leaked) {
    left_behind = wrapping_add(left_behind, leaked.stack.delta());
  }
  std::string text = coloured("leaks", Colour::Red, options.colour) + ": " + requests + " left " +
                     std::to_string(left_behind) +
                     (left_behind == 1 ? " goroutine behind" : " goroutines behind");
  if (verdict.requests > 0) text += ", " + rate_text(verdict.per_request) + " per request";
  text += "\n";
  size_t rows = 0;
  for (const LeakedStack& leaked : verdict.leaked) {
    if (options.rows_max > 0 && rows++ == options.rows_max) break;
    const StackChange& stack = leaked.stack;
    text += "  " + coloured("+" + std::to_string(stack.delta()), Colour::Red, options.colour);
    if (verdict.requests > 0) text += " (" + rate_text(leaked.per_request) + " per request)";
    if (!stack.state.empty()) text += " [" + shown(stack.state) + "]";
    text += " " + coloured(shown(stack.function), Colour::Bold, options.colour);
    if (!stack.file.empty()) text += "  " + shown(stack.file) + ":" + std::to_string(stack.line);
    text += "\n";
    std::string source = source_line(stack.file, stack.line);
    if (!source.empty()) text += "      " + coloured(source, Colour::Dim, options.colour) + "\n";
  }
  return text;
}

}  // namespace golab::profiler
