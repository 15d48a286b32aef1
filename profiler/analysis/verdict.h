// verdict.h: says whether a service leaks goroutines, from a profile at rest and one after
// requests.
//
// A leak must be told from the noise of the measurement. The fetch of a profile needs goroutines
// itself: its connection, and that connection's background reader. They are there at rest in the
// same number, but perhaps in another state. Connections of the load may still be closing. All of
// these are the server's own. A stack with a function of package main is the program's. If there
// are more of those than at rest, after the load is over, they were left behind.
//
// So a stack has leaked if it is more frequent than at rest and
//   - it has a frame of package main, or
//   - it is the server's own and grew by more than `slack` goroutines.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "profiler/analysis/diff.h"

namespace golab::profiler {

struct LeakedStack {
  StackChange stack;
  double per_request = 0;  // goroutines left behind by one request
};

struct LeakVerdict {
  bool leaks = false;
  int64_t rest = 0;   // goroutines at rest
  int64_t after = 0;  // and after the requests
  int64_t requests = 0;
  double per_request = 0;           // goroutines of all leaked stacks, for one request
  std::vector<LeakedStack> leaked;  // the one that grew most first
  ProfileDiff diff;                 // of all stacks
};

struct JudgeOptions {
  int64_t slack = 2;
};

LeakVerdict judge(const SymbolizedProfile& rest, const SymbolizedProfile& after, int64_t requests,
                  JudgeOptions options = {});

// The verdict ("leaks: 20 requests left 1520 goroutines behind, 76 per request"), one line for each
// leaked stack, and below it the source line if the file can be read.
std::string render_verdict(const LeakVerdict& verdict, RenderOptions options = {});

// The number with as many digits as it needs, but at most two after the point: 76, 1.5, 0.05.
std::string rate_text(double rate);

}  // namespace golab::profiler
