// ancestors.h: with GODEBUG=tracebackancestors=N, a dump also shows where a goroutine's creator
// stood, and that one's creator, N of them at most:
//
//   goroutine 23 [chan receive]:
//   main.worker(...)
//       /src/main.cpp:46 +0x1e
//   created by main.start in goroutine 22
//       /src/main.cpp:39 +0x28
//   [originating from goroutine 22]:
//   main.start(...)
//       /src/main.cpp:39 +0x28
//   main.handle(...)
//       ...
//
// "created by" names the function of the go statement; if that is a helper, the question is who
// called it. So each go statement takes its goroutine's stack down. That needs malloc, and takes
// about as long as a short goroutine lives; so nothing of this is done without the setting.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "runtime/sched/labels.h"

namespace golab::runtime {

// Of each ancestor, the innermost. Go takes down 50, of which it hides two of the runtime's.
constexpr uint32_t kAncestorFrames = 48;

struct Ancestor {
  uint64_t goid = 0;
  uintptr_t gopc = 0;          // of the go statement that created it
  std::vector<uintptr_t> pcs;  // its stack at its own go statement; return addresses, leaf first
};

// The creator first. An ancestor is shared by the lists of all its descendants.
using Ancestry = std::vector<std::shared_ptr<const Ancestor>>;

struct AncestorList : Mortal {
  Ancestry ancestry;
};

extern int32_t tracebackancestors;  // N; 0: off

// The ancestors of a goroutine that the running one creates. `frame` is the frame record of the
// function that the go statement called. Null: there are none, or no memory for them. Requires: not
// inside the runtime.
AncestorList* save_ancestors(const void* frame);

}  // namespace golab::runtime
