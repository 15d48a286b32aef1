// fd.h: a file descriptor that goroutines share: Go's internal/poll.FD.
//
// What it adds to a number from the kernel:
//   - reads and writes park instead of blocking a thread (pollDesc, netpoll.h);
//   - one reader and one writer at a time; a second one queues (fdMutex);
//   - Close wakes those who wait, and the number goes back to the kernel only when the last one has
//     left. Otherwise a reader about to call read(7) could read from whatever became 7 meanwhile.
#pragma once

#include <sys/socket.h>
#include <sys/types.h>

#include <atomic>
#include <cstdint>

#include "runtime/sched/netpoll.h"

namespace golab::internal::poll {

// Beside errno values, what can be wrong with an operation. Negative, so that they never meet.
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

// fdMutex: who may use the descriptor, in one word, and semaphores for those who queue.
//
//   bit 0 closed · bit 1 a reader is in · bit 2 a writer is in · 20 bits references ·
//   20 bits readers that wait · 20 bits writers that wait
class fdMutex {
 public:
  bool incref();          // false if closed
  bool increfAndClose();  // marks it closed and wakes all that queue; false if it was closed before
  bool decref();          // true if that was the last reference to a closed descriptor
  bool rwlock(bool read);    // parks while another one is in; false if closed
  bool rwunlock(bool read);  // as decref

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
  void evict();  // wakes everybody with kErrNetClosing
  int prepare(int mode);
  int prepareRead() { return prepare('r'); }
  int prepareWrite() { return prepare('w'); }
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

  // Parks until there is something to read: up to n bytes, or kEOF.
  io_result Read(void* p, size_t n);
  // Parks until all n bytes are written or an error comes.
  io_result Write(const void* p, size_t n);
  // Parks until a connection comes: its descriptor in n, the peer in *addr.
  io_result Accept(sockaddr_storage* addr, socklen_t* len);
  // Parks until a connect in progress has been decided.
  int WaitWrite();
  int Close();  // 0 or an error; the second call answers kErrNetClosing
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
  // Protected by the read lock: the last read got less than it asked for, so the socket was empty
  // then, and whatever came since has left an edge with the poller. See Read.
  bool drained_ = false;
};

// The words for an error, as Go's errors print it.
const char* error_text(int err);

}  // namespace golab::internal::poll
