// http_client_test.cpp: the client: bodies, redirects, reuse of connections, errors in Go's words.
#include "runtime/sched/netpoll.h"
#include "tests/net/http_fixture.h"

using namespace golab;
using namespace fixture;

namespace {

// A client with connections of its own, closed at the end.
struct own_client : http::Client {
  own_client() { Transport = http::NewTransport(); }
  ~own_client() { CloseIdleConnections(); }
};

std::string body_of(const std::shared_ptr<http::Response>& resp) {
  auto [text, err] = io::ReadAll(resp->Body);
  resp->Body.Close();
  return err == nullptr ? text : text + " then " + err.Error();
}

}  // namespace

TEST_CASE("Get brings the answer", "[http][client]") {
  test_server s;
  s.mux.HandleFunc("/short", [](http::ResponseWriter& w, http::Request*) { w.Write("short"); });
  s.mux.HandleFunc("/long", [](http::ResponseWriter& w, http::Request*) {
    for (int i = 0; i < 300; i++) w.Write(std::string(1000, 'l'));
  });
  s.mux.HandleFunc("/until-close", [](http::ResponseWriter& w, http::Request*) {
    w.Header().Set("Transfer-Encoding", "identity");
    w.Write(std::string(3000, 'c'));
  });
  s.mux.HandleFunc("/empty", [](http::ResponseWriter& w, http::Request*) { w.WriteHeader(204); });
  s.start();
  own_client client;
  auto [resp, err] = client.Get(s.url("/short"));
  REQUIRE(err == nullptr);
  CHECK(resp->Status == "200 OK");
  CHECK(resp->StatusCode == 200);
  CHECK(resp->ContentLength == 5);
  CHECK(resp->Header.Get("content-type") == "text/plain; charset=utf-8");
  CHECK(body_of(resp) == "short");
  CHECK(body_of(client.Get(s.url("/long")).first) == std::string(300000, 'l'));
  CHECK(body_of(client.Get(s.url("/until-close")).first) == std::string(3000, 'c'));
  CHECK(body_of(client.Get(s.url("/empty")).first) == "");
  CHECK(body_of(client.Get(s.url("/nosuch")).first) == "404 page not found\n");
  CHECK(client.Head(s.url("/short")).first->ContentLength == 5);
}

TEST_CASE("Post sends a body and a type", "[http][client]") {
  test_server s;
  s.mux.HandleFunc("POST /", [](http::ResponseWriter& w, http::Request* r) {
    w.Write(r->Header.Get("Content-Type") + ":" + io::ReadAll(r->Body).first + ":" + r->Host);
  });
  s.start();
  own_client client;
  CHECK(body_of(client.Post(s.url("/"), "text/x", "payload").first) == "text/x:payload:" + s.addr);
}

TEST_CASE("a connection is used again once its body was read", "[http][client][keepalive]") {
  test_server s;
  s.mux.HandleFunc("/", [](http::ResponseWriter& w, http::Request* r) { w.Write(r->RemoteAddr); });
  s.start();
  own_client client;
  const std::string first = body_of(client.Get(s.url("/")).first);
  for (int i = 0; i < 10; i++) CHECK(body_of(client.Get(s.url("/")).first) == first);
  SECTION("not while it is being read") {
    auto [open, err] = client.Get(s.url("/"));
    CHECK(body_of(client.Get(s.url("/")).first) != first);
    CHECK(body_of(open) == first);
  }
  SECTION("also after a body that was closed with little left") {
    own_client one;  // with one connection, for which a request waits
    one.Transport.get<http::Transport>()->MaxConnsPerHost = 1;
    const std::string its_own = body_of(one.Get(s.url("/")).first);
    one.Get(s.url("/")).first->Body.Close();
    CHECK(body_of(one.Get(s.url("/")).first) == its_own);
  }
  SECTION("not if the server has closed it meanwhile") {
    s.server.SetKeepAlivesEnabled(false);  // closes what is idle
    REQUIRE(eventually([&] { return runtime::NumGoroutine() == s.before + 1; }));
    s.server.SetKeepAlivesEnabled(true);
    std::string next = body_of(client.Get(s.url("/")).first);
    CHECK(next != first);
    CHECK(next.starts_with("127.0.0.1:"));
  }
}

TEST_CASE("redirects are followed", "[http][client]") {
  test_server s;
  s.mux.HandleFunc("/a", [](auto& w, auto* r) { http::Redirect(w, r, "/b", 302); });
  s.mux.HandleFunc("/b", [](auto& w, auto* r) { http::Redirect(w, r, "c", 301); });
  s.mux.HandleFunc("/c", [](auto& w, auto* r) { w.Write(r->Method + io::ReadAll(r->Body).first); });
  s.mux.HandleFunc("/same", [](auto& w, auto* r) { http::Redirect(w, r, "/c", 307); });
  s.mux.HandleFunc("/loop", [](auto& w, auto* r) { http::Redirect(w, r, "/loop", 302); });
  s.start();
  own_client client;
  auto [resp, err] = client.Get(s.url("/a"));
  REQUIRE(err == nullptr);
  CHECK(body_of(resp) == "GET");
  CHECK(resp->Request->URL.Path == "/c");
  CHECK(body_of(client.Post(s.url("/a"), "t/t", "x").first) == "GET");
  CHECK(body_of(client.Post(s.url("/same"), "t/t", "x").first) == "POSTx");
  CHECK(client.Get(s.url("/loop")).second.Error() ==
        "Get \"/loop\": stopped after 10 redirects");
}

TEST_CASE("a body that is cut short or malformed never passes for whole",
          "[http][client][malformed]") {
  auto [ln, err] = net::Listen("tcp", "127.0.0.1:0");
  REQUIRE(err == nullptr);
  const std::string to = "http://" + ln.Addr().String() + "/";
  own_client client;
  // Returns what the client reads from this response; the server closes after it.
  auto get = [&, ln = ln](const std::string& answer) {
    auto done = make_chan<int>(1);
    go([ln, answer, done] {
      net::Conn c = ln.Accept().first;
      char buf[1000];
      c.Read(buf, sizeof buf);
      c.Write(answer);
      c.Close();
      done.send(1);
    });
    auto [resp, failed] = client.Get(to);
    std::string text = failed != nullptr ? "refused: " + failed.Error() : body_of(resp);
    done.recv();
    return text;
  };
  const std::string head = "HTTP/1.1 200 OK\r\n";
  const std::string chunked = head + "Transfer-Encoding: chunked\r\n\r\n";
  CHECK(get(head + "Content-Length: 5\r\n\r\nhello") == "hello");
  CHECK(get(head + "Content-Length: 9\r\n\r\nhello") == "hello then unexpected EOF");
  CHECK(get(head + "Content-Length: 9223372036854775807\r\n\r\nhello") ==
        "hello then unexpected EOF");
  for (const char* length :
       {"9223372036854775808", "18446744073709551615", "18446744073709551621", "-5", "5, 5"}) {
    const std::string text = get(head + "Content-Length: " + length + "\r\n\r\nhello");
    CHECK(contains(text, "refused: Get \"" + to));
    CHECK(contains(text, "bad Content-Length \"" + std::string(length) + "\""));
  }
  CHECK(contains(get(head + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello"), "refused: "));
  CHECK(get(chunked + "5\r\nhello\r\n0\r\n\r\n") == "hello");
  CHECK(get(chunked + "5\r\nhello\r\n0\r\n") == "hello then http: unexpected EOF reading trailer");
  CHECK(get(chunked + "5\r\nhello\r\n") == "hello then unexpected EOF");
  CHECK(get(chunked + "5\r\nhel") == "hel then unexpected EOF");
  CHECK(get(chunked + "5\r\nhello\r\nx\r\n") == "hello then invalid byte in chunk length");
  CHECK(get(chunked + "5\r\nhello\r\n00000000000000000000\r\n\r\n") ==
        "hello then http chunk length too large");
  // HTTP/1.0 has no chunks: its body is what comes until the end.
  CHECK(get("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello") == "5\r\nhello");
  ln.Close();
}

TEST_CASE("what fails says what was asked for and why", "[http][client][errors]") {
  auto [ln, err] = net::Listen("tcp", "127.0.0.1:0");
  REQUIRE(err == nullptr);
  const std::string addr = ln.Addr().String();
  const std::string to = "http://" + addr + "/";
  own_client client;
  SECTION("nobody listens") {
    ln.Close();
    error failed = client.Get(to).second;
    CHECK(failed.Error() ==
          "Get \"" + to + "\": dial tcp " + addr + ": connect: connection refused");
    CHECK(errors::As<net::OpError>(failed) != nullptr);
  }
  SECTION("the server says nothing and goes") {
    go([ln = ln] { ln.Accept().first.Close(); });
    // As in Go, the text depends on who is faster.
    const std::string text = client.Get(to).second.Error();
    CHECK((contains(text, "EOF") || contains(text, "connection reset by peer") ||
           contains(text, "http: server closed idle connection")));
  }
  SECTION("the server says something else") {
    auto done = make_chan<int>(1);
    go([ln = ln, done] {
      net::Conn c = ln.Accept().first;
      char buf[1000];
      c.Read(buf, sizeof buf);
      c.Write("SSH-2.0-x\r\n\r\n");
      c.Close();
      done.send(1);
    });
    CHECK(contains(client.Get(to).second.Error(), "malformed HTTP response \"SSH-2.0-x\""));
    done.recv();
  }
  SECTION("the server takes too long") {
    client.Timeout = 20 * time::Millisecond;
    error failed = client.Get(to).second;
    CHECK(failed.Error() ==
          "Get \"" + to +
              "\": context deadline exceeded (Client.Timeout exceeded while awaiting "
              "headers)");
    CHECK(failed.Timeout());
    CHECK(errors::Is(failed, context::DeadlineExceeded));
  }
  SECTION("the caller gives up") {
    auto [ctx, cancel] = context::WithCancel(context::Background());
    auto [req, bad] = http::NewRequestWithContext(ctx, "GET", to);
    REQUIRE(bad == nullptr);
    go([cancel = cancel] {
      eventually([] { return runtime::netpollAnyWaiters(); });
      cancel();
    });
    error failed = client.Do(req).second;
    CHECK(failed.Error() == "Get \"" + to + "\": context canceled");
    CHECK(errors::Is(failed, context::Canceled));
  }
  SECTION("there is no such thing") {
    CHECK(client.Get("ftp://x/").second.Error() ==
          "Get \"ftp://x/\": unsupported protocol scheme \"ftp\"");
    CHECK(client.Get("http:///x").second.Error() ==
          "Get \"http:///x\": http: no Host in request URL");
    CHECK(client.Get("http://a/%zz").second.Error() ==
          "parse \"http://a/%zz\": invalid URL escape \"%zz\"");
  }
  ln.Close();
}

TEST_CASE("a body that breaks off is an unexpected EOF", "[http][client]") {
  test_server s;
  s.mux.HandleFunc("/length", [](http::ResponseWriter& w, http::Request*) {
    w.Header().Set("Content-Length", "100");
    w.Write("half");
  });
  s.mux.HandleFunc("/chunks", [](http::ResponseWriter& w, http::Request*) {
    w.Write("half");
    w.Flush();
    panic(http::ErrAbortHandler);
  });
  s.start();
  own_client client;
  CHECK(body_of(client.Get(s.url("/length")).first) == "half then unexpected EOF");
  CHECK(body_of(client.Get(s.url("/chunks")).first) == "half then unexpected EOF");
}

TEST_CASE("many goroutines share one client", "[http][client]") {
  test_server s;
  std::atomic<int> served{0};
  s.mux.HandleFunc("/{n}", [&](http::ResponseWriter& w, http::Request* r) {
    served++;
    w.Write(r->PathValue("n"));
  });
  s.start();
  {
    own_client client;
    auto right = make_chan<int>(64);
    for (int g = 0; g < 16; g++) {
      go([&client, &s, right, g] {
        int good = 0;
        for (int i = 0; i < 20; i++) {
          auto [resp, err] = client.Get(s.url("/" + std::to_string(g * 100 + i)));
          if (err == nullptr && body_of(resp) == std::to_string(g * 100 + i)) good++;
        }
        right.send(good);
      });
    }
    int good = 0;
    for (int g = 0; g < 16; g++) good += right.recv();
    CHECK(good == 320);
    CHECK(served == 320);
  }
}
