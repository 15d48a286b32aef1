// delta.h: the difference of two profiles, for ?seconds=N.
//
// Go's handler parses the two profiles, multiplies the first by −1 and merges them. It merges as
// pprof does, and writes the result as pprof does: the fields are in another order than in a
// snapshot, and gzip's level is the default. merge() says what is kept.
#pragma once

#include "profiler/formats/pprof_writer.h"
#include "profiler/formats/profile.h"

namespace golab::profiler {

// A counted snapshot as a profile: what a reader gets from the written form.
SymbolizedProfile profile_of(const StackTable& table, const PprofOptions& options);

// Multiplies every value by `factor`.
void scale(SymbolizedProfile& profile, int64_t factor);

// Adds up samples with equal stacks and equal labels, in order of first appearance. A sample is
// dropped if all its values become zero. Locations, functions and mappings that no sample needs are
// dropped too, except the first mapping, which is the program. The result has the earlier of the
// two times, and the sum of the durations. It is an error if the sample types differ.
ReadResult merge(const SymbolizedProfile& first, const SymbolizedProfile& second);

// `after` minus `before`. A value is negative where there are fewer now. time_nanos is after's.
// duration_nanos is the time between the two, if both have a time.
ReadResult delta(const SymbolizedProfile& before, const SymbolizedProfile& after);

// Writes any profile as pprof's own library does, gzipped. The fields are in this order: sample
// types, samples, mappings, locations, functions, strings, the rest.
void write_profile(const SymbolizedProfile& profile, const Sink& sink);
void write_profile_plain(const SymbolizedProfile& profile, const Sink& sink);

}  // namespace golab::profiler
