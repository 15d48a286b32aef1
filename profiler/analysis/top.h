// top.h: the functions of a profile by their counts, as `go tool pprof -top` reports them.
//
// flat counts the goroutines with the function as their leaf, cum those with it anywhere on their
// stacks. The leaf of a parked goroutine is runtime.gopark, so look at cum.
//
// The rules are pprof's:
//
//   - A goroutine counts once for a function that is on its stack twice.
//   - A frame without a name is "<unknown>". (Ours: in a stack without any name it is its address.)
//   - A function below half a percent of the total is dropped, and its flat count with it.
//   - Of several sample types the first is reported: choose_type (sample_type.h) chooses one.
//   - All rows have one unit, which suits the smallest value.
//   - Percentages are of the sum of absolute values: a delta has negative values.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "profiler/formats/profile.h"

namespace golab::profiler {

enum class Inlined { Never, Sometimes, Always };

struct TopRow {
  std::string function;
  int64_t flat = 0;
  int64_t cum = 0;
  Inlined inlined = Inlined::Never;  // into its callers
};

struct TopReport {
  std::string file;      // the program's, without its directory
  std::string build_id;  // empty, as file, if the profile does not have it
  std::string type;      // "goroutine"
  std::string doc_url;
  std::string unit;     // of the values: "count", "bytes"
  std::string in_unit;  // in which they are printed: "MB"
  int64_t time_nanos = 0;
  int64_t duration_nanos = 0;
  int64_t total = 0;     // 100 percent
  int64_t flat_sum = 0;  // of the rows
  size_t functions = 0;  // not dropped; more than rows.size() if rows_max limits the rows
  size_t dropped = 0;    // functions with too little cum
  int64_t dropped_below = 0;
  std::vector<TopRow> rows;
};

enum class TopOrder { Flat, Cum };

struct TopOptions {
  TopOrder order = TopOrder::Flat;
  double least_fraction = 0.005;  // a row needs this part of the total, in cum
  size_t rows_max = 0;            // 0: all
};

TopReport top(const SymbolizedProfile& profile, TopOptions options = {});

// Returns the report as pprof prints it, in the local time zone.
std::string render_top(const TopReport& report);

}  // namespace golab::profiler
