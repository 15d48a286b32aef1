// netpoll.h: the network poller: parks goroutines until a file descriptor is ready (Go's
// netpoll.go).
//
// One epoll instance, edge-triggered, for the process. A descriptor has two slots, one for the
// reader and one for the writer, each empty, ready, or holding the goroutine that waits. The
// scheduler asks the poller when it has nothing else to do; an idle thread sleeps in it.
//
// Edge-triggered means that the kernel speaks once per change. So an edge is never thrown away: it
// is kept in the slot ("ready") until somebody asks. The order in use is always: try the system
// call, and only after EAGAIN wait; an edge that came in between is found in the slot.
#pragma once

#include <atomic>
#include <cstdint>

namespace golab::runtime {

struct G;
struct pollDesc;

// Answers of the poll functions.
enum : int { pollNoError = 0, pollErrClosing = 1, pollErrTimeout = 2, pollErrNotPollable = 3 };

// ---- For the scheduler ----

// Goroutines that became runnable, linked by schedlink, *n of them. delay: ns to wait, < 0 for
// ever, 0 not at all. May come back early and empty-handed.
G* netpoll(int64_t delay, int* n);
void netpollBreak();       // ends a netpoll that waits
bool netpollAnyWaiters();  // is any goroutine in IO wait
bool netpollinited();
void netpollinit();  // at start: idle threads sleep in it, timers or not

}  // namespace golab::runtime

// What package poll calls. As in Go, these belong to the runtime and carry poll's name, and so they
// read in a profile: internal/poll.runtime_pollWait.
namespace golab::internal::poll {

// Registers fd (non-blocking). Answers null and sets *err to errno if epoll refuses it.
runtime::pollDesc* runtime_pollOpen(int fd, int* err);
// Forgets the descriptor. Requires: runtime_pollUnblock was called and nobody waits any more. The
// caller closes the fd afterwards.
void runtime_pollClose(runtime::pollDesc* pd);
// From now on every wait answers pollErrClosing; wakes those that wait.
void runtime_pollUnblock(runtime::pollDesc* pd);
// Before an attempt: forgets a stored edge. mode is 'r' or 'w'.
int runtime_pollReset(runtime::pollDesc* pd, int mode);
// Parks until the descriptor is ready, its deadline has passed, or it is closed: a poll* answer.
int runtime_pollWait(runtime::pollDesc* pd, int mode);
// when: a nanotime; 0 none; < 0 already past. mode: 'r', 'w' or 'r' + 'w'.
void runtime_pollSetDeadline(runtime::pollDesc* pd, int64_t when, int mode);
// Has the poller seen the peer's end of stream (or an error) on this descriptor?
bool runtime_pollHungUp(const runtime::pollDesc* pd);

}  // namespace golab::internal::poll
