// pager.cpp: lines counted.
#include "course/lab/pager.h"

#include <algorithm>
#include <cstdlib>

#include "course/lab/terminal.h"

namespace lab {

std::string Pager::visible(const std::string& page, const Screen& screen) {
  const std::vector<std::string> lines = page_lines(page, screen);
  const int all = static_cast<int>(lines.size());
  const bool fits = all <= screen.rows;
  height_ = std::max(1, fits ? screen.rows : screen.rows - 1);
  last_first_ = std::max(0, all - height_);
  first_ = std::clamp(first_, 0, last_first_);
  std::string text;
  const int end = std::min(all, first_ + height_);
  for (int i = first_; i < end; i++) text += lines[static_cast<size_t>(i)] + "\n";
  if (fits) return text + "\n";
  const std::string where = "-- lines " + std::to_string(first_ + 1) + " to " +
                            std::to_string(end) + " of " + std::to_string(all) +
                            ": space goes on, b goes back";
  return text + shortened(where, screen.columns) + "\n\n";
}

void Pager::move(int lines) { first_ = std::clamp(first_ + lines, 0, last_first_); }

void Pager::key(char key) {
  if (key == ' ') move(height_);
  if (key == 'b') move(-height_);
}

bool Pager::takes(char key) {
  if (key == '\033') {
    sequence_ = key;
    return true;
  }
  if (sequence_.empty()) return false;
  const bool second = sequence_.size() == 1, begins = key == '[' || key == 'O';
  if (second && !begins) {
    sequence_.clear();
    return false;
  }
  sequence_ += key;
  if (second || (sequence_.size() < 8 && key >= '0' && key <= '9')) return true;
  if (key == 'A') move(-1);
  if (key == 'B') move(1);
  if (sequence_ == "\033[5~") move(-height_);
  if (sequence_ == "\033[6~") move(height_);
  sequence_.clear();
  return true;
}

std::string screen_text(const std::string& text, const Screen& screen) {
  const char* term = std::getenv("TERM");
  if (term == nullptr || std::string(term) == "dumb") return text + "\n";
  std::string all = "\033[H";
  const std::vector<std::string> lines = page_lines(text, screen);
  for (size_t i = 0; i < lines.size(); i++) {
    all += lines[i] + "\033[K" + (i + 1 < lines.size() ? "\n" : "");
  }
  return all + "\033[J";
}

}  // namespace lab
