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

  // The cells are data: they are made safe to show. Their colour is the row's.
  void row(const std::vector<std::string>& cells, Colour colour = Colour::None);

  // The rows as lines, with two blanks between columns and none at the end of a line. A column is at
  // most 160 characters wide: a longer cell pushes what is right of it aside, in its own row only.
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
