// verdict.h: says whether a service leaks, from a profile at rest and one after requests.
//
// A stack has leaked if it is more frequent than at rest and
//   - it has a frame of package main, so it is the program's, or
//   - it is the server's own and grew by more than two goroutines.
//
// A count alone can be fooled. So a program is judged by several gates (course/lab/judge.h), each
// of which closes the way around another one.
//
//   left      Nothing is left after the load. Judged on the class's clock: it stands still while
//             requests run, then moves by `rest`. A goroutine that would end by itself in an hour, or
//             in a second if `rest` is shorter, is still there. So a timeout, a sleep or an idle limit
//             only moves the leak, and is seen. A buffer moves it too: it takes in as many values as
//             it has places, and the goroutine after that is stuck; the load is larger than any
//             buffer that fits by accident.
//   answers   Status and body are the solution's, and so is the class time, up to a tenth. Without
//             this a handler could wait for its goroutines, or sleep, until nothing is left. A
//             request that is never answered is red at once: nothing in the service can go on, and
//             no timer runs. Only a service that never comes to rest is given up by real time.
//   work      The peak of goroutines below a request, whatever their functions are called, and the
//             values that they send. Without this the shortest fix deletes the line that starts
//             them, reports the error without doing the work, has one worker do what many should, or
//             kills the workers before they are done. An answer in less than half of the solution's
//             class time is red too: it was given before the work was done. A peak is sure only
//             where goroutines block or take class time. Those that run through at once need not be
//             there together: the first may have ended when the last begins, under one P above all.
//             So a manifest asks for the peak of goroutines that wait, and counts the values of
//             those that only compute. `waits` asks that a goroutine below the request waits for as
//             long as the work does, by a timer, a deadline or a sleep: a fix that waits for less has
//             no leak, and does something else.
//   hangup    The same count after clients that go away midway. A fix that only looks at the end of
//             the work leaves all that waits for a client.
//   errors    The same after requests during which something fails: the way out that is used least is
//             the one that leaks longest.
//   shutdown  SIGTERM comes while requests run. All are answered, the program ends with status 0, and
//             nothing of its own is left but main. A fix that hands its goroutines to the whole
//             service (a pool that never ends) is seen here at the latest.
//   rulers    The load, the answers and the work are in the lines outside. Changed there, every gate
//             could be made green.
//
// A switch that ends the goroutines of the request before leaves those of the last one; under four
// clients at a time it ends others that are still at work. All gates are judged under GOMAXPROCS 1
// and 2: with one P a goroutine runs only when another one parks, with two they meet.
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
  int64_t rest = 0;                 // goroutines at rest
  int64_t after = 0;                // goroutines after the requests
  double per_request = 0;           // of all leaked stacks
  std::vector<LeakedStack> leaked;  // the greatest growth first
  ProfileDiff diff;                 // of all stacks
};

struct JudgeOptions {
  // Goroutines that serve a connection and are in none of the program's functions do not count.
  bool without_connections = false;
};

LeakVerdict judge(const SymbolizedProfile& rest, const SymbolizedProfile& after, int64_t requests,
                  JudgeOptions options = {});

// Goroutines that stand at one place in one state, created at one place.
struct StuckGroup {
  int64_t count = 0;
  std::string state;     // "chan send", empty if unknown
  std::string since;     // "1 minute"; empty below a minute
  std::string function;  // "main.worker"
  std::string file;
  int64_t line = 0;
  std::string source;      // that line, with its Go form
  std::string created_by;  // "main.startWorkers", empty if unknown
  std::string created_file;
  int64_t created_line = 0;
};

// What was left behind, with all that a dump of the same instant says of it. The greatest group is
// the first.
std::vector<StuckGroup> stuck_groups(const LeakVerdict& verdict,
                                     const std::vector<DumpedGoroutine>& dump);

// The goroutine that a panic's dump begins with, as a group of one. Empty if there is none.
std::vector<StuckGroup> panicked(const std::vector<DumpedGoroutine>& dump);

// Returns the number with at most two digits after the point: 76, 1.5, 0.05.
std::string rate_text(double rate);

}  // namespace golab::profiler
