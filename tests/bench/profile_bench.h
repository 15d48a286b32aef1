// profile_bench.h: what a goroutine profile costs, and the service that wrk is set on.
#pragma once

#include "tests/bench/workload.h"

namespace bench {

// A thousand to a million parked goroutines, or as many as --only says.
int profile(const Flags& flags);
// Answers /hello and /debug/pprof/ until it is killed.
int serve();

}  // namespace bench
