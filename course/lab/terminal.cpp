// terminal.cpp: asks the terminal for its abilities, and keeps the line of progress.
#include "course/lab/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
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

int terminal_rows() {
  winsize size{};
  if (::ioctl(1, TIOCGWINSZ, &size) == 0 && size.ws_row > 0) return size.ws_row;
  return 24;
}

namespace {

bool continues_character(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

}  // namespace

int text_columns(const std::string& text) {
  int columns = 0;
  for (char c : text) columns += !continues_character(c);
  return columns;
}

std::string wrapped(const std::string& text, int columns, const std::string& indent) {
  std::string all, line;
  std::istringstream words(text);
  for (std::string word; words >> word;) {
    if (!line.empty() && text_columns(indent + line) + 1 + text_columns(word) > columns) {
      all += indent + line + "\n";
      line.clear();
    }
    line += (line.empty() ? "" : " ") + word;
  }
  return line.empty() ? all : all + indent + line + "\n";
}

std::string shortened(const std::string& text, int columns) {
  if (columns < 1 || text_columns(text) <= columns) return text;
  size_t end = 0;
  for (int kept = 0; end < text.size(); end++) {
    if (!continues_character(text[end]) && kept++ == columns - 1) break;
  }
  return text.substr(0, end) + "…";
}

std::vector<std::string> folded(const std::string& line, int columns) {
  const std::string kPlain = "\033[0m";
  std::vector<std::string> pieces(1);
  std::string colour;  // that is on
  int shown = 0;
  for (size_t i = 0; i < line.size(); i++) {
    if (line[i] == '\033') {
      size_t end = std::min(line.find('m', i), line.size() - 1);
      colour = line.substr(i, end - i + 1);
      pieces.back() += colour;
      if (colour == kPlain) colour.clear();
      i = end;
      continue;
    }
    if (!continues_character(line[i]) && shown++ == columns) {
      if (!colour.empty()) pieces.back() += kPlain;
      pieces.push_back(colour);
      shown = 1;
    }
    pieces.back() += line[i];
  }
  return pieces;
}

namespace {

bool begins_item(const std::string& line) {
  return line.starts_with("- ") ||
         (line.size() > 2 && line[0] >= '0' && line[0] <= '9' && line.compare(1, 2, ". ") == 0);
}

}  // namespace

std::string filled(const std::string& text, int columns, const std::string& indent) {
  std::string all, paragraph;
  bool fenced = false;
  auto flush = [&] {
    all += wrapped(paragraph, columns, indent);
    paragraph.clear();
  };
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const bool fence = line.starts_with("```");
    if (fence) fenced = !fenced;
    const bool as_it_is = fenced || line.starts_with("    ") || line.empty();
    if (fence || as_it_is || begins_item(line)) flush();
    if (fence) continue;
    if (as_it_is) {
      all += line.empty() ? "\n" : indent + line + "\n";
    } else {
      paragraph += line + " ";
    }
  }
  flush();
  return all;
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
  if (sink_) {
    sink_(text);
  } else if (terminal_) {
    show(text);
  } else {
    std::fprintf(stderr, "%s\n", shown(text).c_str());
  }
}

void Progress::update(const std::string& text) {
  if (sink_) sink_(text);
  if (terminal_) show(text);
}

void Progress::clear() {
  if (shown_) std::fputs("\r\033[K", stderr);
  std::fflush(stderr);
  shown_ = false;
}

}  // namespace lab
