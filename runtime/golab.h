// golab.h: the one include of an exercise: goroutines, channels and the packages that Go services
// use.
//
// Everything is in namespace golab under its Go name; this header ends with `using namespace
// golab`, so that `go(worker, ch);` and `time::After(1 * time::Hour)` read as in Go. The global
// namespace of a program is Go's package main: a function worker() is main.worker in every profile.
//
// golab's `time`, `sync`, `close`, `send`, `recv`, `select` live beside the POSIX names of the same
// spelling. Write `::close(fd)`, `::time(nullptr)` where POSIX is meant.
#pragma once

// libstdc++'s <semaphore> calls syscall() without "::". It is included here, before golab::syscall
// becomes visible, because <thread>, <future> and others include it.
#include <semaphore>

#include "runtime/chan/chan.h"
#include "runtime/context/context.h"
#include "runtime/die/panic.h"
#include "runtime/errgroup/errgroup.h"
#include "runtime/errors/errors.h"
#include "runtime/flag/flag.h"
#include "runtime/fmt/fmt.h"
#include "runtime/heap/mprof.h"
#include "runtime/log/log.h"
#include "runtime/net/http/http.h"
#include "runtime/os/os.h"
#include "runtime/pprof/labels.h"
#include "runtime/sched/contention.h"
#include "runtime/sched/go.h"
#include "runtime/sync/sync.h"
#include "runtime/time/time.h"
#include "runtime/traceback/stack.h"

namespace golab {
namespace debug = runtime::debug;
}

using namespace golab;
