// netfd.h: the inside of package net: a socket with its two addresses, under Go's type names.
//
// All calls here return plain error codes (fd.h); the handles in net.h turn them into Go's errors.
// net/http uses the codes, because it expects a timeout on many reads.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "runtime/net/fd.h"
#include "runtime/net/net.h"

namespace golab::net {

using internal::poll::io_result;

// An error code as a Go error, without the operation around it.
error code_error(int code);

class netFD {
 public:
  explicit netFD(int sysfd) : pfd(sysfd) {}
  io_result Read(void* p, size_t n);
  io_result Write(const void* p, size_t n);
  // A new connection, or null and a code.
  std::pair<std::shared_ptr<conn>, int> accept();

  internal::poll::FD pfd;
  TCPAddr laddr;
  TCPAddr raddr;
};

class conn {
 public:
  explicit conn(int sysfd) : fd(sysfd) {}
  io_result Read(void* p, size_t n);
  io_result Write(const void* p, size_t n);
  int Close() { return fd.pfd.Close(); }
  // when: a nanotime, 0 none, < 0 past; mode 'r', 'w' or both.
  int set_deadline(int64_t when, int mode) { return fd.pfd.SetDeadline(when, mode); }

  netFD fd;
};

class TCPListener {
 public:
  explicit TCPListener(int sysfd) : fd(sysfd) {}
  std::pair<std::shared_ptr<conn>, int> Accept();
  int Close() { return fd.pfd.Close(); }

  netFD fd;

 private:
  std::pair<std::shared_ptr<conn>, int> accept();
};

// Dial with a deadline (a nanotime; 0: none). `started` gets each socket before the wait for its
// peer, so that another goroutine can end that wait. If it returns false, the dial ends: ErrClosed.
using dial_started = std::function<bool(const std::shared_ptr<conn>&)>;
std::pair<Conn, error> dial_until(std::string_view network, std::string_view address,
                                  int64_t deadline, const dial_started& started = nullptr);

}  // namespace golab::net
