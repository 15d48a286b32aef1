// text_table.cpp: computes the widths of columns and pads the cells.
#include "profiler/analysis/text_table.h"

#include <algorithm>

#include "profiler/formats/shown.h"
#include "runtime/strconv/utf8.h"

namespace golab::profiler {

constexpr size_t kColumnWidthMax = 160;

std::string coloured(const std::string& text, Colour colour, bool on) {
  static constexpr const char* kStart[] = {"", "\x1b[31m", "\x1b[32m", "\x1b[1m", "\x1b[2m"};
  if (!on || colour == Colour::None) return text;
  return kStart[static_cast<size_t>(colour)] + text + "\x1b[0m";
}

void TextTable::row(const std::vector<std::string>& cells, Colour colour) {
  Row& row = rows_.emplace_back(Row{{}, colour});
  for (const std::string& cell : cells) row.cells.push_back(shown(cell));
}

std::string TextTable::render(bool colour, const std::string& indent) const {
  std::vector<size_t> widths(columns_.size(), 0);
  for (const Row& row : rows_) {
    for (size_t i = 0; i < row.cells.size() && i < widths.size(); i++) {
      widths[i] = std::clamp(utf8::RuneCountInString(row.cells[i]), widths[i], kColumnWidthMax);
    }
  }
  std::string text;
  for (const Row& row : rows_) {
    std::string line;
    for (size_t i = 0; i < row.cells.size() && i < widths.size(); i++) {
      if (i > 0) line += "  ";
      std::string blanks(
          widths[i] - std::min(widths[i], utf8::RuneCountInString(row.cells[i])), ' ');
      line += columns_[i] == Align::Right ? blanks + row.cells[i] : row.cells[i] + blanks;
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += indent + coloured(line, row.colour, colour) + "\n";
  }
  return text;
}

}  // namespace golab::profiler
