// terminal.h: colours, line widths and progress, as the terminal allows.
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace lab {

// True if fd is a terminal and NO_COLOR (no-color.org) is not set.
bool wants_colour(int fd);

// The size of the terminal on standard output; 80 and 24 if it is none.
int terminal_columns();
int terminal_rows();

// Breaks the text between words into lines of at most `columns`, each after `indent`.
std::string wrapped(const std::string& text, int columns, const std::string& indent = "");

// Cuts the text to `columns` UTF-8 characters, with an ellipsis.
std::string shortened(const std::string& text, int columns);

// The line in pieces of at most `columns`, broken anywhere. Colours in it take no column, and each
// piece has its own.
std::vector<std::string> folded(const std::string& line, int columns);

// Paragraphs and lists filled to `columns`, each line after `indent`. What is indented by four blanks
// or stands in a fence stays as it is.
std::string filled(const std::string& text, int columns, const std::string& indent = "");

// Columns that the text takes. Counts UTF-8 characters.
int text_columns(const std::string& text);

// What is going on, on standard error. A terminal shows one line that changes; a file gets one line
// per step and none of the small changes in between.
class Progress {
 public:
  Progress();
  // Shows it elsewhere: every text goes to `sink`, also the small changes.
  explicit Progress(std::function<void(const std::string&)> sink) : sink_(std::move(sink)) {}
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void step(const std::string& text);
  void update(const std::string& text);  // of the same step
  void clear();                          // before something else is printed

 private:
  void show(const std::string& text);

  std::function<void(const std::string&)> sink_;
  bool terminal_ = false;
  bool shown_ = false;
};

}  // namespace lab
