// pager.h: a part of a page that is longer than the screen, and the keys that move it.
#pragma once

#include <string>

#include "course/lab/screen.h"

namespace lab {

class Pager {
 public:
  // The lines that are to be seen, and a line about the others if there are any. Remembers how far
  // it can be moved.
  std::string visible(const std::string& page, const Screen& screen);

  // Space and b by a screen, the arrows by a line (three bytes, one after the other), PgUp and PgDn.
  void key(char key);
  // Whether the next key belongs to an arrow or to another key of several bytes.
  bool in_sequence() const { return !sequence_.empty(); }
  void to_top() { first_ = 0; }

 private:
  void move(int lines);

  int first_ = 0;  // line on top
  int last_first_ = 0;
  int height_ = 1;
  std::string sequence_;  // an escape sequence as far as it has come
};

// Draws a whole screen from its upper left corner, without a moment at which it is empty. On a
// terminal that cannot move its cursor, the text as it is.
std::string screen_text(const std::string& text, const Screen& screen);

}  // namespace lab
