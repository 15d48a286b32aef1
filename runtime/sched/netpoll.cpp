// netpoll.cpp: the network poller on epoll.
//
// A slot (rg for the reader, wg for the writer) is a word with four meanings:
//
//   pdNil      no goroutine waits, and no edge is known
//   pdReady    an edge came; the next wait consumes it and returns at once
//   pdWait     a goroutine is about to park: it has announced itself, but is still on its stack
//   a G        that goroutine is parked here
//
//            wait              gopark's unlock
//   pdNil ---------> pdWait -------------------> G
//     ^                | edge, timeout, close     | edge, timeout, close: goready
//     |                v                          v
//     +---- wait --- pdReady <--------------------+   (timeout and close leave pdNil)
//
// Lost wake-ups. The waiter writes pdWait and then reads `info` (closed? timed out?). A close or a
// timeout writes `info` and then exchanges the slot. Both are sequentially consistent, so one of
// the two sees the other.
//
// Lifetime. epoll_wait can return an event after its descriptor was closed and its pollDesc given
// to another one. So a pollDesc is never unmapped, and epoll's word for it is its address with a
// sequence number, which changes with every reuse: an old event is recognized and dropped.
#include "runtime/sched/netpoll.h"

#include <errno.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>

#include "runtime/core/lock.h"
#include "runtime/core/reserve.h"
#include "runtime/core/throw.h"
#include "runtime/sched/gmp.h"
#include "runtime/sched/proc.h"
#include "runtime/sched/timer.h"

namespace golab::runtime {

namespace {

constexpr uintptr_t pdNil = 0;
constexpr uintptr_t pdReady = 1;
constexpr uintptr_t pdWait = 2;

// Bits of pollDesc::info.
constexpr uint32_t pollClosing = 1;
constexpr uint32_t pollExpiredReadDeadline = 2;
constexpr uint32_t pollExpiredWriteDeadline = 4;
constexpr uint32_t poll_hangup = 8;

}  // namespace

struct alignas(64) pollDesc {
  // Written by any thread, sequentially consistent (see the top of the file).
  std::atomic<uintptr_t> rg{pdNil};
  std::atomic<uintptr_t> wg{pdNil};
  std::atomic<uint32_t> info{0};
  std::atomic<uint32_t> seq{0};  // changes with every reuse
  int fd = -1;

  // Protected by mu.
  mutex mu;
  int64_t rd = 0;  // read deadline: a nanotime, 0 none, < 0 past
  int64_t wd = 0;
  Timer rt;
  Timer wt;

  pollDesc* link = nullptr;  // free list, protected by pollCache.mu
};

namespace {

struct {
  mutex mu;
  pollDesc* first = nullptr;
} pollCache;

struct {
  mutex init_lock;
  std::atomic<bool> inited{false};
  int epfd = -1;
  int eventfd = -1;
  std::atomic<uint32_t> wake_sig{0};  // a break is on its way
  std::atomic<int32_t> waiters{0};    // goroutines in IO wait
  std::atomic<bool> no_pwait2{false};
} poller;

// epoll's word has 64 bits. An address has 47, of which a pollDesc's low 6 are zero, so at least 22
// bits are left for the sequence number.
constexpr uint64_t kTagBits = 22;
constexpr uint64_t kTagMask = (uint64_t{1} << kTagBits) - 1;
constexpr uint64_t kBreakTag = 0;  // no pollDesc has address 0

uint64_t taggedPointer(const pollDesc* pd, uint32_t seq) {
  return (reinterpret_cast<uint64_t>(pd) >> 6) << kTagBits | (seq & kTagMask);
}

pollDesc* pointer_of(uint64_t tagged) {
  return reinterpret_cast<pollDesc*>((tagged >> kTagBits) << 6);
}

}  // namespace

void netpollinit() {
  if (poller.inited.load(std::memory_order_acquire)) return;
  lock(&poller.init_lock);
  if (!poller.inited.load(std::memory_order_relaxed)) {
    poller.epfd = epoll_create1(EPOLL_CLOEXEC);
    poller.eventfd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (poller.epfd < 0 || poller.eventfd < 0) throw_("runtime: netpollinit failed");
    epoll_event ev{};
    ev.events = EPOLLIN;
    ev.data.u64 = kBreakTag;
    if (epoll_ctl(poller.epfd, EPOLL_CTL_ADD, poller.eventfd, &ev) != 0) {
      throw_("runtime: netpollinit failed to register the break descriptor");
    }
    poller.inited.store(true, std::memory_order_release);
  }
  unlock(&poller.init_lock);
}

namespace {

pollDesc* alloc_poll_desc() {
  lock(&pollCache.mu);
  if (pollCache.first == nullptr) {
    constexpr size_t kChunkBytes = 64 << 10;
    void* chunk = reserve(kChunkBytes);
    if (chunk == nullptr) {
      unlock(&pollCache.mu);
      return nullptr;
    }
    auto* descs = static_cast<pollDesc*>(chunk);
    for (size_t i = kChunkBytes / sizeof(pollDesc); i-- > 0;) {
      auto* pd = new (descs + i) pollDesc;
      pd->link = pollCache.first;
      pollCache.first = pd;
    }
  }
  pollDesc* pd = pollCache.first;
  pollCache.first = pd->link;
  unlock(&pollCache.mu);
  return pd;
}

void free_poll_desc(pollDesc* pd) {
  lock(&pollCache.mu);
  pd->link = pollCache.first;
  pollCache.first = pd;
  unlock(&pollCache.mu);
}

int netpollcheckerr(const pollDesc* pd, int mode) {
  uint32_t info = pd->info.load();
  if (info & pollClosing) return pollErrClosing;
  if (mode == 'r' && (info & pollExpiredReadDeadline)) return pollErrTimeout;
  if (mode == 'w' && (info & pollExpiredWriteDeadline)) return pollErrTimeout;
  return pollNoError;
}

// Takes the waiter out of a slot, and leaves an edge there if `ioready`.
G* netpollunblock(pollDesc* pd, int mode, bool ioready) {
  std::atomic<uintptr_t>& slot = mode == 'r' ? pd->rg : pd->wg;
  uintptr_t old = slot.load();
  for (;;) {
    if (old == pdReady) return nullptr;
    if (old == pdNil && !ioready) return nullptr;  // no goroutine to wake, no edge to keep
    if (slot.compare_exchange_weak(old, ioready ? pdReady : pdNil)) break;
  }
  if (old == pdNil || old == pdWait) return nullptr;  // pdWait: its park fails, and it looks again
  poller.waiters.fetch_sub(1);
  return reinterpret_cast<G*>(old);
}

// The unlockf of gopark.
bool netpollblockcommit(G* gp, void* slot) {
  uintptr_t expected = pdWait;
  poller.waiters.fetch_add(1);
  if (static_cast<std::atomic<uintptr_t>*>(slot)->compare_exchange_strong(
          expected, reinterpret_cast<uintptr_t>(gp))) {
    return true;
  }
  poller.waiters.fetch_sub(1);
  return false;
}

void ready_all(G* a, G* b) {
  if (a != nullptr) goready(a);
  if (b != nullptr) goready(b);
}

// A deadline's timer fired. The deadline may have been moved, or the pollDesc reused, since it was
// armed, so the present deadline decides.
void netpolldeadline(pollDesc* pd, bool read) {
  G* gp = nullptr;
  lock(&pd->mu);
  int64_t deadline = read ? pd->rd : pd->wd;
  if (deadline > 0 && nanotime() >= deadline) {
    (read ? pd->rd : pd->wd) = -1;
    pd->info.fetch_or(read ? pollExpiredReadDeadline : pollExpiredWriteDeadline);
    gp = netpollunblock(pd, read ? 'r' : 'w', false);
  }
  unlock(&pd->mu);
  if (gp != nullptr) goready(gp);
}

void netpollReadDeadline(void* pd, uint64_t, int64_t) {
  netpolldeadline(static_cast<pollDesc*>(pd), true);
}
void netpollWriteDeadline(void* pd, uint64_t, int64_t) {
  netpolldeadline(static_cast<pollDesc*>(pd), false);
}

// Sets the deadline of one direction; returns its waiter if it has passed. Requires pd->mu.
G* setDeadline(pollDesc* pd, int64_t when, bool read) {
  int64_t& deadline = read ? pd->rd : pd->wd;
  Timer* t = read ? &pd->rt : &pd->wt;
  const uint32_t expired = read ? pollExpiredReadDeadline : pollExpiredWriteDeadline;
  if (when > 0 && when <= nanotime()) when = -1;
  const bool armed = deadline > 0;
  deadline = when;
  if (when > 0) {
    timer_reset(t, when, 0);
  } else if (armed) {
    timer_stop(t);
  }
  if (when >= 0) {
    if (pd->info.load(std::memory_order_relaxed) & expired) pd->info.fetch_and(~expired);
    return nullptr;
  }
  pd->info.fetch_or(expired);
  return netpollunblock(pd, read ? 'r' : 'w', false);
}

// Waits at most `delay` ns for events. Returns their number, or 0.
int epollwait(epoll_event* events, int max, int64_t delay) {
#ifdef SYS_epoll_pwait2
  if (delay > 0 && !poller.no_pwait2.load(std::memory_order_relaxed)) {
    timespec ts{static_cast<time_t>(delay / 1000000000), static_cast<long>(delay % 1000000000)};
    long n = ::syscall(SYS_epoll_pwait2, poller.epfd, events, max, &ts, nullptr, 0);
    if (n >= 0) return static_cast<int>(n);
    if (errno == EINTR) return 0;
    poller.no_pwait2.store(true, std::memory_order_relaxed);  // Linux < 5.11, or a sandbox
  }
#endif
  // Rounded up: if it returned early, the caller would only wait again.
  int64_t ms = delay / 1'000'000 + (delay % 1'000'000 > 0 ? 1 : 0);
  ms = delay < 0 ? -1 : std::min<int64_t>(ms, 1'000'000'000);
  int n = epoll_wait(poller.epfd, events, max, static_cast<int>(ms));
  if (n >= 0) return n;
  if (errno != EINTR) throw_("runtime: netpoll failed");
  return 0;
}

}  // namespace

// Parks until the slot is ready (true), or a close or a timeout ends the wait (false). Requires: no
// other goroutine waits in this direction.
[[gnu::noinline]] bool netpollblock(pollDesc* pd, int mode) {
  std::atomic<uintptr_t>& slot = mode == 'r' ? pd->rg : pd->wg;
  for (;;) {
    uintptr_t expected = pdReady;
    if (slot.compare_exchange_strong(expected, pdNil)) return true;
    expected = pdNil;
    if (slot.compare_exchange_strong(expected, pdWait)) break;
    if (expected != pdReady && expected != pdNil) throw_("runtime: double wait");
  }
  // The wait is announced: this sees a close or a timeout, or that sees the announcement.
  if (netpollcheckerr(pd, mode) == pollNoError) {
    gopark(netpollblockcommit, &slot, WaitReason::IOWait);
  }
  uintptr_t old = slot.exchange(pdNil);
  if (old > pdWait) throw_("runtime: corrupted polldesc");
  return old == pdReady;
}

bool netpollinited() { return poller.inited.load(std::memory_order_acquire); }

bool netpollAnyWaiters() { return poller.waiters.load() > 0; }

void netpollBreak() {
  if (!netpollinited()) return;
  uint32_t expected = 0;
  if (!poller.wake_sig.compare_exchange_strong(expected, 1)) return;  // a break is on its way
  uint64_t one = 1;
  for (;;) {
    ssize_t n = ::write(poller.eventfd, &one, sizeof one);
    if (n == sizeof one || errno == EAGAIN) return;
    if (errno != EINTR) throw_("runtime: netpollBreak write failed");
  }
}

namespace {

// With `take_break`, a break that was on its way has arrived.
G* take_events(int64_t delay, bool take_break, int* n) {
  *n = 0;
  if (!netpollinited()) return nullptr;
  epoll_event events[128];
  const int count = epollwait(events, 128, delay);
  G* list = nullptr;
  auto add = [&](G* gp) {
    if (gp == nullptr) return;
    gp->schedlink = list;
    list = gp;
    ++*n;
  };
  for (int i = 0; i < count; i++) {
    const epoll_event& ev = events[i];
    if (ev.data.u64 == kBreakTag) {
      if (take_break) {
        uint64_t value;
        ssize_t ignored = ::read(poller.eventfd, &value, sizeof value);
        (void)ignored;
        poller.wake_sig.store(0);
      }
      continue;
    }
    pollDesc* pd = pointer_of(ev.data.u64);
    if ((pd->seq.load() & kTagMask) != (ev.data.u64 & kTagMask)) continue;  // of an earlier use
    if (ev.events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) pd->info.fetch_or(poll_hangup);
    if (ev.events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR))
      add(netpollunblock(pd, 'r', true));
    if (ev.events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) add(netpollunblock(pd, 'w', true));
  }
  return list;
}

// Is there anything in the epoll instance? Waits at most `delay` ns for it (< 0: no limit).
bool events_there(int64_t delay) {
  pollfd instance{poller.epfd, POLLIN, 0};
  timespec limit{static_cast<time_t>(delay / 1000000000), static_cast<long>(delay % 1000000000)};
  return ppoll(&instance, 1, delay < 0 ? nullptr : &limit, nullptr) > 0;
}

}  // namespace

// A poll that does not wait leaves a break for a poll that does.
G* netpoll(int64_t delay, int* n) { return take_events(delay, delay != 0, n); }

void netpollWait(int64_t delay) { events_there(delay); }
G* netpollTake(int* n) { return take_events(0, true, n); }
bool netpollReady() { return netpollinited() && events_there(0); }

}  // namespace golab::runtime

namespace golab::internal::poll {

using namespace golab::runtime;  // the runtime's functions, under poll's name

pollDesc* runtime_pollOpen(int fd, int* err) {
  RuntimeCall call;
  netpollinit();
  pollDesc* pd = alloc_poll_desc();
  if (pd == nullptr) {
    *err = ENOMEM;
    return nullptr;
  }
  lock(&pd->mu);
  pd->fd = fd;
  pd->rd = pd->wd = 0;
  pd->rt.f = netpollReadDeadline;
  pd->wt.f = netpollWriteDeadline;
  pd->rt.arg = pd->wt.arg = pd;
  pd->rt.detached = pd->wt.detached = true;  // f takes pd->mu, which is held when they are armed
  pd->rt.real = pd->wt.real = true;
  pd->rg.store(pdNil);
  pd->wg.store(pdNil);
  pd->info.store(0);
  const uint32_t seq = pd->seq.fetch_add(1) + 1;
  unlock(&pd->mu);

  epoll_event ev{};
  ev.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
  ev.data.u64 = taggedPointer(pd, seq);
  if (epoll_ctl(poller.epfd, EPOLL_CTL_ADD, fd, &ev) != 0) {
    *err = errno;
    free_poll_desc(pd);
    return nullptr;
  }
  *err = 0;
  return pd;
}

void runtime_pollClose(pollDesc* pd) {
  RuntimeCall call;
  if (!(pd->info.load() & pollClosing)) throw_("runtime: close polldesc w/o unblock");
  if (pd->rg.load() > pdReady || pd->wg.load() > pdReady) {
    throw_("runtime: blocked goroutine on closing polldesc");
  }
  epoll_event ev{};
  epoll_ctl(poller.epfd, EPOLL_CTL_DEL, pd->fd, &ev);
  pd->seq.fetch_add(1);
  free_poll_desc(pd);
}

void runtime_pollUnblock(pollDesc* pd) {
  RuntimeCall call;
  lock(&pd->mu);
  if (pd->info.load() & pollClosing) throw_("runtime: unblock on closing polldesc");
  pd->info.fetch_or(pollClosing);
  if (pd->rd > 0) timer_stop(&pd->rt);
  if (pd->wd > 0) timer_stop(&pd->wt);
  pd->rd = pd->wd = 0;
  G* reader = netpollunblock(pd, 'r', false);
  G* writer = netpollunblock(pd, 'w', false);
  unlock(&pd->mu);
  ready_all(reader, writer);
}

int runtime_pollReset(pollDesc* pd, int mode) {
  int err = netpollcheckerr(pd, mode);
  if (err != pollNoError) return err;
  (mode == 'r' ? pd->rg : pd->wg).store(pdNil);
  return pollNoError;
}

[[gnu::noinline]] int runtime_pollWait(pollDesc* pd, int mode) {
  RuntimeCall call;
  int err = netpollcheckerr(pd, mode);
  if (err != pollNoError) return err;
  while (!netpollblock(pd, mode)) {
    err = netpollcheckerr(pd, mode);
    if (err != pollNoError) return err;
    // The deadline that ended the wait was moved in the meantime, so wait again.
  }
  return pollNoError;
}

void runtime_pollSetDeadline(pollDesc* pd, int64_t when, int mode) {
  RuntimeCall call;
  G* reader = nullptr;
  G* writer = nullptr;
  lock(&pd->mu);
  if (!(pd->info.load() & pollClosing)) {
    if (mode == 'r' || mode == 'r' + 'w') reader = setDeadline(pd, when, true);
    if (mode == 'w' || mode == 'r' + 'w') writer = setDeadline(pd, when, false);
  }
  unlock(&pd->mu);
  ready_all(reader, writer);
}

bool runtime_pollHungUp(const pollDesc* pd) { return pd->info.load() & poll_hangup; }

}  // namespace golab::internal::poll
