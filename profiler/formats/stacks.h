// stacks.h: from raw stacks of return addresses to counted stacks of named frames.
//
// A snapshot delivers records: return addresses, leaf first, and how many goroutines have this
// stack. Both written forms need three steps before the first byte:
//
//  1. Name. The names of each distinct stack are looked up once. Glue has no frames, so its address
//     leaves the stack: a reader must not see a frame that Go would not have.
//  2. Count again. Stacks that differ only in glue are now one stack, so their counts are added.
//     Stacks with different labels stay apart; no labels differ from an empty set of labels.
//  3. Sort in Go's order: the highest count first. Equal counts are in the byte order of the text
//     that debug=1 writes.
//
// Memory grows with distinct stacks and distinct addresses, not with goroutines.
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

// One record of a snapshot.
struct StackRecord {
  int64_t count = 1;
  std::vector<uintptr_t> pcs;  // return addresses, leaf first, goexit's included
  // True if pcs[0] is the address of an instruction, not a return address. That is so for a thread
  // that a signal stopped, and for a goroutine that has not run yet.
  bool leaf_exact = false;
  std::optional<LabelSet> labels;  // none: the goroutine never had any
  uint32_t elided = 0;             // frames left out between both ends (runtime::both_ends)
};

// Returns the frames of each of the given return addresses, innermost first; none for an address
// that is all glue. The result has as many elements as `pcs`. The function gets the whole stack,
// because a frame can be glue for one caller only. The texts in the frames must live as long as
// what is made of them.
using SymbolizeStack =
    std::function<std::vector<std::vector<runtime::Frame>>(const std::vector<uintptr_t>& pcs)>;

// Uses runtime/traceback. Needs a big stack, as symbolize() does.
SymbolizeStack runtime_symbols();

// A return address and its frames.
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

// Does all three steps.
StackTable count_stacks(const std::vector<StackRecord>& records, const SymbolizeStack& symbolize);

// The return addresses that debug=1 shows for one physical frame: one for each frame, the innermost
// call first. The first is the real one. The others are made up, as Go's are: each step outwards is
// one byte less, but never below the function's entry. That is still in the same function, mostly
// in the call instruction, so a tool that resolves them finds the function that was inlined into.
std::vector<uintptr_t> shown_return_pcs(const PhysicalFrame& frame);

// The labels as debug=1 writes them: {"job":"import", "tenant":"acme"}.
std::string labels_text(const LabelSet& labels);

// The table of a profile that was read, with its stacks in its order. The names are the profile's,
// so the profile must live as long as the table.
StackTable stacks_of(const SymbolizedProfile& profile);
StackTable stacks_of(SymbolizedProfile&&) = delete;

}  // namespace golab::profiler
