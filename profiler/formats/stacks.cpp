// stacks.cpp: names the frames, counts equal stacks and sorts them in Go's order.
#include "profiler/formats/stacks.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <tuple>

#include "runtime/strconv/strconv.h"

namespace golab::profiler {
namespace {

// True if the text "0x<a>" sorts before "0x<b>". What follows a shorter number, a blank or the end
// of the line, sorts before any digit.
bool less_as_hex(uintptr_t a, uintptr_t b) {
  auto hex = [](uintptr_t v) {
    char text[16];
    return std::string(text, std::to_chars(text, text + sizeof text, v, 16).ptr);
  };
  return hex(a) < hex(b);
}

struct Sorted {
  CountedStack stack;
  std::vector<uintptr_t> pcs;
  std::string labels;
};

bool sorts_before(const Sorted& a, const Sorted& b) {
  if (a.stack.count != b.stack.count) return a.stack.count > b.stack.count;
  auto [x, y] = std::mismatch(a.pcs.begin(), a.pcs.end(), b.pcs.begin(), b.pcs.end());
  if (x != a.pcs.end() && y != b.pcs.end()) return less_as_hex(*x, *y);
  if (a.pcs.size() != b.pcs.size()) return a.pcs.size() < b.pcs.size();
  if (a.stack.labels.has_value() != b.stack.labels.has_value()) return b.stack.labels.has_value();
  return a.labels < b.labels;
}

void sort_as_go_does(StackTable& table) {
  std::vector<Sorted> sorted;
  sorted.reserve(table.stacks.size());
  for (CountedStack& stack : table.stacks) {
    Sorted& s = sorted.emplace_back();
    for (uint32_t index : stack.frames) {
      for (uintptr_t pc : shown_return_pcs(table.frames[index])) s.pcs.push_back(pc);
    }
    if (stack.labels) s.labels = labels_text(*stack.labels);
    s.stack = std::move(stack);
  }
  std::stable_sort(sorted.begin(), sorted.end(), sorts_before);
  for (size_t i = 0; i < sorted.size(); i++) table.stacks[i] = std::move(sorted[i].stack);
}

// Steps 1 and 2. `named` may change the frames of a stack.
template <typename Named>
StackTable count_named(const std::vector<StackRecord>& records, const SymbolizeStack& symbolize,
                       Named named) {
  StackTable table;
  // What is in the table already, and where.
  std::map<PhysicalFrame, uint32_t> frames;
  using Key = std::tuple<std::vector<uint32_t>, std::optional<LabelSet>, int64_t>;
  std::map<Key, size_t> stacks;
  for (const StackRecord& record : records) {
    std::vector<uintptr_t> pcs = record.pcs;
    // Every reader subtracts one, to get into the call instruction. So an exact leaf gets one more.
    if (record.leaf_exact && !pcs.empty()) pcs[0]++;
    auto found = symbolize(pcs);
    named(found);

    CountedStack stack;
    for (size_t i = 0; i < pcs.size() && i < found.size(); i++) {
      if (found[i].empty()) continue;
      PhysicalFrame frame{pcs[i], std::move(found[i])};
      auto [known, fresh] = frames.try_emplace(frame, static_cast<uint32_t>(table.frames.size()));
      if (fresh) table.frames.push_back(std::move(frame));
      stack.frames.push_back(known->second);
    }
    if (record.labels) {
      stack.labels = *record.labels;
      std::sort(stack.labels->begin(), stack.labels->end());
    }
    stack.waited_ns = record.waited_ns;
    stack.gopc = record.gopc;
    stack.delay_ns = record.delay_ns;
    stack.values = record.values;
    stack.object_bytes = record.object_bytes;
    auto [known, fresh] =
        stacks.try_emplace({stack.frames, stack.labels, stack.object_bytes}, table.stacks.size());
    if (fresh) {
      stack.count = record.count;
      table.stacks.push_back(std::move(stack));
      continue;
    }
    CountedStack& same = table.stacks[known->second];
    same.count = wrapping_add(same.count, record.count);
    same.delay_ns = wrapping_add(same.delay_ns, record.delay_ns);
    for (size_t i = 0; i < same.values.size() && i < record.values.size(); i++)
      same.values[i] = wrapping_add(same.values[i], record.values[i]);
    same.waited_ns = std::max(same.waited_ns, record.waited_ns);
  }
  return table;
}

}  // namespace

StackTable count_stacks(const std::vector<StackRecord>& records, const SymbolizeStack& symbolize) {
  StackTable table = count_named(records, symbolize, [](auto&) {});
  sort_as_go_does(table);
  return table;
}

StackTable count_contention(const std::vector<StackRecord>& records,
                            const SymbolizeStack& symbolize,
                            bool (*begins)(const runtime::Frame& frame)) {
  StackTable table = count_named(records, symbolize, [begins](auto& found) {
    for (auto& frames : found) {
      auto first = std::find_if(frames.begin(), frames.end(), begins);
      bool here = first != frames.end();
      frames.erase(frames.begin(), first);
      if (here) return;
    }
  });
  std::stable_sort(table.stacks.begin(), table.stacks.end(),
                   [](const auto& a, const auto& b) { return a.delay_ns > b.delay_ns; });
  return table;
}

StackTable count_heap(const std::vector<StackRecord>& records, const SymbolizeStack& symbolize,
                      bool (*hidden)(const runtime::Frame& frame)) {
  return count_named(records, symbolize, [hidden](auto& found) {
    const auto shown = [hidden](const auto& frames) {
      return std::find_if_not(frames.begin(), frames.end(), hidden);
    };
    if (std::all_of(found.begin(), found.end(), [&](auto& f) { return shown(f) == f.end(); }))
      return;
    for (auto& frames : found) {
      auto first = shown(frames);
      bool here = first != frames.end();
      frames.erase(frames.begin(), first);
      if (here) return;
    }
  });
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

}  // namespace golab::profiler
