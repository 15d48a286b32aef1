// judge.h: says whether a student's program is repaired, gate by gate, each with its evidence.
//
// The judge builds the source, starts it as a service on the class's clock, sends the requests of the
// manifest, and looks at what they left. The solution does the same in the same run: its answers are
// those that are wanted. Why each gate is judged so is in profiler/analysis/verdict.h.
//
//   builds    it compiles and links
//   rulers    nothing outside the two rulers differs from the shipped file
//   answers   every request is answered as the solution answers it
//   work      enough goroutines are at work at once, and enough results are sent
//   left      nothing is left after the load
//   hangup    nor after clients that go away midway
//   errors    nor after requests during which something fails
//   shutdown  nor after a shutdown while requests run
//
// A gate is in the list if the manifest asks for it: builds, rulers, answers and left always are.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "course/lab/exercise.h"
#include "course/lab/terminal.h"
#include "profiler/analysis/verdict.h"
#include "runtime/context/context.h"

namespace lab {

enum class GateState { Green, Red, NotJudged };

using golab::profiler::StuckGroup;

struct Gate {
  std::string name;  // "left"
  GateState state = GateState::NotJudged;
  std::string sentence;  // what was seen, for people
  std::vector<StuckGroup> evidence;
  int procs = 0;  // the GOMAXPROCS under which it was red; 0: it is not red, or under any
};

enum class Verdict { Solved, NotYet, CouldNotJudge };

struct Judgement {
  std::string exercise;  // "02-worker-pool"
  std::string file;      // the source that was judged
  Verdict verdict = Verdict::CouldNotJudge;
  double seconds = 0;
  std::vector<Gate> gates;
  std::string problem;  // why it could not be judged
  std::string profile;  // after the load, in pprof's binary form; may be empty
  std::string dump;     // the text of ?debug=2 of the same moment; may be empty
};

struct JudgeOptions {
  std::vector<int> procs = {1, 2};  // the values of GOMAXPROCS under which it is judged
  std::string program_dir;  // where the program is built; empty: mine/.lab/programs, and kept
  // Its end ends the judgement and what runs for it, the compiler or the programs: it could not be
  // judged then.
  golab::context::Context ctx = golab::context::Background();
};

// Judges the file as this exercise. `progress` may be null.
Judgement judge(const Exercise& exercise, const std::string& source_file,
                const JudgeOptions& options, Progress* progress);

// "green", "red", "not judged"; "solved", "not yet", "could not be judged".
const char* state_name(GateState state);
const char* verdict_name(Verdict verdict);

// The exit status that says it: 0, 1, 2.
int exit_status(Verdict verdict);

}  // namespace lab
