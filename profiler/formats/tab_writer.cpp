// tab_writer.cpp: computes the widths of columns and the tabs that fill them.
#include "profiler/formats/tab_writer.h"

#include <algorithm>

#include "runtime/strconv/utf8.h"

namespace golab::profiler {
namespace {

constexpr size_t kTabStop = 8;
constexpr size_t kPadding = 1;

}  // namespace

std::string aligned(const std::vector<std::vector<std::string>>& rows) {
  size_t columns = 0;
  for (const auto& row : rows) columns = std::max(columns, row.size());

  std::vector<std::vector<size_t>> tabs;  // after each cell
  for (const auto& row : rows) tabs.emplace_back(row.size(), 0);
  for (size_t column = 0; column + 1 < columns; column++) {
    auto has_cell = [&](size_t row) { return row < rows.size() && column + 1 < rows[row].size(); };
    for (size_t first = 0; first < rows.size(); first++) {
      if (!has_cell(first)) continue;
      size_t last = first, longest = 0;
      for (; has_cell(last); last++)
        longest = std::max(longest, utf8::RuneCountInString(rows[last][column]));
      size_t width = (longest + kPadding + kTabStop - 1) / kTabStop * kTabStop;
      for (; first < last; first++) {
        size_t missing = width - utf8::RuneCountInString(rows[first][column]);
        tabs[first][column] = (missing + kTabStop - 1) / kTabStop;
      }
    }
  }

  std::string text;
  for (size_t row = 0; row < rows.size(); row++) {
    for (size_t column = 0; column < rows[row].size(); column++) {
      text += rows[row][column];
      text.append(tabs[row][column], '\t');
    }
    text += '\n';
  }
  return text;
}

}  // namespace golab::profiler
