// terminal.cpp: asks the terminal for its abilities, and keeps the line of progress.
#include "course/lab/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <sstream>

#include "profiler/formats/shown.h"

namespace lab {

using golab::profiler::shown;

bool wants_colour(int fd) {
  const char* no_color = std::getenv("NO_COLOR");
  if (no_color != nullptr && *no_color != '\0') return false;
  const char* term = std::getenv("TERM");
  return ::isatty(fd) && term != nullptr && std::string(term) != "dumb";
}

int terminal_columns() {
  winsize size{};
  if (::ioctl(1, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  return 80;
}

namespace {

bool continues_character(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

int width(const std::string& text) {
  int columns = 0;
  for (char c : text) columns += !continues_character(c);
  return columns;
}

}  // namespace

std::string wrapped(const std::string& text, int columns, const std::string& indent) {
  std::string all, line;
  std::istringstream words(text);
  for (std::string word; words >> word;) {
    if (!line.empty() && width(indent + line) + 1 + width(word) > columns) {
      all += indent + line + "\n";
      line.clear();
    }
    line += (line.empty() ? "" : " ") + word;
  }
  return line.empty() ? all : all + indent + line + "\n";
}

std::string shortened(const std::string& text, int columns) {
  if (columns < 1 || width(text) <= columns) return text;
  size_t end = 0;
  for (int kept = 0; end < text.size(); end++) {
    if (!continues_character(text[end]) && kept++ == columns - 1) break;
  }
  return text.substr(0, end) + "…";
}

Progress::Progress() : terminal_(::isatty(2)) {}

Progress::~Progress() { clear(); }

void Progress::show(const std::string& text) {
  winsize size{};
  int columns = ::ioctl(2, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
  std::fprintf(stderr, "\r\033[K%s", shortened(shown(text), columns - 1).c_str());
  std::fflush(stderr);
  shown_ = true;
}

void Progress::step(const std::string& text) {
  if (terminal_) {
    show(text);
  } else {
    std::fprintf(stderr, "%s\n", shown(text).c_str());
  }
}

void Progress::update(const std::string& text) {
  if (terminal_) show(text);
}

void Progress::clear() {
  if (shown_) std::fputs("\r\033[K", stderr);
  std::fflush(stderr);
  shown_ = false;
}

}  // namespace lab
