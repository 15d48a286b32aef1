// fair_bench.h: the mode `fair` of golab_bench.
#pragma once

#include "tests/bench/workload.h"

namespace bench {

int fair();

}  // namespace bench
