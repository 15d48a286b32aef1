// diff.cpp: reduces stacks to what a report shows, then matches them by key.
#include "profiler/analysis/diff.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <unordered_map>

#include "profiler/analysis/sample_type.h"
#include "profiler/analysis/text_table.h"
#include "profiler/analysis/unnamed.h"
#include "profiler/analysis/wait_state.h"
#include "profiler/formats/seeded_hash.h"
#include "profiler/formats/shown.h"

namespace golab::profiler {
namespace {

constexpr int kDumpedFrames = 50;  // of a deep stack, a dump shows as many innermost ones

// What a profile shows of its stacks, which depends on its form.
struct Shows {
  explicit Shows(const SymbolizedProfile& profile) {
    for (const Sample& sample : profile.samples) {
      if (!sample.state.empty()) dump_states = true;
      if (!sample.locations.empty() && profile.locations[sample.locations[0]].lines.empty()) {
        runtime_frames = false;  // the text form hides them
      }
    }
    if (dump_states) runtime_frames = false;
    for (const Function& function : profile.functions) {
      if (function.name.find("[...]") != std::string::npos) short_types = true;
    }
  }

  bool dump_states = false;    // a dump: it has states, but not the frames of the runtime
  bool runtime_frames = true;  // which tell a state, too
  bool short_types = false;    // type arguments are written as [...]
};

// How the stacks of two profiles are compared.
struct Rules {
  Rules(const Shows& a, const Shows& b, DiffOptions wanted)
      : options(wanted),
        by_state((a.runtime_frames && b.runtime_frames) || (a.dump_states && b.dump_states)),
        as_dumps(a.dump_states || b.dump_states),
        short_types(a.short_types != b.short_types) {}

  DiffOptions options;
  bool by_state;
  bool as_dumps;
  bool short_types;
};

// "iter.Pull[...].func1" for "iter.Pull[go.shape.int].func1". An array's bounds go, too: no name
// has them outside of type arguments.
std::string with_short_types(std::string_view name) {
  std::string out;
  int depth = 0;
  for (char c : name) {
    if (c == ']' && depth > 0 && --depth == 0) out += "...";
    if (depth == 0) out += c;
    if (c == '[') depth++;
  }
  return out;
}

class Matcher {
 public:
  Matcher(ProfileDiff& diff, Rules rules) : diff_(diff), rules_(rules) {}

  void add(const SymbolizedProfile& profile, int64_t StackChange::*side) {
    const UnnamedStacks unnamed(profile);
    names_of_.clear();
    for (const Function& function : profile.functions) {
      const bool changed = rules_.short_types && function.name.find('[') != std::string::npos;
      names_of_.push_back(intern(changed ? with_short_types(function.name) : function.name));
    }
    // Several samples may be one stack. Its line is that of the most frequent sample.
    std::unordered_map<size_t, int64_t> most;
    for (const Sample& sample : profile.samples) {
      int64_t count = sample.values.empty() ? 0 : sample.values[0];
      StackChange stack =
          unnamed.has(sample) ? describe_unnamed(profile, sample) : describe(profile, sample);
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
    if (auto known = by_name_.find(name); known != by_name_.end()) return known->second;
    const std::string* kept = &diff_.names->emplace_back(name);
    by_name_.emplace(*kept, kept);
    return kept;
  }

  StackChange describe(const SymbolizedProfile& profile, const Sample& sample) const {
    StackChange stack;
    std::vector<FrameRef> frames = frames_of_sample(profile, sample);
    std::vector<std::string_view> names;
    for (const FrameRef& frame : frames) {
      names.push_back(frame.function == nullptr ? std::string_view() : frame.function->name);
    }
    stack.state = sample.state.empty() ? wait_state(names) : sample.state;

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
        stack.function = *names_of_[frames[i].line->function];
        stack.file = frames[i].function->file;
        stack.line = frames[i].line->line;
      }
      stack.in_main = stack.in_main || is_main;
    }
    if (stack.functions.empty()) add_runtime_frames(frames, stack);
    if (stack.functions.empty() && !sample.state.empty()) stack.function = "(no frames)";
    if (rules_.options.by_labels) stack.labels = labels_of(sample);
    return stack;
  }

  // A stack of the runtime's own, as of its system goroutines. The outermost frame tells its work.
  void add_runtime_frames(const std::vector<FrameRef>& frames, StackChange& stack) const {
    for (const FrameRef& frame : frames) {
      if (frame.function == nullptr || frame.function->name.empty()) continue;
      const std::string* name = names_of_[frame.line->function];
      if (*name == "runtime.goexit") continue;
      stack.functions.push_back(name);
      stack.function = *name;
      stack.file = frame.function->file;
      stack.line = frame.line->line;
    }
  }

  // Its addresses, leaf first; the innermost ones are shown.
  StackChange describe_unnamed(const SymbolizedProfile& profile, const Sample& sample) {
    constexpr size_t kShown = 3;
    StackChange stack;
    for (uint32_t location : sample.locations) {
      const std::string* address = intern(address_text(profile.locations[location]));
      stack.functions.push_back(address);
      if (stack.functions.size() <= kShown) {
        stack.function += (stack.function.empty() ? "" : " ") + *address;
      }
    }
    if (sample.locations.size() > kShown) stack.function += " …";
    stack.state = sample.state;
    if (rules_.options.by_labels) stack.labels = labels_of(sample);
    return stack;
  }

  static std::string labels_of(const Sample& sample) {
    std::string text;
    for (const Label& label : sample.labels) {
      if (!text.empty()) text += ", ";
      text += label.key + "=";
      text += label.str.empty() && label.num != 0 ? std::to_string(label.num) : label.str;
    }
    return text;
  }

  std::string key_of(const StackChange& stack) const {
    std::string key = stack.labels + "\n";
    if (rules_.by_state) key += stack.state;
    if (rules_.options.by_line && stack.in_main) key += ":" + std::to_string(stack.line);
    key += "\n";
    int frames = 0;
    // A stack of the runtime's own has no other frames.
    const bool as_dump = rules_.as_dumps && !is_runtime_function(stack.function);
    for (const std::string* name : stack.functions) {  // equal names have one address
      if (as_dump && (is_runtime_function(*name) || frames++ >= kDumpedFrames)) continue;
      key.append(reinterpret_cast<const char*>(&name), sizeof name);
    }
    return key;
  }

  ProfileDiff& diff_;
  Rules rules_;
  std::unordered_map<std::string_view, const std::string*, SeededHash> by_name_;
  std::vector<const std::string*> names_of_;  // by function of the profile that is being added
  std::unordered_map<std::string, size_t, SeededHash> index_;
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
    if (is_runtime_function(function) || frames_++ >= kDumpedFrames) return;
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
  const SymbolizedProfile& typed = after.sample_types.empty() ? before : after;
  if (!typed.sample_types.empty()) result.type = typed.sample_types[0];
  // An empty profile is compared with as if it were of the other's form.
  const Shows of_before(before.samples.empty() ? after : before);
  const Shows of_after(after.samples.empty() ? before : after);
  Matcher matcher(result, Rules(of_before, of_after, options));
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
  std::unordered_map<std::string, std::map<std::string, int>, SeededHash> states;
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
  const bool goroutines = diff.type.type.empty() || diff.type.type == "goroutine";
  auto value = [&](int64_t v) { return value_text(v, diff.type.unit); };
  auto change = [&](int64_t v) { return (v > 0 ? "+" : "") + value(v); };
  std::string text = (goroutines ? "goroutines" : shown(diff.type.type)) + ": " +
                     value(diff.total_before) + " before, " + value(diff.total_after) +
                     " after: " + change(wrapping_sub(diff.total_after, diff.total_before)) +
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
    table.row(
        {value(stack.before), value(stack.after), change(stack.delta()), stack.state, function, at},
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
