// goals.h: what `lab bench` wants to reach, once, for all that judge or show it.
//
// A goal is about a row by its name. Against Boost.Fiber it is always the same: to be no slower, on
// one thread, wherever Boost.Fiber has the workload.
#pragma once

#include <span>
#include <string>

#include "tests/bench/report/bench.h"

namespace bench {

struct Goal {
  enum Kind {
    kRatio,     // ours divided by Go's, at most
    kAtLeast,   // ours divided by Go's, at least
    kAbsolute,  // ours, at most
  };

  const char* name;
  Kind kind;
  double at_1, at_2;  // at GOMAXPROCS 1, at 2

  double limit(int procs) const { return procs == 1 ? at_1 : at_2; }
  // How far beyond the goal: 1 where it is just reached, more where it is missed, NaN where what it
  // compares with was not measured. `row` has this goal's name.
  double excess(const BenchRow& row) const;
};

std::span<const Goal> bench_goals();
constexpr double kFiberGoal = 1.00;  // a kRatio of ours to Boost.Fiber's

enum class Verdict { kOk, kNear, kMissed };  // kNear: not reached, but within 5 % of it
Verdict verdict(double excess);
const char* verdict_name(Verdict verdict);  // "ok", "near", "MISSED"

// Returns a row in words: "channel ping-pong, round trip". Returns its name if there are none.
std::string bench_words(const std::string& name);

}  // namespace bench
