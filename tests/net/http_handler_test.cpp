// http_handler_test.cpp: what handlers may do with their connection and their time, and what a
// server tells about its connections.
#include <algorithm>

#include "profiler/endpoints/lookup.h"
#include "tests/net/http_fixture.h"

using namespace golab;
using namespace fixture;

namespace {

const std::string kGet = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";

// The text of the goroutine profile, by one goroutine at a time.
std::string dump() {
  std::string all;
  golab::pprof::Lookup("goroutine")
      ->WriteTo(golab::pprof::Writer([&](std::string_view piece) -> error {
                  all += piece;
                  return nullptr;
                }),
                2);
  return all;
}

// What a handler's goroutine that was left behind has seen.
struct Late {
  Chan<int> timed_out = make_chan<int>();
  Chan<std::string> saw = make_chan<std::string>(1);
};

}  // namespace

// Goal: the time is over, the client has its answer, the handler's goroutine is still there, and
// nothing that it holds has become another request's.
TEST_CASE("a handler that is too late outlives its request", "[http][timeout]") {
  test_server s;
  Late late;
  auto slow = [late](http::ResponseWriter& w, http::Request* r) {
    char some[2];
    auto [n, read] = r->Body.Read(some, sizeof some);
    r->Context().Done().recv();
    late.timed_out.recv();
    std::string text = r->Context().Err().Error() + "|" + w.Write("x").second.Error();
    text += "|" + r->Body.Read(some, sizeof some).second.Error() + "|" + r->URL.Path;
    w.WriteHeader(200);
    late.saw.send(std::string(some, static_cast<size_t>(n)) + "|" + text);
  };
  s.mux.Handle("/slow",
               http::TimeoutHandler(http::HandlerFunc(slow), 20 * time::Millisecond, "sorry"));
  s.mux.HandleFunc("/echo", [](http::ResponseWriter& w, http::Request* r) {
    w.Write(io::ReadAll(r->Body).first);
  });
  s.start();
  raw_client c(s.addr);
  c.send("POST /slow HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody");
  CHECK(without_date(c.answer()) ==
        "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 5\r\nContent-Type: text/plain; "
        "charset=utf-8\r\n\r\nsorry");
  const std::string stacks = dump();
  CHECK(contains(stacks, "net/http.(*timeoutHandler).ServeHTTP.func1()"));
  CHECK(contains(stacks, "created by net/http.(*timeoutHandler).ServeHTTP in goroutine "));
  for (int i = 0; i < 3; i++) {  // the same connection, and the same memory but for the body
    c.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nother");
    CHECK(c.answer().ends_with("\r\n\r\nother"));
  }
  late.timed_out.send(1);
  CHECK(late.saw.recv() ==
        "bo|context deadline exceeded|http: Handler timeout|http: invalid Read on closed "
        "Body|/slow");
}

TEST_CASE("a handler in time is not seen to run elsewhere", "[http][timeout]") {
  test_server s;
  http::Handler inner;
  s.mux.Handle("/", http::TimeoutHandler(http::HandlerFunc([&inner](auto& w, auto* r) {
                                           inner.ServeHTTP(w, r);
                                         }),
                                         time::Hour, ""));
  s.start();
  SECTION("its response is copied when it returns") {
    inner = http::HandlerFunc([](auto& w, auto*) {
      w.Header().Set("X-A", "1");
      w.WriteHeader(201);
      w.Write("made");
      w.Header().Set("X-B", "as in Go, not too late");
    });
    CHECK(without_date(ask(s.addr, "GET / HTTP/1.0\r\n\r\n")) ==
          "HTTP/1.0 201 Created\r\nX-A: 1\r\nX-B: as in Go, not too late\r\nContent-Length: 4\r\n"
          "Content-Type: text/plain; charset=utf-8\r\n\r\nmade");
  }
  SECTION("its panic is the server's to log") {
    inner = http::HandlerFunc([](auto&, auto*) { panic("inside"); });
    CHECK(ask(s.addr, "GET / HTTP/1.0\r\n\r\n") == "");
    CHECK(contains(s.logged(), ": inside\n"));
    CHECK(contains(s.logged(), "net/http.(*timeoutHandler).ServeHTTP("));
  }
  SECTION("it ends its context when the client is gone") {
    auto seen = make_chan<std::string>(1);
    inner = http::HandlerFunc([seen](auto& w, auto* r) {
      r->Context().Done().recv();
      error err;
      while (err == nullptr) err = w.Write("x").second;  // until the server has noticed, too
      seen.send(err.Error());
    });
    {
      raw_client c(s.addr);
      c.send(kGet);
      REQUIRE(eventually([] { return contains(dump(), "timeoutHandler).ServeHTTP.func1"); }));
    }
    CHECK(seen.recv() == "context canceled");
  }
}

TEST_CASE("a hijacked connection is the handler's", "[http][hijack]") {
  test_server s;
  auto taken = make_chan<http::Hijacked>(1);
  auto leave = make_chan<int>(1);
  auto context_lives = make_chan<bool>(1);
  s.mux.HandleFunc("/", [taken, leave, context_lives](http::ResponseWriter& w, http::Request* r) {
    w.Header().Set("X-A", "never sent");
    http::Hijacked got = w.Hijack();
    taken.send(got);
    leave.recv();
    context_lives.send(r->Context().Err() == nullptr);
  });
  s.start();
  raw_client c(s.addr);
  c.send(kGet + "more");
  http::Hijacked got = taken.recv();
  REQUIRE(got.err == nullptr);
  SECTION("with the bytes that were read, and those that come") {
    leave.send(1);
    CHECK(context_lives.recv());
    c.send(" and more\nrest");
    auto [line, err] = got.bufrw->ReadString('\n');
    CHECK(line == "more and more\n");
    CHECK(got.bufrw->Buffered() == 4);
    CHECK(got.bufrw->Write("raw").first == 3);
    CHECK(got.bufrw->Flush() == nullptr);
    got.conn.Close();
    CHECK(c.rest() == "raw");
  }
  SECTION("also after the server has shut down, which does not wait for it") {
    leave.send(1);
    CHECK(context_lives.recv());
    CHECK(s.server.Shutdown(context::Background()) == nullptr);
    CHECK(s.server.Close() == nullptr);
    got.conn.Write("still here");
    got.conn.Close();
    CHECK(c.rest() == "still here");
  }
  SECTION("and its buffers live as long as he holds them") {
    leave.send(1);
    CHECK(context_lives.recv());
    got.conn.Close();
    CHECK(c.rest() == "");
    char byte;
    CHECK(got.bufrw->Read(&byte, 1).second == nullptr);  // 'm' of "more"
    CHECK(byte == 'm');
    CHECK(got.bufrw->Flush() == nullptr);
    got.bufrw->Write("x");
    CHECK(contains(got.bufrw->Flush().Error(), "use of closed network connection"));
  }
}

TEST_CASE("a server tells what its connections do", "[http][connstate]") {
  test_server s;
  sync::Mutex mu;
  std::string states;
  s.server.ConnState = [&](net::Conn c, http::ConnState state) {
    mu.Lock();
    states += state.String() + (c.RemoteAddr() ? " " : "? ");
    mu.Unlock();
  };
  auto seen = [&] {
    mu.Lock();
    std::string text = states;
    mu.Unlock();
    return text;
  };
  s.mux.HandleFunc("/", [](http::ResponseWriter& w, http::Request*) { w.Write("ok"); });
  s.mux.HandleFunc("/hijack", [](http::ResponseWriter& w, http::Request*) {
    w.Hijack().conn.Close();
  });
  s.mux.HandleFunc("/panic", [](http::ResponseWriter&, http::Request*) {
    panic(http::ErrAbortHandler);
  });
  s.start();
  {
    raw_client c(s.addr);
    SECTION("two requests") {
      c.send(kGet);
      c.answer();
      CHECK(eventually([&] { return seen() == "new active idle "; }));
      c.send("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
      c.rest();
      CHECK(eventually([&] { return seen() == "new active idle active closed "; }));
    }
    SECTION("none") {
      CHECK(eventually([&] { return seen() == "new "; }));
      c.conn.Close();
      CHECK(eventually([&] { return seen() == "new closed "; }));
    }
    SECTION("no request at all") {
      c.send("hello\r\n\r\n");
      c.rest();
      CHECK(eventually([&] { return seen() == "new active closed "; }));
    }
    SECTION("one that is hijacked") {
      c.send("GET /hijack HTTP/1.1\r\nHost: x\r\n\r\n");
      c.rest();
      CHECK(eventually([&] { return seen() == "new active hijacked "; }));
    }
    SECTION("one whose handler panics") {
      c.send("GET /panic HTTP/1.1\r\nHost: x\r\n\r\n");
      c.rest();
      CHECK(eventually([&] { return seen() == "new active closed "; }));
    }
    SECTION("idle, and the server shuts down") {
      c.send(kGet);
      c.answer();
      CHECK(s.server.Shutdown(context::Background()) == nullptr);
      CHECK(eventually([&] { return seen() == "new active idle closed "; }));
    }
  }
  s.server.Close();
}

TEST_CASE("a server's contexts come from its hooks", "[http][context]") {
  test_server s;
  struct key {
    int n;
    bool operator==(const key&) const = default;
  };
  s.server.BaseContext = [](net::Listener l) {
    return context::WithValue(context::Background(), key{1}, l.Addr().String());
  };
  s.server.ConnContext = [&s](context::Context ctx, net::Conn c) {
    const bool has_server = ctx.Value(http::ServerContextKey) == any(&s.server);
    return context::WithValue(ctx, key{2},
                              (has_server ? "server " : "") + c.LocalAddr().String());
  };
  s.mux.HandleFunc("/", [](http::ResponseWriter& w, http::Request* r) {
    const any base = r->Context().Value(key{1});
    const any conn = r->Context().Value(key{2});
    w.Write(*base.get<std::string>() + " " + *conn.get<std::string>());
  });
  s.start();
  CHECK(ask(s.addr, "GET / HTTP/1.0\r\n\r\n").ends_with(s.addr + " server " + s.addr));
}

TEST_CASE("a header of very many values is refused", "[http][limits]") {
  test_server s;
  s.mux.HandleFunc("/", [](http::ResponseWriter& w, http::Request*) { w.Write("served"); });
  auto with = [&](int values) {
    std::string text = "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n";
    for (int i = 2; i < values; i++) text += "A: b\r\n";
    return ask(s.addr, text + "\r\n");
  };
  SECTION("by default 500 are allowed") {
    s.start();
    CHECK(with(500).ends_with("served"));
    CHECK(with(501).starts_with("HTTP/1.1 431 Request Header Fields Too Large\r\n"));
  }
  SECTION("or as the server says") {
    s.server.MaxHeaderValueCount = 3;
    s.start();
    CHECK(with(3).ends_with("served"));
    CHECK(with(4).starts_with("HTTP/1.1 431 Request Header Fields Too Large\r\n"));
  }
}
