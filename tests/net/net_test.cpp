// net_test.cpp: TCP connections: reading, writing, deadlines, closing, and Go's error texts.
#include <sys/socket.h>
#include <limits>

#include <string>
#include <vector>

#include "runtime/chan/chan.h"
#include "runtime/sched/go.h"
#include "runtime/io/io.h"
#include "runtime/net/net.h"
#include "runtime/sched/netpoll.h"
#include "tests/catch.h"

using namespace golab;

namespace {

net::Listener listen_somewhere() {
  auto [ln, err] = net::Listen("tcp", "127.0.0.1:0");
  REQUIRE(err == nullptr);
  return ln;
}

// Both ends of one connection.
struct pair_of_conns {
  net::Conn client;
  net::Conn server;
};

pair_of_conns connect() {
  net::Listener ln = listen_somewhere();
  auto [client, err] = net::Dial("tcp", ln.Addr().String());
  REQUIRE(err == nullptr);
  auto [server, accept_err] = ln.Accept();
  REQUIRE(accept_err == nullptr);
  ln.Close();
  return {client, server};
}

struct read_result {
  std::string text;
  error err;
};

// Reads once, in a goroutine of its own.
Chan<read_result> read_in_background(net::Conn c) {
  auto answer = make_chan<read_result>(1);
  go([c, answer] {
    char buf[64];
    auto [n, err] = c.Read(buf, sizeof buf);
    answer.send({std::string(buf, static_cast<size_t>(n)), err});
  });
  return answer;
}

void wait_until_parked() {
  REQUIRE(eventually([] { return runtime::netpollAnyWaiters(); }));
}

}  // namespace

TEST_CASE("what one end writes the other end reads", "[net]") {
  auto [client, server] = connect();
  CHECK(client.Write("hello").first == 5);
  char buf[16];
  auto [n, err] = server.Read(buf, sizeof buf);
  CHECK(std::string(buf, static_cast<size_t>(n)) == "hello");
  CHECK(err == nullptr);

  SECTION("a reader that comes first is woken by the write") {
    auto answer = read_in_background(server);
    wait_until_parked();
    client.Write("more");
    CHECK(answer.recv().text == "more");
  }
  SECTION("the end of the stream that comes with the last data is not missed") {
    client.Write("last");
    client.Close();
    CHECK(server.Read(buf, sizeof buf).first == 4);
    auto [m, end] = server.Read(buf, sizeof buf);
    CHECK(m == 0);
    CHECK(end == io::EOF_);
  }
  SECTION("the end of the stream that comes later wakes the reader") {
    auto answer = read_in_background(server);
    wait_until_parked();
    client.Close();
    CHECK(answer.recv().err == io::EOF_);
  }
  SECTION("reads of exactly what is there lose nothing") {
    for (int round = 0; round < 100; round++) {
      client.Write("abcd");
      CHECK(server.Read(buf, 2).first == 2);
      CHECK(server.Read(buf, 2).first == 2);
    }
  }
}

TEST_CASE("a write larger than the socket's buffers parks until it is read", "[net]") {
  auto [client, server] = connect();
  constexpr size_t kBytes = 8 << 20;
  auto written = make_chan<int>(1);
  go([c = client, written] { written.send(c.Write(std::string(kBytes, 'x')).first); });
  size_t got = 0;
  std::vector<char> buf(64 << 10);
  while (got < kBytes) {
    auto [n, err] = server.Read(buf.data(), buf.size());
    REQUIRE(err == nullptr);
    got += static_cast<size_t>(n);
  }
  CHECK(written.recv() == static_cast<int>(kBytes));
}

TEST_CASE("a deadline ends a read with i/o timeout", "[net][deadline]") {
  auto [client, server] = connect();
  SECTION("one that has passed, at once") {
    server.SetReadDeadline(time::Now().Add(-time::Second));
    char buf[4];
    auto [n, err] = server.Read(buf, sizeof buf);
    CHECK(n == 0);
    REQUIRE(err != nullptr);
    CHECK(err.Timeout());
    CHECK(errors::Is(err, os::ErrDeadlineExceeded));
    CHECK(err.Error() == "read tcp " + server.LocalAddr().String() + "->" +
                             server.RemoteAddr().String() + ": i/o timeout");
  }
  SECTION("one that comes while the read is parked") {
    auto answer = read_in_background(server);
    wait_until_parked();
    server.SetReadDeadline(time::Now().Add(5 * time::Millisecond));
    CHECK(answer.recv().err.Timeout());
  }
  SECTION("one that is moved away in time does not") {
    server.SetReadDeadline(time::Now().Add(time::Hour));
    auto answer = read_in_background(server);
    wait_until_parked();
    server.SetReadDeadline(time::Time{});
    client.Write("ok");
    CHECK(answer.recv().text == "ok");
  }
  SECTION("and only until it is lifted") {
    server.SetDeadline(time::Now().Add(-time::Second));
    CHECK(server.Write("x").second.Timeout());
    server.SetDeadline(time::Time{});
    CHECK(server.Write("x").second == nullptr);
  }
}

TEST_CASE("a deadline as far away as a Duration reaches is none", "[net][deadline][overflow]") {
  const time::Duration longest = std::numeric_limits<int64_t>::max();
  net::Listener ln = listen_somewhere();
  auto [client, err] = net::DialTimeout("tcp", ln.Addr().String(), longest);
  REQUIRE(err == nullptr);
  net::Conn server = ln.Accept().first;
  const time::Time far[] = {time::Now().Add(longest), time::Now().Add(longest).Add(longest),
                            time::Now().Add(longest / 2).Add(longest / 2),
                            time::Unix(int64_t{1} << 62, 0), time::Unix(9223372036, 0)};
  for (const time::Time& t : far) {
    CHECK(client.SetDeadline(t) == nullptr);
    CHECK(server.SetDeadline(t) == nullptr);
    CHECK(client.Write("x").second == nullptr);
    char byte;
    CHECK(server.Read(&byte, 1).second == nullptr);
  }
  // And one before all times has passed.
  server.SetReadDeadline(time::Now().Add(std::numeric_limits<int64_t>::min()));
  char byte;
  CHECK(server.Read(&byte, 1).second.Timeout());
  client.Close();
  server.Close();
  ln.Close();
}

TEST_CASE("closing wakes who is parked in the connection", "[net][close]") {
  auto [client, server] = connect();
  const std::string ends = server.LocalAddr().String() + "->" + server.RemoteAddr().String();
  auto answer = read_in_background(server);
  wait_until_parked();
  CHECK(server.Close() == nullptr);
  error err = answer.recv().err;
  REQUIRE(err != nullptr);
  CHECK(errors::Is(err, net::ErrClosed));
  CHECK(err.Error() == "read tcp " + ends + ": use of closed network connection");
  CHECK_FALSE(err.Timeout());

  SECTION("and a second close says so") {
    CHECK(server.Close().Error() == "close tcp " + ends + ": use of closed network connection");
  }
  SECTION("and what comes later fails too") {
    CHECK(server.Write("x").second.Error() ==
          "write tcp " + ends + ": use of closed network connection");
  }
}

TEST_CASE("closing a listener ends Accept", "[net][close]") {
  net::Listener ln = listen_somewhere();
  auto answer = make_chan<error>(1);
  go([ln, answer] { answer.send(ln.Accept().second); });
  wait_until_parked();
  ln.Close();
  CHECK(answer.recv().Error() ==
        "accept tcp " + ln.Addr().String() + ": use of closed network connection");
}

TEST_CASE("several readers of one connection take turns", "[net]") {
  auto [client, server] = connect();
  std::vector<Chan<read_result>> answers;
  for (int i = 0; i < 8; i++) answers.push_back(read_in_background(server));
  for (int i = 0; i < 8; i++) {
    client.Write("x");
    // One of them gets it, whichever; the loop below counts.
  }
  client.Close();
  size_t bytes = 0;
  for (auto& a : answers) bytes += a.recv().text.size();
  CHECK(bytes == 8);
}

TEST_CASE("what cannot be opened says why in Go's words", "[net][errors]") {
  SECTION("a port in use") {
    net::Listener ln = listen_somewhere();
    const std::string addr = ln.Addr().String();
    auto [second, err] = net::Listen("tcp", addr);
    REQUIRE(err != nullptr);
    CHECK(err.Error() == "listen tcp " + addr + ": bind: address already in use");
    CHECK(errors::As<syscall::Errno>(err) != nullptr);
    ln.Close();
  }
  SECTION("nobody listens") {
    net::Listener ln = listen_somewhere();
    const std::string addr = ln.Addr().String();
    ln.Close();
    auto [c, err] = net::Dial("tcp", addr);
    REQUIRE(err != nullptr);
    CHECK(err.Error() == "dial tcp " + addr + ": connect: connection refused");
  }
  SECTION("addresses that are none") {
    CHECK(net::Listen("tcp", "6060").second.Error() ==
          "listen tcp: address 6060: missing port in address");
    CHECK(net::Listen("tcp", "127.0.0.1:99999").second.Error() ==
          "listen tcp: address 99999: invalid port");
    CHECK(net::Listen("tcp", "::1:80").second.Error() ==
          "listen tcp: address ::1:80: too many colons in address");
    CHECK(net::Dial("udpx", "127.0.0.1:1").second.Error() == "dial udpx: unknown network udpx");
  }
}

TEST_CASE("an address that listens can be used again once Close has returned", "[net][close]") {
  net::Listener ln = listen_somewhere();
  const std::string addr = ln.Addr().String();
  for (int i = 0; i < 20; i++) {
    CHECK(ln.Close() == nullptr);
    auto [next, err] = net::Listen("tcp", addr);
    REQUIRE(err == nullptr);
    ln = next;
  }
  ln.Close();
}

TEST_CASE("descriptors are reused without old news reaching new connections", "[net][netpoll]") {
  net::Listener ln = listen_somewhere();
  for (int i = 0; i < 300; i++) {
    auto [c, err] = net::Dial("tcp", ln.Addr().String());
    REQUIRE(err == nullptr);
    auto [s, accept_err] = ln.Accept();
    REQUIRE(accept_err == nullptr);
    auto answer = read_in_background(s);
    c.Write("x");
    CHECK(answer.recv().text == "x");
    s.Close();
    c.Close();
  }
  ln.Close();
}
