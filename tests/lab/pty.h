// pty.h: a program on a terminal of a given size, and what is to be seen on it.
#pragma once

#include <sys/types.h>
#include <termios.h>

#include <string>
#include <vector>

namespace lab_test {

// Understands as much of a terminal as lab uses: text, line ends, home, clearing, colours.
class TerminalScreen {
 public:
  TerminalScreen(int columns, int rows);
  void take(const std::string& bytes);
  // The lines without the blanks at their ends.
  std::string text() const;
  bool coloured() const { return coloured_; }
  bool wrapped() const { return wrapped_; }    // a line did not fit
  bool scrolled() const { return scrolled_; }  // a page did not fit

 private:
  void put(char32_t rune);
  void sequence(const std::string& bytes);
  void next_line();

  int columns_, rows_;
  int x_ = 0, y_ = 0;
  std::vector<std::u32string> lines_;
  std::string pending_;  // bytes of a sequence or of a rune that is not whole
  bool coloured_ = false, wrapped_ = false, scrolled_ = false;
};

class PtyProgram {
 public:
  // Runs it on a new terminal. `env`: NAME=VALUE, beside TERM and PATH.
  PtyProgram(const std::vector<std::string>& args, const std::vector<std::string>& env,
             int columns = 60, int rows = 24);
  ~PtyProgram();
  PtyProgram(const PtyProgram&) = delete;
  PtyProgram& operator=(const PtyProgram&) = delete;

  void type(const std::string& keys);
  // Waits until this is to be seen.
  bool shows(const std::string& text, int seconds = 20);
  bool hides(const std::string& text);
  const TerminalScreen& screen();
  // All that it wrote.
  const std::string& written();

  // Waits for its end: the exit status, 128 + signal.
  int wait();
  void kill(int signal);
  // Waits until it stands still, as after Ctrl-Z.
  bool stops();
  void resize(int columns, int rows);
  // The modes of the terminal, and those before the program ran.
  termios modes() const;
  const termios& modes_before() const { return before_; }

 private:
  void read_all();

  pid_t pid_ = -1;
  int master_ = -1;
  int slave_ = -1;  // kept open, so that its modes can be asked for afterwards
  termios before_{};
  TerminalScreen screen_;
  std::string written_;
};

}  // namespace lab_test
