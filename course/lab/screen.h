// screen.h: what a student sees of a judgement: the evidence first, then the gates.
//
// Evidence is where goroutines stand: how many, in which state, since when, at which line, created
// where. Several gates may show the same goroutines; they are shown once. A page has a width and a
// height, and what does not fit is left out with a word about it, the greatest groups last.
#pragma once

#include <string>
#include <vector>

#include "course/lab/exercise.h"
#include "course/lab/judge.h"

namespace lab {

struct Screen {
  int columns = 80;
  int rows = 24;
  bool colour = false;
};

// Standard output's, as it is now.
Screen output_screen();

// Lines of at most `columns`, each with its line end. Watch mode has its heading above it.
std::string judgement_page(const Judgement& judgement, const Screen& screen);

// The same as `lab check` prints it: with exercise, verdict and file above it, and however long it is.
std::string render_judgement(const Judgement& judgement, Screen screen);

// The lines of a page; those that are wider than the screen are broken.
std::vector<std::string> page_lines(const std::string& page, const Screen& screen);

// A file that was compared by diff -u, its lines in colour.
std::string coloured_diff(const std::string& diff, bool colour);

}  // namespace lab
