// stacks.h: from raw stacks of return addresses to counted stacks of named frames.
//
// A snapshot delivers records: how many goroutines stand on these return addresses, leaf first.
// Both written forms need the same three steps before the first byte:
//
//  1. Names. Each address is asked for once per distinct stack. What is glue has no frames and
//  leaves
//     the stack, and so does its address: a reader must not see a frame there that Go would not
//     have.
//  2. Counting again. Two stacks that differed only in glue are now one and are added up. Labels
//  keep
//     stacks apart, and no labels are not an empty set of labels.
//  3. Go's order: the highest count first; among equals the byte order of the text that debug=1
//  writes.
//
// Memory goes with distinct stacks and distinct addresses, never with goroutines.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "profiler/formats/profile.h"
#include "runtime/traceback/symbols.h"

namespace golab::profiler {

using LabelSet = std::vector<std::pair<std::string, std::string>>;

// What the snapshot hands over.
struct StackRecord {
  int64_t count = 1;
  std::vector<uintptr_t> pcs;  // return addresses, leaf first, goexit's included
  // pcs[0] is an instruction's own address (a thread stopped by a signal, a goroutine that has not
  // run yet), not where a call will return to.
  bool leaf_exact = false;
  std::optional<LabelSet> labels;  // none: the goroutine never had any
  uint32_t elided = 0;             // frames left out between both ends (runtime::both_ends)
};

// The frames of each of the given return addresses, innermost first, none where all is glue. The
// answer has as many elements as the question. It sees the whole stack because what is glue can
// depend on what called it. The texts in the frames have to last as long as what is made of them.
using SymbolizeStack =
    std::function<std::vector<std::vector<runtime::Frame>>(const std::vector<uintptr_t>& pcs)>;

// Asks runtime/traceback. Needs a big stack, as symbolize() does.
SymbolizeStack runtime_symbols();

// A return address and who is there.
struct PhysicalFrame {
  uintptr_t return_pc = 0;
  std::vector<runtime::Frame> frames;  // innermost first, at least one
};

struct CountedStack {
  int64_t count = 0;
  std::vector<uint32_t> frames;    // into StackTable::frames, leaf first
  std::optional<LabelSet> labels;  // sorted by key
};

struct StackTable {
  std::vector<PhysicalFrame> frames;
  std::vector<CountedStack> stacks;
};

// All three steps.
StackTable count_stacks(const std::vector<StackRecord>& records, const SymbolizeStack& symbolize);

// The addresses that debug=1 shows for one physical frame, as return addresses: one per frame, the
// innermost call first. The first is the real one. The others are made up, as Go's are: one byte
// less for every step outwards, which is still inside the call instruction (or at least in the
// same function: never below its entry), so that a tool that resolves them finds the host.
std::vector<uintptr_t> shown_return_pcs(const PhysicalFrame& frame);

// The labels as debug=1 writes them: {"job":"import", "tenant":"acme"}
std::string labels_text(const LabelSet& labels);

// Back from a profile that was read, stack by stack and in its order. Names are the profile's,
// which has to last as long as the table.
StackTable stacks_of(const SymbolizedProfile& profile);
StackTable stacks_of(SymbolizedProfile&&) = delete;

}  // namespace golab::profiler
