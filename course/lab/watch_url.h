// watch_url.h: `lab watch URL`: how many goroutines a service has, by state and stack, as time goes.
//
// Any service that serves Go's goroutine profile, Go or C++. On a terminal the table is drawn anew at
// each look; elsewhere each look is one line, so that it can be kept and compared.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "course/lab/screen.h"
#include "profiler/formats/profile.h"
#include "runtime/errors/errors.h"

namespace lab {

struct WatchOptions {
  std::string url;
  int count = 0;        // looks; 0: until Ctrl-C
  double interval = 1;  // seconds
};

// Goroutines at one place in one state.
struct Place {
  std::string state;
  std::string function;
  std::string file;
  int64_t line = 0;
  int64_t count = 0;
  bool operator==(const Place&) const = default;
};

struct Sighting {
  std::string time;  // "14:03:22"
  int64_t total = 0;
  std::vector<Place> places;  // the most frequent first
};

Sighting sighting_of(const golab::profiler::SymbolizedProfile& profile, const std::string& time);

// "14:03:22  total 1523  1500 main.worker [chan receive]  20 main.producer [chan send]"
std::string render_sighting_line(const Sighting& sighting);

// The table: count, change since the first look, state and place.
std::string render_sighting(const Sighting& first, const Sighting& now, const Screen& screen);

// 0: as many looks as were asked for. 1: the service does not answer.
int watch_command(const WatchOptions& options);

}  // namespace lab
