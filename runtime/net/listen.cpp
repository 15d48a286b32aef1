// listen.cpp: Listen and Accept, for TCP and unix sockets.
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include <cmath>
#include <cstdio>

#include "runtime/net/netfd.h"
#include "runtime/time/duration.h"

namespace golab::net {

namespace {

int somaxconn() {
  int n = SOMAXCONN;
  if (FILE* f = std::fopen("/proc/sys/net/core/somaxconn", "re")) {
    if (std::fscanf(f, "%d", &n) != 1) n = SOMAXCONN;
    std::fclose(f);
  }
  return n;
}

// A listener's failure, as Go's error.
error outcome(const netFD& fd, const char* op, error err) {
  if (err == nullptr) return nullptr;
  return OpError{op, fd.net, "", fd.laddr.String(), std::move(err)};
}

std::pair<Conn, error> accepted(const netFD& fd, const std::shared_ptr<conn>& c, int code) {
  if (code == 0) return {Conn(c), nullptr};
  return {nullptr, outcome(fd, "accept", syscall_error("accept4", code))};
}

error set_deadline(netFD& fd, const time::Time& t) {
  return code_error(fd.pfd.SetDeadline(deadline_of(t), 'r'));
}

template <typename L>
std::pair<Listener, error> listen_at(std::string_view network, const socket_address& at) {
  auto [fd, err] = sysSocket(at.family());
  if (err != nullptr) return {nullptr, err};
  auto ln = std::make_shared<L>(fd, network);
  if (err = ln->fd.listen(at); err != nullptr) return {nullptr, err};
  return {Listener(std::move(ln)), nullptr};
}

std::pair<Listener, error> listen_unix(std::string_view network, std::string_view address) {
  auto fail = [&](error err) -> std::pair<Listener, error> {
    return {nullptr, OpError{"listen", std::string(network), "", std::string(address), err}};
  };
  auto [at, code] = unix_address(address);
  if (code != 0) return fail(syscall_error("bind", code));
  auto [ln, err] = listen_at<UnixListener>(network, at);
  return err == nullptr ? std::pair{ln, error()} : fail(err);
}

}  // namespace

void set_option(int fd, int level, int name, int value) {
  setsockopt(fd, level, name, &value, sizeof value);  // a socket without the option works as well
}

void set_conn_options(int fd, time::Duration keep_alive) {
  set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  if (keep_alive < 0) return;
  constexpr time::Duration kDefault = 15 * time::Second;
  const time::Duration every = keep_alive == 0 ? kDefault : keep_alive;
  const int seconds = static_cast<int>(std::ceil(every.Seconds()));
  set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
  set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, seconds);
  set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, seconds);
}

std::pair<int, error> sysSocket(int family) {
  const int fd = ::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return {fd, syscall_error("socket", errno)};
  return {fd, nullptr};
}

error netFD::listen(const socket_address& at) {
  const int fd = pfd.Sysfd;
  if (at.family() != AF_UNIX) set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
  if (at.family() == AF_INET6) {
    const auto* sin6 = reinterpret_cast<const sockaddr_in6*>(&at.storage);
    const bool both = IN6_IS_ADDR_UNSPECIFIED(&sin6->sin6_addr) && !net.ends_with('6');
    set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, !both);
  }
  if (::bind(fd, at.get(), at.len) != 0) return syscall_error("bind", errno);
  if (::listen(fd, somaxconn()) != 0) return syscall_error("listen", errno);
  if (int err = pfd.Init()) return syscall_error("epoll_ctl", err);
  set_local();
  return nullptr;
}

std::pair<Listener, error> Listen(std::string_view network, std::string_view address) {
  if (network == "unix") return listen_unix(network, address);
  auto [addrs, err] = resolve(network, address, true);
  if (err != nullptr) return {nullptr, OpError{"listen", std::string(network), "", "", err}};
  error first;
  for (const socket_address& at : addrs) {
    auto [ln, failed] = listen_at<TCPListener>(network, at);
    if (failed == nullptr) return {ln, nullptr};
    const std::string where = to_addr(at.storage, at.len, network).String();
    if (first == nullptr) first = OpError{"listen", std::string(network), "", where, failed};
  }
  return {nullptr, first};
}

// ---- Accept: not inlined, because Go's stacks have these frames ----

[[gnu::noinline]] std::pair<std::shared_ptr<conn>, int> netFD::accept() {
  sockaddr_storage peer{};
  socklen_t len = sizeof peer;
  const io_result got = pfd.Accept(&peer, &len);
  if (got.err != 0) return {nullptr, got.err};
  auto c = new_conn(static_cast<int>(got.n), net);
  if (int err = c->fd.pfd.Init()) return {nullptr, err};
  c->fd.raddr = to_addr(peer, len, net);
  c->fd.set_local();
  return {std::move(c), 0};
}

[[gnu::noinline]] std::pair<std::shared_ptr<conn>, int> TCPListener::accept() {
  auto got = fd.accept();
  if (got.first != nullptr) set_conn_options(got.first->fd.pfd.Sysfd, 0);
  return got;
}

[[gnu::noinline]] std::pair<Conn, error> TCPListener::Accept() {
  auto [c, code] = accept();
  return accepted(fd, c, code);
}

error TCPListener::Close() { return outcome(fd, "close", code_error(fd.pfd.Close())); }
error TCPListener::SetDeadline(const time::Time& t) { return set_deadline(fd, t); }

[[gnu::noinline]] std::pair<std::shared_ptr<conn>, int> UnixListener::accept() {
  return fd.accept();
}

[[gnu::noinline]] std::pair<Conn, error> UnixListener::Accept() {
  auto [c, code] = accept();
  return accepted(fd, c, code);
}

// The file goes first: a client that still finds it must find somebody who listens.
error UnixListener::Close() {
  const std::string path = fd.laddr.String();
  if (unlink_.exchange(false) && !path.starts_with('@')) ::unlink(path.c_str());
  return outcome(fd, "close", code_error(fd.pfd.Close()));
}
error UnixListener::SetDeadline(const time::Time& t) { return set_deadline(fd, t); }

}  // namespace golab::net
