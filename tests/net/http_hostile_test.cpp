// http_hostile_test.cpp: clients that send rubbish, too much, too slowly, or nothing at all.
#include <limits>
#include <random>
#include <vector>

#include "tests/net/http_fixture.h"

using namespace golab;
using namespace fixture;

namespace {

std::string refusal(const std::string& what) {
  return "HTTP/1.1 " + what +
         "\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n" + what;
}

}  // namespace

TEST_CASE("what is no request is refused with the reason that Go gives", "[http][malformed]") {
  test_server s;
  s.mux.HandleFunc("/", [](http::ResponseWriter& w, http::Request*) { w.Write("served"); });
  s.start();
  const std::string bad = refusal("400 Bad Request");
  CHECK(ask(s.addr, "hello\r\n\r\n") == bad);
  CHECK(ask(s.addr, "GET /\r\n\r\n") == bad);
  CHECK(ask(s.addr, "GET  / HTTP/1.1\r\nHost: x\r\n\r\n") == bad);
  CHECK(ask(s.addr, "G@T / HTTP/1.1\r\nHost: x\r\n\r\n") == bad);
  CHECK(ask(s.addr, "GET / HTTP/1.1\r\nHost: x\r\nno colon\r\n\r\n") == bad);
  CHECK(ask(s.addr, "GET / HTTP/1.1\r\nHost: x\r\nA : b\r\n\r\n") ==
        refusal("400 Bad Request: invalid header name"));
  CHECK(ask(s.addr, "GET noslash HTTP/1.1\r\nHost: x\r\n\r\n") == bad);
  CHECK(ask(s.addr, "GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n") == bad);
  CHECK(ask(s.addr, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n") == bad);
  CHECK(ask(s.addr,
            "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n") == bad);
  CHECK(ask(s.addr, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3, 3\r\n\r\nabc") == bad);
  CHECK(ask(s.addr, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n") ==
        bad);
  for (const char* length : {"9223372036854775808", "18446744073709551614", "18446744073709551615",
                             "18446744073709551616", "36893488147419103237"}) {
    CHECK(ask(s.addr, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::string(length) +
                          "\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n") == bad);
  }
  CHECK(ask(s.addr, "GET / HTTP/1.1\r\n\r\n") ==
        refusal("400 Bad Request: missing required Host header"));
  CHECK(ask(s.addr, "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n") == bad);
  CHECK(ask(s.addr, "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n") ==
        refusal("400 Bad Request: malformed Host header"));
  CHECK(ask(s.addr, "GET / HTTP/2.0\r\nHost: x\r\n\r\n") ==
        refusal("505 HTTP Version Not Supported: unsupported protocol version"));
  CHECK(ask(s.addr, "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n") ==
        "HTTP/1.1 501 Not Implemented\r\nContent-Type: text/plain; charset=utf-8\r\n"
        "Connection: close\r\n\r\nUnsupported transfer encoding");
  SECTION("but what only looks odd is served") {
    CHECK(contains(ask(s.addr, "GET / HTTP/1.0\r\nHost:\r\n\r\n"), "served"));
    CHECK(contains(ask(s.addr, "GET http://y/a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"),
                   "served"));
    CHECK(contains(ask(s.addr, "FANCY /x HTTP/1.1\r\nhOsT: x\r\ncOnnection: close\r\n\r\n"),
                   "served"));
    CHECK(contains(ask(s.addr, "OPTIONS * HTTP/1.0\r\n\r\n"), "200 OK\r\nContent-Length: 0"));
  }
}

// RFC 9112 section 6.1 lets a server refuse such a request. Go's takes the chunks, and hides the
// length from the handler.
TEST_CASE("a request with a length and chunks has chunks", "[http][malformed]") {
  test_server s;
  std::string served;
  s.mux.HandleFunc("/", [&](http::ResponseWriter&, http::Request* r) {
    served += r->URL.Path + " " + std::to_string(r->ContentLength) + " " +
              r->Header.Get("Content-Length") + io::ReadAll(r->Body).first + "\n";
  });
  s.start();
  ask(s.addr,
      "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n"
      "0\r\n\r\nGET /b HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  CHECK(served == "/a -1 \n/b 0 \n");
}

TEST_CASE("a chunked body that is none fails the handler's read", "[http][malformed]") {
  test_server s;
  std::atomic<size_t> taken{0};
  s.mux.HandleFunc("/", [&](http::ResponseWriter& w, http::Request* r) {
    auto [text, err] = io::ReadAll(r->Body);
    taken = text.size();
    w.Write(err != nullptr ? text.substr(0, 20) + ": " + err.Error() : "fine");
  });
  s.start();
  const std::string head = "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
  CHECK(ask(s.addr, head + "xyz\r\n").ends_with("invalid byte in chunk length"));
  CHECK(ask(s.addr, head + "-1\r\nabc\r\n").ends_with("invalid byte in chunk length"));
  CHECK(ask(s.addr, head + "3\r\nabcXYZ\r\n").ends_with("abc: malformed chunked encoding"));
  CHECK(ask(s.addr, head + "fffffffffffffffff\r\n").ends_with("http chunk length too large"));
  CHECK(contains(ask(s.addr, head + std::string(100000, '1')), "header line too long"));
  CHECK(ask(s.addr, head + "5\nhello").ends_with("chunked line ends with bare LF"));
  CHECK(ask(s.addr, head + "5\r5\r\nhello").ends_with("invalid CR in chunked line"));
  SECTION("a size of more than 16 digits is refused, also if it is small") {
    const std::string zeros(20, '0');
    CHECK(ask(s.addr, head + zeros + "5\r\nhello\r\n").ends_with("http chunk length too large"));
    CHECK(ask(s.addr, head + "5\r\nhello\r\n" + zeros + "\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n")
              .ends_with("hello: http chunk length too large"));
  }
  SECTION("what came before the bad chunk is not lost") {
    auto cut = [&](const std::string& body) {
      raw_client c(s.addr);
      c.send(head + body);
      c.conn.CloseWrite();
      return c.rest();
    };
    CHECK(cut("5\r\nhello\r\nx").ends_with("hello: unexpected EOF"));
    CHECK(cut("5\r\nhel").ends_with("hel: unexpected EOF"));
    CHECK(cut("5\r\nhello\r\n0\r\n").ends_with("hello: http: unexpected EOF reading trailer"));
    CHECK(cut("5\r\nhello\r\n0\r\nA: b").ends_with("suspiciously long trailer after chunked body"));
    CHECK(
        ask(s.addr, head + "5\r\nhello\r\nx\r\n").ends_with("hello: invalid byte in chunk length"));
    CHECK(ask(s.addr, head + "5\r\nhelloXX").ends_with("hello: malformed chunked encoding"));
  }
  SECTION("extensions cannot be most of a body") {
    std::string all = head;
    for (int i = 0; i < 6000; i++) all += "1;" + std::string(2000, 'e') + "\r\nx\r\n";
    raw_client c(s.addr);
    go([conn = c.conn, all] { conn.Write(all); });
    CHECK(contains(c.rest(), "chunked encoding contains too much non-data"));
    CHECK(taken < 20);
  }
  SECTION("but a byte in each chunk is a body") {
    std::string all = head;
    for (int i = 0; i < 6000; i++) all += "1\r\nx\r\n";
    CHECK(contains(ask(s.addr, all + "0\r\n\r\nGET / HTTP/1.0\r\n\r\n"), "fine"));
    CHECK(taken == 0);  // of the second request: it was found
  }
}

TEST_CASE("a header that never ends is cut off", "[http][limits]") {
  test_server s;
  s.server.MaxHeaderBytes = 8 << 10;
  s.mux.HandleFunc("/", [](http::ResponseWriter& w, http::Request*) { w.Write("served"); });
  s.start();
  const std::string big = refusal("431 Request Header Fields Too Large");
  SECTION("one long field") {
    CHECK(ask(s.addr, "GET / HTTP/1.1\r\nHost: x\r\nA: " + std::string(20000, 'a')) == big);
  }
  SECTION("one long request line") { CHECK(ask(s.addr, "GET /" + std::string(20000, 'a')) == big); }
  SECTION("many short ones, in many pieces") {
    raw_client c(s.addr);
    c.send("GET / HTTP/1.1\r\nHost: x\r\n");
    for (int i = 0; i < 1000 && c.send("A: bcdefghijklmnopqrstuvwxyz\r\n"); i++) {}
    CHECK(contains(c.rest(), "431 Request Header Fields Too Large"));
  }
  SECTION("but one that is just below the limit is read") {
    std::string all = ask(s.addr, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nA: " +
                                      std::string(8000, 'a') + "\r\n\r\n");
    CHECK(all.ends_with("served"));
  }
}

TEST_CASE("slow clients are cut off when the server sets a limit", "[http][limits]") {
  test_server s;
  s.mux.HandleFunc("/", [](http::ResponseWriter& w, http::Request* r) {
    auto [text, err] = io::ReadAll(r->Body);
    w.Write(err != nullptr ? err.Error() : text);
  });
  SECTION("while they send the header") {
    s.server.ReadHeaderTimeout = 20 * time::Millisecond;
    s.start();
    CHECK(ask(s.addr, "GET / HTTP/1.1\r\nHost: x\r\n") == "");
    // What is there of a line counts as one, and this is no field. As in Go.
    CHECK(ask(s.addr, "GET / HTTP/1.1\r\nHo") == refusal("400 Bad Request"));
    CHECK(ask(s.addr, "") == "");
  }
  SECTION("while they send the body") {
    s.server.ReadTimeout = 20 * time::Millisecond;
    s.start();
    CHECK(contains(ask(s.addr, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nab"),
                   "i/o timeout"));
  }
  SECTION("between two requests") {
    s.server.IdleTimeout = 20 * time::Millisecond;
    s.start();
    CHECK(contains(ask(s.addr, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"), "200 OK"));
  }
  SECTION("when they do not read") {
    s.server.WriteTimeout = 50 * time::Millisecond;
    auto ended = make_chan<int>(1);
    s.mux.HandleFunc("/flood", [ended](http::ResponseWriter& w, http::Request*) {
      std::string much(1 << 20, 'x');
      while (w.Write(much).second == nullptr) {}
      ended.send(1);
    });
    s.start();
    raw_client c(s.addr);
    c.send("GET /flood HTTP/1.1\r\nHost: x\r\n\r\n");
    CHECK(ended.recv() == 1);
  }
  SECTION("but a handler may take longer than the time to read") {
    s.server.ReadTimeout = 20 * time::Millisecond;
    auto cancelled = make_chan<bool>(1);
    s.mux.HandleFunc("/think", [cancelled](http::ResponseWriter& w, http::Request* r) {
      auto timer = time::NewTimer(60 * time::Millisecond);
      cancelled.send(select({recv(r->Context().Done()), recv(timer.C)}) == 0);
      w.Write("thought");
    });
    s.start();
    raw_client c(s.addr);
    c.send("GET /think HTTP/1.1\r\nHost: x\r\n\r\n");
    CHECK(c.answer().ends_with("thought"));
    CHECK_FALSE(cancelled.recv());
  }
}

TEST_CASE("limits as long as a Duration can be are none", "[http][limits][overflow]") {
  test_server s;
  const time::Duration longest = std::numeric_limits<int64_t>::max();
  s.server.ReadTimeout = s.server.ReadHeaderTimeout = s.server.WriteTimeout = longest;
  s.server.IdleTimeout = longest;
  s.mux.HandleFunc(
      "/", [](http::ResponseWriter& w, http::Request* r) { w.Write(io::ReadAll(r->Body).first); });
  s.start();
  http::Client client{.Timeout = longest, .Transport = http::NewTransport()};
  for (int i = 0; i < 2; i++) {  // the second comes after an idle time
    auto [resp, err] = client.Post(s.url("/"), "text/plain", "hello");
    REQUIRE(err == nullptr);
    CHECK(io::ReadAll(resp->Body).first == "hello");
    resp->Body.Close();
  }
  client.CloseIdleConnections();
}

TEST_CASE("a thousand idle connections cost a goroutine each, and leave none behind",
          "[http][limits]") {
  test_server s;
  s.mux.HandleFunc("/", [](http::ResponseWriter& w, http::Request*) { w.Write("ok"); });
  s.start();
  {
    std::vector<std::unique_ptr<raw_client>> clients;
    for (int i = 0; i < 1000; i++) {
      clients.push_back(std::make_unique<raw_client>(s.addr));
      if (i % 2 == 0) continue;  // every other one has been served once
      clients.back()->send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
      REQUIRE(clients.back()->answer().ends_with("ok"));
    }
    CHECK(eventually([&] { return runtime::NumGoroutine() == s.before + 1 + 1000; }));
    CHECK(ask(s.addr, "GET / HTTP/1.0\r\n\r\n").ends_with("ok"));
  }
  CHECK(eventually([&] { return runtime::NumGoroutine() == s.before + 1; }));
}

TEST_CASE("whatever bytes come, the server lives on and forgets them", "[http][fuzz]") {
  test_server s;
  s.server.ReadTimeout = 2 * time::Second;
  s.mux.HandleFunc("/", [](http::ResponseWriter& w, http::Request* r) {
    w.Write(io::ReadAll(r->Body).first + r->FormValue("a"));
  });
  s.start();
  std::mt19937 random(20261122);
  const std::string seed =
      "POST /a/../%41?a=%20b&c HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
      "Content-Type: application/x-www-form-urlencoded\r\nConnection: close\r\n\r\n"
      "5\r\na=b&c\r\n0\r\n\r\nGET / HTTP/1.0\r\n\r\n";
  for (int round = 0; round < 400; round++) {
    std::string bytes = seed;
    for (unsigned edits = random() % 6 + 1; edits > 0; edits--) {
      const size_t at = random() % bytes.size();
      switch (random() % 4) {
        case 0:
          bytes[at] = static_cast<char>(random());
          break;
        case 1:
          bytes.erase(at, random() % 20 + 1);
          break;
        case 2:
          bytes.insert(at, bytes.substr(random() % bytes.size(), random() % 30));
          break;
        default:
          bytes.insert(at, 1, "\r\n\0: %;"[random() % 7]);
      }
      if (bytes.empty()) bytes = "x";
    }
    raw_client c(s.addr);
    c.send(bytes);
    c.conn.CloseWrite();
    std::string all = c.rest();
    if (!all.empty() && !all.starts_with("HTTP/1.")) FAIL_CHECK("answer: " + all);
  }
  CHECK(contains(ask(s.addr, "GET / HTTP/1.0\r\n\r\n"), "200 OK"));
  CHECK(eventually([&] { return runtime::NumGoroutine() == s.before + 1; }));
}
