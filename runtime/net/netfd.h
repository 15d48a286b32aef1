// netfd.h: the inside of package net: a socket with its two addresses, under Go's type names.
//
// Its calls return plain error codes (fd.h); the handles in net.h turn them into Go's errors. The
// server of net/http uses the codes, because it expects a timeout on many reads.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "runtime/net/addr.h"
#include "runtime/net/fd.h"
#include "runtime/net/net.h"

namespace golab::glue {
class socket_conn;
}

namespace golab::net {

using internal::poll::io_result;

// An error code as a Go error, without the operation around it.
error code_error(int code);
// The same. An errno names the system call that it comes from.
error syscall_error(const char* name, int code);
// The nanotime of a deadline: 0 none, -1 past.
int64_t deadline_of(const time::Time& t);

// What a dial has to keep to.
struct dial_limits {
  const context::Context& ctx;
  int64_t deadline = 0;  // a nanotime; 0: none
  time::Duration keep_alive = 0;
};

class netFD {
 public:
  netFD(int sysfd, std::string_view network) : pfd(sysfd), net(network) {}
  io_result Read(void* p, size_t n);
  io_result Write(const void* p, size_t n);
  // A new connection, or null and a code.
  std::pair<std::shared_ptr<conn>, int> accept();
  // Parks until there is a connection to `to`.
  error dial(const dial_limits& limits, const socket_address* from, const socket_address& to);
  error listen(const socket_address& at);
  error op_error(const char* op, int code) const;  // a failed read or write, as Go's error
  void set_local();

  internal::poll::FD pfd;
  std::string net;  // "tcp", as the program has named it
  Addr laddr;
  Addr raddr;

 private:
  error connect(const dial_limits& limits, const socket_address& to);
};

// Made by new_conn only: each is inside a glue::socket_conn.
class conn {
 public:
  io_result Read(void* p, size_t n);
  io_result Write(const void* p, size_t n);
  int Close() { return fd.pfd.Close(); }
  // when: a nanotime, 0 none, < 0 past; mode 'r', 'w' or both.
  int set_deadline(int64_t when, int mode) { return fd.pfd.SetDeadline(when, mode); }

  netFD fd;

 private:
  friend class golab::glue::socket_conn;
  conn(int sysfd, std::string_view network) : fd(sysfd, network) {}
};

std::shared_ptr<conn> new_conn(int sysfd, std::string_view network);

class TCPListener final : public ListenerBase {
 public:
  TCPListener(int sysfd, std::string_view network) : fd(sysfd, network) {}
  std::pair<Conn, error> Accept() override;
  error Close() override;
  net::Addr Addr() override { return fd.laddr; }
  error SetDeadline(const time::Time& t) override;

  netFD fd;

 private:
  std::pair<std::shared_ptr<conn>, int> accept();
};

class UnixListener final : public ListenerBase {
 public:
  UnixListener(int sysfd, std::string_view network) : fd(sysfd, network) {}
  std::pair<Conn, error> Accept() override;
  error Close() override;
  net::Addr Addr() override { return fd.laddr; }
  error SetDeadline(const time::Time& t) override;
  void SetUnlinkOnClose(bool unlink) override { unlink_ = unlink; }

  netFD fd;

 private:
  std::pair<std::shared_ptr<conn>, int> accept();
  std::atomic<bool> unlink_{true};
};

// A new socket, not blocking: its number, or < 0 and an error.
std::pair<int, error> sysSocket(int family);
// Go's options for each TCP connection: small packets go out at once, and a probe goes out every
// 15 s, or as often as is said; negative: none.
void set_conn_options(int fd, time::Duration keep_alive);
void set_option(int fd, int level, int name, int value);

}  // namespace golab::net
