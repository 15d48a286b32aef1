// verdict.h: does a service leak goroutines? Judged from a profile at rest and one after some
// requests.
//
// The judge has to tell a leak from the noise of watching. The fetch of a profile itself adds
// goroutines (its connection, that connection's background reader) that were there at rest in the
// same numbers, but may have been caught in another state; connections of the load may still be
// closing. All of that is the server's own. A stack with a function of package main in it is the
// program's: if there are more of those than at rest, once the load is over, they were left behind.
//
// So a stack has leaked if it is more frequent than at rest and
//   - has a frame of package main, or
//   - is the server's own and grew by more than `slack` goroutines.
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
  double per_request = 0;           // goroutines that all leaked stacks gained by one request
  std::vector<LeakedStack> leaked;  // the one that grew most first
  ProfileDiff diff;                 // all of it
};

struct JudgeOptions {
  int64_t slack = 2;
};

LeakVerdict judge(const SymbolizedProfile& rest, const SymbolizedProfile& after, int64_t requests,
                  JudgeOptions options = {});

// "leaks: 20 requests left 1520 goroutines behind, 76 per request", and one line per leaked stack
// with the source line below it where the file can be read.
std::string render_verdict(const LeakVerdict& verdict, RenderOptions options = {});

// 76, 1.5, 0.05: as many digits as it takes, two behind the point at most.
std::string rate_text(double rate);

}  // namespace golab::profiler
