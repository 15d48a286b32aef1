// loop_child.cpp: watch mode with a judge that looks at words in the file, for the tests of the loop.
//
//   loop_child [--poll]      --poll: as on a file system without events
//
//   // fixed    solved
//   // broken   does not compile
//   // slow     is judged until the context ends; then "ended" is added to the file GOLAB_MINE/log
//   otherwise   not yet, with evidence of three gates
//
// "begun" is added to GOLAB_MINE/log at the beginning of each judgement.
#include <fstream>

#include "course/lab/loop.h"
#include "course/lab/output.h"
#include "course/lab/workspace.h"
#include "runtime/golab.h"

namespace {

void log_line(const std::string& text) {
  std::ofstream(lab::mine_dir() + "/log", std::ios::app) << text << std::endl;
}

lab::StuckGroup group(int64_t count, const std::string& function, const std::string& state,
                      const std::string& source) {
  lab::StuckGroup one;
  one.count = count;
  one.state = state;
  one.since = "1 minute";
  one.function = function;
  one.file = "/somewhere/main.cpp";
  one.line = 27;
  one.source = source;
  one.created_by = "main.startWorkers";
  one.created_file = one.file;
  one.created_line = 34;
  return one;
}

lab::Gate gate(const std::string& name, lab::GateState state, const std::string& sentence = "") {
  lab::Gate one;
  one.name = name;
  one.state = state;
  one.sentence = sentence;
  one.procs = state == lab::GateState::Red && name != "builds" ? 1 : 0;
  return one;
}

std::string dump() {
  std::string text = "goroutine 1 [IO wait]:\nmain.main()\n\t/somewhere/main.cpp:70 +0x1a\n";
  for (int id = 7; id < 107; id++) {
    text += "\ngoroutine " + std::to_string(id) +
            " [chan receive, 1 minutes]:\nmain.worker(...)\n\t/somewhere/main.cpp:27 +0x3a\n"
            "created by main.startWorkers in goroutine 6\n\t/somewhere/main.cpp:34 +0x51\n";
  }
  return text;
}

std::string profile() {
  std::string file = GOLAB_SOURCE_DIR "/tests/formats/golden/coursepool/goroutine.pb.gz";
  return os::ReadFile(file).first;
}

lab::Judgement judge(const context::Context& ctx, const lab::Exercise& exercise,
                     const std::string& file, lab::Progress* progress) {
  using enum lab::GateState;
  log_line("begun");
  progress->step("building");
  auto [text, err] = os::ReadFile(file);
  auto has = [&, &all = text](const char* word) { return all.find(word) != std::string::npos; };
  lab::Judgement judgement;
  judgement.exercise = exercise.name;
  judgement.file = file;
  judgement.verdict = lab::Verdict::NotYet;
  judgement.seconds = 1.5;
  if (has("// slow")) {
    ctx.Done().recv();
    log_line("ended");
  }
  if (has("// broken")) {
    judgement.gates = {gate("builds", Red, "main.cpp:27:3: error: 'foo' was not declared"),
                       gate("left", NotJudged)};
    return judgement;
  }
  judgement.profile = profile();
  judgement.dump = dump();
  if (has("// fixed")) {
    judgement.verdict = lab::Verdict::Solved;
    judgement.gates = {gate("builds", Green), gate("left", Green)};
    return judgement;
  }
  lab::Gate left = gate("left", Red,
                        "20 requests left 1520 goroutines behind, 76 each: the workers and who "
                        "feeds them are still there");
  left.evidence = {group(1500, "main.worker", "chan receive",
                         "for (auto task : ch) {          //     for task := range ch {"),
                   group(20, "main.producer", "chan send", "errs.send(nullptr);  // errs <- nil")};
  lab::Gate hangup = gate("hangup", Red, "5 clients that hung up left 380 goroutines behind");
  hangup.evidence = {group(375, "main.worker", "chan receive", "")};
  judgement.gates = {gate("builds", Green), gate("rulers", Green), gate("answers", Green), left,
                     hangup};
  return judgement;
}

}  // namespace

int main(int argc, char** argv) {
  lab::LoopOptions options{judge, {}};
  if (argc > 1 && std::string(argv[1]) == "--poll") {
    options.files = {.events = false, .look_every_ms = 50};
  }
  return lab::finish(lab::watch_mode(options));
}
