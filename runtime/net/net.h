// net.h: Go's net, for TCP and unix sockets: calls that look as if they block, and only park a
// goroutine.
//
//   auto [ln, err] = net::Listen("tcp", address);    // ln, err := net.Listen("tcp", address)
//   auto [conn, err] = ln.Accept();                  // conn, err := ln.Accept()
//   auto [n, err] = conn.Read(buf, sizeof buf);      // n, err := conn.Read(buf)
//   conn.SetReadDeadline(time::Now().Add(d));        // conn.SetReadDeadline(time.Now().Add(d))
//   auto [a, b] = net::Pipe();                       // a, b := net.Pipe()
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
#include <variant>

#include "runtime/context/context.h"
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
  std::string IP = {};  // literal, without brackets; empty: all addresses
  int Port = 0;
  std::string Zone = {};  // of an IPv6 address: "eth0"
  std::string Network() const { return "tcp"; }
  std::string String() const;
  bool operator==(const TCPAddr&) const = default;
};

struct UnixAddr {
  std::string Name;  // a path, or "@" and a name without a file; "@" alone: none
  std::string Net = "unix";
  std::string Network() const { return Net; }
  std::string String() const { return Name; }
  bool operator==(const UnixAddr&) const = default;
};

struct pipeAddr {
  std::string Network() const { return "pipe"; }
  std::string String() const { return "pipe"; }
  bool operator==(const pipeAddr&) const = default;
};

// One end of a connection, or nil.
//
//   ln.Addr().get<net::TCPAddr>()->Port     // ln.Addr().(*net.TCPAddr).Port
class Addr {
 public:
  Addr() = default;
  Addr(std::nullptr_t) {}
  Addr(TCPAddr a) : value_(std::move(a)) {}
  Addr(UnixAddr a) : value_(std::move(a)) {}
  Addr(pipeAddr a) : value_(a) {}
  std::string Network() const;
  std::string String() const;  // "<nil>" if nil
  template <typename T>
  const T* get() const {
    return std::get_if<T>(&value_);
  }
  explicit operator bool() const { return value_.index() != 0; }
  bool operator==(const Addr&) const = default;

 private:
  std::variant<std::monostate, TCPAddr, UnixAddr, pipeAddr> value_;
};

// An operation that failed: "dial tcp 127.0.0.1:1: connect: connection refused". All errors of
// Listener, Conn, Listen and Dial are of this type, except io::EOF_.
struct OpError {
  std::string Op;      // "read", "dial"
  std::string Net;     // "tcp"
  std::string Source;  // the local address; empty if it does not matter
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
  bool IsTemporary = false;
  std::string Error() const { return "lookup " + Name + ": " + Err; }
};

struct UnknownNetworkError {
  std::string network;
  std::string Error() const { return "unknown network " + network; }
  bool operator==(const UnknownNetworkError&) const = default;
};

// The base of a connection type of your own. Several goroutines may call its methods at once.
class ConnBase {
 public:
  virtual ~ConnBase() = default;
  virtual std::pair<int, error> Read(char* p, size_t n) = 0;
  virtual std::pair<int, error> Write(std::string_view data) = 0;
  virtual error Close() = 0;
  virtual net::Addr LocalAddr() = 0;
  virtual net::Addr RemoteAddr() = 0;
  virtual error SetReadDeadline(const time::Time& t) = 0;
  virtual error SetWriteDeadline(const time::Time& t) = 0;
  virtual error SetDeadline(const time::Time& t);  // by default the two above
  // What only sockets can do. By default "unsupported operation".
  virtual error CloseRead();
  virtual error CloseWrite();
  virtual error SetLinger(int seconds);
};

class conn;

}  // namespace net

namespace glue {
class net_conn;
}

namespace net {

using Conn = glue::net_conn;

// The base of a listener type of your own.
class ListenerBase {
 public:
  virtual ~ListenerBase() = default;
  virtual std::pair<Conn, error> Accept() = 0;
  virtual error Close() = 0;
  virtual net::Addr Addr() = 0;
  virtual error SetDeadline(const time::Time& t);  // by default "unsupported operation"
  virtual void SetUnlinkOnClose(bool) {}
};

}  // namespace net

namespace glue {

// net.Conn.
class net_conn {
 public:
  net_conn() = default;  // nil
  net_conn(std::nullptr_t) {}
  template <typename T>
  requires std::is_base_of_v<net::ConnBase, T> net_conn(std::shared_ptr<T> c) : c_(std::move(c)) {}
  explicit net_conn(const std::shared_ptr<net::conn>& c);  // a socket

  // Reads up to n bytes; io::EOF_ at the end. Parks while there is nothing to read.
  std::pair<int, error> Read(char* p, size_t n) const;
  // Writes all of data, or returns how much and why not all. Parks while the socket is full.
  std::pair<int, error> Write(std::string_view data) const;
  error Close() const;       // ErrClosed if it is closed already
  error CloseRead() const;   // what comes is dropped, and Read returns io::EOF_
  error CloseWrite() const;  // the peer reads io::EOF_; reading goes on
  // What Close does with data that is not sent yet: < 0 (at first) the kernel sends it later; 0 it
  // is dropped, and the peer's calls fail with "connection reset by peer".
  error SetLinger(int seconds) const;

  net::Addr LocalAddr() const;
  net::Addr RemoteAddr() const;

  // For reads, for writes, or both. A zero Time means no deadline.
  error SetDeadline(const time::Time& t) const;
  error SetReadDeadline(const time::Time& t) const;
  error SetWriteDeadline(const time::Time& t) const;

  explicit operator bool() const { return c_ != nullptr; }
  friend bool operator==(const net_conn& a, std::nullptr_t) { return a.c_ == nullptr; }
  friend bool operator==(const net_conn& a, const net_conn& b) { return a.c_ == b.c_; }
  // c.(*T): the connection, if it is of a class of your own.
  template <typename T>
  std::shared_ptr<T> get() const {
    return std::dynamic_pointer_cast<T>(c_);
  }
  std::shared_ptr<net::conn> impl() const;  // a socket's inside; else null

 private:
  std::shared_ptr<net::ConnBase> c_;
};

// net.Listener.
class net_listener {
 public:
  net_listener() = default;  // nil
  net_listener(std::nullptr_t) {}
  template <typename T>
  requires std::is_base_of_v<net::ListenerBase, T> net_listener(std::shared_ptr<T> l)
      : l_(std::move(l)) {}

  // Parks until a connection comes. Close ends it with ErrClosed.
  std::pair<net::Conn, error> Accept() const;
  // Also removes the file of a unix socket (see SetUnlinkOnClose).
  error Close() const;
  net::Addr Addr() const;
  // For Accept. A zero Time means no deadline.
  error SetDeadline(const time::Time& t) const;
  void SetUnlinkOnClose(bool unlink) const { l_->SetUnlinkOnClose(unlink); }

  explicit operator bool() const { return l_ != nullptr; }
  friend bool operator==(const net_listener& a, std::nullptr_t) { return a.l_ == nullptr; }
  friend bool operator==(const net_listener& a, const net_listener& b) { return a.l_ == b.l_; }

 private:
  std::shared_ptr<net::ListenerBase> l_;
};

}  // namespace glue

namespace net {

using Listener = glue::net_listener;

// network: "tcp", "tcp4", "tcp6" or "unix". address: "host:port", ":port", "[::1]:port", port 0 for
// any that is free; of a unix socket a path, or "@name" for one without a file.
std::pair<Listener, error> Listen(std::string_view network, std::string_view address);

// Parks until the connection is there or has failed. A name's addresses are tried in order; the
// error is that of the first. If the name has IPv6 addresses and others, those of the other kind
// are tried, too, 300 ms later, in goroutines, and the first connection wins.
std::pair<Conn, error> Dial(std::string_view network, std::string_view address);
std::pair<Conn, error> DialTimeout(std::string_view network, std::string_view address,
                                   time::Duration timeout);

// How to dial. Its calls park as Dial does.
struct Dialer {
  time::Duration Timeout = 0;        // for one call, with all its addresses; zero: none
  time::Time Deadline = {};          // zero: none
  net::Addr LocalAddr = {};          // nil: any
  time::Duration FallbackDelay = 0;  // before the other kind of address is tried; zero: 300 ms
  time::Duration KeepAlive = 0;      // between two probes; zero: 15 s; negative: no probes

  std::pair<Conn, error> Dial(std::string_view network, std::string_view address);
  // Ends with "operation was canceled" (which is context::Canceled) or "i/o timeout" (which is
  // context::DeadlineExceeded) when ctx ends. Afterwards ctx does not matter. Panics "nil context".
  std::pair<Conn, error> DialContext(const context::Context& ctx, std::string_view network,
                                     std::string_view address);
};

// The two ends of a connection in memory, without a buffer: Write parks until its bytes are read.
// Deadlines work as with sockets. Write fails with io::ErrClosedPipe when either end is closed.
std::pair<Conn, Conn> Pipe();

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
