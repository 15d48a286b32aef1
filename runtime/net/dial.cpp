// dial.cpp: Dial: from a name to addresses, and from an address to a connection.
//
// The functions are cut as Go's are, because each of them is a frame of a goroutine that waits for
// its peer.
//
// A name may have addresses of two kinds, IPv6 and IPv4, and one kind may lead nowhere. So the
// addresses of the first one's kind are tried first, and if there is no connection after 300 ms, or
// none is possible, those of the other kind as well (RFC 8305, "Happy Eyeballs").
#include <errno.h>

#include <algorithm>

#include "runtime/chan/chan.h"
#include "runtime/die/panic.h"
#include "runtime/errors/injected.h"
#include "runtime/net/netfd.h"
#include "runtime/sched/go.h"
#include "runtime/sched/proc.h"
#include "runtime/syscall/syscall.h"
#include "runtime/time/when.h"

namespace golab::net {

namespace {

struct canceledError {
  std::string Error() const { return "operation was canceled"; }
  bool Is(const error& target) const { return target == context::Canceled; }
};
struct timeoutError {
  std::string Error() const { return "i/o timeout"; }
  bool Timeout() const { return true; }
  bool Is(const error& target) const { return target == context::DeadlineExceeded; }
};
const error errCanceled = canceledError{};
const error errTimeout = timeoutError{};
const error errMissingAddress = errors::New("missing address");

// The end of a context in package net's words.
error mapErr(const error& err) {
  if (err == context::Canceled) return errCanceled;
  if (err == context::DeadlineExceeded) return errTimeout;
  return err;
}

constexpr time::Duration kFallbackDelay = 300 * time::Millisecond;

// A deadline for one of several addresses, so that the others get their turn.
int64_t partialDeadline(int64_t deadline, size_t remaining) {
  if (deadline <= 0) return deadline;
  constexpr int64_t kSaneMinimum = 2'000'000'000;
  const int64_t now = runtime::nanotime();
  const int64_t left = deadline - now;
  if (left <= 0) return -1;
  const int64_t share = std::max(left / static_cast<int64_t>(remaining), kSaneMinimum);
  return now + std::min(share, left);
}

using Dialed = std::pair<std::shared_ptr<conn>, error>;

[[gnu::noinline]] Dialed socket(const dial_limits& limits, std::string_view network,
                                const socket_address* from, const socket_address& to) {
  auto [fd, err] = sysSocket(to.family());
  if (err != nullptr) return {nullptr, err};
  auto c = new_conn(fd, network);
  if (err = c->fd.dial(limits, from, to); err != nullptr) return {nullptr, err};
  return {std::move(c), nullptr};
}

[[gnu::noinline]] Dialed internetSocket(const dial_limits& limits, std::string_view network,
                                        const socket_address* from, const socket_address& to) {
  return socket(limits, network, from, to);
}

[[gnu::noinline]] Dialed unixSocket(const dial_limits& limits, std::string_view network,
                                    const socket_address* from, const socket_address& to) {
  return socket(limits, network, from, to);
}

class sysDialer {
 public:
  // here: the address of this machine, if the program has named no host.
  sysDialer(const Dialer& d, std::string_view network, std::string here)
      : d_(d), network_(network), here_(std::move(here)) {}

  std::pair<Conn, error> dialParallel(const context::Context& ctx, int64_t deadline,
                                      std::vector<socket_address> primaries,
                                      std::vector<socket_address> fallbacks);

 private:
  std::pair<Conn, error> dialSerial(const context::Context& ctx, int64_t deadline,
                                    const std::vector<socket_address>& addresses);
  Dialed dialSingle(const dial_limits& limits, const socket_address& to);
  Dialed dialTCP(const dial_limits& limits, const socket_address* from, const socket_address& to);
  Dialed doDialTCP(const dial_limits& limits, const socket_address* from,
                   const socket_address& to);
  Dialed doDialTCPProto(const dial_limits& limits, const socket_address* from,
                        const socket_address& to);
  Dialed dialUnix(const dial_limits& limits, const socket_address* from, const socket_address& to);
  error fail(const socket_address& to, error err) const {
    const std::string where =
        here_.empty() ? to_addr(to.storage, to.len, network_).String() : here_;
    const std::string source = d_.LocalAddr ? d_.LocalAddr.String() : "";
    return OpError{"dial", network_, source, where, std::move(err)};
  }

  Dialer d_;
  std::string network_;
  std::string here_;
};

[[gnu::noinline]] Dialed sysDialer::doDialTCPProto(const dial_limits& limits,
                                                   const socket_address* from,
                                                   const socket_address& to) {
  auto [c, err] = internetSocket(limits, network_, from, to);
  if (err == nullptr) set_conn_options(c->fd.pfd.Sysfd, limits.keep_alive);
  return {std::move(c), err};
}

[[gnu::noinline]] Dialed sysDialer::doDialTCP(const dial_limits& limits,
                                              const socket_address* from,
                                              const socket_address& to) {
  return doDialTCPProto(limits, from, to);
}

[[gnu::noinline]] Dialed sysDialer::dialTCP(const dial_limits& limits, const socket_address* from,
                                            const socket_address& to) {
  return doDialTCP(limits, from, to);
}

[[gnu::noinline]] Dialed sysDialer::dialUnix(const dial_limits& limits, const socket_address* from,
                                             const socket_address& to) {
  return unixSocket(limits, network_, from, to);
}

// To one address.
[[gnu::noinline]] Dialed sysDialer::dialSingle(const dial_limits& limits,
                                               const socket_address& to) {
  if (to.family() == AF_UNIX) {
    if (const auto* local = d_.LocalAddr.get<UnixAddr>()) {
      auto [from, code] = unix_address(local->Name);
      if (code != 0) return {nullptr, syscall_error("bind", code)};
      return dialUnix(limits, &from, to);
    }
    return dialUnix(limits, nullptr, to);
  }
  if (const auto* local = d_.LocalAddr.get<TCPAddr>()) {
    const char* network = to.family() == AF_INET ? "tcp4" : "tcp6";
    auto [from, err] = resolve(network, local->String(), true);
    if (err != nullptr) return {nullptr, err};
    return dialTCP(limits, &from[0], to);
  }
  return dialTCP(limits, nullptr, to);
}

// To one after the other. The error is that of the first.
[[gnu::noinline]] std::pair<Conn, error> sysDialer::dialSerial(
    const context::Context& ctx, int64_t deadline, const std::vector<socket_address>& addresses) {
  error first;
  for (size_t i = 0; i < addresses.size(); i++) {
    const socket_address& to = addresses[i];
    if (ctx.Err() != nullptr) return {nullptr, fail(to, mapErr(ctx.Err()))};
    const int64_t until = partialDeadline(deadline, addresses.size() - i);
    if (until < 0) {
      if (first == nullptr) first = fail(to, errTimeout);
      break;
    }
    auto [c, err] = dialSingle({ctx, until, d_.KeepAlive}, to);
    if (err == nullptr) return {Conn(c), nullptr};
    if (first == nullptr) first = fail(to, err);
  }
  return {nullptr, first};
}

[[gnu::noinline]] std::pair<Conn, error> sysDialer::dialParallel(
    const context::Context& ctx, int64_t deadline, std::vector<socket_address> primaries,
    std::vector<socket_address> fallbacks) {
  if (fallbacks.empty()) return dialSerial(ctx, deadline, primaries);
  struct result {
    Conn conn;
    error err;
    bool primary = false;
  };
  const auto results = make_chan<result>();
  const auto returned = make_chan<Empty>();
  Defer leave([&] { golab::close(returned); });
  auto [sub, cancel] = context::WithCancel(ctx);
  Defer stop(cancel);
  // May outlive this call, so it owns what it uses.
  auto start_racer = [self = *this, sub = sub, deadline, results, returned](
                         bool primary, const std::vector<socket_address>& to) mutable {
    auto [c, err] = self.dialSerial(sub, deadline, to);
    if (select({send(results, {c, err, primary}), recv(returned)}) == 1 && c != nullptr) c.Close();
  };
  go(start_racer, true, primaries);
  const auto delay = d_.FallbackDelay > 0 ? d_.FallbackDelay : kFallbackDelay;
  const time::Timer timer = time::NewTimer(delay);
  Defer stop_timer([&] { timer.Stop(); });
  error failed;  // that of the primaries
  for (int done = 0;;) {
    result got;
    if (select({recv(timer.C), recv(results, got)}) == 0) {
      go(start_racer, false, fallbacks);
      continue;
    }
    if (got.err == nullptr) return {got.conn, nullptr};
    if (got.primary) failed = got.err;
    if (++done == 2) return {nullptr, failed};
    if (got.primary && timer.Stop()) timer.Reset(0);
  }
}

// Those of the first one's kind, and the others.
std::vector<socket_address> split_off_others(std::vector<socket_address>* addresses) {
  const int family = addresses->front().family();
  const auto others = std::stable_partition(
      addresses->begin(), addresses->end(),
      [family](const socket_address& a) { return a.family() == family; });
  std::vector<socket_address> out(others, addresses->end());
  addresses->erase(others, addresses->end());
  return out;
}

// ":80"
std::string port_only(const socket_address& a) {
  const Addr addr = to_addr(a.storage, a.len, "tcp");
  return ":" + std::to_string(addr.get<TCPAddr>()->Port);
}

int64_t earlier(int64_t a, int64_t b) { return a == 0 ? b : b == 0 ? a : std::min(a, b); }

}  // namespace

// Waits for a connect that has begun.
[[gnu::noinline]] error netFD::connect(const dial_limits& limits, const socket_address& to) {
  int err;
  do err = -syscall::Connect(pfd.Sysfd, to.get(), to.len);
  while (err == EINTR);
  const bool waiting = err == EINPROGRESS || err == EALREADY;
  if (err != 0 && !waiting) return syscall_error("connect", err);
  // Only now: epoll reports a socket that is not connecting yet as hung up.
  if ((err = pfd.Init()) != 0) return syscall_error("epoll_ctl", err);
  if (!waiting) return mapErr(limits.ctx.Err());
  if (limits.deadline != 0) pfd.SetDeadline(limits.deadline, 'w');
  golab::glue::Func<bool()> stop;
  if (!(limits.ctx.Done() == nullptr)) {
    stop = context::AfterFunc(limits.ctx, [this] { pfd.SetDeadline(-1, 'w'); });
  }
  error failed;
  for (;;) {
    if (int code = pfd.WaitWrite()) {
      failed = limits.ctx.Err() != nullptr ? mapErr(limits.ctx.Err()) : code_error(code);
      break;
    }
    socklen_t len = sizeof err;
    if (getsockopt(pfd.Sysfd, SOL_SOCKET, SO_ERROR, &err, &len) != 0) {
      failed = syscall_error("getsockopt", errno);
      break;
    }
    if (err == EINPROGRESS || err == EALREADY || err == EINTR) continue;
    if (err != 0 && err != EISCONN) {
      failed = syscall_error("connect", err);
      break;
    }
    sockaddr_storage peer;
    len = sizeof peer;
    // A wake-up may come early, without an error and without a connection: then there is no peer.
    if (getpeername(pfd.Sysfd, reinterpret_cast<sockaddr*>(&peer), &len) == 0) break;
  }
  // If ctx ends just now, its function may still be about to set the deadline.
  if (stop != nullptr && !stop() && failed == nullptr) failed = mapErr(limits.ctx.Err());
  if (failed == nullptr && limits.deadline != 0) pfd.SetDeadline(0, 'w');
  return failed;
}

[[gnu::noinline]] error netFD::dial(const dial_limits& limits, const socket_address* from,
                                    const socket_address& to) {
  if (from != nullptr && ::bind(pfd.Sysfd, from->get(), from->len) != 0) {
    return syscall_error("bind", errno);
  }
  if (error err = connect(limits, to); err != nullptr) return err;
  set_local();
  raddr = to_addr(to.storage, to.len, net);
  return nullptr;
}

[[gnu::noinline]] std::pair<Conn, error> Dialer::DialContext(const context::Context& ctx,
                                                             std::string_view network,
                                                             std::string_view address) {
  if (ctx == nullptr) golab::panic("nil context");
  auto fail = [&](error err) -> std::pair<Conn, error> {
    return {nullptr, OpError{"dial", std::string(network), "", "", std::move(err)}};
  };
  const int64_t timeout = Timeout == 0 ? 0 : Timeout < 0 ? -1 : time::when_real(Timeout);
  const int64_t deadline = earlier(timeout, deadline_of(Deadline));
  if (network == "unix") {
    sysDialer sd(*this, network, "");
    if (address.empty()) return fail(errMissingAddress);
    auto [to, code] = unix_address(address);
    if (code != 0) {
      const error err = syscall_error("connect", code);
      return {nullptr, OpError{"dial", "unix", "", std::string(address), err}};
    }
    return sd.dialParallel(ctx, deadline, {to}, {});
  }
  const bool known = network == "tcp" || network == "tcp4" || network == "tcp6";
  if (known && address.empty()) return fail(errMissingAddress);
  auto [addresses, err] = resolve(network, address, false);
  if (err != nullptr) return fail(err);
  std::vector<socket_address> others;
  sysDialer sd(*this, network, address.starts_with(':') ? port_only(addresses[0]) : "");
  if (network == "tcp" && FallbackDelay >= 0) others = split_off_others(&addresses);
  return sd.dialParallel(ctx, deadline, std::move(addresses), std::move(others));
}

[[gnu::noinline]] std::pair<Conn, error> Dialer::Dial(std::string_view network,
                                                      std::string_view address) {
  if (error err = errors::injected("net.Dial"); err != nullptr) {
    return {nullptr, OpError{"dial", std::string(network), "", std::string(address), err}};
  }
  return DialContext(context::Background(), network, address);
}

[[gnu::noinline]] std::pair<Conn, error> Dial(std::string_view network, std::string_view address) {
  Dialer d;
  return d.Dial(network, address);
}

[[gnu::noinline]] std::pair<Conn, error> DialTimeout(std::string_view network,
                                                     std::string_view address,
                                                     time::Duration timeout) {
  Dialer d;
  d.Timeout = timeout;
  return d.Dial(network, address);
}

}  // namespace golab::net
