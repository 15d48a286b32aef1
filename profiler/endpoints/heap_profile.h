// heap_profile.h: the samples of operator new (runtime/heap/mprof.h) as a profile, as Go writes it.
//
// Each stack has four values: objects and bytes that were allocated so far, and those of them that
// are in use. In the protobuf form they are scaled: a sample of S bytes stands for as many as its
// chance to be taken says. The text shows what was sampled; pprof scales it when it reads it.
//
// A stack begins at the function that allocates, as in Go. What stands between it and operator new
// is not shown: the runtime's own functions, by Go's rule; and the C++ library's, which are to a
// program's code what runtime.growslice is to Go's.
#pragma once

#include <cstdint>
#include <string>

namespace golab::profiler {

// Returns the profile in the form `debug`; default_type: the value that a tool shows first, "" for
// the bytes in use. Needs a big stack.
std::string heap_profile(int debug, const std::string& default_type, int64_t time_nanos,
                         bool cpp_names);

}  // namespace golab::profiler
