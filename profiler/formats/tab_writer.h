// tab_writer.h: aligns text in columns by tab characters, as Go's text/tabwriter does.
//
// Its parameters are those of profiles: minimal width 1, tab width 8, padding 1, padded by tabs. A
// column is a run of consecutive rows that have a cell there, and is as wide as its longest cell.
#pragma once

#include <string>
#include <vector>

namespace golab::profiler {

// Returns the rows as lines. A tab follows each cell, so the last text of a row is no cell.
std::string aligned(const std::vector<std::vector<std::string>>& rows);

}  // namespace golab::profiler
