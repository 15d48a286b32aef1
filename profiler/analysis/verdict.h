// verdict.h: says whether a service leaks, from a profile at rest and one after requests.
//
// A stack has leaked if it is more frequent than at rest and
//   - it has a frame of package main, so it is the program's, or
//   - it is the server's own and grew by more than `slack` goroutines.
//
// The server's own stacks change without a leak: the fetch of a profile is a connection with two
// goroutines, in varying states, and connections of the load may still be closing.
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
  int64_t after = 0;  // goroutines after the requests
  int64_t requests = 0;
  double per_request = 0;           // of all leaked stacks
  std::vector<LeakedStack> leaked;  // the greatest growth first
  ProfileDiff diff;                 // of all stacks
};

struct JudgeOptions {
  int64_t slack = 2;
};

LeakVerdict judge(const SymbolizedProfile& rest, const SymbolizedProfile& after, int64_t requests,
                  JudgeOptions options = {});

// Returns the verdict ("leaks: 20 requests left 1520 goroutines behind, 76 per request"), then for
// each leaked stack a line, and its source line if the file can be read.
std::string render_verdict(const LeakVerdict& verdict, RenderOptions options = {});

// Returns the number with at most two digits after the point: 76, 1.5, 0.05.
std::string rate_text(double rate);

}  // namespace golab::profiler
