// tab_writer.h: columns of text made by tab characters, as Go's text/tabwriter makes them.
//
// It has the parameters that profiles use: minimal width 1, tab width 8, padding 1, padded by tabs.
// A cell is a text that a tab follows, so the last text of a row is not a cell. A column is a run
// of consecutive rows that have a cell there. It is as wide as its longest cell.
#pragma once

#include <string>
#include <vector>

namespace golab::profiler {

class TabWriter {
 public:
  // Adds a line. All texts but the last are cells.
  void row(std::vector<std::string> texts) { rows_.push_back(std::move(texts)); }

  // Returns the rows as lines, and forgets them.
  std::string flush();

 private:
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace golab::profiler
