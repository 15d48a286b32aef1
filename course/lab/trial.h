// trial.h: one program under one GOMAXPROCS, taken through all parts of its manifest.
//
// A part is what one gate is about: the load, clients that hang up, requests during which something
// fails, a shutdown. After each part class time passes, and what is then there and was not there
// before is left behind. A part that leaves something, or gets no answer, has spoilt the service:
// the next part gets a new one, so that no gate is red for another one's reason.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "course/lab/exercise.h"
#include "course/lab/session.h"
#include "profiler/analysis/verdict.h"
#include "runtime/context/context.h"

namespace lab {

struct Part {
  std::string gate;                 // "left", "hangup", "errors", "shutdown"
  std::vector<Exchange> exchanges;  // one for each line of the manifest
  std::string trouble;  // why it cannot be said what is left, for people; empty if it can
  std::vector<golab::profiler::StuckGroup> stuck;  // where goroutines stand then
  golab::profiler::LeakVerdict verdict;
  std::vector<golab::profiler::StuckGroup> left;  // what is left behind
  std::string profile;                            // after it, in pprof's binary form
  std::string dump;                               // the text of ?debug=2 of the same moment
};

struct Trial {
  int procs = 0;
  std::vector<Part> parts;
  golab::error err;     // nothing can be said, for a reason that is not the program's
  std::string refused;  // why the program did not even start to serve, for people
};

// The end of ctx ends the program; the trial has an error then.
Trial try_program(const golab::context::Context& ctx, const Exercise& exercise,
                  const std::string& program, int procs);

}  // namespace lab
