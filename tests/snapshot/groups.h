// groups.h: a snapshot as a test asks about it: how many goroutines stand in a function.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "profiler/snapshot/snapshot.h"
#include "runtime/sched/proc.h"
#include "runtime/traceback/stack.h"
#include "runtime/traceback/symbols.h"
#include "tests/catch.h"

struct Groups {
  golab::profiler::Snapshot snapshot;
  std::vector<std::set<std::string>> functions;  // of each stack

  int64_t in(const std::string& function) const {
    int64_t n = 0;
    for (size_t i = 0; i < functions.size(); i++) {
      if (functions[i].count(function) > 0) n += snapshot.stacks[i].count;
    }
    return n;
  }
  int64_t sum() const {
    int64_t n = 0;
    for (auto& s : snapshot.stacks) n += s.count;
    return n;
  }
};

[[gnu::noinline]] inline Groups take(
    golab::profiler::Detail detail = golab::profiler::Detail::counted) {
  std::vector<uintptr_t> self(golab::runtime::kStackTraceMax);
  self.resize(static_cast<size_t>(golab::runtime::Callers(1, self)));
  Groups g{golab::profiler::take_snapshot(detail, self), {}};
  golab::runtime::systemstack([&] {
    for (auto& stack : g.snapshot.stacks) {
      auto& names = g.functions.emplace_back();
      for (size_t i = 0; i < stack.pcs.size(); i++) {
        bool exact = i == 0 && stack.leaf_exact;
        for (auto& shown : golab::runtime::frames_of(&stack.pcs[i], 1, exact)) {
          names.emplace(shown.frame->function);
        }
      }
    }
  });
  return g;
}
