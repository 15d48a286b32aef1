// http_server_test.cpp: what a client sees of the server, byte for byte where Go's bytes are known.
#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "profiler/endpoints/pprof.h"
#include "tests/net/http_fixture.h"

using namespace golab;
using namespace fixture;

namespace {

const std::string kGet = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";

void handle(test_server& s, std::string_view pattern, http::HandlerFunc::function f) {
  s.mux.HandleFunc(pattern, std::move(f));
}

void hello(http::ResponseWriter& w, http::Request*) { w.Write("hello\n"); }

}  // namespace

TEST_CASE("an answer has Go's header in Go's order", "[http][wire]") {
  test_server s;
  handle(s, "/hello", hello);
  handle(s, "/typed", [](http::ResponseWriter& w, http::Request*) {
    w.Header().Set("X-B", "2");
    w.Header().Set("content-type", "text/css");
    w.Header().Add("X-A", "1");
    w.Header().Add("x-a", "one more");
    w.WriteHeader(201);
    w.Header().Set("X-Late", "never sent");
    w.Write("p{}");
  });
  s.start();
  raw_client c(s.addr);
  c.send("GET /hello HTTP/1.1\r\nHost: x\r\n\r\n");
  CHECK(without_date(c.answer()) ==
        "HTTP/1.1 200 OK\r\nContent-Length: 6\r\nContent-Type: text/plain; "
        "charset=utf-8\r\n\r\nhello\n");
  c.send("GET /typed HTTP/1.1\r\nHost: x\r\n\r\n");
  std::string typed = c.answer();
  CHECK(without_date(typed) ==
        "HTTP/1.1 201 Created\r\nContent-Type: text/css\r\nX-A: 1\r\nX-A: one more\r\nX-B: 2\r\n"
        "Content-Length: 3\r\n\r\np{}");
  CHECK(typed.find("X-B") < typed.find("Date: "));
  CHECK(typed.find("Date: ") < typed.find("Content-Length"));
  c.send("GET /nosuch HTTP/1.1\r\nHost: x\r\n\r\n");
  CHECK(without_date(c.answer()) ==
        "HTTP/1.1 404 Not Found\r\nContent-Type: text/plain; charset=utf-8\r\n"
        "X-Content-Type-Options: nosniff\r\nContent-Length: 19\r\n\r\n404 page not found\n");
}

TEST_CASE("a body of at most 2048 bytes has a length, a longer one comes in chunks",
          "[http][wire]") {
  test_server s;
  handle(s, "/{n}", [](http::ResponseWriter& w, http::Request* r) {
    // Byte by byte: what matters is the sum.
    for (int left = std::atoi(r->PathValue("n").c_str()); left > 0; left--) w.Write("x");
  });
  s.start();
  raw_client c(s.addr);
  auto get = [&](const char* n) {
    c.send("GET /" + std::string(n) + " HTTP/1.1\r\nHost: x\r\n\r\n");
    return c.answer();
  };
  CHECK(contains(get("0"), "Content-Length: 0\r\n"));
  CHECK(contains(get("2048"), "Content-Length: 2048\r\n"));
  std::string longer = get("2049");
  CHECK(contains(longer, "Transfer-Encoding: chunked\r\n"));
  CHECK_FALSE(contains(longer, "Content-Length"));
  CHECK(contains(longer, "\r\n\r\n800\r\nxxx"));
  CHECK(longer.ends_with("\r\n1\r\nx\r\n0\r\n\r\n"));
}

TEST_CASE("HEAD has GET's header and no body", "[http][head]") {
  test_server s;
  handle(s, "GET /", hello);
  handle(s, "GET /big",
         [](http::ResponseWriter& w, http::Request*) { w.Write(std::string(5000, 'x')); });
  s.start();
  raw_client c(s.addr);
  c.send("HEAD / HTTP/1.1\r\nHost: x\r\n\r\n");
  CHECK(without_date(c.answer(true)) ==
        "HTTP/1.1 200 OK\r\nContent-Length: 6\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n");
  c.send("HEAD /big HTTP/1.1\r\nHost: x\r\n\r\n");
  CHECK(without_date(c.answer(true)) ==
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n");
  c.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  CHECK(c.answer().ends_with("\r\n\r\nhello\n"));
}

TEST_CASE("a connection serves one request after another", "[http][keepalive]") {
  test_server s;
  handle(s, "/{name}",
         [](http::ResponseWriter& w, http::Request* r) { w.Write(r->PathValue("name")); });
  s.start();
  SECTION("each when the last is answered") {
    raw_client c(s.addr);
    for (int i = 0; i < 200; i++) {
      std::string name = "r" + std::to_string(i);
      c.send("GET /" + name + " HTTP/1.1\r\nHost: x\r\n\r\n");
      REQUIRE(c.answer().ends_with("\r\n\r\n" + name));
    }
  }
  SECTION("all at once: the answers come in order") {
    raw_client c(s.addr);
    std::string all;
    for (int i = 0; i < 200; i++) {
      all += "GET /r" + std::to_string(i) + " HTTP/1.1\r\nHost: x\r\n\r\n";
    }
    c.send(all);
    for (int i = 0; i < 200; i++) REQUIRE(c.answer().ends_with("\r\n\r\nr" + std::to_string(i)));
  }
  SECTION("byte by byte") {
    raw_client c(s.addr);
    for (char byte : std::string("GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")) {
      c.send(std::string_view(&byte, 1));
    }
    CHECK(c.answer().ends_with("\r\n\r\nslow"));
  }
  SECTION("until the client wants no more") {
    std::string all = ask(s.addr, "GET /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    CHECK(contains(all, "Connection: close\r\n"));
    CHECK(all.ends_with("\r\n\r\na"));
  }
  SECTION("HTTP/1.0 ends after one") {
    std::string all = ask(s.addr, "GET /a HTTP/1.0\r\n\r\nGET /b HTTP/1.0\r\n\r\n");
    CHECK(all.starts_with("HTTP/1.0 200 OK\r\n"));
    CHECK(all.ends_with("\r\n\r\na"));
  }
  SECTION("unless HTTP/1.0 asks for more") {
    raw_client c(s.addr);
    for (int i = 0; i < 3; i++) {
      c.send("GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
      CHECK(contains(c.answer(), "Connection: keep-alive\r\n"));
    }
  }
}

TEST_CASE("a handler reads the request's body", "[http][body]") {
  test_server s;
  handle(s, "/echo", [](http::ResponseWriter& w, http::Request* r) {
    auto [text, err] = io::ReadAll(r->Body);
    w.Write(text);
    if (err != nullptr) w.Write(" then " + err.Error());
  });
  handle(s, "/form", [](http::ResponseWriter& w, http::Request* r) {
    w.Write(r->FormValue("a") + "," + r->FormValue("q") + "," + r->PostFormValue("q"));
  });
  handle(s, "/ignore", [](http::ResponseWriter& w, http::Request*) { w.Write("did not look"); });
  s.start();
  raw_client c(s.addr);
  SECTION("with a length") {
    c.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello");
    CHECK(c.answer().ends_with("\r\n\r\nhello"));
  }
  SECTION("in chunks, cut anywhere") {
    std::string chunks = "3\r\nabc\r\n4;ext=1\r\ndefg\r\n0\r\nTrailer: t\r\n\r\n";
    for (size_t cut = 0; cut <= chunks.size(); cut++) {
      c.send("POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" +
             chunks.substr(0, cut));
      c.send(chunks.substr(cut));
      REQUIRE(c.answer().ends_with("\r\n\r\nabcdefg"));
    }
  }
  SECTION("a long one in chunks") {
    c.send("POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (int i = 0; i < 200; i++) c.send("1000\r\n" + std::string(4096, '#') + "\r\n");
    c.send("0\r\n\r\n");
    std::string all = c.answer();
    CHECK(std::count(all.begin(), all.end(), '#') == 200 * 4096);
  }
  SECTION("one that the client waits to send") {
    c.send("POST /echo HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    CHECK(c.answer() == "HTTP/1.1 100 Continue\r\n\r\n");
    c.send("ok");
    CHECK(c.answer().ends_with("\r\n\r\nok"));
  }
  SECTION("one that the client waits to send, and nobody wants") {
    c.send("POST /ignore HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    std::string all = c.rest();
    CHECK(contains(all, "Connection: close\r\n"));
    CHECK(all.ends_with("did not look"));
  }
  SECTION("an expectation that nobody knows") {
    c.send("POST /echo HTTP/1.1\r\nHost: x\r\nExpect: tea\r\nContent-Length: 0\r\n\r\n");
    CHECK(c.rest().starts_with("HTTP/1.1 417 Expectation Failed\r\n"));
  }
  SECTION("what a handler leaves is not taken for the next request") {
    for (int i = 0; i < 3; i++) {
      c.send(
          "POST /ignore HTTP/1.1\r\nHost: x\r\nContent-Length: 20\r\n\r\nGET /evil HTTP/1.1\r\n");
      CHECK(c.answer().ends_with("did not look"));
    }
  }
  SECTION("a form") {
    c.send(
        "POST /form?a=1%202&q=query HTTP/1.1\r\nHost: x\r\nContent-Length: 7\r\n"
        "Content-Type: application/x-www-form-urlencoded\r\n\r\nq=a+%26");
    c.send("");
    CHECK(c.answer().ends_with("\r\n\r\n1 2,a &,a &"));
  }
  SECTION("a body that breaks off is an error for the handler") {
    raw_client d(s.addr);
    d.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf");
    d.conn.CloseWrite();
    CHECK(d.rest().ends_with("half then unexpected EOF"));
  }
}

TEST_CASE("a client that goes away cancels the request's context", "[http][context]") {
  test_server s;
  auto seen = make_chan<std::string>(1);
  handle(s, "/", [seen](http::ResponseWriter&, http::Request* r) {
    r->Context().Done().recv();
    seen.send(r->Context().Err().Error());
  });
  s.start();
  SECTION("while the handler waits") {
    raw_client c(s.addr);
    c.send(kGet);
    REQUIRE(eventually([&] { return runtime::NumGoroutine() >= s.before + 3; }));
    c.conn.Close();
    CHECK(seen.recv() == "context canceled");
  }
  SECTION("also once its body was read") {
    handle(s, "/body", [seen](http::ResponseWriter&, http::Request* r) {
      std::string text = io::ReadAll(r->Body).first;
      r->Context().Done().recv();
      seen.send(text);
    });
    raw_client c(s.addr);
    c.send("POST /body HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nab");
    c.conn.Close();
    CHECK(seen.recv() == "ab");
  }
}

TEST_CASE("the context ends with the handler too", "[http][context]") {
  test_server s;
  auto contexts = make_chan<context::Context>(1);
  handle(s, "/",
         [contexts](http::ResponseWriter&, http::Request* r) { contexts.send(r->Context()); });
  s.start();
  raw_client c(s.addr);
  c.send(kGet);
  c.answer();
  context::Context ctx = contexts.recv();
  ctx.Done().recv();
  CHECK(ctx.Err() == context::Canceled);
}

TEST_CASE("a panic in a handler is logged and ends only its connection", "[http][panic]") {
  test_server s;
  handle(s, "/boom", [](http::ResponseWriter& w, http::Request*) {
    w.Write("lost");
    panic("boom");
  });
  handle(s, "/abort", [](http::ResponseWriter&, http::Request*) { panic(http::ErrAbortHandler); });
  handle(s, "/exit", [](http::ResponseWriter&, http::Request*) { runtime::Goexit(); });
  handle(s, "/late", [](http::ResponseWriter& w, http::Request*) {
    w.Write("sent");
    w.Flush();
    panic(error(errors::New("too late")));
  });
  handle(s, "/", hello);
  s.start();
  SECTION("with its stack") {
    raw_client c(s.addr);
    c.send("GET /boom HTTP/1.1\r\nHost: x\r\n\r\n");
    CHECK(c.rest() == "");
    const std::string log = s.logged();
    CHECK(log.starts_with("http: panic serving " + c.conn.LocalAddr().String() +
                          ": boom\ngoroutine "));
    CHECK(contains(log, "\nnet/http.HandlerFunc.ServeHTTP("));
    CHECK(contains(log, "\ncreated by net/http.(*Server).Serve in goroutine "));
  }
  SECTION("after a part was sent, which the client keeps") {
    CHECK(contains(ask(s.addr, "GET /late HTTP/1.1\r\nHost: x\r\n\r\n"), "sent"));
    CHECK(contains(s.logged(), ": too late\n"));
  }
  SECTION("but ErrAbortHandler is not logged") {
    CHECK(ask(s.addr, "GET /abort HTTP/1.1\r\nHost: x\r\n\r\n") == "");
    CHECK(s.logged() == "");
  }
  SECTION("nor is Goexit") {
    CHECK(ask(s.addr, "GET /exit HTTP/1.1\r\nHost: x\r\n\r\n") == "");
    CHECK(s.logged() == "");
  }
  CHECK(contains(ask(s.addr, "GET / HTTP/1.0\r\n\r\n"), "hello"));
}

TEST_CASE("misuse of a ResponseWriter is answered as Go answers it", "[http]") {
  test_server s;
  handle(s, "/twice", [](http::ResponseWriter& w, http::Request*) {
    w.WriteHeader(200);
    w.WriteHeader(500);
  });
  handle(s, "/nobody", [](http::ResponseWriter& w, http::Request*) {
    w.WriteHeader(204);
    auto [n, err] = w.Write("x");
    if (err != nullptr) w.Header().Set("X", "ignored");
  });
  handle(s, "/longer", [](http::ResponseWriter& w, http::Request*) {
    w.Header().Set("Content-Length", "2");
    auto [n, err] = w.Write("abc");
    if (!(err == http::ErrContentLength)) return;
    w.Write("ok");
  });
  handle(s, "/shorter", [](http::ResponseWriter& w, http::Request*) {
    w.Header().Set("Content-Length", "20");
    w.Write("abc");
  });
  handle(s, "/code", [](http::ResponseWriter& w, http::Request*) { w.WriteHeader(7); });
  handle(s, "/inject", [](http::ResponseWriter& w, http::Request* r) {
    w.Header().Set("X-Name", r->URL.Query().Get("n"));
  });
  s.start();
  SECTION("a second WriteHeader is logged with its place") {
    CHECK(ask(s.addr, "GET /twice HTTP/1.0\r\n\r\n").starts_with("HTTP/1.0 200 OK\r\n"));
    CHECK(contains(s.logged(), "http: superfluous response.WriteHeader call from main."));
    CHECK(contains(s.logged(), "(http_server_test.cpp:"));
  }
  SECTION("204 has no body and no length") {
    CHECK(
        without_date(ask(s.addr, "GET /nobody HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")) ==
        "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n");
  }
  SECTION("more than was declared is not sent") {
    CHECK(ask(s.addr, "GET /longer HTTP/1.0\r\n\r\n").ends_with("\r\n\r\n"));
  }
  SECTION("less than was declared ends the connection") {
    CHECK(ask(s.addr, "GET /shorter HTTP/1.1\r\nHost: x\r\n\r\n").ends_with("\r\n\r\nabc"));
  }
  SECTION("a status that is none panics") {
    CHECK(ask(s.addr, "GET /code HTTP/1.1\r\nHost: x\r\n\r\n") == "");
    CHECK(contains(s.logged(), "invalid WriteHeader code 7"));
  }
  SECTION("a line break in a value does not begin a new field") {
    std::string all = ask(s.addr, "GET /inject?n=a%0d%0aX-Evil:1 HTTP/1.0\r\n\r\n");
    CHECK(contains(all, "X-Name: a  X-Evil:1\r\n"));
  }
}

TEST_CASE("Flush sends what there is", "[http][flush]") {
  test_server s;
  auto go_on = make_chan<int>();
  handle(s, "/", [go_on](http::ResponseWriter& w, http::Request*) {
    w.Write("first");
    w.Flush();
    go_on.recv();
    w.Write("second");
  });
  s.start();
  raw_client c(s.addr);
  c.send(kGet);
  std::string head = c.answer(true);
  CHECK(contains(head, "Transfer-Encoding: chunked"));
  go_on.send(1);
  c.conn.CloseWrite();
  CHECK(c.rest() == "5\r\nfirst\r\n6\r\nsecond\r\n0\r\n\r\n");
}

TEST_CASE("a handler may take more time to write than the server gives", "[http][limits]") {
  test_server s;
  constexpr time::Duration kShort = 20 * time::Millisecond;
  auto outlast = [](time::Duration d) { time::After(d).recv(); };
  handle(s, "/short", [&](http::ResponseWriter& w, http::Request*) {
    error err = http::NewResponseController(w).SetWriteDeadline(time::Now().Add(kShort));
    w.Write(err == nullptr ? "in time" : err.Error());
  });
  handle(s, "/late", [&](http::ResponseWriter& w, http::Request*) {
    outlast(kShort + kShort);
    w.Write("too late");
  });
  handle(s, "/none", [&](http::ResponseWriter& w, http::Request*) {
    error err = http::NewResponseController(w).SetWriteDeadline({});
    outlast(kShort + kShort);
    w.Write(err == nullptr ? "no hurry" : err.Error());
  });
  handle(s, "/server", [&](http::ResponseWriter& w, http::Request* r) {
    const any server = r->Context().Value(http::ServerContextKey);
    w.Write(server == any(&s.server) ? "this one" : "another");
  });
  handle(s, "/debug/pprof/{name}", http::pprof::Index);
  auto get = [&s](const std::string& path) {
    return ask(s.addr, "GET " + path + " HTTP/1.0\r\n\r\n");
  };
  SECTION("none at all") {
    s.server.WriteTimeout = kShort;
    s.start();
    CHECK(get("/late") == "");
    CHECK(get("/none").ends_with("no hurry"));
    CHECK(get("/server").ends_with("this one"));
  }
  SECTION("for this request only") {
    s.start();
    raw_client c(s.addr);
    c.send("GET /short HTTP/1.1\r\nHost: x\r\n\r\n");
    CHECK(c.answer().ends_with("in time"));
    c.send("GET /late HTTP/1.1\r\nHost: x\r\n\r\n");
    CHECK(c.answer().ends_with("too late"));
  }
  SECTION("a profile of a second is one, though the server gives less") {
    std::string once;  // the first one reads the program's debug information, which takes a while
    golab::pprof::Lookup("goroutine")
        ->WriteTo(golab::pprof::Writer([&](std::string_view piece) -> error {
                    once += piece;
                    return nullptr;
                  }),
                  0);
    s.server.WriteTimeout = 900 * time::Millisecond;
    s.start();
    const std::string profile = get("/debug/pprof/goroutine?seconds=1");
    CAPTURE(profile);
    CHECK(contains(profile, "filename=\"goroutine-delta\""));
    CHECK(contains(get("/debug/pprof/goroutine?seconds=0"), "must be a positive integer"));
  }
}

TEST_CASE("Shutdown lets requests end and then says so", "[http][shutdown]") {
  test_server s;
  auto entered = make_chan<int>();
  auto leave = make_chan<int>();
  handle(s, "/slow", [=](http::ResponseWriter& w, http::Request*) {
    entered.send(1);
    leave.recv();
    w.Write("finished");
  });
  handle(s, "/", hello);
  auto told = make_chan<int>(1);
  s.server.RegisterOnShutdown([told] { told.send(1); });
  s.start();
  raw_client idle(s.addr);
  idle.send(kGet);
  CHECK(idle.answer().ends_with("hello\n"));
  raw_client busy(s.addr);
  busy.send("GET /slow HTTP/1.1\r\nHost: x\r\n\r\n");
  entered.recv();

  SECTION("while one runs it waits, up to its context's end") {
    auto [ctx, cancel] = context::WithTimeout(context::Background(), 20 * time::Millisecond);
    CHECK(s.server.Shutdown(ctx) == context::DeadlineExceeded);
    cancel();
    CHECK(idle.closed_by_server());
    leave.send(1);
    CHECK(busy.answer().ends_with("finished"));
  }
  SECTION("when the last is done it answers nil") {
    auto answer = make_chan<error>(1);
    go([&s, answer] { answer.send(s.server.Shutdown(context::Background())); });
    told.recv();
    CHECK(idle.closed_by_server());
    leave.send(1);
    std::string last = busy.answer();
    CHECK(contains(last, "Connection: close\r\n"));
    CHECK(last.ends_with("finished"));
    CHECK(answer.recv() == nullptr);
  }
  error served = s.done.recv();
  s.started = false;
  CHECK(served == http::ErrServerClosed);
  CHECK(net::Dial("tcp", s.addr).second != nullptr);
  CHECK(s.server.ListenAndServe() == http::ErrServerClosed);
}

TEST_CASE("a port in use is reported by ListenAndServe", "[http][errors]") {
  auto [ln, err] = net::Listen("tcp", "127.0.0.1:0");
  REQUIRE(err == nullptr);
  const std::string addr = ln.Addr().String();
  CHECK(http::ListenAndServe(addr, nullptr).Error() ==
        "listen tcp " + addr + ": bind: address already in use");
  ln.Close();
}

TEST_CASE("redirects and ready-made answers", "[http]") {
  test_server s;
  s.mux.Handle("/old", http::RedirectHandler("new?x=<1>", http::StatusMovedPermanently));
  s.mux.Handle("/strip/", http::StripPrefix("/strip", http::HandlerFunc([](auto& w, auto* r) {
                                              w.Write(r->URL.Path);
                                            })));
  handle(s, "/limited", [](http::ResponseWriter& w, http::Request* r) {
    auto [text, err] = io::ReadAll(http::MaxBytesReader(w, r->Body, 3));
    http::Error(w, text + ": " + (err != nullptr ? err.Error() : "fits"), 413);
  });
  s.start();
  CHECK(without_date(ask(s.addr, "GET /old HTTP/1.0\r\n\r\n")) ==
        "HTTP/1.0 301 Moved Permanently\r\nContent-Type: text/html; charset=utf-8\r\n"
        "Location: /new?x=<1>\r\nContent-Length: 51\r\n\r\n"
        "<a href=\"/new?x=&lt;1&gt;\">Moved Permanently</a>.\n\n");
  CHECK(ask(s.addr, "GET /strip/a/b HTTP/1.0\r\n\r\n").ends_with("\r\n\r\n/a/b"));
  CHECK(ask(s.addr, "POST /limited HTTP/1.0\r\nContent-Length: 3\r\n\r\nabc")
            .ends_with("abc: fits\n"));
  std::string cut =
      ask(s.addr, "POST /limited HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nabcd");
  CHECK(cut.ends_with("abc: http: request body too large\n"));
  CHECK(contains(cut, "Connection: close\r\n"));
}

TEST_CASE("curl is served", "[http][curl]") {
  if (std::system("curl --version > /dev/null 2>&1") != 0)
    return skip_test("curl is not installed");
  test_server s;
  handle(s, "POST /echo",
         [](http::ResponseWriter& w, http::Request* r) { w.Write(io::ReadAll(r->Body).first); });
  s.start();
  // popen blocks this thread; the server runs on the others.
  auto run = [](const std::string& command) {
    std::string out;
    runtime::entersyscall();
    FILE* f = popen(command.c_str(), "r");
    char buf[4096];
    while (size_t n = std::fread(buf, 1, sizeof buf, f)) out.append(buf, n);
    pclose(f);
    runtime::exitsyscall();
    return out;
  };
  const std::string to = " --max-time 20 " + s.url("/echo");
  CHECK(run("curl -s -d hello" + to) == "hello");
  CHECK(run("curl -s -H 'Transfer-Encoding: chunked' -d hello" + to) == "hello");
  CHECK(run("curl -s -H 'Expect: 100-continue' -d hello" + to) == "hello");
  CHECK(run("head -c 2000000 /dev/zero | curl -s --data-binary @-" + to + " | wc -c")
            .find("2000000") != std::string::npos);
}

TEST_CASE("a status has the words that Go has for it", "[http][status]") {
  CHECK(http::StatusText(100) == "Continue");
  CHECK(http::StatusText(103) == "Early Hints");
  CHECK(http::StatusText(207) == "Multi-Status");
  CHECK(http::StatusText(413) == "Request Entity Too Large");
  CHECK(http::StatusText(414) == "Request URI Too Long");
  CHECK(http::StatusText(416) == "Requested Range Not Satisfiable");
  CHECK(http::StatusText(418) == "I'm a teapot");
  CHECK(http::StatusText(425) == "Too Early");
  CHECK(http::StatusText(505) == "HTTP Version Not Supported");
  for (int none : {-1, 0, 104, 306, 419, 444, 499, 599, 600}) CHECK(http::StatusText(none) == "");
}

TEST_CASE("the type of a body is guessed from its first bytes", "[http][sniff]") {
  using namespace std::string_literals;
  const std::pair<std::string, const char*> bodies[] = {
      {"", "text/plain; charset=utf-8"},
      {"RIFF", "text/plain; charset=utf-8"},
      {"  \n<!doctype html>", "text/html; charset=utf-8"},
      {"<b >", "text/html; charset=utf-8"},
      {"<bx>", "text/plain; charset=utf-8"},
      {" <?xml version=\"1.0\"?>", "text/xml; charset=utf-8"},
      {"GIF89a", "image/gif"},
      {"\x89PNG\r\n\x1a\n"s, "image/png"},
      {"RIFF\0\0\0\0WEBPVP8 "s, "image/webp"},
      {"RIFF\0\0\0\0WAVEfmt "s, "audio/wave"},
      {"RIFF\0\0\0\0AVI LIST"s, "video/avi"},
      {"FORM\0\0\0\0AIFF"s, "audio/aiff"},
      {"\0\0\0\x18"
       "ftypmp42\0\0\0\0mp42isom"s,
       "video/mp4"},
      {"\x01\x02"s, "application/octet-stream"}};
  for (auto& [body, type] : bodies) CHECK(http::DetectContentType(body) == type);
}
