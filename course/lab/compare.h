// compare.h: `lab compare`: an exercise and its solution, the same load on both, side by side.
#pragma once

#include <string>
#include <utility>

#include "course/lab/exercise.h"
#include "course/lab/service.h"
#include "course/lab/terminal.h"
#include "profiler/analysis/verdict.h"

namespace lab {

// One side: its profile at rest, its profile after the load, and what that means.
struct Side {
  Fetched rest;
  Fetched after;
  golab::profiler::LeakVerdict verdict;
  std::string warning;  // why states may be missing, empty if none is for that reason
};

struct CompareOptions {
  int requests = 0;  // 0: as many as the manifest says
  int clients = 4;
  std::string directory = ".";  // where the profiles go
};

// Starts the exercise (or its solution), fetches, puts the load on, fetches, ends it.
std::pair<Side, golab::error> measure(const Exercise& exercise, bool solution,
                                      const CompareOptions& options, Progress* progress);

struct Comparison {
  Exercise exercise;
  int requests = 0;
  Side broken;
  Side fixed;
};

// The report for people: the counts, the stacks that differ, the verdict in a sentence.
std::string render_comparison(const Comparison& comparison, bool colour, int columns);

// 0: the exercise leaks and the solution does not. 1: anything else. 2: it could not be done.
int compare_command(const std::string& name, const CompareOptions& options);

// The comparison of 02-worker-pool for somebody who sees it for the first time.
int demo_command(const CompareOptions& options);

}  // namespace lab
