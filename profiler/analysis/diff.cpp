// diff.cpp: reduces stacks to what a report shows, then matches them by key.
#include "profiler/analysis/diff.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <unordered_map>

#include "profiler/analysis/text_table.h"
#include "profiler/analysis/wait_state.h"
#include "profiler/formats/shown.h"

namespace golab::profiler {
namespace {

// True if the profile has the runtime frames that show a state. The text form has none.
bool tells_states(const SymbolizedProfile& profile) {
  return std::none_of(profile.samples.begin(), profile.samples.end(), [&](const Sample& sample) {
    return !sample.locations.empty() && profile.locations[sample.locations[0]].lines.empty();
  });
}

class Matcher {
 public:
  Matcher(ProfileDiff& diff, DiffOptions options, bool with_states)
      : diff_(diff), options_(options), with_states_(with_states) {}

  void add(const SymbolizedProfile& profile, int64_t StackChange::*side) {
    names_of_.clear();
    for (const Function& function : profile.functions) names_of_.push_back(intern(function.name));
    // Several samples may be one stack. Its line is that of the most frequent sample.
    std::unordered_map<size_t, int64_t> most;
    for (const Sample& sample : profile.samples) {
      int64_t count = sample.values.empty() ? 0 : sample.values[0];
      StackChange stack = describe(profile, sample);
      auto [it, fresh] = index_.try_emplace(key_of(stack), diff_.stacks.size());
      if (fresh) diff_.stacks.push_back(stack);
      StackChange& known = diff_.stacks[it->second];
      known.*side = wrapping_add(known.*side, count);
      bool more_frequent = known.*side >= known.before;
      auto [best, first] = most.try_emplace(it->second, count);
      if (!fresh && more_frequent && (first || count > best->second)) {
        known.file = stack.file;
        known.line = stack.line;
        best->second = count;
      }
      if (known.state.empty()) known.state = stack.state;
    }
  }

 private:
  const std::string* intern(const std::string& name) {
    auto [it, fresh] = by_name_.try_emplace(name, nullptr);
    if (fresh) it->second = &diff_.names->emplace_back(name);
    return it->second;
  }

  StackChange describe(const SymbolizedProfile& profile, const Sample& sample) const {
    StackChange stack;
    std::vector<FrameRef> frames = frames_of_sample(profile, sample);
    std::vector<std::string_view> names;
    for (const FrameRef& frame : frames) {
      names.push_back(frame.function == nullptr ? std::string_view() : frame.function->name);
    }
    stack.state = wait_state(names);

    bool shown = false;
    for (size_t i = 0; i < frames.size(); i++) {
      std::string_view name = names[i];
      if (name.empty() || name == "runtime.goexit" || (!shown && is_runtime_function(name))) {
        continue;
      }
      bool first = !shown;
      shown = true;
      stack.functions.push_back(names_of_[frames[i].line->function]);
      bool is_main = name.starts_with("main.");
      if (first || (is_main && !stack.in_main)) {
        stack.function = name;
        stack.file = frames[i].function->file;
        stack.line = frames[i].line->line;
      }
      stack.in_main = stack.in_main || is_main;
    }
    for (const Label& label : sample.labels) {
      if (!stack.labels.empty()) stack.labels += ", ";
      stack.labels += label.key + "=";
      stack.labels += label.str.empty() && label.num != 0 ? std::to_string(label.num) : label.str;
    }
    return stack;
  }

  std::string key_of(const StackChange& stack) const {
    std::string key = stack.labels + "\n";
    if (with_states_) key += stack.state;
    if (options_.by_line && stack.in_main) key += ":" + std::to_string(stack.line);
    key += "\n";
    for (const std::string* name : stack.functions) {  // equal names have one address
      key.append(reinterpret_cast<const char*>(&name), sizeof name);
    }
    return key;
  }

  ProfileDiff& diff_;
  DiffOptions options_;
  bool with_states_;
  std::unordered_map<std::string_view, const std::string*> by_name_;
  std::vector<const std::string*> names_of_;  // by function of the profile that is being added
  std::unordered_map<std::string, size_t> index_;
};

// The forms write code without a name in different words: "[libfoo.so]", "non-Go function".
bool has_name(const std::string& function) {
  return !function.empty() && function[0] != '[' && function != "non-Go function";
}

// The part of a stack that a profile and ?debug=2 both show. The dump leaves out all runtime
// functions, and the middle of a deep stack.
class DumpKey {
 public:
  void add(const std::string& function) {
    constexpr int kInnerFrames = 50;
    if (is_runtime_function(function) || frames_++ >= kInnerFrames) return;
    if (has_name(function)) text_ += function + "\n";
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
  int frames_ = 0;
};

uint64_t size_of(int64_t change) {
  return change < 0 ? uint64_t{0} - static_cast<uint64_t>(change) : static_cast<uint64_t>(change);
}

std::string signed_text(int64_t number) { return (number > 0 ? "+" : "") + std::to_string(number); }

}  // namespace

bool same_names(const Names& a, const Names& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const std::string* x, const std::string* y) { return *x == *y; });
}

ProfileDiff diff(const SymbolizedProfile& before, const SymbolizedProfile& after,
                 DiffOptions options) {
  ProfileDiff result;
  result.total_before = total(before);
  result.total_after = total(after);
  Matcher matcher(result, options, tells_states(before) && tells_states(after));
  matcher.add(before, &StackChange::before);
  matcher.add(after, &StackChange::after);
  std::stable_sort(
      result.stacks.begin(), result.stacks.end(), [](const StackChange& a, const StackChange& b) {
        uint64_t da = size_of(a.delta()), db = size_of(b.delta());
        if (da != db) return da > db;
        int64_t ma = std::max(a.before, a.after), mb = std::max(b.before, b.after);
        if (ma != mb) return ma > mb;
        return std::lexicographical_compare(
            a.functions.begin(), a.functions.end(), b.functions.begin(), b.functions.end(),
            [](const std::string* x, const std::string* y) { return *x < *y; });
      });
  return result;
}

std::string dump_key(const StackChange& stack) {
  DumpKey key;
  for (const std::string* function : stack.functions) key.add(*function);
  return key.text();
}

std::string dump_key(const DumpedGoroutine& goroutine) {
  DumpKey key;
  for (const DumpedFrame& frame : goroutine.frames) key.add(frame.function);
  return key.text();
}

void add_states(ProfileDiff& diff, const std::vector<DumpedGoroutine>& dump) {
  std::unordered_map<std::string, std::map<std::string, int>> states;
  for (const DumpedGoroutine& goroutine : dump) {
    states[dump_key(goroutine)][goroutine.state]++;
  }
  for (StackChange& stack : diff.stacks) {
    if (!stack.state.empty()) continue;
    auto it = states.find(dump_key(stack));
    if (it == states.end()) continue;
    auto most = std::max_element(it->second.begin(), it->second.end(),
                                 [](auto& a, auto& b) { return a.second < b.second; });
    stack.state = most->first;
  }
}

std::string render_diff(const ProfileDiff& diff, RenderOptions options) {
  std::string text = "goroutines: " + std::to_string(diff.total_before) + " before, " +
                     std::to_string(diff.total_after) +
                     " after: " + signed_text(wrapping_sub(diff.total_after, diff.total_before)) +
                     "\n\n";
  using Align = TextTable::Align;
  TextTable table(
      {Align::Right, Align::Right, Align::Right, Align::Left, Align::Left, Align::Left});
  table.row({"before", "after", "change", "state", "function", "at"}, Colour::Bold);
  size_t rows = 0, unchanged = 0, cut = 0;
  for (const StackChange& stack : diff.stacks) {
    if (stack.delta() == 0 && !options.unchanged) {
      unchanged++;
      continue;
    }
    if (options.rows_max > 0 && rows == options.rows_max) {
      cut++;
      continue;
    }
    rows++;
    Colour colour = stack.delta() > 0   ? Colour::Red
                    : stack.delta() < 0 ? Colour::Green
                                        : Colour::Dim;
    std::string at = stack.file.empty() ? "" : stack.file + ":" + std::to_string(stack.line);
    std::string function = stack.function.empty() ? "(not started)" : stack.function;
    if (!stack.labels.empty()) function += " {" + stack.labels + "}";
    table.row({std::to_string(stack.before), std::to_string(stack.after),
               signed_text(stack.delta()), stack.state, function, at},
              colour);
  }
  if (rows > 0) text += table.render(options.colour);
  auto note = [&](size_t count, const char* one, const char* many) {
    if (count > 0) text += "  (" + std::to_string(count) + (count == 1 ? one : many) + ")\n";
  };
  note(cut, " further stack changed", " further stacks changed");
  note(unchanged, " stack did not change", " stacks did not change");
  return text;
}

std::string source_line(const std::string& file, int64_t line) {
  constexpr uintmax_t kSourceBytesMax = 16 << 20;
  std::error_code no_file;
  if (!std::filesystem::is_regular_file(file, no_file)) return {};
  if (std::filesystem::file_size(file, no_file) > kSourceBytesMax || no_file) return {};
  std::ifstream in(file);
  std::string text;
  for (int64_t i = 0; i < line; i++) {
    if (!std::getline(in, text)) return {};
  }
  text.erase(0, text.find_first_not_of(" \t"));
  text.erase(text.find_last_not_of(" \t\r") + 1);
  std::replace(text.begin(), text.end(), '\t', ' ');
  return shown(text);
}

}  // namespace golab::profiler
