// net.cpp: Listen, Dial, and Go's errors made of a socket's error codes.
#include "runtime/net/net.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include <cstdio>

#include "runtime/errors/injected.h"
#include "runtime/io/io.h"
#include "runtime/net/addr.h"
#include "runtime/net/netfd.h"
#include "runtime/sched/proc.h"
#include "runtime/syscall/syscall.h"
#include "runtime/time/when.h"

namespace golab {

namespace poll = internal::poll;

std::string syscall::Errno::Error() const { return poll::error_text(value); }
bool syscall::Errno::Timeout() const {
  return value == EAGAIN || value == EWOULDBLOCK || value == ETIMEDOUT;
}

namespace net {
namespace {

struct closed_error {
  std::string Error() const { return poll::error_text(poll::kErrNetClosing); }
};
struct deadline_error {
  std::string Error() const { return poll::error_text(poll::kErrDeadlineExceeded); }
  bool Timeout() const { return true; }
};

error op_error(const char* op, const netFD& fd, error err) {
  return OpError{op, "tcp", fd.laddr.String(), fd.raddr.String(), std::move(err)};
}

// An errno names the system call that it comes from.
error syscall_error(const char* name, int code) {
  if (code < 0) return code_error(code);
  return os::SyscallError{name, syscall::Errno{code}};
}

int somaxconn() {
  int n = SOMAXCONN;
  if (FILE* f = std::fopen("/proc/sys/net/core/somaxconn", "re")) {
    if (std::fscanf(f, "%d", &n) != 1) n = SOMAXCONN;
    std::fclose(f);
  }
  return n;
}

void set_option(int fd, int level, int name, int value) {
  setsockopt(fd, level, name, &value, sizeof value);  // a socket without the option works as well
}

// Go's options for each connection: small packets go out at once, and a probe goes out every 15 s.
void set_conn_options(int fd) {
  set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
  set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, 15);
  set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, 15);
}

void set_addresses(netFD& fd) {
  sockaddr_storage addr{};
  socklen_t len = sizeof addr;
  if (getsockname(fd.pfd.Sysfd, reinterpret_cast<sockaddr*>(&addr), &len) == 0) {
    fd.laddr = tcp_addr(addr);
  }
}

bool known_network(std::string_view network) {
  return network == "tcp" || network == "tcp4" || network == "tcp6";
}

error unknown_network(const char* op, std::string_view network) {
  struct UnknownNetworkError {
    std::string network;
    std::string Error() const { return "unknown network " + network; }
  };
  std::string name(network);
  return OpError{op, name, "", "", UnknownNetworkError{name}};
}

std::pair<std::shared_ptr<TCPListener>, error> listen_on(const socket_address& addr) {
  int fd = ::socket(addr.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return {nullptr, syscall_error("socket", errno)};
  auto ln = std::make_shared<TCPListener>(fd);
  set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
  if (addr.family() == AF_INET6) {
    const auto* sin6 = reinterpret_cast<const sockaddr_in6*>(&addr.storage);
    set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, !IN6_IS_ADDR_UNSPECIFIED(&sin6->sin6_addr));
  }
  if (::bind(fd, addr.get(), addr.len) != 0) return {nullptr, syscall_error("bind", errno)};
  if (::listen(fd, somaxconn()) != 0) return {nullptr, syscall_error("listen", errno)};
  if (int err = ln->fd.pfd.Init()) return {nullptr, syscall_error("epoll_ctl", err)};
  set_addresses(ln->fd);
  return {std::move(ln), nullptr};
}

// Waits for a connect that has begun. 0 or a code.
int finish_connect(conn& c) {
  for (;;) {
    if (int err = c.fd.pfd.WaitWrite()) return err;
    int err = 0;
    socklen_t len = sizeof err;
    if (getsockopt(c.fd.pfd.Sysfd, SOL_SOCKET, SO_ERROR, &err, &len) != 0) return errno;
    if (err == EINPROGRESS || err == EALREADY || err == EINTR) continue;
    if (err != 0 && err != EISCONN) return err;
    sockaddr_storage peer;
    len = sizeof peer;
    // A wake-up may come early, without an error and without a connection: then there is no peer.
    if (getpeername(c.fd.pfd.Sysfd, reinterpret_cast<sockaddr*>(&peer), &len) == 0) return 0;
  }
}

std::pair<std::shared_ptr<conn>, error> dial_one(const socket_address& addr, int64_t deadline,
                                                 const dial_started& started) {
  int fd = ::socket(addr.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return {nullptr, syscall_error("socket", errno)};
  auto c = std::make_shared<conn>(fd);
  int err;
  do err = -syscall::Connect(fd, addr.get(), addr.len);
  while (err == EINTR);
  const bool waiting = err == EINPROGRESS || err == EALREADY;
  if (err != 0 && !waiting) return {nullptr, syscall_error("connect", err)};
  // Only now: epoll reports a socket that is not connecting yet as hung up.
  if ((err = c->fd.pfd.Init()) != 0) return {nullptr, syscall_error("epoll_ctl", err)};
  if (started && !started(c)) return {nullptr, code_error(poll::kErrNetClosing)};
  if (waiting) {
    if (deadline != 0) c->set_deadline(deadline, 'w');
    if ((err = finish_connect(*c)) != 0) return {nullptr, syscall_error("connect", err)};
    if (deadline != 0) c->set_deadline(0, 'w');
  }
  set_conn_options(fd);
  set_addresses(c->fd);
  c->fd.raddr = tcp_addr(addr.storage);
  return {std::move(c), nullptr};
}

int64_t deadline_of(const time::Time& t) {
  if (t.IsZero()) return 0;
  const time::Duration left = time::Until(t);
  return left <= 0 ? -1 : time::when_real(left);
}

error set_deadline(conn* c, const time::Time& t, int mode) {
  int code = c->set_deadline(deadline_of(t), mode);
  if (code == 0) return nullptr;
  return OpError{"set", "tcp", "", c->fd.laddr.String(), code_error(code)};
}

}  // namespace

const error ErrClosed = closed_error{};

error code_error(int code) {
  switch (code) {
    case 0:
      return nullptr;
    case poll::kEOF:
      return io::EOF_;
    case poll::kErrNetClosing:
      return ErrClosed;
    case poll::kErrDeadlineExceeded:
      return os::ErrDeadlineExceeded;
    case poll::kErrNotPollable:
      return errors::New(poll::error_text(code));
    default:
      return syscall::Errno{code};
  }
}

// Go's order: operation, network, source -> address, cause.
std::string OpError::Error() const {
  std::string out = Op;
  if (!Net.empty()) out += " " + Net;
  if (!Source.empty()) out += " " + Source;
  if (!Addr.empty()) out += (Source.empty() ? " " : "->") + Addr;
  return out + ": " + Err.Error();
}

// ---- netFD, conn, TCPListener: not inlined, because Go's stacks have these frames ----

[[gnu::noinline]] io_result netFD::Read(void* p, size_t n) { return pfd.Read(p, n); }
[[gnu::noinline]] io_result netFD::Write(const void* p, size_t n) { return pfd.Write(p, n); }
[[gnu::noinline]] io_result conn::Read(void* p, size_t n) { return fd.Read(p, n); }
[[gnu::noinline]] io_result conn::Write(const void* p, size_t n) { return fd.Write(p, n); }

[[gnu::noinline]] std::pair<std::shared_ptr<conn>, int> netFD::accept() {
  sockaddr_storage peer;
  socklen_t len = sizeof peer;
  io_result got = pfd.Accept(&peer, &len);
  if (got.err != 0) return {nullptr, got.err};
  auto c = std::make_shared<conn>(static_cast<int>(got.n));
  if (int err = c->fd.pfd.Init()) return {nullptr, err};
  c->fd.raddr = tcp_addr(peer);
  set_addresses(c->fd);
  return {std::move(c), 0};
}

[[gnu::noinline]] std::pair<std::shared_ptr<conn>, int> TCPListener::accept() {
  auto got = fd.accept();
  if (got.first != nullptr) set_conn_options(got.first->fd.pfd.Sysfd);
  return got;
}

[[gnu::noinline]] std::pair<std::shared_ptr<conn>, int> TCPListener::Accept() { return accept(); }

// ---- Listen, Dial ----

std::pair<Listener, error> Listen(std::string_view network, std::string_view address) {
  if (!known_network(network)) return {nullptr, unknown_network("listen", network)};
  auto [addrs, err] = resolve(network, address, true);
  if (err != nullptr) return {nullptr, OpError{"listen", std::string(network), "", "", err}};
  error first;
  for (const socket_address& addr : addrs) {
    auto [ln, failed] = listen_on(addr);
    if (failed == nullptr) return {Listener(std::move(ln)), nullptr};
    std::string where = tcp_addr(addr.storage).String();
    if (first == nullptr) first = OpError{"listen", std::string(network), "", where, failed};
  }
  return {nullptr, first};
}

std::pair<Conn, error> dial_until(std::string_view network, std::string_view address,
                                  int64_t deadline, const dial_started& started) {
  if (!known_network(network)) return {nullptr, unknown_network("dial", network)};
  auto [addrs, err] = resolve(network, address, false);
  if (err != nullptr) return {nullptr, OpError{"dial", std::string(network), "", "", err}};
  error first;
  for (const socket_address& addr : addrs) {
    auto [c, failed] = dial_one(addr, deadline, started);
    if (failed == nullptr) return {Conn(std::move(c)), nullptr};
    std::string where = tcp_addr(addr.storage).String();
    if (first == nullptr) first = OpError{"dial", std::string(network), "", where, failed};
  }
  return {nullptr, first};
}

namespace {

error injected_dial(std::string_view network, std::string_view address) {
  error err = errors::injected("net.Dial");
  if (err == nullptr) return nullptr;
  return OpError{"dial", std::string(network), "", std::string(address), err};
}

}  // namespace

std::pair<Conn, error> Dial(std::string_view network, std::string_view address) {
  if (error err = injected_dial(network, address); err != nullptr) return {nullptr, err};
  return dial_until(network, address, 0);
}

std::pair<Conn, error> DialTimeout(std::string_view network, std::string_view address,
                                   time::Duration timeout) {
  if (error err = injected_dial(network, address); err != nullptr) return {nullptr, err};
  const int64_t deadline = timeout == 0 ? 0 : timeout < 0 ? -1 : time::when_real(timeout);
  return dial_until(network, address, deadline);
}

}  // namespace net

const error os::ErrDeadlineExceeded = net::deadline_error{};

// ---- The handles ----

namespace glue {

static std::pair<int, error> outcome(const char* op, const net::conn& c, net::io_result r) {
  error err = r.err == 0 ? error() : net::op_error(op, c.fd, net::syscall_error(op, r.err));
  return {static_cast<int>(r.n), std::move(err)};
}

std::pair<int, error> net_conn::Read(char* p, size_t n) const {
  net::io_result got = c_->Read(p, n);
  if (got.err == poll::kEOF) return {0, io::EOF_};
  return outcome("read", *c_, got);
}

std::pair<int, error> net_conn::Write(std::string_view data) const {
  return outcome("write", *c_, c_->Write(data.data(), data.size()));
}

error net_conn::Close() const {
  int code = c_->Close();
  return code == 0 ? error() : net::op_error("close", c_->fd, net::code_error(code));
}

error net_conn::CloseWrite() const {
  int code = c_->fd.pfd.Shutdown(SHUT_WR);
  return code == 0 ? error() : net::op_error("close", c_->fd, net::syscall_error("shutdown", code));
}

net::Addr net_conn::LocalAddr() const { return c_->fd.laddr; }
net::Addr net_conn::RemoteAddr() const { return c_->fd.raddr; }

error net_conn::SetDeadline(const time::Time& t) const {
  return net::set_deadline(c_.get(), t, 'r' + 'w');
}
error net_conn::SetReadDeadline(const time::Time& t) const {
  return net::set_deadline(c_.get(), t, 'r');
}
error net_conn::SetWriteDeadline(const time::Time& t) const {
  return net::set_deadline(c_.get(), t, 'w');
}

std::pair<net_conn, error> net_listener::Accept() const {
  auto [c, code] = l_->Accept();
  if (code == 0) return {net_conn(std::move(c)), nullptr};
  std::string where = l_->fd.laddr.String();
  return {nullptr, net::OpError{"accept", "tcp", "", where, net::syscall_error("accept4", code)}};
}

error net_listener::Close() const {
  int code = l_->Close();
  if (code == 0) return nullptr;
  return net::OpError{"close", "tcp", "", l_->fd.laddr.String(), net::code_error(code)};
}

net::Addr net_listener::Addr() const { return l_->fd.laddr; }

}  // namespace glue
}  // namespace golab
