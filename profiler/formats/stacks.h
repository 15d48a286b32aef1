// stacks.h: from raw stacks of return addresses to counted stacks of named frames.
//
// Both written forms need three steps:
//
//  1. Name. The names of each different stack are looked up once. Glue has no frames, so its
//     address leaves the stack: a reader must not see a frame that Go would not have.
//  2. Count again. Stacks that differed only in glue are one stack now. Stacks with different
//     labels stay apart; no labels differ from an empty set of labels.
//  3. Sort in Go's order: the highest count first, then in the byte order of the text of debug=1.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "profiler/formats/profile.h"
#include "runtime/sched/labels.h"
#include "runtime/traceback/symbols.h"

namespace golab::profiler {

using LabelSet = runtime::LabelList;

struct StackRecord {  // of a snapshot
  int64_t count = 1;
  std::vector<uintptr_t> pcs;  // return addresses, leaf first, goexit's included
  // True if pcs[0] is not a return address but an instruction's: a signal stopped the thread, or
  // the goroutine has not run yet.
  bool leaf_exact = false;
  std::optional<LabelSet> labels;  // none if the goroutine never had any
  uint32_t elided = 0;             // frames left out between the two ends (runtime::both_ends)
  int64_t waited_ns = 0;           // the longest wait of its goroutines (Detail::with_waits)
  uintptr_t gopc = 0;              // of the `go` that made one of them (Detail::with_waits)
  int64_t delay_ns = 0;            // of a contention profile
  std::vector<int64_t> values = {};  // of a heap profile: instead of count
  int64_t object_bytes = 0;        // of a heap profile: the size of each object
  int64_t apart = 0;               // how many of `count` are counted apart (Detail::with_waits)
};

// Returns the frames of each return address, innermost first; none if it is all glue. A frame can
// be glue for one caller only. The frames' texts must live as long as the table.
using SymbolizeStack =
    std::function<std::vector<std::vector<runtime::Frame>>(const std::vector<uintptr_t>& pcs)>;

// Returns the one that uses runtime/traceback. It needs a big stack, as frames_of() does.
SymbolizeStack runtime_symbols();

struct PhysicalFrame {
  uintptr_t return_pc = 0;
  std::vector<runtime::Frame> frames;  // innermost first, at least one
  auto operator<=>(const PhysicalFrame&) const = default;
};

struct CountedStack {
  int64_t count = 0;
  std::vector<uint32_t> frames;    // into StackTable::frames, leaf first
  std::optional<LabelSet> labels;  // sorted by key
  int64_t waited_ns = 0;           // as in StackRecord
  uintptr_t gopc = 0;
  int64_t delay_ns = 0;
  std::vector<int64_t> values;
  int64_t object_bytes = 0;
};

struct StackTable {
  std::vector<PhysicalFrame> frames;
  std::vector<CountedStack> stacks;
};

// The three steps.
StackTable count_stacks(const std::vector<StackRecord>& records, const SymbolizeStack& symbolize);

// The same for a contention profile. In step 1, each stack loses what is below its first frame that
// `begins` accepts: the runtime and sync from within. In step 3, the longest delay comes first.
StackTable count_contention(const std::vector<StackRecord>& records,
                            const SymbolizeStack& symbolize,
                            bool (*begins)(const runtime::Frame& frame));

// The same for a heap profile. Stacks of objects of different sizes stay apart. In step 1, each
// stack loses its innermost frames that `hidden` accepts, unless it has no others. There is no step
// 3: the stacks stay in the order of the records.
StackTable count_heap(const std::vector<StackRecord>& records, const SymbolizeStack& symbolize,
                      bool (*hidden)(const runtime::Frame& frame));

// Returns the addresses that debug=1 shows for the frames of a physical frame, innermost first. The
// first is the return address. The others are made up, as in Go: each is one byte less, but not
// below the function's entry, so a tool that resolves one finds the physical function.
std::vector<uintptr_t> shown_return_pcs(const PhysicalFrame& frame);

// Returns the labels as debug=1 writes them: {"job":"import", "tenant":"acme"}.
std::string labels_text(const LabelSet& labels);

}  // namespace golab::profiler
