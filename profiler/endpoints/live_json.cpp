// live_json.cpp: from a snapshot to the JSON of the page.
#include "profiler/endpoints/live_json.h"

#include <algorithm>
#include <cstdio>
#include <mutex>
#include <nlohmann/json.hpp>
#include <set>
#include <unordered_map>
#include <vector>

#include "profiler/analysis/wait_state.h"
#include "profiler/formats/stacks.h"
#include "runtime/traceback/symbols.h"

namespace golab::profiler::live {
namespace {

using nlohmann::json;

constexpr size_t kGoroutinesMax = 500;
constexpr size_t kCountedDepthMax =
    128;  // a deeper stack is longer in a snapshot of each goroutine

// The files that frames have named. Their names are never freed (symbols.h).
struct ShownFiles {
  std::mutex mutex;  // not one that parks: it is taken on the system stack
  std::set<std::string_view> names;
};
ShownFiles& shown_files() {
  static auto* files = new ShownFiles;
  return *files;
}

std::string_view name_of(const runtime::Frame& frame) {
  if (!frame.function.empty()) return frame.function;
  return frame.system_name.empty() ? "[unknown]" : frame.system_name;
}

// The protobuf form leaves it out, too.
bool is_goexit(const PhysicalFrame& physical) {
  return physical.frames.size() == 1 && physical.frames[0].function == "runtime.goexit";
}

std::string key_of(const StackTable& table, const CountedStack& stack) {
  uint64_t hash = 14695981039346656037u;
  auto mix = [&hash](uint64_t word) { hash = (hash ^ word) * 1099511628211u, hash ^= hash >> 31; };
  for (uint32_t frame : stack.frames) mix(table.frames[frame].return_pc);
  if (stack.labels) {
    for (char c : labels_text(*stack.labels)) mix(static_cast<unsigned char>(c));
  }
  char text[20];
  std::snprintf(text, sizeof text, "%016lx", static_cast<unsigned long>(hash));
  return text;
}

// Numbers the frames that stacks show.
class Frames {
 public:
  json rows = json::array();

  size_t number_of(const runtime::Frame& frame, bool inlined) {
    std::string key = std::string(name_of(frame)) + '\0' + std::string(frame.file) + '\0' +
                      std::to_string(frame.line) + (inlined ? "i" : "");
    auto [at, is_new] = numbers_.try_emplace(std::move(key), rows.size());
    if (is_new) {
      rows.push_back({{"function", name_of(frame)},
                      {"file", frame.file},
                      {"line", frame.line},
                      {"inlined", inlined},
                      {"runtime", is_runtime_function(name_of(frame))}});
      if (!frame.file.empty()) files_.insert(frame.file);
    }
    return at->second;
  }

  // From here on the page may ask for these files.
  void publish() const {
    std::lock_guard guard(shown_files().mutex);
    shown_files().names.insert(files_.begin(), files_.end());
  }

 private:
  std::unordered_map<std::string, size_t> numbers_;
  std::set<std::string_view> files_;
};

json stack_row(const StackTable& table, const CountedStack& stack, Frames& frames) {
  json numbers = json::array();
  std::vector<std::string_view> functions;
  for (uint32_t index : stack.frames) {
    const PhysicalFrame& physical = table.frames[index];
    if (is_goexit(physical)) continue;
    for (const runtime::Frame& frame : physical.frames) {
      numbers.push_back(frames.number_of(frame, &frame != &physical.frames.back()));
      functions.push_back(name_of(frame));
    }
  }
  std::string state = wait_state(functions);
  json row = {{"key", key_of(table, stack)},
              {"count", stack.count},
              {"state", state.empty() ? "runnable" : state},
              {"waited_ms", stack.waited_ns / 1'000'000},
              {"labels", stack.labels ? labels_text(*stack.labels) : ""},
              {"frames", std::move(numbers)}};
  std::vector<runtime::StackFrame> creator;
  if (stack.gopc != 0) creator = runtime::frames_of(&stack.gopc, 1);
  if (!creator.empty()) {
    row["creator"] = frames.number_of(*creator[0].frame, creator[0].inlined);
  }
  return row;
}

// Which stacks of the snapshot are the one with this key.
std::vector<bool> stacks_with(const Snapshot& snapshot, std::string_view key) {
  std::vector<bool> wanted;
  for (StackRecord record : snapshot.stacks) {
    record.pcs.resize(std::min(record.pcs.size(), kCountedDepthMax));
    StackTable table = count_stacks({std::move(record)}, runtime_symbols());
    wanted.push_back(key_of(table, table.stacks[0]) == key);
  }
  return wanted;
}

json goroutine_rows(const Snapshot& snapshot, std::string_view key) {
  std::vector<bool> wanted = stacks_with(snapshot, key);
  std::vector<const GoroutineSnapshot*> found;
  snapshot.for_each_goroutine([&](const GoroutineSnapshot& g) {
    if (wanted[snapshot.stack_of(g)]) found.push_back(&g);
  });
  const size_t count = found.size();
  std::stable_sort(found.begin(), found.end(), [&](auto* a, auto* b) {
    return snapshot.waited_ns(*a) > snapshot.waited_ns(*b);
  });
  found.resize(std::min(count, kGoroutinesMax));
  json rows = json::array();
  for (const GoroutineSnapshot* g : found) {
    rows.push_back({{"id", g->goid},
                    {"waited_ms", snapshot.waited_ns(*g) / 1'000'000},
                    {"creator", g->parent_goid}});
  }
  return {{"count", count}, {"goroutines", std::move(rows)}};
}

// Names may be any bytes.
std::string text_of(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace

std::string look_json(const Snapshot& snapshot, const Facts& facts) {
  StackTable table = count_stacks(snapshot.stacks, runtime_symbols());
  Frames frames;
  json stacks = json::array(), loads = json::array();
  for (const CountedStack& stack : table.stacks) stacks.push_back(stack_row(table, stack, frames));
  for (const Load& load : facts.loads) {
    loads.push_back(
        {{"requests", load.requests}, {"method", load.method}, {"target", load.target}});
  }
  json look = {{"program", facts.program},
               {"instance", facts.instance},
               {"token", facts.token},
               {"start_ms", facts.start_ms},
               {"now_ms", facts.now_ms},
               {"requests", facts.requests},
               {"gomaxprocs", facts.gomaxprocs},
               {"threads", facts.threads},
               {"loads", std::move(loads)},
               {"total", snapshot.total},
               {"pause_ns", snapshot.pause_ns},
               {"stacks", std::move(stacks)},
               {"frames", std::move(frames.rows)}};
  std::string text = text_of(look);
  frames.publish();
  return text;
}

std::string goroutines_json(const Snapshot& snapshot, std::string_view key) {
  return text_of(goroutine_rows(snapshot, key));
}

bool has_shown(std::string_view file) {
  std::lock_guard guard(shown_files().mutex);
  return shown_files().names.contains(file);
}

}  // namespace golab::profiler::live
