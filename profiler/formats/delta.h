// delta.h: the difference of two profiles, for ?seconds=N.
//
// As in Go's handler, the first profile is multiplied by −1, and the two are merged. The rules of
// merging and the written form are those of pprof's library (Go's internal/profile).
#pragma once

#include "profiler/formats/pprof_writer.h"
#include "profiler/formats/profile.h"

namespace golab::profiler {

// Adds up samples with equal stacks and equal labels, in order of first appearance. Drops samples
// whose values are all zero then, and what no other sample needs, but not the first mapping: it is
// the program. The time is the earlier of those that are known, the duration is the sum. It is an
// error if the sample types differ.
ReadResult merge(const SymbolizedProfile& first, const SymbolizedProfile& second);

// Returns `after` minus `before`, so a value is negative if there are fewer goroutines. time_nanos
// is after's. duration_nanos is the time between the two, if both times are known.
ReadResult delta(const SymbolizedProfile& before, const SymbolizedProfile& after);

// Writes a profile as pprof's library does: the fields in order of their numbers, gzipped at the
// default level. write_profile_plain leaves out the gzip.
void write_profile(const SymbolizedProfile& profile, const Sink& sink);
void write_profile_plain(const SymbolizedProfile& profile, const Sink& sink);

}  // namespace golab::profiler
