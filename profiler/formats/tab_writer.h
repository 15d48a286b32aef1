// tab_writer.h: columns of text made by tab characters, as Go's text/tabwriter makes them.
//
// Of its parameters the ones that profiles use: cells at least 1 wide, tab stops every 8, padding
// 1, padded by tabs. A cell is a text that a tab follows; the last text of a row is none. A column
// is a run of consecutive rows that have a cell there, and is as wide as its longest cell.
#pragma once

#include <string>
#include <vector>

namespace golab::profiler {

class TabWriter {
 public:
  // One line; all texts but the last are cells.
  void row(std::vector<std::string> texts) { rows_.push_back(std::move(texts)); }

  // The rows as lines, and forgets them.
  std::string flush();

 private:
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace golab::profiler
