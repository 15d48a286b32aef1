// stacks.cpp: names the frames, counts equal stacks and sorts them in Go's order.
#include "profiler/formats/stacks.h"

#include <algorithm>
#include <bit>
#include <numeric>
#include <unordered_map>

#include "runtime/strconv/strconv.h"

namespace golab::profiler {
namespace {

bool same_frame(const runtime::Frame& a, const runtime::Frame& b) {
  return a.line == b.line && a.entry == b.entry && a.inlined == b.inlined &&
         a.function == b.function && a.system_name == b.system_name && a.file == b.file;
}

// Gives equal (address, frames) one index.
class FrameInterner {
 public:
  explicit FrameInterner(std::vector<PhysicalFrame>& frames) : frames_(frames) {}

  uint32_t intern(uintptr_t return_pc, std::vector<runtime::Frame>&& found) {
    auto [first, last] = by_pc_.equal_range(return_pc);
    for (auto it = first; it != last; ++it) {
      const auto& known = frames_[it->second].frames;
      if (std::equal(known.begin(), known.end(), found.begin(), found.end(), same_frame)) {
        return it->second;
      }
    }
    auto index = static_cast<uint32_t>(frames_.size());
    frames_.push_back({return_pc, std::move(found)});
    by_pc_.emplace(return_pc, index);
    return index;
  }

 private:
  std::vector<PhysicalFrame>& frames_;
  std::unordered_multimap<uintptr_t, uint32_t> by_pc_;
};

uint64_t hash_of(const CountedStack& stack) {
  uint64_t hash = stack.labels ? 1469598103934665603u : 14695981039346656037u;
  auto mix = [&hash](uint64_t word) { hash = std::rotl((hash ^ word) * 0x9E3779B97F4A7C15u, 29); };
  for (uint32_t frame : stack.frames) mix(frame);
  if (stack.labels) {
    std::hash<std::string> text;
    for (const auto& [key, value] : *stack.labels) mix(text(key)), mix(text(value));
  }
  return hash;
}

// Compares the texts "0x<a>" and "0x<b>": −1, 0 or 1. What follows a shorter number, a blank or the
// end of the line, sorts before any digit.
int compare_as_hex(uintptr_t a, uintptr_t b) {
  if (a == b) return 0;
  auto digits = [](uint64_t v) { return v == 0 ? 1 : (std::bit_width(v) + 3) / 4; };
  auto left = [&](uint64_t v) { return v << (4 * (16 - digits(v))); };
  if (left(a) != left(b)) return left(a) < left(b) ? -1 : 1;
  return digits(a) < digits(b) ? -1 : 1;
}

struct SortKey {  // orders stacks with the same count
  std::vector<uintptr_t> pcs;
  std::string labels;
  bool has_labels = false;
};

bool sorts_before(const SortKey& a, const SortKey& b) {
  size_t both = std::min(a.pcs.size(), b.pcs.size());
  for (size_t i = 0; i < both; i++) {
    if (int order = compare_as_hex(a.pcs[i], b.pcs[i]); order != 0) return order < 0;
  }
  if (a.pcs.size() != b.pcs.size()) return a.pcs.size() < b.pcs.size();
  if (a.has_labels != b.has_labels) return b.has_labels;
  return a.labels < b.labels;
}

void sort_as_go_does(StackTable& table) {
  std::vector<SortKey> keys;
  keys.reserve(table.stacks.size());
  for (const CountedStack& stack : table.stacks) {
    SortKey key;
    for (uint32_t index : stack.frames) {
      for (uintptr_t pc : shown_return_pcs(table.frames[index])) key.pcs.push_back(pc);
    }
    key.has_labels = stack.labels.has_value();
    if (stack.labels) key.labels = labels_text(*stack.labels);
    keys.push_back(std::move(key));
  }
  std::vector<uint32_t> order(table.stacks.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) {
    if (table.stacks[a].count != table.stacks[b].count) {
      return table.stacks[a].count > table.stacks[b].count;
    }
    return sorts_before(keys[a], keys[b]);
  });
  std::vector<CountedStack> sorted;
  sorted.reserve(order.size());
  for (uint32_t index : order) sorted.push_back(std::move(table.stacks[index]));
  table.stacks = std::move(sorted);
}

}  // namespace

StackTable count_stacks(const std::vector<StackRecord>& records, const SymbolizeStack& symbolize) {
  StackTable table;
  FrameInterner interner(table.frames);
  std::unordered_multimap<uint64_t, uint32_t> seen;
  for (const StackRecord& record : records) {
    std::vector<uintptr_t> pcs = record.pcs;
    // Every reader subtracts one, to get into the call instruction. So an exact leaf gets one more.
    if (record.leaf_exact && !pcs.empty()) pcs[0]++;
    auto found = symbolize(pcs);

    CountedStack stack;
    for (size_t i = 0; i < pcs.size() && i < found.size(); i++) {
      if (found[i].empty()) continue;
      stack.frames.push_back(interner.intern(pcs[i], std::move(found[i])));
    }
    if (record.labels) {
      stack.labels = *record.labels;
      std::sort(stack.labels->begin(), stack.labels->end());
    }

    uint64_t hash = hash_of(stack);
    auto [first, last] = seen.equal_range(hash);
    auto same = std::find_if(first, last, [&](const auto& entry) {
      const CountedStack& other = table.stacks[entry.second];
      return other.frames == stack.frames && other.labels == stack.labels;
    });
    if (same != last) {
      CountedStack& known = table.stacks[same->second];
      known.count = wrapping_add(known.count, record.count);
      continue;
    }
    stack.count = record.count;
    seen.emplace(hash, static_cast<uint32_t>(table.stacks.size()));
    table.stacks.push_back(std::move(stack));
  }
  sort_as_go_does(table);
  return table;
}

std::vector<uintptr_t> shown_return_pcs(const PhysicalFrame& frame) {
  std::vector<uintptr_t> pcs;
  pcs.reserve(frame.frames.size());
  uintptr_t pc = frame.return_pc;
  for (const runtime::Frame& shown : frame.frames) {
    pcs.push_back(pc);
    // A profile shows pc − 1, so the lowest pc is entry + 1.
    if (pc > shown.entry + 1) pc--;
  }
  return pcs;
}

std::string labels_text(const LabelSet& labels) {
  std::string text = "{";
  for (const auto& [key, value] : labels) {
    if (text.size() > 1) text += ", ";
    text += strconv::Quote(key) + ":" + strconv::Quote(value);
  }
  return text + "}";
}

StackTable stacks_of(const SymbolizedProfile& profile) {
  StackTable table;
  for (const Location& location : profile.locations) {
    PhysicalFrame physical{static_cast<uintptr_t>(location.address + 1), {}};
    for (const Line& line : location.lines) {
      runtime::Frame frame;
      if (line.function != kNone) {
        const Function& function = profile.functions[line.function];
        frame.function = function.name;
        frame.system_name = function.system_name;
        frame.file = function.file;
        frame.start_line = static_cast<int>(function.start_line);
      }
      frame.line = static_cast<int>(line.line);
      frame.entry = location.entry;
      frame.inlined = &line != &location.lines.back();
      physical.frames.push_back(frame);
    }
    if (physical.frames.empty()) physical.frames.emplace_back();
    table.frames.push_back(std::move(physical));
  }
  for (const Sample& sample : profile.samples) {
    CountedStack stack;
    stack.count = sample.values.empty() ? 0 : sample.values[0];
    stack.frames = sample.locations;
    if (sample.has_labels) stack.labels.emplace();
    for (const Label& label : sample.labels) {
      if (stack.labels) stack.labels->emplace_back(label.key, label.str);
    }
    table.stacks.push_back(std::move(stack));
  }
  return table;
}

}  // namespace golab::profiler
