// terminal.h: colours, line widths and progress, as the terminal allows.
#pragma once

#include <string>

namespace lab {

// True if fd is a terminal and NO_COLOR (no-color.org) is not set.
bool wants_colour(int fd);

// Returns the columns of the terminal on standard output, 80 if it is none.
int terminal_columns();

// Breaks the text between words into lines of at most `columns`, each after `indent`.
std::string wrapped(const std::string& text, int columns, const std::string& indent = "");

// Cuts the text to `columns` UTF-8 characters, with an ellipsis.
std::string shortened(const std::string& text, int columns);

// Shows progress on standard error. A terminal has one line that changes. A file gets one line for
// each step, and no updates.
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
