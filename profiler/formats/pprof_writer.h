// pprof_writer.h: writes counted stacks as pprof's gzipped protobuf, byte for byte as Go's
// runtime/pprof does.
//
// As in Go, a CPU profile begins with its time, its types and its period; the others begin with
// their types and have the time after the samples. A location and its functions come just before
// the first sample that needs them, and the mappings and strings come last. So nothing is kept but
// what must not be written twice.
//
// Unlike Go, a stack here may have frames without a name, from a C library without debug info. They
// get their file's name in brackets, "[libfoo.so.1]". Without any function in a location, `go tool
// pprof URL` would ask /debug/pprof/symbol by POST, which Go's handlers refuse, and fail.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "profiler/formats/mappings.h"
#include "profiler/formats/stacks.h"

namespace golab::profiler {

struct PprofOptions {
  std::string type = "goroutine";          // of the profile
  bool with_delay = false;                 // each stack has a second value: delay/nanoseconds
  // Of a profile with more values than a count (and a delay): their types, and what a sample is
  // taken of. Each stack then has so many values, and the numeric label "bytes".
  std::vector<ValueType> value_types = {};
  ValueType period_type = {};
  int64_t period = 1;
  std::string default_type = {};  // the value type to show first; mostly none: the last
  int64_t time_nanos = 0;                  // when the stacks were taken, since 1970
  // > 0: a CPU profile, from time_nanos on. Each count stands for so much processor time.
  int64_t cpu_period_ns = 0;
  int64_t duration_nanos = 0;              // of a CPU profile
  Mappings mappings = {};                  // read_mappings()
  std::vector<std::string> comments = {};  // for the reader of the profile; mostly none, as in Go
  bool cpp_names = false;                  // C++ spelling instead of Go's (GOLAB_NAMES=cpp)
};

// Writes the profile in pieces.
void write_pprof(const StackTable& table, const PprofOptions& options, const Sink& sink);

}  // namespace golab::profiler
