// fd.h: a file descriptor that goroutines share: Go's internal/poll.FD.
//
// It adds three things to a number from the kernel:
//   - Reads and writes park instead of blocking a thread (pollDesc, netpoll.h).
//   - One goroutine reads and one writes at a time; others queue (fdMutex).
//   - Close wakes all waiters. The number goes back to the kernel only after the last one has left:
//     a reader about to call read(7) must not read from a new file that got the number 7.
#pragma once

#include <sys/socket.h>
#include <sys/types.h>

#include <atomic>
#include <cstdint>
#include <string>

#include "runtime/sched/netpoll.h"

namespace golab::internal::poll {

// Error codes that are no errno: negative, so that no errno is equal to one.
enum : int {
  kEOF = -1,
  kErrNetClosing = -2,        // "use of closed network connection"
  kErrDeadlineExceeded = -3,  // "i/o timeout"
  kErrNotPollable = -4,
};

struct io_result {
  ssize_t n = 0;
  int err = 0;  // 0, an errno, or one of the above
};

// The locks and references of a descriptor, in one word:
//
//   bit 0 closed · bit 1 locked for reading · bit 2 locked for writing · 20 bits references ·
//   20 bits waiting readers · 20 bits waiting writers
class fdMutex {
 public:
  bool incref();             // false if closed
  bool increfAndClose();     // marks it closed and wakes the queues; false if it was closed before
  bool decref();             // true if that was the last reference to a closed descriptor
  bool rwlock(bool read);    // also takes a reference; parks while locked; false if closed
  bool rwunlock(bool read);  // returns what decref returns

 private:
  std::atomic<uint64_t> state_{0};
  std::atomic<uint32_t> rsema_{0};
  std::atomic<uint32_t> wsema_{0};
};

// The poller's side of a descriptor.
class pollDesc {
 public:
  int init(int fd);  // 0 or an errno
  void close();
  void evict();  // wakes all waiters with kErrNetClosing
  int prepare(int mode);
  int wait(int mode);
  int waitRead();
  int waitWrite();
  void setDeadline(int64_t when, int mode);
  bool hung_up() const;
  bool pollable() const { return runtimeCtx_ != nullptr; }

 private:
  runtime::pollDesc* runtimeCtx_ = nullptr;
};

class FD {
 public:
  explicit FD(int sysfd) : Sysfd(sysfd) {}
  ~FD();
  FD(const FD&) = delete;
  FD& operator=(const FD&) = delete;

  int Init();  // registers with the poller: 0 or an errno

  // Reads up to n bytes, or returns kEOF. Parks while there is nothing to read.
  io_result Read(void* p, size_t n);
  // Parks until all n bytes are written or an error comes.
  io_result Write(const void* p, size_t n);
  // Parks until a connection comes. Returns its descriptor in n, the peer in *addr.
  io_result Accept(sockaddr_storage* addr, socklen_t* len);
  // Parks until a connect in progress has succeeded or failed.
  int WaitWrite();
  int Close();  // 0, or kErrNetClosing for a second call; may park until all waiters have left
  int Shutdown(int how);

  // when: a nanotime, 0 for none, < 0 for past. mode 'r', 'w' or 'r' + 'w'.
  int SetDeadline(int64_t when, int mode);

  int Sysfd;

 private:
  bool readLock() { return fdmu_.rwlock(true); }
  void readUnlock();
  bool writeLock() { return fdmu_.rwlock(false); }
  void writeUnlock();
  int incref();
  void decref();
  void destroy();

  fdMutex fdmu_;
  pollDesc pd_;
  std::atomic<uint32_t> csema_{0};
  // Protected by the read lock. True if the last read returned less than it asked for: the socket
  // was empty then, and new data leaves an edge with the poller. See Read.
  bool drained_ = false;
};

// The text of an error code in Go's words.
std::string error_text(int err);

}  // namespace golab::internal::poll
