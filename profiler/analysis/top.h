// top.h: the functions of a profile by their counts, as `go tool pprof -top` reports them.
//
// Flat is the number of goroutines that stand in a function, cum the number of those that have it
// anywhere on their stacks. In a goroutine profile nearly all flat counts are runtime.gopark's, so
// cum is what to look at.
//
// The rules are pprof's, with what surprises in them: a goroutine counts once for a function that
// is on its stack twice; a function below half a percent of all is dropped, and then its flat count
// goes to nobody; percentages are of the sum of absolute values, which matters in a delta.
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
  std::string build_id;  // both empty if the profile does not say
  std::string type;      // "goroutine"
  int64_t time_nanos = 0;
  int64_t duration_nanos = 0;
  int64_t total = 0;     // what percentages are of
  int64_t flat_sum = 0;  // of the rows
  size_t functions = 0;  // that are worth a row; more than rows.size() if rows_max cut them
  size_t dropped = 0;    // functions with too little cum
  int64_t dropped_below = 0;
  std::vector<TopRow> rows;
};

enum class TopOrder { Flat, Cum };

struct TopOptions {
  TopOrder order = TopOrder::Flat;
  double least_fraction = 0.005;  // of the total, in cum, for a row
  size_t rows_max = 0;            // 0: all
};

TopReport top(const SymbolizedProfile& profile, TopOptions options = {});

// The report as pprof prints it, time zone included.
std::string render_top(const TopReport& report);

}  // namespace golab::profiler
