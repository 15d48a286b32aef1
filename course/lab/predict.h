// predict.h: three questions before the first look, and the profile beside the guess after it.
//
// Who has said aloud what the profile will show looks at it with other eyes. Each question may be
// skipped, and they are asked once for an exercise.
#pragma once

#include <array>
#include <functional>
#include <string>
#include <utility>

#include "course/lab/exercise.h"
#include "course/lab/screen.h"
#include "profiler/formats/profile.h"
#include "runtime/errors/errors.h"

namespace lab {

// What a profile shows, as far as it is asked for: of all goroutines the number, as one who fetches
// it counts them, and of the most frequent stack of the program the rest.
struct Seen {
  int64_t goroutines = 0;
  std::string state;
  std::string function;
  std::string file;
  int64_t line = 0;
};

Seen seen_in(const golab::profiler::SymbolizedProfile& profile);

// The answers as typed; empty where one was skipped.
using Guess = std::array<std::string, 3>;

// "After 20 × GET /process: how many goroutines are there?"
std::string question(const Exercise& exercise, size_t number);
// What stands above the first one.
std::string before_questions(const Exercise& exercise, int columns);

bool is_right(const Guess& guess, size_t number, const Seen& seen);

// A table of three rows: guess, seen.
std::string render_guess(const Guess& guess, const Seen& seen, const Screen& screen);

// Whether the questions were not asked yet, and that they were.
bool is_unasked(const Exercise& exercise);
golab::error note_guess(const Exercise& exercise, const Guess& guess, const Seen& seen);

// For `lab run`: asks on the terminal, takes the profile after the load by `look`, and shows both.
// Does nothing where the questions were asked before, or without a terminal.
using Look = std::function<std::pair<golab::profiler::SymbolizedProfile, golab::error>()>;
void predict_before_run(const Exercise& exercise, const Look& look);

}  // namespace lab
