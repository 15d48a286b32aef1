// http_client_rules_test.cpp: what a client may be told: limits, redirects, bodies that are read
// while they are sent, other ways to connect and to send. The texts are those of Go 1.27.3.
#include <unistd.h>

#include "tests/net/http_fixture.h"
#include "tests/snapshot/groups.h"

using namespace golab;
using namespace fixture;

namespace {

struct own_client : http::Client {
  own_client() { Transport = transport; }
  ~own_client() { CloseIdleConnections(); }
  std::shared_ptr<http::Transport> transport = http::NewTransport();
};

std::string body_of(const std::shared_ptr<http::Response>& resp) {
  auto [text, err] = io::ReadAll(resp->Body);
  resp->Body.Close();
  return err == nullptr ? text : text + " then " + err.Error();
}

// Pieces that a reader gives one by one, and an error at the end.
class pieces final : public glue::reader {
 public:
  explicit pieces(std::vector<std::string> parts, error end = io::EOF_)
      : parts_(std::move(parts)), end_(std::move(end)) {}
  std::pair<int, error> Read(char* p, size_t n) override {
    if (at_ == parts_.size()) return {0, end_};
    const std::string& part = parts_[at_++];
    return {static_cast<int>(part.copy(p, n)), nullptr};
  }
  error Close() override {
    closed++;
    return nullptr;
  }
  std::atomic<int> closed{0};

 private:
  std::vector<std::string> parts_;
  size_t at_ = 0;
  error end_;
};

io::ReadCloser reader_of(std::vector<std::string> parts, error end = io::EOF_) {
  return io::ReadCloser(std::make_shared<pieces>(std::move(parts), std::move(end)));
}

struct rules_server : test_server {
  rules_server() {
    mux.HandleFunc("/silent", [](http::ResponseWriter&, http::Request* r) {
      io::ReadAll(r->Body);
      r->Context().Done().recv();
    });
    mux.HandleFunc("/half", [](http::ResponseWriter& w, http::Request* r) {
      w.Write("half");
      w.Flush();
      r->Context().Done().recv();
    });
    mux.HandleFunc("/echo", [](http::ResponseWriter& w, http::Request* r) {
      const std::string text = io::ReadAll(r->Body).first;
      w.Write(r->Method + " " + std::to_string(r->ContentLength) + " " + text + " " +
              r->Trailer.Get("A") + r->Trailer.Get("B"));
    });
    mux.HandleFunc("/big", [](http::ResponseWriter& w, http::Request*) {
      w.Header().Set("X", std::string(200, 'x'));
    });
    mux.HandleFunc("/fields", [](http::ResponseWriter& w, http::Request* r) {
      for (const char* name : {"Authorization", "Cookie", "Referer", "X"}) {
        w.Write(std::string(name) + "=" + r->Header.Get(name) + ";");
      }
    });
    mux.HandleFunc("/who", [](http::ResponseWriter& w, http::Request* r) { w.Write(r->RemoteAddr); });
    mux.HandleFunc("/to", [](http::ResponseWriter& w, http::Request* r) {
      http::Redirect(w, r, r->FormValue("u"), 302);
    });
    start();
  }

  // What `client` makes of this request, with the address as HOST.
  std::string answer(http::Client& client, const char* method, const char* path,
                     io::ReadCloser body = nullptr,
                     const std::function<void(http::Request*)>& change = nullptr) {
    auto [req, invalid] = http::NewRequest(method, url(path), body);
    REQUIRE(invalid == nullptr);
    if (change) change(&req);
    auto [resp, err] = client.Do(req);
    std::string text = err == nullptr ? body_of(resp) : err.Error();
    last = err;
    for (size_t at; (at = text.find(addr)) != text.npos;) text.replace(at, addr.size(), "HOST");
    return text;
  }
  error last;
};

}  // namespace

TEST_CASE("a Transport's limits end a request", "[http][client][limits]") {
  rules_server s;
  own_client c;
  SECTION("of the time until the header") {
    c.transport->ResponseHeaderTimeout = 20 * time::Millisecond;
    CHECK(s.answer(c, "GET", "/silent") ==
          "Get \"http://HOST/silent\": net/http: timeout awaiting response headers");
    CHECK(s.last.Timeout());
    CHECK(errors::Is(s.last, context::DeadlineExceeded));
    CHECK(s.answer(c, "GET", "/echo") == "GET 0  ");
  }
  SECTION("of the bytes of a header") {
    c.transport->MaxResponseHeaderBytes = 100;
    CHECK(s.answer(c, "GET", "/big") ==
          "Get \"http://HOST/big\": net/http: HTTP/1.x transport connection broken: net/http: "
          "server response headers exceeded 100 bytes; aborted");
  }
  SECTION("of the whole call") {
    c.Timeout = 20 * time::Millisecond;
    CHECK(s.answer(c, "GET", "/half") ==
          "half then context deadline exceeded (Client.Timeout or context cancellation while "
          "reading body)");
    CHECK(s.answer(c, "GET", "/silent") ==
          "Get \"http://HOST/silent\": context deadline exceeded (Client.Timeout exceeded while "
          "awaiting headers)");
  }
}

TEST_CASE("a Transport has as many connections as it may", "[http][client][limits]") {
  rules_server s;
  own_client c;
  SECTION("to one host: others wait for them") {
    c.transport->MaxConnsPerHost = 1;
    const auto first = c.Get(s.url("/half")).first;
    auto second = make_chan<std::string>();
    go([&, second] { second.send(s.answer(c, "GET", "/who")); });
    CHECK(eventually([] { return take().in("net/http.(*Transport).getConn") == 1; }));
    first->Body.Close();
    CHECK(second.recv().starts_with("127.0.0.1:"));
  }
  SECTION("idle ones, over all hosts: the oldest goes") {
    c.transport->MaxIdleConns = 1;
    const std::string port = s.addr.substr(s.addr.find(':'));
    body_of(c.Get("http://127.0.0.1" + port + "/who").first);
    const std::string one = s.answer(c, "GET", "/who");
    CHECK(s.answer(c, "GET", "/who") == one);
    const auto other = c.Get("http://localhost" + port + "/who");
    REQUIRE(other.second == nullptr);
    CHECK(body_of(other.first) != one);
    CHECK(s.answer(c, "GET", "/who") != one);
  }
}

TEST_CASE("bodies of requests are sent as they are read", "[http][client][body]") {
  rules_server s;
  own_client c;
  CHECK(s.answer(c, "POST", "/echo", reader_of({"ab", "cd"})) == "POST -1 abcd ");
  CHECK(s.answer(c, "GET", "/echo", reader_of({})) == "GET 0  ");  // a probe finds nothing
  CHECK(s.answer(c, "GET", "/echo", reader_of({"x", "yz"})) == "GET -1 xyz ");
  CHECK(s.answer(c, "POST", "/echo", reader_of({"ab", "cd"}), [](http::Request* r) {
          r->ContentLength = 4;
        }) == "POST 4 abcd ");
  SECTION("and closed, once") {
    auto body = std::make_shared<pieces>(std::vector<std::string>{"x"});
    CHECK(s.answer(c, "POST", "/echo", io::ReadCloser(body)) == "POST -1 x ");
    CHECK(eventually([&] { return body->closed == 1; }));
  }
  SECTION("also if the request never goes out") {
    auto body = std::make_shared<pieces>(std::vector<std::string>{"x"});
    CHECK(s.answer(c, "POST", "/echo", io::ReadCloser(body),
                   [](http::Request* r) { r->RequestURI = "/x"; }) ==
          "Post \"http://HOST/echo\": http: Request.RequestURI can't be set in client requests");
    CHECK(body->closed == 1);
  }
}

TEST_CASE("a body in chunks may have a trailer", "[http][client][body]") {
  rules_server s;
  own_client c;
  CHECK(s.answer(c, "POST", "/echo", reader_of({"xyz"}), [](http::Request* r) {
          r->Trailer.Set("A", "1");
          r->Trailer.Set("B", "2");
        }) == "POST -1 xyz 12");
}

TEST_CASE("a body that is not what was said ends the request", "[http][client][body]") {
  rules_server s;
  own_client c;
  const std::string post = "Post \"http://HOST/echo\": ";
  auto five = [](http::Request* r) { r->ContentLength = 5; };
  CHECK(contains(s.answer(c, "POST", "/echo", reader_of({"abc"}), five),
                 "http: ContentLength=5 with Body length 3"));
  CHECK(s.answer(c, "POST", "/echo", nullptr, five) ==
        post + "http: Request.ContentLength=5 with nil Body");
  const error bad = errors::New("bad body");
  CHECK(s.answer(c, "POST", "/echo", reader_of({}, bad)) == post + "bad body");
  CHECK(errors::Is(s.last, bad));
  CHECK(s.answer(c, "GET", "/echo", reader_of({}, bad)) ==
        "Get \"http://HOST/echo\": bad body");
  CHECK(s.answer(c, "POST", "/echo", reader_of({"x"}), [](http::Request* r) {
          r->Trailer.Set("Content-Length", "1");
        }) == post + "invalid Trailer key \"Content-Length\"");
}

TEST_CASE("a request that expects 100 waits for the server's word", "[http][client][continue]") {
  rules_server s;
  own_client c;
  auto expect = [](http::Request* r) { r->Header.Set("Expect", "100-continue"); };
  c.transport->ExpectContinueTimeout = time::Hour;
  CHECK(s.answer(c, "POST", "/echo", reader_of({"xyz"}), expect) == "POST -1 xyz ");
  SECTION("and goes on without one after a while") {
    c.transport->ExpectContinueTimeout = time::Millisecond;
    auto [ln, err] = net::Listen("tcp", "127.0.0.1:0");
    auto got = make_chan<std::string>(1);
    go([l = ln, got] {
      net::Conn conn = l.Accept().first;
      std::string text;
      char buf[1000];
      while (!contains(text, "xyz")) {
        auto [n, read_err] = conn.Read(buf, sizeof buf);
        if (read_err != nullptr) break;
        text.append(buf, static_cast<size_t>(n));
      }
      conn.Write("HTTP/1.1 204 No Content\r\n\r\n");
      conn.Close();
      got.send(text);
    });
    auto [req, invalid] = http::NewRequest("POST", "http://" + ln.Addr().String(), "xyz");
    expect(&req);
    CHECK(c.Do(req).first->StatusCode == 204);
    CHECK(contains(got.recv(), "Expect: 100-continue\r\n"));
    ln.Close();
  }
}

TEST_CASE("a caller decides about redirects", "[http][client][redirect]") {
  rules_server s;
  own_client c;
  SECTION("by an error: the last response comes with it, closed") {
    c.CheckRedirect = [](http::Request* req, const auto& via) {
      return errors::New(via[0]->URL.Path + " to " + req->URL.Path);
    };
    auto [resp, err] = c.Get(s.url("/to?u=/who"));
    CHECK(err.Error() == "Get \"/who\": /to to /who");
    REQUIRE(resp != nullptr);
    CHECK(resp->StatusCode == 302);
    char b;
    CHECK(resp->Body.Read(&b, 1).second.Error() == "http: read on closed response body");
  }
  SECTION("by ErrUseLastResponse: it is the answer") {
    c.CheckRedirect = [](http::Request*, const auto&) { return http::ErrUseLastResponse; };
    auto [resp, err] = c.Get(s.url("/to?u=/who"));
    CHECK(err == nullptr);
    CHECK(resp->StatusCode == 302);
    CHECK(contains(body_of(resp), "Found"));
    CHECK(resp->Location().first.Path == "/who");
  }
  SECTION("by changing the request") {
    c.CheckRedirect = [](http::Request* req, const auto&) {
      req->Header.Set("X", "y");
      return error();
    };
    CHECK(s.answer(c, "GET", "/to?u=/fields") ==
          "Authorization=;Cookie=;Referer=http://HOST/to?u=/fields;X=y;");
  }
}

TEST_CASE("a redirect takes secrets to the same host only", "[http][client][redirect]") {
  rules_server s;
  own_client c;
  auto secret = [](http::Request* r) {
    r->SetBasicAuth("u", "p");
    r->Header.Set("Cookie", "c");
    r->Header.Set("X", "y");
  };
  const std::string port = s.addr.substr(s.addr.find(':'));
  CHECK(s.answer(c, "GET", "/to?u=/fields", nullptr, secret) ==
        "Authorization=Basic dTpw;Cookie=c;Referer=http://HOST/to?u=/fields;X=y;");
  const std::string away = "/to?u=http://localhost" + port + "/fields";
  CHECK(s.answer(c, "GET", away.c_str(), nullptr, secret) ==
        "Authorization=;Cookie=;Referer=http://HOST" + away + ";X=y;");
  // And the user of a URL is in no Referer.
  auto [resp, err] = c.Get("http://user:pw@" + s.addr + "/to?u=/fields");
  CHECK(body_of(resp) == "Authorization=Basic dXNlcjpwdw==;Cookie=;Referer=http://" + s.addr +
                             "/to?u=/fields;X=;");
}

TEST_CASE("something else may send a client's requests", "[http][client][roundtripper]") {
  rules_server s;
  struct refusing {
    http::Client::answer RoundTrip(const std::shared_ptr<http::Request>&) {
      return {nullptr, errors::New("no way")};
    }
  };
  struct adding {
    std::shared_ptr<http::Transport> to = http::NewTransport();
    http::Client::answer RoundTrip(const std::shared_ptr<http::Request>& req) {
      auto mine = std::make_shared<http::Request>(*req);
      mine->Header.Set("X", "added");
      return to->RoundTrip(mine);
    }
    void CloseIdleConnections() { to->CloseIdleConnections(); }
  };
  http::Client client{.Transport = std::make_shared<refusing>()};
  CHECK(s.answer(client, "GET", "/echo") == "Get \"http://HOST/echo\": no way");
  client.Transport = std::make_shared<adding>();
  CHECK(contains(s.answer(client, "GET", "/fields"), "X=added;"));
  CHECK(client.Transport.get<adding>() != nullptr);
  CHECK(client.Transport.get<http::Transport>() == nullptr);
  client.CloseIdleConnections();
}

TEST_CASE("a Transport connects as it is told", "[http][client][dial]") {
  rules_server s;
  own_client c;
  SECTION("over a unix socket") {
    const std::string path = "/tmp/golab-http-" + std::to_string(getpid()) + ".sock";
    auto [ln, err] = net::Listen("unix", path);
    REQUIRE(err == nullptr);
    http::Server over_unix{.Handler = &s.mux};
    auto done = make_chan<error>();
    go([&, l = ln] { done.send(over_unix.Serve(l)); });
    c.transport->DialContext = [path](const context::Context& ctx, std::string_view,
                                      std::string_view) {
      net::Dialer d;
      return d.DialContext(ctx, "unix", path);
    };
    auto [resp, get_err] = c.Get("http://any.name/echo");
    REQUIRE(get_err == nullptr);
    CHECK(body_of(resp) == "GET 0  ");
    c.CloseIdleConnections();
    over_unix.Close();
    done.recv();
    REQUIRE(eventually([&] { return runtime::NumGoroutine() == s.before + 1; }));
  }
  SECTION("over a pipe") {
    c.transport->DialContext = [](const context::Context&, std::string_view, std::string_view) {
      auto [mine, other] = net::Pipe();
      go([other = other] {
        char buf[1000];
        other.Read(buf, sizeof buf);
        other.Write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        other.Read(buf, 1);
        other.Close();
      });
      return std::pair{mine, error()};
    };
    CHECK(s.answer(c, "GET", "/") == "ok");
  }
  SECTION("or not at all") {
    c.transport->DialContext = [](const context::Context&, std::string_view, std::string_view) {
      return std::pair<net::Conn, error>{nullptr, nullptr};
    };
    CHECK(s.answer(c, "GET", "/") ==
          "Get \"http://HOST/\": net/http: Transport.DialContext hook returned (nil, nil)");
  }
}

TEST_CASE("a request on a connection that just died goes over another", "[http][client][retry]") {
  auto [ln, err] = net::Listen("tcp", "127.0.0.1:0");
  REQUIRE(err == nullptr);
  auto served = make_chan<int>(10);
  // The first connection answers once, then takes another request and ends without an answer.
  go([l = ln, served] {
    for (int i = 0;; i++) {
      auto [c, failed] = l.Accept();
      if (failed != nullptr) return;
      char buf[1000];
      c.Read(buf, sizeof buf);
      c.Write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
      c.Read(buf, sizeof buf);
      c.Close();
      served.send(i);
    }
  });
  own_client c;
  const std::string to = "http://" + ln.Addr().String();
  CHECK(body_of(c.Get(to).first) == "ok");
  SECTION("if it does no harm") { CHECK(body_of(c.Get(to).first) == "ok"); }
  SECTION("with its body, if it may be repeated") {
    auto [req, invalid] = http::NewRequest("POST", to, "text");
    req.Header.Set("Idempotency-Key", "1");
    CHECK(body_of(c.Do(req).first) == "ok");
  }
  SECTION("but not if it may not") {
    CHECK(contains(c.Post(to, "a/b", "text").second.Error(), "EOF"));
  }
  c.CloseIdleConnections();
  ln.Close();
}
