// idle.h: whether the program does anything before its clock moves.
//
// A program is idle if all that it waits for is time or the outside world. Only a stopped world can
// say so: then no goroutine is on its way from one state to another. In a classroom the poller leaves
// what is ready in the kernel until a thread takes it that is not safe (netpoll.h), so nothing is in
// the hands of a thread that slept in it.
#pragma once

#include <cstdint>

namespace golab::runtime {

// How many goroutines run, are about to run, or are in a system call. 0: the program is idle.
// Requires: the world is stopped, in a classroom.
int32_t goroutines_at_work();

}  // namespace golab::runtime
