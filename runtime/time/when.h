// when.h: deadlines on the runtime's clock, for this library.
#pragma once

#include <cstdint>

#include "runtime/time/duration.h"

namespace golab::time {

// The nanotime at which d has passed. A sum that is too large is the clock's last instant.
int64_t when(Duration d);

}  // namespace golab::time
