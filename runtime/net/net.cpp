// net.cpp: Go's errors made of a socket's error codes, and the handles Conn and Listener.
#include "runtime/net/net.h"

#include <errno.h>

#include "runtime/io/io.h"
#include "runtime/net/netfd.h"
#include "runtime/sched/proc.h"
#include "runtime/time/when.h"

namespace golab {

namespace poll = internal::poll;

std::string syscall::Errno::Error() const { return poll::error_text(value); }
bool syscall::Errno::Timeout() const {
  return value == EAGAIN || value == EWOULDBLOCK || value == ETIMEDOUT;
}

// ---- Errors ----

namespace net {
namespace {

struct closed_error {
  std::string Error() const { return poll::error_text(poll::kErrNetClosing); }
};
struct deadline_error {
  std::string Error() const { return poll::error_text(poll::kErrDeadlineExceeded); }
  bool Timeout() const { return true; }
};

const error errUnsupported = errors::New("unsupported operation");

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

error syscall_error(const char* name, int code) {
  if (code <= 0) return code_error(code);
  return os::SyscallError{name, syscall::Errno{code}};
}

error netFD::op_error(const char* op, int code) const {
  if (code == 0 || code == poll::kEOF) return code_error(code);
  return OpError{op, net, laddr.String(), raddr.String(), syscall_error(op, code)};
}

// Go's order: operation, network, source -> address, cause.
std::string OpError::Error() const {
  std::string out = Op;
  if (!Net.empty()) out += " " + Net;
  if (!Source.empty()) out += " " + Source;
  if (!Addr.empty()) out += (Source.empty() ? " " : "->") + Addr;
  return out + ": " + Err.Error();
}

int64_t deadline_of(const time::Time& t) {
  if (t.IsZero()) return 0;
  const time::Duration left = time::Until(t);
  return left <= 0 ? -1 : time::when_real(left);
}

// ---- netFD, conn: not inlined, because Go's stacks have these frames ----

[[gnu::noinline]] io_result netFD::Read(void* p, size_t n) { return pfd.Read(p, n); }
[[gnu::noinline]] io_result netFD::Write(const void* p, size_t n) { return pfd.Write(p, n); }
[[gnu::noinline]] io_result conn::Read(void* p, size_t n) { return fd.Read(p, n); }
[[gnu::noinline]] io_result conn::Write(const void* p, size_t n) { return fd.Write(p, n); }

void netFD::set_local() {
  sockaddr_storage addr{};
  socklen_t len = sizeof addr;
  if (getsockname(pfd.Sysfd, reinterpret_cast<sockaddr*>(&addr), &len) == 0) {
    laddr = to_addr(addr, len, net);
  }
}

// ---- Connections and listeners of other kinds ----

error ConnBase::SetDeadline(const time::Time& t) {
  error err = SetReadDeadline(t);
  return err != nullptr ? err : SetWriteDeadline(t);
}
error ConnBase::CloseRead() { return errUnsupported; }
error ConnBase::CloseWrite() { return errUnsupported; }
error ConnBase::SetLinger(int) { return errUnsupported; }
error ListenerBase::SetDeadline(const time::Time&) { return errUnsupported; }

}  // namespace net

const error os::ErrDeadlineExceeded = net::deadline_error{};

// ---- The handles ----

namespace glue {

// A socket as a Conn.
class socket_conn final : public net::ConnBase, public net::conn {
 public:
  socket_conn(int sysfd, std::string_view network) : net::conn(sysfd, network) {}

  std::pair<int, error> Read(char* p, size_t n) override {
    const net::io_result got = net::conn::Read(p, n);
    return {static_cast<int>(got.n), fd.op_error("read", got.err)};
  }
  std::pair<int, error> Write(std::string_view data) override {
    const net::io_result put = net::conn::Write(data.data(), data.size());
    return {static_cast<int>(put.n), fd.op_error("write", put.err)};
  }
  error Close() override { return outcome("close", net::code_error(net::conn::Close())); }
  error CloseRead() override { return shutdown(SHUT_RD); }
  error CloseWrite() override { return shutdown(SHUT_WR); }
  error SetLinger(int seconds) override {
    const linger how{seconds >= 0, seconds < 0 ? 0 : seconds};
    const bool ok = setsockopt(fd.pfd.Sysfd, SOL_SOCKET, SO_LINGER, &how, sizeof how) == 0;
    return outcome("set", ok ? error() : net::syscall_error("setsockopt", errno));
  }
  net::Addr LocalAddr() override { return fd.laddr; }
  net::Addr RemoteAddr() override { return fd.raddr; }
  error SetDeadline(const time::Time& t) override { return set(t, 'r' + 'w'); }
  error SetReadDeadline(const time::Time& t) override { return set(t, 'r'); }
  error SetWriteDeadline(const time::Time& t) override { return set(t, 'w'); }

 private:
  error outcome(const char* op, error err) {
    if (err == nullptr) return nullptr;
    return net::OpError{op, fd.net, fd.laddr.String(), fd.raddr.String(), std::move(err)};
  }
  error shutdown(int how) {
    return outcome("close", net::syscall_error("shutdown", fd.pfd.Shutdown(how)));
  }
  error set(const time::Time& t, int mode) {
    const int code = set_deadline(net::deadline_of(t), mode);
    if (code == 0) return nullptr;
    return net::OpError{"set", fd.net, "", fd.laddr.String(), net::code_error(code)};
  }
};

net_conn::net_conn(const std::shared_ptr<net::conn>& c)
    : c_(std::static_pointer_cast<socket_conn>(c)) {}

std::shared_ptr<net::conn> net_conn::impl() const {
  return std::dynamic_pointer_cast<net::conn>(c_);
}

std::pair<int, error> net_conn::Read(char* p, size_t n) const { return c_->Read(p, n); }
std::pair<int, error> net_conn::Write(std::string_view data) const { return c_->Write(data); }
error net_conn::Close() const { return c_->Close(); }
error net_conn::CloseRead() const { return c_->CloseRead(); }
error net_conn::CloseWrite() const { return c_->CloseWrite(); }
error net_conn::SetLinger(int seconds) const { return c_->SetLinger(seconds); }
net::Addr net_conn::LocalAddr() const { return c_->LocalAddr(); }
net::Addr net_conn::RemoteAddr() const { return c_->RemoteAddr(); }
error net_conn::SetDeadline(const time::Time& t) const { return c_->SetDeadline(t); }
error net_conn::SetReadDeadline(const time::Time& t) const { return c_->SetReadDeadline(t); }
error net_conn::SetWriteDeadline(const time::Time& t) const { return c_->SetWriteDeadline(t); }

std::pair<net_conn, error> net_listener::Accept() const { return l_->Accept(); }
error net_listener::Close() const { return l_->Close(); }
net::Addr net_listener::Addr() const { return l_->Addr(); }
error net_listener::SetDeadline(const time::Time& t) const { return l_->SetDeadline(t); }

}  // namespace glue

std::shared_ptr<net::conn> net::new_conn(int sysfd, std::string_view network) {
  return std::make_shared<glue::socket_conn>(sysfd, network);
}

}  // namespace golab
