// heap_profile.cpp: from samples to a profile.
#include "profiler/endpoints/heap_profile.h"

#include <sys/resource.h>

#include <algorithm>
#include <cmath>
#include <string_view>
#include <utility>
#include <vector>

#include "profiler/formats/debug1_writer.h"
#include "profiler/formats/mappings.h"
#include "profiler/formats/pprof_writer.h"
#include "runtime/heap/mprof.h"

namespace golab::profiler {
namespace {

constexpr size_t kInUseBytes = 3;  // of the four values

bool is_plumbing(const runtime::Frame& frame) {
  const std::string_view name = frame.function;
  for (std::string_view package : {"std", "__gnu_cxx", "boost"}) {
    if (name.starts_with(package) && name.size() > package.size() &&
        (name[package.size()] == '.' || name[package.size()] == '/'))
      return true;
  }
  return false;
}

bool is_plumbing_or_runtime(const runtime::Frame& frame) {
  return is_plumbing(frame) || frame.function.starts_with("runtime.") ||
         frame.function.starts_with("internal/runtime/");
}

std::vector<StackRecord> stacks_of_samples() {
  std::vector<StackRecord> stacks;
  for (runtime::MemProfileRecord& r : runtime::mem_profile_records()) {
    StackRecord& stack = stacks.emplace_back();
    stack.values = {r.AllocObjects, r.AllocBytes(), r.InUseObjects(), r.InUseBytes()};
    stack.object_bytes = r.ObjectSize;
    stack.pcs = std::move(r.pcs);
  }
  return stacks;
}

// Divides by the chance that an object of this size is sampled.
void scale(CountedStack& stack, int64_t rate) {
  if (rate <= 1 || stack.object_bytes == 0) return;
  const double chance =
      1 - std::exp(-static_cast<double>(stack.object_bytes) / static_cast<double>(rate));
  for (int64_t& value : stack.values)
    value = static_cast<int64_t>(static_cast<double>(value) / chance);
}

// The end of the text, which no tool reads. It is what Go prints with GOGC=off.
std::string mem_stats_text(const runtime::MemStats& m) {
  constexpr int kPauses = 256;  // of collections
  std::string text = "\n# runtime.MemStats\n";
  auto line = [&](const char* name, const std::string& value) {
    text += std::string("# ") + name + " = " + value + "\n";
  };
  auto pair = [&](const char* name, uint64_t inuse, uint64_t sys) {
    line(name, std::to_string(inuse) + " / " + std::to_string(sys));
  };
  const std::pair<const char*, uint64_t> heap[] = {
      {"Alloc", m.Alloc},           {"TotalAlloc", m.TotalAlloc},     {"Sys", m.Sys},
      {"Lookups", m.Lookups},       {"Mallocs", m.Mallocs},           {"Frees", m.Frees},
      {"HeapAlloc", m.HeapAlloc},   {"HeapSys", m.HeapSys},           {"HeapIdle", m.HeapIdle},
      {"HeapInuse", m.HeapInuse},   {"HeapReleased", m.HeapReleased},
      {"HeapObjects", m.HeapObjects}};
  for (const auto& [name, value] : heap) line(name, std::to_string(value));
  pair("Stack", m.StackInuse, m.StackSys);
  pair("MSpan", 0, 0);
  pair("MCache", 0, 0);
  line("BuckHashSys", "0");
  line("GCSys", "0");
  line("OtherSys", std::to_string(m.OtherSys));
  line("NextGC", std::to_string(m.NextGC));
  line("LastGC", "0");
  std::string zeros = "[0";
  for (int i = 1; i < kPauses; i++) zeros += " 0";
  line("PauseNs", zeros + "]");
  line("PauseEnd", zeros + "]");
  line("NumGC", std::to_string(m.NumGC));
  line("NumForcedGC", "0");
  line("GCCPUFraction", "0");
  line("DebugGC", "false");
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  line("MaxRSS", std::to_string(usage.ru_maxrss << 10));
  return text;
}

}  // namespace

std::string heap_profile(int debug, const std::string& default_type, int64_t time_nanos,
                         bool cpp_names) {
  std::string text;
  const Sink append = [&](std::string_view piece) { text.append(piece); };
  const int64_t rate = runtime::MemProfileRate.load();
  if (debug <= 0) {
    StackTable table =
        count_heap(stacks_of_samples(), runtime_symbols(), is_plumbing_or_runtime);
    for (CountedStack& stack : table.stacks) scale(stack, rate);
    PprofOptions options;
    options.value_types = {{"alloc_objects", "count"},
                           {"alloc_space", "bytes"},
                           {"inuse_objects", "count"},
                           {"inuse_space", "bytes"}};
    options.period_type = {"space", "bytes"};
    options.period = rate;
    options.default_type = default_type;
    options.time_nanos = time_nanos;
    options.mappings = read_mappings();
    options.comments = runtime::symbol_problems();
    options.cpp_names = cpp_names;
    write_pprof(table, options, append);
    return text;
  }
  runtime::MemStats stats;  // read first, so that what follows is not in them
  runtime::ReadMemStats(&stats);
  StackTable table = count_heap(stacks_of_samples(), runtime_symbols(), is_plumbing);
  std::stable_sort(table.stacks.begin(), table.stacks.end(), [](const auto& a, const auto& b) {
    return a.values[kInUseBytes] < b.values[kInUseBytes];
  });
  write_heap(table, {.rate = rate, .cpp_names = cpp_names}, append);
  return text + mem_stats_text(stats);
}

}  // namespace golab::profiler
