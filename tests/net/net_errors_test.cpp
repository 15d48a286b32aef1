// net_errors_test.cpp: the errors of package net: their texts, and what errors::Is finds in them,
// row by row as Go prints them (gonet/main.go, net_errors.txt).
#include <errno.h>
#include <netinet/in.h>
#include <unistd.h>

#include "runtime/chan/chan.h"
#include "runtime/io/io.h"
#include "runtime/net/net.h"
#include "runtime/sched/go.h"
#include "runtime/strconv/strconv.h"
#include "tests/golden_lines.h"

using namespace golab;

namespace {

class rows {
 public:
  const std::string sock = "/tmp/golab-net-test-" + std::to_string(getpid()) + ".sock";
  std::string text;

  void p(const std::string& name, const error& err) {
    text += name + "\t" + (err == nullptr ? "nil" : shown(err));
    const bool either = name.find("timeout in connect") != name.npos;
    const std::pair<const char*, error> known[] = {
        {"deadline", either ? error() : os::ErrDeadlineExceeded},
        {"ctx", either ? error() : context::DeadlineExceeded},
        {"canceled", context::Canceled},
        {"closed", net::ErrClosed},
        {"refused", syscall::Errno{ECONNREFUSED}},
        {"reset", syscall::Errno{ECONNRESET}},
        {"pipe", syscall::Errno{EPIPE}},
        {"inuse", syscall::Errno{EADDRINUSE}},
        {"noent", syscall::Errno{ENOENT}}};
    for (const auto& [word, what] : known) {
      if (what != nullptr && errors::Is(err, what)) text += " " + std::string(word);
    }
    text += err.Timeout() ? " timeout\n" : "\n";
  }

  void show(const std::string& name, const std::vector<net::Addr>& addrs) {
    text += name;
    for (const net::Addr& a : addrs) text += "\t" + a.Network() + " " + masked(a.String());
    text += "\n";
  }

 private:
  std::string shown(const error& err) { return strconv::Quote(masked(err.Error())); }

  // "127.0.0.1:" with digits is HOST.
  std::string masked(std::string s) {
    constexpr std::string_view kHere = "127.0.0.1:";
    for (size_t at = 0; (at = s.find(kHere, at)) != s.npos; at++) {
      const size_t end = std::min(s.find_first_not_of("0123456789", at + kHere.size()), s.size());
      if (end > at + kHere.size()) s.replace(at, end - at, "HOST");
    }
    if (const size_t at = s.find(sock); at != s.npos) s.replace(at, sock.size(), "SOCK");
    return s;
  }
};

void dial_and_listen(rows* r) {
  const char* const to[] = {"",
                            ":",
                            "x",
                            "127.0.0.1",
                            "127.0.0.1:x",
                            "127.0.0.1:99999",
                            "127.0.0.1:-1",
                            "127.0.0.1:1",
                            "[::1]",
                            "[::1",
                            "::1:80",
                            "a:b:c",
                            "[::1]:1x",
                            "127.0.0.1:1:2",
                            "[127.0.0.1]:1",
                            "/nonexistent/s"};
  for (const std::string network : {"tcp", "tcp4", "tcp6", "unix", "foo", "", "tcp:1"}) {
    for (const std::string address : to) {
      if (network == "tcp6" && address == ":") continue;
      auto [c, err] = net::DialTimeout(network, address, 5 * time::Second);
      r->p("dial " + network + " " + address, err);
      if (c != nullptr) c.Close();
    }
  }
  for (const std::string network : {"tcp", "tcp4", "tcp6", "unix", "foo", ""}) {
    for (const std::string address : {"", ":", ":0", "x", "127.0.0.1", "127.0.0.1:x",
                                      "127.0.0.1:99999", "1.2.3.4:0", "[::1", "/nonexistent/s"}) {
      if (network == "unix" && address != "/nonexistent/s") continue;
      if (network == "tcp6" && address.find_first_not_of(":0") == address.npos) continue;
      auto [ln, err] = net::Listen(network, address);
      r->p("listen " + network + " " + address, err);
      if (ln != nullptr) ln.Close();
    }
  }
}

const time::Time past() { return time::Now().Add(-time::Second); }

void connections(rows* r, const net::Listener& ln) {
  char b[1];
  const std::string addr = ln.Addr().String();
  r->p("listen again", net::Listen("tcp", addr).second);
  net::Conn c = net::Dial("tcp", addr).first;
  net::Conn s = ln.Accept().first;
  c.SetReadDeadline(past());
  r->p("read past deadline", c.Read(b, 1).second);
  c.SetDeadline(time::Time());
  c.SetWriteDeadline(past());
  r->p("write past deadline", c.Write("x").second);
  c.SetDeadline(time::Time());
  s.SetLinger(0);
  s.Close();
  r->p("read reset", c.Read(b, 1).second);
  r->p("write after reset", c.Write("x").second);
  r->p("close", c.Close());
  r->p("close again", c.Close());
  r->p("read closed", c.Read(b, 1).second);
  r->p("write closed", c.Write("x").second);
  r->p("set deadline closed", c.SetDeadline(time::Now()));
  r->p("close write closed", c.CloseWrite());
  r->p("close read closed", c.CloseRead());
  c = net::Dial("tcp", addr).first;
  s = ln.Accept().first;
  r->p("close write", c.CloseWrite());
  r->p("write after close write", c.Write("x").second);
  r->p("read end", s.Read(b, 1).second);
  r->p("close read", s.CloseRead());
  s.Close();
  c.Close();
  c = net::Dial("tcp4", addr).first;
  s = ln.Accept().first;
  c.Close();
  r->p("read closed tcp4", c.Read(b, 1).second);
  s.Close();
  ln.SetDeadline(past());
  r->p("accept past deadline", ln.Accept().second);
  ln.Close();
  r->p("accept closed", ln.Accept().second);
  r->p("listener close again", ln.Close());
  r->p("listener deadline closed", ln.SetDeadline(time::Now()));
}

// A listener of the kernel's that takes one connection and no other.
class full_listener {
 public:
  full_listener() {
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t len = sizeof at;
    ::bind(fd_, reinterpret_cast<sockaddr*>(&at), sizeof at);
    ::listen(fd_, 0);
    getsockname(fd_, reinterpret_cast<sockaddr*>(&at), &len);
    addr = "127.0.0.1:" + std::to_string(ntohs(at.sin_port));
    first_ = net::Dial("tcp", addr).first;
  }
  ~full_listener() {
    first_.Close();
    ::close(fd_);
  }
  std::string addr;

 private:
  const int fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  net::Conn first_;
};

void dialers(rows* r, const std::string& addr) {
  r->p("refused", net::Dial("tcp", addr).second);
  net::Dialer from{.LocalAddr = net::TCPAddr{"127.0.0.1"}};
  r->p("refused with local", from.Dial("tcp", addr).second);
  r->p("negative timeout", net::Dialer{.Timeout = -1}.Dial("tcp", addr).second);
  r->p("deadline past", net::Dialer{.Deadline = past()}.Dial("tcp", addr).second);
  net::Dialer d;
  auto [canceled, cancel] = context::WithCancel(context::Background());
  cancel();
  r->p("canceled before", d.DialContext(canceled, "tcp", addr).second);
  auto [late, stop] = context::WithTimeout(context::Background(), 0);
  r->p("timed out before", d.DialContext(late, "tcp", addr).second);
  stop();
  full_listener full;
  constexpr time::Duration kSoon = 50 * time::Millisecond;
  r->p("timeout in connect", net::DialTimeout("tcp", full.addr, kSoon).second);
  auto [soon, stop_soon] = context::WithTimeout(context::Background(), kSoon);
  r->p("context timeout in connect", d.DialContext(soon, "tcp", full.addr).second);
  stop_soon();
  auto [given_up, give_up] = context::WithCancel(context::Background());
  const time::Timer timer = time::AfterFunc(kSoon, give_up);
  r->p("context canceled in connect", d.DialContext(given_up, "tcp", full.addr).second);
}

void pipes(rows* r) {
  char byte[1];
  auto [a, b] = net::Pipe();
  a.SetReadDeadline(past());
  r->p("pipe read past deadline", a.Read(byte, 1).second);
  a.SetWriteDeadline(past());
  r->p("pipe write past deadline", a.Write("x").second);
  a.SetDeadline(time::Time());
  b.Close();
  r->p("pipe read remote closed", a.Read(byte, 1).second);
  r->p("pipe write remote closed", a.Write("x").second);
  r->p("pipe deadline remote closed", a.SetDeadline(time::Now()));
  r->p("pipe read local closed", b.Read(byte, 1).second);
  r->p("pipe close again", b.Close());
  r->show("pipe addresses", {a.LocalAddr(), a.RemoteAddr()});
  a.Close();
}

void unix_sockets(rows* r) {
  char b[1];
  auto [ln, err] = net::Listen("unix", r->sock);
  r->p("unix listen", err);
  r->p("unix listen again", net::Listen("unix", r->sock).second);
  auto [c, dial_err] = net::Dial("unix", r->sock);
  r->p("unix dial", dial_err);
  net::Conn s = ln.Accept().first;
  r->show("unix addresses",
          {c.LocalAddr(), c.RemoteAddr(), s.LocalAddr(), s.RemoteAddr(), ln.Addr()});
  s.Close();
  r->p("unix write after close", c.Write("x").second);
  r->p("unix read end", c.Read(b, 1).second);
  c.Close();
  r->p("unix read closed", c.Read(b, 1).second);
  ln.Close();
  r->p("unix accept closed", ln.Accept().second);
  r->p("unix dial after close", net::Dial("unix", r->sock).second);
  const std::string too_long = "/tmp/" + std::string(200, 'x');
  r->p("unix dial too long", net::Dial("unix", too_long).second);
  r->p("unix listen too long", net::Listen("unix", too_long).second);
  auto [abstract, abstract_err] = net::Listen("unix", "@golab-net-test");
  r->p("abstract listen", abstract_err);
  auto [to, to_err] = net::Dial("unix", "@golab-net-test");
  r->p("abstract dial", to_err);
  r->show("abstract addresses", {abstract.Addr(), to.RemoteAddr()});
  to.Close();
  abstract.Close();
}

}  // namespace

TEST_CASE("package net's errors are Go's", "[net][golden]") {
  rows r;
  dial_and_listen(&r);
  auto [ln, err] = net::Listen("tcp", "127.0.0.1:0");
  REQUIRE(err == nullptr);
  connections(&r, ln);
  dialers(&r, ln.Addr().String());
  pipes(&r);
  unix_sockets(&r);
  compare_with_golden("net/net_errors.txt", r.text);
}

TEST_CASE("the ends of a pipe meet", "[net][pipe]") {
  auto [a, b] = net::Pipe();
  auto done = make_chan<int>();
  go([a = a, done] {
    done.send(a.Write("hello").first);
    done.send(a.Write("").first);
  });
  char buf[8];
  CHECK(b.Read(buf, 2).first == 2);
  CHECK(b.Read(buf, 8).first == 3);
  CHECK(done.recv() == 5);
  CHECK(b.Read(buf, 8).first == 0);  // of the empty Write
  CHECK(done.recv() == 0);
  SECTION("a deadline wakes a reader") {
    b.SetReadDeadline(time::Now().Add(time::Millisecond));
    CHECK(errors::Is(b.Read(buf, 1).second, os::ErrDeadlineExceeded));
    b.SetReadDeadline(time::Time());
    go([a = a, done] { done.send(a.Write("x").first); });
    CHECK(b.Read(buf, 1).first == 1);
    CHECK(done.recv() == 1);
  }
  SECTION("closing wakes a writer at either end") {
    const net::Conn closer = GENERATE(true, false) ? a : b;
    auto failed = make_chan<error>();
    go([a = a, failed] { failed.send(a.Write("x").second); });
    closer.Close();
    CHECK(failed.recv() == io::ErrClosedPipe);
  }
  a.Close();
  b.Close();
}

TEST_CASE("a connection of a class of one's own is a Conn", "[net]") {
  struct counting final : net::ConnBase {
    explicit counting(net::Conn to) : c(std::move(to)) {}
    std::pair<int, error> Read(char* p, size_t n) override { return c.Read(p, n); }
    std::pair<int, error> Write(std::string_view data) override {
      written += data.size();
      return c.Write(data);
    }
    error Close() override { return c.Close(); }
    net::Addr LocalAddr() override { return c.LocalAddr(); }
    net::Addr RemoteAddr() override { return c.RemoteAddr(); }
    error SetReadDeadline(const time::Time& t) override { return c.SetReadDeadline(t); }
    error SetWriteDeadline(const time::Time& t) override { return c.SetWriteDeadline(t); }
    net::Conn c;
    size_t written = 0;
  };
  auto [a, b] = net::Pipe();
  const net::Conn mine = std::make_shared<counting>(a);
  go([b = b] {
    char buf[8];
    b.Read(buf, 8);
    b.Close();
  });
  CHECK(mine.Write("four").second == nullptr);
  CHECK(mine.get<counting>()->written == 4);
  CHECK(mine.impl() == nullptr);
  CHECK(mine.CloseWrite().Error() == "unsupported operation");
  mine.Close();
}
