// delta.h: what two profiles make when one is taken from the other: ?seconds=N.
//
// Go's handler takes the two as a reader would, multiplies the first by −1 and merges them. Its
// merging is pprof's own, and so is the way the result is written: another field order than a
// snapshot's, and gzip's usual level. See merge() for what is kept.
#pragma once

#include "profiler/formats/pprof_writer.h"
#include "profiler/formats/profile.h"

namespace golab::profiler {

// A counted snapshot as a profile: what a reader of the written form would have.
SymbolizedProfile profile_of(const StackTable& table, const PprofOptions& options);

// Every value times `factor`.
void scale(SymbolizedProfile& profile, int64_t factor);

// Samples with equal stacks and equal labels are added up, in order of first appearance; those that
// come to zero vanish, and with them every location, function and mapping that nothing needs any
// more (the first mapping stays: it is the program). The result is as old as the older of the two
// and lasts as long as both. It is an error to merge profiles with different sample types.
ReadResult merge(const SymbolizedProfile& first, const SymbolizedProfile& second);

// What `after` has more than `before`: time_nanos is after's, duration_nanos the time between them.
ReadResult delta(const SymbolizedProfile& before, const SymbolizedProfile& after);

// Writes any profile as pprof's own library does (sample types, samples, mappings, locations,
// functions, strings, the rest), gzipped.
void write_profile(const SymbolizedProfile& profile, const Sink& sink);
void write_profile_plain(const SymbolizedProfile& profile, const Sink& sink);

}  // namespace golab::profiler
