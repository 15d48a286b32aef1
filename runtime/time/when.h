// when.h: deadlines on the clocks of the runtime, for this library.
#pragma once

#include <cstdint>

#include "runtime/time/duration.h"

namespace golab::time {

// When d has passed, by the clock of the calling goroutine (goroutine_time). A sum that is too large
// is the clock's last instant.
int64_t when(Duration d);
// In a classroom: the calling goroutine asks for a wait of d. when() does this, too.
void note_wait(Duration d);
// The same as a nanotime, which the deadlines of connections are (runtime/sched/clock.h).
int64_t when_real(Duration d);

}  // namespace golab::time
