// sync.h: Go's package sync.
#pragma once

#include "runtime/sync/atomic.h"
#include "runtime/sync/cond.h"
#include "runtime/sync/map.h"
#include "runtime/sync/mutex.h"
#include "runtime/sync/once.h"
#include "runtime/sync/pool.h"
#include "runtime/sync/rwmutex.h"
#include "runtime/sync/waitgroup.h"
