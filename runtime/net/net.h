// net.h: Go's net, for TCP: calls that look as if they block, and only park a goroutine.
//
//   auto [ln, err] = net::Listen("tcp", address);    // ln, err := net.Listen("tcp", address)
//   auto [conn, err] = ln.Accept();                  // conn, err := ln.Accept()
//   auto [n, err] = conn.Read(buf, sizeof buf);      // n, err := conn.Read(buf)
//   conn.SetReadDeadline(time::Now().Add(d));        // conn.SetReadDeadline(time.Now().Add(d))
//
// Listener and Conn are handles, as Go's interface values are: copies name one socket. Close closes
// it, and so does the end of the last handle (in Go a finalizer).
//
// Any number of goroutines may use one Conn. Close wakes those that are parked in it: their calls
// return ErrClosed. A deadline is a point in time and holds for all calls until it is changed. Once
// it has passed, all calls, also parked ones, return os::ErrDeadlineExceeded. Both errors come
// inside an OpError: errors::Is finds them.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "runtime/errors/errors.h"
#include "runtime/syscall/errno.h"
#include "runtime/time/time.h"

namespace golab {

namespace os {
// A failed system call: "bind: address already in use".
struct SyscallError {
  std::string Syscall;
  error Err;
  std::string Error() const { return Syscall + ": " + Err.Error(); }
  error Unwrap() const { return Err; }
  bool Timeout() const { return Err.Timeout(); }
};
extern const error ErrDeadlineExceeded;  // "i/o timeout"; Timeout() is true
}  // namespace os

namespace net {

extern const error ErrClosed;  // "use of closed network connection"

struct TCPAddr {
  std::string IP;  // literal, without brackets; empty: all addresses
  int Port = 0;
  std::string Network() const { return "tcp"; }
  std::string String() const;
  bool empty() const { return IP.empty() && Port == 0; }
};
using Addr = TCPAddr;

// An operation that failed: "dial tcp 127.0.0.1:1: connect: connection refused". All errors of
// Listener, Conn, Listen and Dial are of this type, except io::EOF_.
struct OpError {
  std::string Op;      // "read", "dial"
  std::string Net;     // "tcp"
  std::string Source;  // the local address, if it matters
  std::string Addr;    // the remote one; of a listener its own
  error Err;
  std::string Error() const;
  error Unwrap() const { return Err; }
  bool Timeout() const { return Err.Timeout(); }
};

struct AddrError {
  std::string Err;
  std::string Addr;
  std::string Error() const { return Addr.empty() ? Err : "address " + Addr + ": " + Err; }
};

struct DNSError {
  std::string Err;
  std::string Name;
  bool IsNotFound = false;
  std::string Error() const { return "lookup " + Name + ": " + Err; }
};

class netFD;
class conn;
class TCPListener;

}  // namespace net

namespace glue {

// net.Conn.
class net_conn {
 public:
  net_conn() = default;  // nil
  net_conn(std::nullptr_t) {}
  explicit net_conn(std::shared_ptr<net::conn> c) : c_(std::move(c)) {}

  // Reads up to n bytes; io::EOF_ at the end. Parks while there is nothing to read.
  std::pair<int, error> Read(char* p, size_t n) const;
  // Writes all of data, or returns how much and why not all. Parks while the socket is full.
  std::pair<int, error> Write(std::string_view data) const;
  error Close() const;       // ErrClosed if it is closed already
  error CloseWrite() const;  // the peer reads io::EOF_; reading goes on

  net::Addr LocalAddr() const;
  net::Addr RemoteAddr() const;

  // For reads, for writes, or both. A zero Time means no deadline.
  error SetDeadline(const time::Time& t) const;
  error SetReadDeadline(const time::Time& t) const;
  error SetWriteDeadline(const time::Time& t) const;

  explicit operator bool() const { return c_ != nullptr; }
  friend bool operator==(const net_conn& a, std::nullptr_t) { return a.c_ == nullptr; }
  friend bool operator==(const net_conn& a, const net_conn& b) { return a.c_ == b.c_; }
  const std::shared_ptr<net::conn>& impl() const { return c_; }

 private:
  std::shared_ptr<net::conn> c_;
};

// net.Listener.
class net_listener {
 public:
  net_listener() = default;  // nil
  net_listener(std::nullptr_t) {}
  explicit net_listener(std::shared_ptr<net::TCPListener> l) : l_(std::move(l)) {}

  // Parks until a connection comes. Close ends it with ErrClosed.
  std::pair<net_conn, error> Accept() const;
  error Close() const;
  net::Addr Addr() const;

  explicit operator bool() const { return l_ != nullptr; }
  friend bool operator==(const net_listener& a, std::nullptr_t) { return a.l_ == nullptr; }
  friend bool operator==(const net_listener& a, const net_listener& b) { return a.l_ == b.l_; }

 private:
  std::shared_ptr<net::TCPListener> l_;
};

}  // namespace glue

namespace net {

using Conn = glue::net_conn;
using Listener = glue::net_listener;

// network: "tcp", "tcp4" or "tcp6". address: "host:port", ":port", "[::1]:port"; port 0: any free.
std::pair<Listener, error> Listen(std::string_view network, std::string_view address);

// Parks until the connection is there or has failed. A name's addresses are tried in order; the
// error is that of the first.
std::pair<Conn, error> Dial(std::string_view network, std::string_view address);
std::pair<Conn, error> DialTimeout(std::string_view network, std::string_view address,
                                   time::Duration timeout);

// "host:port" in two, the host without brackets. Otherwise err is an AddrError.
struct HostPort {
  std::string host;
  std::string port;
  error err;
};
HostPort SplitHostPort(std::string_view hostport);
std::string JoinHostPort(std::string_view host, std::string_view port);

}  // namespace net
}  // namespace golab
