// live_json.h: what the page /debug/lab/ draws, as JSON.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "profiler/snapshot/snapshot.h"

namespace golab::profiler::live {

struct Load {
  int requests = 0;
  std::string method, target;
};

// What a look says about the service itself.
struct Facts {
  std::string program;
  std::string instance;  // another one after a restart
  std::string token;     // for POST
  int64_t start_ms = 0;
  int64_t now_ms = 0;
  int64_t requests = 0;  // served, without those for /debug/
  int gomaxprocs = 0;
  int threads = 0;
  std::vector<Load> loads;
};

// Needs a big stack, as frames_of() does. The facts by their names, and of a snapshot with waits:
//
//   "total": 1523, "apart": 2, "pause_ns": 5280,
//   "stacks": [{"key", "state", "labels", "frames": [4, 2], "count", "waited_ms", "creator": 7}, …],
//   "frames": [{"function", "file", "line", "inlined", "runtime"}, …]
//
// The frames of a stack are those of a binary profile, leaf first. A key stands for the same stack
// in each run of the same binary. "creator" is absent where nobody is known. "frames" has all that
// were needed lately.
//
// "apart" is how many goroutines serve other pages: those that the snapshot set apart and whose
// stacks are a server's. They are in no other number.
std::string look_json(const Snapshot& snapshot, const Facts& facts);

// Needs a big stack. The goroutines of one stack, the oldest first, at most 500. The snapshot is
// one of each goroutine. Those that serve other pages (of `apart`) are left out, as in a look.
//
//   {"count": 1500, "goroutines": [{"id": 7, "waited_ms": 1200, "creator": 5}, …]}
std::string goroutines_json(const Snapshot& snapshot, std::string_view key,
                            const std::vector<uint64_t>& apart);

}  // namespace golab::profiler::live
