// pprof_reader.h: reads pprof's protobuf, unpacked. Internal to formats/.
#pragma once

#include <string_view>

#include "profiler/formats/profile.h"
#include "profiler/formats/reader.h"

namespace golab::profiler {

// Throws Malformed.
SymbolizedProfile read_pprof_or_throw(std::string_view bytes, ReadLimits limits);

}  // namespace golab::profiler
