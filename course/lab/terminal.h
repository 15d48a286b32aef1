// terminal.h: what lab shows while it works, and how it suits the terminal it is shown on.
#pragma once

#include <string>

namespace lab {

// Colour on this file descriptor: a terminal, and NO_COLOR (no-color.org) not set.
bool wants_colour(int fd);

// Columns of the terminal on standard output; 80 if it is none.
int terminal_columns();

// The text in lines of at most `columns`, broken between words, each line after `indent`.
std::string wrapped(const std::string& text, int columns, const std::string& indent = "");

// The text, cut to `columns` with an ellipsis. Counts UTF-8 characters.
std::string shortened(const std::string& text, int columns);

// What is going on, on standard error. A terminal shows one line that changes; a file gets one line
// per step and none of the small changes in between.
class Progress {
 public:
  Progress();
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void step(const std::string& text);
  void update(const std::string& text);  // of the same step
  void clear();                          // before something else is printed

 private:
  void show(const std::string& text);

  bool terminal_;
  bool shown_ = false;
};

}  // namespace lab
