// netpoll.h: the network poller: parks goroutines until a descriptor is ready (Go's netpoll.go).
//
// The process has one epoll instance. A descriptor has two slots, one for the reader and one for
// the writer. A slot is empty, or ready, or holds the goroutine that waits. The scheduler asks the
// poller when it has nothing else to do; an idle thread sleeps in it.
//
// epoll is edge-triggered: the kernel reports each change once, and the slot keeps it ("ready")
// until it is used. A user first tries the system call and waits only after EAGAIN; it finds an
// edge that came in between in the slot.
#pragma once

#include <atomic>
#include <cstdint>

namespace golab::runtime {

struct G;
struct pollDesc;

// The results of the poll functions.
enum : int { pollNoError = 0, pollErrClosing = 1, pollErrTimeout = 2 };

// ---- For the scheduler ----

// Returns the goroutines that became runnable, linked by schedlink, and their number in *n. Waits
// at most `delay` ns (< 0: no limit; 0: does not wait). May return early, with none.
G* netpoll(int64_t delay, int* n);
// The same in two steps, for a classroom: the first waits and takes nothing, the second takes what
// is there and does not wait. A thread is safe (stop.h) only during the first, so a stopped world
// finds all that is ready in the kernel: netpollReady.
void netpollWait(int64_t delay);
G* netpollTake(int* n);
bool netpollReady();
void netpollBreak();       // ends a netpoll that waits
bool netpollAnyWaiters();  // true if a goroutine is in IO wait
bool netpollinited();
void netpollinit();  // at start, because idle threads sleep in the poller

}  // namespace golab::runtime

// The functions that package poll calls. As in Go, they belong to the runtime but have poll's name,
// also in a profile: internal/poll.runtime_pollWait.
namespace golab::internal::poll {

// Registers fd, which must be non-blocking. On failure, returns null and sets *err to errno.
runtime::pollDesc* runtime_pollOpen(int fd, int* err);
// Forgets the descriptor; the caller closes the fd afterwards. Requires: runtime_pollUnblock was
// called, and no goroutine waits.
void runtime_pollClose(runtime::pollDesc* pd);
// Every later wait returns pollErrClosing. Wakes the goroutines that wait.
void runtime_pollUnblock(runtime::pollDesc* pd);
// Forgets a stored edge, before an attempt. mode is 'r' or 'w'.
int runtime_pollReset(runtime::pollDesc* pd, int mode);
// Parks until the descriptor is ready, its deadline has passed, or it is closed.
int runtime_pollWait(runtime::pollDesc* pd, int mode);
// when: a nanotime, also in a classroom; 0 none; < 0 already past. mode: 'r', 'w' or 'r' + 'w'.
void runtime_pollSetDeadline(runtime::pollDesc* pd, int64_t when, int mode);
// True if the poller has seen the peer's end of stream, or an error, on this descriptor.
bool runtime_pollHungUp(const runtime::pollDesc* pd);

}  // namespace golab::internal::poll
