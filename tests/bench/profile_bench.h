// profile_bench.h: the cost of a goroutine profile, and the service for wrk.
#pragma once

#include "tests/bench/workload.h"

namespace bench {

// Measures with a thousand to a million parked goroutines, or as many as --only says.
int profile(const Flags& flags);
// Serves /hello and /debug/pprof/ until it is killed.
int serve();

}  // namespace bench
