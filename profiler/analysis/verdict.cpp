// verdict.cpp: applies the rule of verdict.h.
#include "profiler/analysis/verdict.h"

#include <algorithm>

#include "runtime/fmt/fmt.h"

namespace golab::profiler {
namespace {

constexpr int64_t kSlack = 2;  // of the server's own

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
  auto rate = [requests](int64_t n) {
    return requests > 0 ? static_cast<double>(n) / static_cast<double>(requests) : 0;
  };
  int64_t left_behind = 0;
  for (const StackChange& stack : verdict.diff.stacks) {
    if (stack.delta() <= (stack.in_main ? 0 : kSlack)) continue;
    if (options.without_connections && serves_connection(stack)) continue;
    verdict.leaked.push_back({stack, rate(stack.delta())});
    left_behind = wrapping_add(left_behind, stack.delta());
  }
  std::stable_sort(
      verdict.leaked.begin(), verdict.leaked.end(),
      [](const LeakedStack& a, const LeakedStack& b) { return a.stack.delta() > b.stack.delta(); });
  verdict.leaks = !verdict.leaked.empty();
  verdict.per_request = rate(left_behind);
  return verdict;
}

std::string rate_text(double rate) {
  std::string text = fmt::Sprintf("%.2f", rate);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.ends_with('.')) text.pop_back();
  return text;
}

}  // namespace golab::profiler
