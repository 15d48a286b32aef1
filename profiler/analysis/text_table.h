// text_table.h: rows of text in aligned columns, for terminals.
#pragma once

#include <string>
#include <vector>

namespace golab::profiler {

enum class Colour { None, Red, Green, Bold, Dim };

// The text, wrapped in the colour's ANSI sequence if `on`.
std::string coloured(const std::string& text, Colour colour, bool on);

class TextTable {
 public:
  enum class Align { Left, Right };
  explicit TextTable(std::vector<Align> columns) : columns_(std::move(columns)) {}

  void row(std::vector<std::string> cells, Colour colour = Colour::None) {
    rows_.push_back({std::move(cells), colour});
  }

  // The rows as lines, with two blanks between columns and none at the end of a line.
  std::string render(bool colour, const std::string& indent = "  ") const;

 private:
  struct Row {
    std::vector<std::string> cells;
    Colour colour;
  };
  std::vector<Align> columns_;
  std::vector<Row> rows_;
};

}  // namespace golab::profiler
