// addr_test.cpp: "host:port" taken apart and put together.
#include "runtime/net/net.h"
#include "tests/catch.h"

using namespace golab;

TEST_CASE("host and port are split as Go splits them", "[net][addr]") {
  auto good = [](const char* text, const char* host, const char* port) {
    auto parts = net::SplitHostPort(text);
    CHECK(parts.err == nullptr);
    CHECK(parts.host == host);
    CHECK(parts.port == port);
  };
  good("127.0.0.1:80", "127.0.0.1", "80");
  good(":80", "", "80");
  good("[::1]:80", "::1", "80");
  good("localhost:http", "localhost", "http");
  good("host:", "host", "");

  auto bad = [](const char* text, const char* why) {
    auto parts = net::SplitHostPort(text);
    REQUIRE(parts.err != nullptr);
    CHECK(parts.err.Error() == "address " + std::string(text) + ": " + why);
  };
  CHECK(net::SplitHostPort("").err.Error() == "missing port in address");
  bad("127.0.0.1", "missing port in address");
  bad("[::1]", "missing port in address");
  bad("[::1", "missing ']' in address");
  bad("::1:80", "too many colons in address");
  bad("[::1]x:80", "missing port in address");
  bad("a[b]:80", "unexpected '[' in address");
  bad("a]b:80", "unexpected ']' in address");
}

TEST_CASE("a host with colons is put in brackets", "[net][addr]") {
  CHECK(net::JoinHostPort("::1", "80") == "[::1]:80");
  CHECK(net::JoinHostPort("127.0.0.1", "80") == "127.0.0.1:80");
}

TEST_CASE("localhost is this machine", "[net][addr]") {
  auto [ln, err] = net::Listen("tcp4", "localhost:0");
  REQUIRE(err == nullptr);
  CHECK(ln.Addr().get<net::TCPAddr>()->IP == "127.0.0.1");
  const int port = ln.Addr().get<net::TCPAddr>()->Port;
  auto [c, dial_err] = net::Dial("tcp", "localhost:" + std::to_string(port));
  CHECK(dial_err == nullptr);
  if (c != nullptr) c.Close();
  ln.Close();
}
