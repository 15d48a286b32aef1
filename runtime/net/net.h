// net.h: TCP connections in Go's shape: calls that look as if they block, and only park a
// goroutine.
//
//   auto [ln, err] = net::Listen("tcp", address);    // ln, err := net.Listen("tcp", address)
//   auto [conn, err] = ln.Accept();                  // conn, err := ln.Accept()
//   auto [n, err] = conn.Read(buf, sizeof buf);      // n, err := conn.Read(buf)
//   conn.SetReadDeadline(time::Now().Add(d));        // conn.SetReadDeadline(time.Now().Add(d))
//
// Listener and Conn are handles, as Go's interface values are: copies name one socket. It is closed
// by Close; when the last handle goes it is closed too, which Go leaves to a finalizer.
//
// Any number of goroutines may use one Conn. Close wakes those that are parked in it: their calls
// return "use of closed network connection". A deadline is a point in time, not a duration: it
// holds for all calls until it is moved; one that has passed fails calls at once, also calls that
// are parked.
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
// os.SyscallError: "bind: address already in use".
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

// Every error of this package that comes from an operation: what was done, with whom, what
// happened.
struct OpError {
  std::string Op;      // "read", "dial"
  std::string Net;     // "tcp"
  std::string Source;  // local address, if it matters
  std::string Addr;    // the other one
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

// net.Conn. The methods are thin: they turn a socket's answers into Go's errors.
class net_conn {
 public:
  net_conn() = default;  // nil
  net_conn(std::nullptr_t) {}
  explicit net_conn(std::shared_ptr<net::conn> c) : c_(std::move(c)) {}

  // Parks until there is something to read: up to n bytes, or io::EOF_ at the end.
  std::pair<int, error> Read(char* p, size_t n) const;
  // Parks until all is written or an error comes.
  std::pair<int, error> Write(std::string_view data) const;
  error Close() const;
  error CloseWrite() const;

  net::Addr LocalAddr() const;
  net::Addr RemoteAddr() const;

  // A zero Time means no deadline.
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

  // Parks until a connection comes.
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

// network: "tcp", "tcp4" or "tcp6". address: "host:port", ":port", "[::1]:port"; port 0: a free
// one.
std::pair<Listener, error> Listen(std::string_view network, std::string_view address);

// Parks until the connection stands or has failed. A name with several addresses is tried in order.
std::pair<Conn, error> Dial(std::string_view network, std::string_view address);
std::pair<Conn, error> DialTimeout(std::string_view network, std::string_view address,
                                   time::Duration timeout);

// "host:port" in two; brackets around a host are taken off.
struct HostPort {
  std::string host;
  std::string port;
  error err;
};
HostPort SplitHostPort(std::string_view hostport);
std::string JoinHostPort(std::string_view host, std::string_view port);

}  // namespace net
}  // namespace golab
