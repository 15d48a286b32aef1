// stuck.cpp: who was left behind: a verdict's stacks, looked up in a dump.
#include <algorithm>
#include <map>
#include <tuple>

#include "profiler/analysis/verdict.h"

namespace golab::profiler {
namespace {

// The innermost frame of package main, or null. The same that a StackChange has its place from.
const DumpedFrame* main_frame(const DumpedGoroutine& goroutine) {
  auto is_main = [](const DumpedFrame& frame) { return frame.function.starts_with("main."); };
  auto frame = std::find_if(goroutine.frames.begin(), goroutine.frames.end(), is_main);
  return frame == goroutine.frames.end() ? nullptr : &*frame;
}

bool stands_there(const DumpedGoroutine& goroutine, const StackChange& stack) {
  if (dump_key(goroutine) != dump_key(stack)) return false;
  const DumpedFrame* frame = main_frame(goroutine);
  return !stack.in_main || (frame != nullptr && frame->line == stack.line);
}

std::string minutes_text(int64_t minutes) {
  if (minutes <= 0) return "";
  return std::to_string(minutes) + (minutes == 1 ? " minute" : " minutes");
}

// Place: a StackChange or a DumpedFrame.
template <typename Place>
StuckGroup group_at(const Place& place, const std::string& state) {
  StuckGroup group;
  group.state = state;
  group.function = place.function;
  group.file = place.file;
  group.line = place.line;
  group.source = source_line(place.file, place.line);
  return group;
}

void add_creator(StuckGroup& group, const DumpedGoroutine& goroutine) {
  group.created_by = goroutine.created_by;
  group.created_file = goroutine.created_at.file;
  group.created_line = goroutine.created_at.line;
}

// The goroutines of one stack, by what differs among them.
void add_groups(const StackChange& stack, const std::vector<DumpedGoroutine>& dump,
                std::vector<StuckGroup>& groups) {
  using Key = std::tuple<std::string, std::string, int, std::string>;
  std::map<Key, StuckGroup> found;
  std::map<Key, int64_t> longest;
  int64_t all = 0;
  for (const DumpedGoroutine& goroutine : dump) {
    if (!stands_there(goroutine, stack)) continue;
    all++;
    Key key{goroutine.state, goroutine.created_by, goroutine.created_at.line,
            goroutine.created_at.file};
    StuckGroup& group = found.try_emplace(key, group_at(stack, goroutine.state)).first->second;
    group.count++;
    longest[key] = std::max(longest[key], goroutine.minutes);
    group.since = minutes_text(longest[key]);
    add_creator(group, goroutine);
  }
  if (found.empty()) {
    groups.push_back(group_at(stack, stack.state));
    groups.back().count = stack.delta();
    return;
  }
  // Those that were there at rest are not left behind. They are of the greatest group, or nobody
  // knows of which.
  auto less = [](const auto& a, const auto& b) { return a.second.count < b.second.count; };
  auto greatest = std::max_element(found.begin(), found.end(), less);
  int64_t& count = greatest->second.count;
  count -= std::clamp<int64_t>(all - stack.delta(), 0, count - 1);
  for (auto& [key, group] : found) groups.push_back(group);
}

}  // namespace

std::vector<StuckGroup> stuck_groups(const LeakVerdict& verdict,
                                     const std::vector<DumpedGoroutine>& dump) {
  std::vector<StuckGroup> groups;
  for (const LeakedStack& leaked : verdict.leaked) add_groups(leaked.stack, dump, groups);
  std::stable_sort(groups.begin(), groups.end(),
                   [](const StuckGroup& a, const StuckGroup& b) { return a.count > b.count; });
  return groups;
}

std::vector<StuckGroup> panicked(const std::vector<DumpedGoroutine>& dump) {
  if (dump.empty() || dump[0].frames.empty()) return {};
  const DumpedGoroutine& goroutine = dump[0];
  const DumpedFrame* frame = main_frame(goroutine);
  if (frame == nullptr) frame = &goroutine.frames[0];
  StuckGroup group = group_at(*frame, goroutine.state);
  group.count = 1;
  add_creator(group, goroutine);
  return {group};
}

}  // namespace golab::profiler
