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

  // Space and b move by a screen.
  void key(char key);
  // Takes what belongs to a key of several bytes: the arrows move by a line, PgUp and PgDn by a
  // screen. False: it is a key of its own. Escape is taken, too, and what follows it alone is not.
  bool takes(char key);
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
