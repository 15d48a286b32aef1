// text_table.h: rows of text in aligned columns, for terminals.
#pragma once

#include <string>
#include <vector>

namespace golab::profiler {

enum class Colour { None, Red, Green, Bold, Dim };

// Wraps the text in the colour's ANSI sequence if `on`.
std::string coloured(const std::string& text, Colour colour, bool on);

class TextTable {
 public:
  enum class Align { Left, Right };
  explicit TextTable(std::vector<Align> columns) : columns_(std::move(columns)) {}

  // Adds a row. The cells may be any text: they are made safe to show.
  void row(const std::vector<std::string>& cells, Colour colour = Colour::None);

  // Returns the rows as lines. A cell of more than 160 characters moves the rest of its own row.
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
