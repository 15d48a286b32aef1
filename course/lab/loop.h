// loop.h: watch mode: `./lab` alone on a terminal.
//
// The student edits mine/NN-name/main.cpp in any editor. Each save is judged, and the page shows the
// evidence and the gates that are red. Keys do the rest:
//
//   h hint   d dump   p profile   l list   s solution   r reset   n next   q quit
//
// One goroutine owns all that is on the screen. Keys, saves, signals, and what the judge says come to
// it over channels, and after each it draws the whole screen anew. A judgement runs in a goroutine of
// its own. A save while it runs ends its context, and with that the compiler or the programs that run
// for it; the next one begins when it has returned. Two never run at once: both would build the same
// file.
#pragma once

#include <functional>
#include <string>

#include "course/lab/exercise.h"
#include "course/lab/file_watch.h"
#include "course/lab/judge.h"
#include "runtime/context/context.h"

namespace lab {

struct LoopOptions {
  // Judges the file; returns early, with anything, when ctx ends.
  std::function<Judgement(const golab::context::Context& ctx, const Exercise& exercise,
                          const std::string& file, Progress* progress)>
      judge;
  FileWatchOptions files;
};

// Until q or a signal. Returns the exit status: 0, or 2 if there is nothing to work on.
int watch_mode(const LoopOptions& options);

}  // namespace lab
