// when.h: points in time on the clock of the runtime, for this library.
#pragma once

#include <cstdint>

#include "runtime/time/duration.h"

namespace golab::time {

// The nanotime at which something that lasts d is over. A sum that is too big for the clock gives
// its last instant, which never comes.
int64_t when(Duration d);

}  // namespace golab::time
