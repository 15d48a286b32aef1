// compare.h: `lab compare`: an exercise and its solution under the same load, side by side.
#pragma once

#include <string>
#include <utility>

#include "course/lab/exercise.h"
#include "course/lab/service.h"
#include "course/lab/terminal.h"
#include "profiler/analysis/verdict.h"

namespace lab {

// One side: its profile at rest, its profile after the load, and the verdict on them.
struct Side {
  Fetched rest;
  Fetched after;
  golab::profiler::LeakVerdict verdict;
  std::string warning;  // why states may be missing; empty if none is
};

struct CompareOptions {
  int requests = 0;  // 0: as many as the manifest says
  int clients = 4;
  std::string directory = ".";  // where the profiles go
};

// Runs the exercise or its solution: start, profile at rest, load, profile after it, end.
std::pair<Side, golab::error> measure(const Exercise& exercise, bool solution,
                                      const CompareOptions& options, Progress* progress);

// The program of one side: the solution's, or that of the student's file, built if it must be.
std::pair<std::string, golab::error> program_of(const Exercise& exercise, bool solution);

struct Comparison {
  Exercise exercise;
  std::string file;  // of the exercise's side: the student's, or as shipped
  int requests = 0;
  Side broken;
  Side fixed;
};

// Returns the report: the counts, the stacks that differ, the verdict in a sentence.
std::string render_comparison(const Comparison& comparison, bool colour, int columns);

// Returns 0 if the exercise leaks and the solution does not, 1 if that is not so, 2 if the
// comparison was not possible.
int compare_command(const std::string& name, const CompareOptions& options);

// Compares 02-worker-pool and explains what one sees.
int demo_command(const CompareOptions& options);

}  // namespace lab
