// fd.cpp: reads, writes and accepts that park, and the lock of a descriptor's number.
#include "runtime/net/fd.h"

#include <errno.h>
#include <string.h>

#include "runtime/die/panic.h"
#include "runtime/sched/proc.h"
#include "runtime/sched/sema.h"
#include "runtime/syscall/syscall.h"

namespace golab::internal::poll {

namespace {

constexpr uint64_t k20Bits = (uint64_t{1} << 20) - 1;
constexpr uint64_t mutexClosed = 1;
constexpr uint64_t mutexRef = uint64_t{1} << 3;
constexpr uint64_t mutexRefMask = k20Bits << 3;

// The bits of the readers or of the writers.
struct Side {
  uint64_t lock;
  uint64_t wait;  // one waiter
  uint64_t mask;  // of the count of waiters
};
constexpr Side kReaders{2, uint64_t{1} << 23, k20Bits << 23};
constexpr Side kWriters{4, uint64_t{1} << 43, k20Bits << 43};

constexpr const char* kTooMany =
    "too many concurrent operations on a single file or socket (max 1048575)";
constexpr const char* kInconsistent = "inconsistent poll.fdMutex";

[[gnu::noinline]] void runtime_Semacquire(std::atomic<uint32_t>* sema) {
  runtime::semacquire1(sema, false, runtime::WaitReason::Semacquire, runtime::SemaProfile::Block);
}

void runtime_Semrelease(std::atomic<uint32_t>* sema) { runtime::semrelease1(sema); }

int convertErr(int res) {
  switch (res) {
    case runtime::pollNoError:
      return 0;
    case runtime::pollErrClosing:
      return kErrNetClosing;
    case runtime::pollErrTimeout:
      return kErrDeadlineExceeded;
    default:
      return kErrNotPollable;
  }
}

[[gnu::noinline]] ssize_t ignoringEINTRIO(ssize_t (*fn)(int, void*, size_t), int fd, void* p,
                                          size_t n) {
  for (;;) {
    ssize_t got = fn(fd, p, n);
    if (got != -EINTR) return got;
  }
}

ssize_t ignoringEINTRIO(ssize_t (*fn)(int, const void*, size_t), int fd, const void* p, size_t n) {
  for (;;) {
    ssize_t got = fn(fd, p, n);
    if (got != -EINTR) return got;
  }
}

[[gnu::noinline]] int accept(int fd, sockaddr* addr, socklen_t* len) {
  return syscall::Accept4(fd, addr, len, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

}  // namespace

// ---- fdMutex ----

bool fdMutex::incref() {
  uint64_t old = state_.load();
  for (;;) {
    if (old & mutexClosed) return false;
    uint64_t next = old + mutexRef;
    if ((next & mutexRefMask) == 0) golab::panic(kTooMany);
    if (state_.compare_exchange_weak(old, next)) return true;
  }
}

bool fdMutex::increfAndClose() {
  uint64_t old = state_.load();
  for (;;) {
    if (old & mutexClosed) return false;
    uint64_t next = (old | mutexClosed) + mutexRef;
    if ((next & mutexRefMask) == 0) golab::panic(kTooMany);
    next &= ~(kReaders.mask | kWriters.mask);  // the waiters are woken, see mutexClosed and fail
    if (!state_.compare_exchange_weak(old, next)) continue;
    for (; old & kReaders.mask; old -= kReaders.wait) runtime_Semrelease(&rsema_);
    for (; old & kWriters.mask; old -= kWriters.wait) runtime_Semrelease(&wsema_);
    return true;
  }
}

bool fdMutex::decref() {
  uint64_t old = state_.load();
  for (;;) {
    if ((old & mutexRefMask) == 0) golab::panic(kInconsistent);
    uint64_t next = old - mutexRef;
    if (state_.compare_exchange_weak(old, next)) {
      return (next & (mutexClosed | mutexRefMask)) == mutexClosed;
    }
  }
}

bool fdMutex::rwlock(bool read) {
  const Side& side = read ? kReaders : kWriters;
  uint64_t old = state_.load();
  for (;;) {
    if (old & mutexClosed) return false;
    const bool free = (old & side.lock) == 0;
    uint64_t next = free ? (old | side.lock) + mutexRef : old + side.wait;
    if ((next & (free ? mutexRefMask : side.mask)) == 0) golab::panic(kTooMany);
    if (!state_.compare_exchange_weak(old, next)) continue;
    if (free) return true;
    runtime_Semacquire(read ? &rsema_ : &wsema_);
    old = state_.load();  // the unlocker has lowered the count of waiters: compete again
  }
}

bool fdMutex::rwunlock(bool read) {
  const Side& side = read ? kReaders : kWriters;
  uint64_t old = state_.load();
  for (;;) {
    if ((old & side.lock) == 0 || (old & mutexRefMask) == 0) golab::panic(kInconsistent);
    uint64_t next = (old & ~side.lock) - mutexRef;
    if (old & side.mask) next -= side.wait;
    if (!state_.compare_exchange_weak(old, next)) continue;
    if (old & side.mask) runtime_Semrelease(read ? &rsema_ : &wsema_);
    return (next & (mutexClosed | mutexRefMask)) == mutexClosed;
  }
}

// ---- pollDesc ----

int pollDesc::init(int fd) {
  int err = 0;
  runtimeCtx_ = runtime_pollOpen(fd, &err);
  return err;
}

void pollDesc::close() {
  if (runtimeCtx_ == nullptr) return;
  runtime_pollClose(runtimeCtx_);
  runtimeCtx_ = nullptr;
}

void pollDesc::evict() {
  if (runtimeCtx_ != nullptr) runtime_pollUnblock(runtimeCtx_);
}

int pollDesc::prepare(int mode) {
  if (runtimeCtx_ == nullptr) return 0;
  return convertErr(runtime_pollReset(runtimeCtx_, mode));
}

[[gnu::noinline]] int pollDesc::wait(int mode) {
  if (runtimeCtx_ == nullptr) return kErrNotPollable;
  return convertErr(runtime_pollWait(runtimeCtx_, mode));
}

[[gnu::noinline]] int pollDesc::waitRead() { return wait('r'); }
[[gnu::noinline]] int pollDesc::waitWrite() { return wait('w'); }

void pollDesc::setDeadline(int64_t when, int mode) {
  if (runtimeCtx_ != nullptr) runtime_pollSetDeadline(runtimeCtx_, when, mode);
}

bool pollDesc::hung_up() const { return runtimeCtx_ == nullptr || runtime_pollHungUp(runtimeCtx_); }

// ---- FD ----

FD::~FD() { Close(); }

int FD::Init() { return pd_.init(Sysfd); }

int FD::incref() { return fdmu_.incref() ? 0 : kErrNetClosing; }

void FD::decref() {
  if (fdmu_.decref()) destroy();
}

void FD::readUnlock() {
  if (fdmu_.rwunlock(true)) destroy();
}

void FD::writeUnlock() {
  if (fdmu_.rwunlock(false)) destroy();
}

void FD::destroy() {
  pd_.close();
  if (Sysfd >= 0) syscall::Close(Sysfd);
  Sysfd = -1;
  runtime_Semrelease(&csema_);
}

int FD::Close() {
  if (!fdmu_.increfAndClose()) return kErrNetClosing;
  // Waiters in the poller leave with an error and drop their references, as this call does. The
  // last reference destroys. Close returns only then, so the port is free again.
  pd_.evict();
  decref();
  runtime_Semacquire(&csema_);
  return 0;
}

int FD::Shutdown(int how) {
  if (int err = incref()) return err;
  int err = ::shutdown(Sysfd, how) == 0 ? 0 : errno;
  decref();
  return err;
}

int FD::SetDeadline(int64_t when, int mode) {
  if (int err = incref()) return err;
  pd_.setDeadline(when, mode);
  decref();
  return 0;
}

// The usual order is: try to read, and wait only after EAGAIN. After a short read the socket is
// empty, and new data sets the edge in the poller's slot. So the next Read waits at once, which
// saves a system call, and must not reset the slot. The exception is the peer's end of stream,
// which may come in one edge with the data: the poller notes it (hung_up), and Read tries first.
[[gnu::noinline]] io_result FD::Read(void* p, size_t n) {
  if (!readLock()) return {0, kErrNetClosing};
  io_result result;
  bool try_first = !drained_ || pd_.hung_up();
  if (n > 0 && try_first) result.err = pd_.prepare('r');
  while (n > 0 && result.err == 0) {
    if (!try_first) {
      result.err = pd_.waitRead();
      if (result.err != 0) break;
      drained_ = false;
    }
    ssize_t got = ignoringEINTRIO(syscall::Read, Sysfd, p, n);
    if (got == -EAGAIN && pd_.pollable()) {
      try_first = false;
      continue;
    }
    if (got < 0) {
      result.err = static_cast<int>(-got);
    } else if (got == 0) {
      result.err = kEOF;
    } else {
      result.n = got;
      drained_ = static_cast<size_t>(got) < n;
    }
    break;
  }
  readUnlock();
  return result;
}

[[gnu::noinline]] io_result FD::Write(const void* p, size_t n) {
  if (!writeLock()) return {0, kErrNetClosing};
  io_result result;
  result.err = pd_.prepare('w');
  const char* at = static_cast<const char*>(p);
  while (result.err == 0 && static_cast<size_t>(result.n) < n) {
    ssize_t put = ignoringEINTRIO(syscall::Write, Sysfd, at + result.n, n - result.n);
    if (put > 0) {
      result.n += put;
    } else if (put == -EAGAIN && pd_.pollable()) {
      result.err = pd_.waitWrite();
    } else {
      result.err = put == 0 ? EIO : static_cast<int>(-put);
    }
  }
  writeUnlock();
  return result;
}

[[gnu::noinline]] io_result FD::Accept(sockaddr_storage* addr, socklen_t* len) {
  if (!readLock()) return {-1, kErrNetClosing};
  io_result result{-1, pd_.prepare('r')};
  while (result.err == 0) {
    *len = sizeof *addr;
    int fd = golab::internal::poll::accept(Sysfd, reinterpret_cast<sockaddr*>(addr), len);
    if (fd >= 0) {
      result.n = fd;
      break;
    }
    if (fd == -EINTR || fd == -ECONNABORTED) continue;  // ECONNABORTED: the peer is gone already
    result.err = fd == -EAGAIN && pd_.pollable() ? pd_.waitRead() : -fd;
  }
  readUnlock();
  return result;
}

int FD::WaitWrite() {
  if (int err = incref()) return err;
  int err = pd_.waitWrite();
  decref();
  return err;
}

// Go's words are glibc's with a small first letter, except for names and acronyms.
std::string error_text(int err) {
  switch (err) {
    case kEOF:
      return "EOF";
    case kErrNetClosing:
      return "use of closed network connection";
    case kErrDeadlineExceeded:
      return "i/o timeout";
    case kErrNotPollable:
      return "not pollable";
    default:
      break;
  }
  const char* known = strerrordesc_np(err);
  std::string text = known != nullptr ? known : "unknown error";
  const bool name = !(text[1] >= 'a' && text[1] <= 'z') && text[1] != ' ';
  if (!name && text[0] >= 'A' && text[0] <= 'Z') text[0] = static_cast<char>(text[0] | 32);
  return text;
}

}  // namespace golab::internal::poll
