// sample_type.h: of the types that a profile has, the one that a report is about, and its values as
// text: 5 goroutines, 1.50MB in use, 20ms of CPU.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "profiler/formats/profile.h"

namespace golab::profiler {

// Leaves one sample type in the profile, and of each sample the value of that type. `type` is its
// name; if it is empty, pprof's choice: the profile's default, or else the last one. Returns a
// sentence for the user if there is no such type, otherwise an empty text.
std::string choose_type(SymbolizedProfile& profile, std::string_view type = {});

// Returns why the two cannot be compared, or an empty text. Both have one type. A profile without a
// type, and so without samples, can be compared with any other.
std::string not_comparable(const SymbolizedProfile& before, const SymbolizedProfile& after);

// Converts a value from one of pprof's units (bytes, nanoseconds) to another one. "minimum" is the
// largest unit in which the value is at least 1. Returns the unit's short name with it, empty for
// counts.
std::pair<double, std::string> scaled(int64_t value, std::string_view unit,
                                      std::string_view wanted);

// Returns "1.50MB", "20ms", "1523": a value in the wanted unit as pprof prints it.
std::string value_text(int64_t value, std::string_view unit, std::string_view wanted = "minimum");

}  // namespace golab::profiler
