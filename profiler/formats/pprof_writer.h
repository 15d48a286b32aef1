// pprof_writer.h: counted stacks as pprof's gzipped protobuf, byte by byte as Go's runtime/pprof
// does it.
//
// Go streams: it writes a location and its functions just before the first sample that needs them,
// and mappings and strings last. So can we, and only what must not be written twice stays in
// memory.
//
// Where C++ differs: code without a name. Go has none; a stack here may begin or pass in a C
// library without debug info. One location without a function makes `go tool pprof URL` ask
// /debug/pprof/symbol by POST, which Go's own handlers refuse, and give up. So a nameless frame is
// given its file's name in brackets, "[libfoo.so.1]", which is also what a reader can use best.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "profiler/formats/mappings.h"
#include "profiler/formats/stacks.h"

namespace golab::profiler {

struct PprofOptions {
  std::string type = "goroutine";     // of profile: "goroutine", "goroutineleak"
  int64_t time_nanos = 0;             // when the stacks were taken, since 1970
  Mappings mappings;                  // read_mappings(); which have functions, the writer finds out
  std::vector<std::string> comments;  // what the reader should know of; mostly none, as in Go
  bool cpp_names = false;             // C++ spelling instead of Go's (GOLAB_NAMES=cpp)
};

// Writes the profile, gzipped, to `sink` in pieces.
void write_pprof(const StackTable& table, const PprofOptions& options, const Sink& sink);

// The same without gzip.
void write_pprof_plain(const StackTable& table, const PprofOptions& options, const Sink& sink);

}  // namespace golab::profiler
