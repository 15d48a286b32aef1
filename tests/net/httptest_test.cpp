// httptest_test.cpp: the tools for tests of handlers do what Go's do.
#include "runtime/net/http/httptest/httptest.h"

#include "profiler/endpoints/lookup.h"
#include "tests/net/http_fixture.h"

using namespace golab;
using namespace fixture;

namespace {

std::string panic_of(std::string_view method, std::string_view target) {
  try {
    httptest::NewRequest(method, target);
    return "none";
  } catch (Panic& p) {
    return p.String();
  }
}

}  // namespace

TEST_CASE("a recorder keeps what a handler says", "[httptest]") {
  auto w = httptest::NewRecorder();
  SECTION("the header as it was sent, and as it is") {
    w->Header().Set("X-A", "sent");
    w->WriteHeader(201);
    w->WriteHeader(500);
    w->Header().Set("X-A", "late");
    w->Write("made");
    CHECK(w->Code == 201);
    CHECK(w->Body == "made");
    CHECK(w->HeaderMap.Get("X-A") == "late");
    auto resp = w->Result();
    CHECK(resp->Status == "201 Created");
    CHECK(resp->Proto == "HTTP/1.1");
    CHECK(resp->Header.Get("X-A") == "sent");
    CHECK(resp->ContentLength == -1);
    CHECK(io::ReadAll(resp->Body).first == "made");
    CHECK(w->Result() == resp);
  }
  SECTION("200 and a type when it only writes") {
    w->Write("<html>");
    CHECK(w->Result()->StatusCode == 200);
    CHECK(w->Result()->Header.Get("Content-Type") == "text/html; charset=utf-8");
  }
  SECTION("a body where none may be") {
    w->WriteHeader(204);
    auto [n, err] = w->Write("x");
    CHECK(n == 0);
    CHECK(err == http::ErrBodyNotAllowed);
    CHECK(w->Body == "x");
  }
  SECTION("a length, and trailers") {
    w->Header().Set("Content-Length", "1");
    w->Header().Set("Trailer", "X-A, x-b, Content-Length");
    w->Write("x");
    w->Header().Set("X-A", "a");
    w->Header().Set("X-C", "not announced");
    w->Header().Set(std::string(http::TrailerPrefix) + "X-D", "d");
    auto resp = w->Result();
    CHECK(resp->ContentLength == 1);
    CHECK(resp->Trailer.size() == 2);
    CHECK(resp->Trailer.Get("X-A") == "a");
    CHECK(resp->Trailer.Get("X-D") == "d");
  }
  SECTION("a flush, and nothing else that a connection can do") {
    CHECK(http::NewResponseController(*w).Flush() == nullptr);
    CHECK(w->Flushed);
    CHECK(errors::Is(http::NewResponseController(*w).Hijack().err, http::ErrNotSupported));
  }
  SECTION("nothing") { CHECK(w->Result()->Status == "200 OK"); }
}

TEST_CASE("a request for a test is as a server gets it", "[httptest]") {
  auto r = httptest::NewRequest("POST", "/a%20b?c=d", "body");
  CHECK(r->Method == "POST");
  CHECK(r->RequestURI == "/a%20b?c=d");
  CHECK(r->URL.Path == "/a b");
  CHECK(r->FormValue("c") == "d");
  CHECK(r->Host == "example.com");
  CHECK(r->RemoteAddr == "192.0.2.1:1234");
  CHECK(r->Proto == "HTTP/1.1");
  CHECK_FALSE(r->Close);
  CHECK(r->ContentLength == 4);
  CHECK(io::ReadAll(r->Body).first == "body");
  CHECK(httptest::NewRequest("", "http://host:80/")->Host == "host:80");
  CHECK(httptest::NewRequest("", "/")->Method == "GET");
  auto [ctx, cancel] = context::WithCancel(context::Background());
  cancel();
  CHECK(httptest::NewRequestWithContext(ctx, "GET", "/")->Context().Err() == context::Canceled);

  CHECK(panic_of("GET", "/ x") ==
        "invalid NewRequest arguments; malformed HTTP version \"x HTTP/1.0\"");
  CHECK(panic_of("G@T", "/") == "invalid NewRequest arguments; invalid method \"G@T\"");
  CHECK(panic_of("GET", "a") ==
        "invalid NewRequest arguments; parse \"a\": invalid URI for request");
}

TEST_CASE("a mux is tried out without a connection", "[httptest]") {
  http::ServeMux mux;
  mux.HandleFunc("GET /item/{id}", [](http::ResponseWriter& w, http::Request* r) {
    w.Write("item " + r->PathValue("id"));
  });
  auto w = httptest::NewRecorder();
  mux.ServeHTTP(*w, httptest::NewRequest("GET", "/item/7").get());
  CHECK(w->Body == "item 7");
  auto refused = httptest::NewRecorder();
  mux.ServeHTTP(*refused, httptest::NewRequest("PUT", "/item/7").get());
  CHECK(refused->Code == 405);
}

TEST_CASE("a server for a test is gone when it is closed", "[httptest]") {
  auto entered = make_chan<int>();
  auto leave = make_chan<int>();
  auto srv = httptest::NewUnstartedServer(
      http::HandlerFunc([=](http::ResponseWriter& w, http::Request* r) {
        if (r->URL.Path == "/slow") {
          entered.send(1);
          leave.recv();
        }
        w.Write("hello");
      }));
  std::atomic<int> closed{0};
  srv->Config.ConnState = [&closed](net::Conn, http::ConnState state) {
    if (state == http::StateClosed) closed++;
  };
  srv->Start();
  auto text_of = [&](const char* path) {
    auto [resp, err] = srv->Client().Get(srv->URL + path);
    if (err != nullptr) return err.Error();
    std::string text = io::ReadAll(resp->Body).first;
    resp->Body.Close();
    return text;
  };
  CHECK(text_of("/") == "hello");
  SECTION("its goroutines are those of Go's") {
    std::string all;
    golab::pprof::Lookup("goroutine")
        ->WriteTo(golab::pprof::Writer([&](std::string_view piece) -> error {
                    all += piece;
                    return nullptr;
                  }),
                  2);
    CHECK(contains(all, "net/http/httptest.(*Server).goServe.func1()"));
    CHECK(contains(all, "created by net/http/httptest.(*Server).goServe in goroutine "));
    srv->Close();
  }
  SECTION("Close waits for a request") {
    auto answer = make_chan<std::string>(1);
    auto done = make_chan<int>(1);
    go([=] { answer.send(text_of("/slow")); });
    entered.recv();
    go([srv, done] {
      srv->Close();
      done.send(1);
    });
    REQUIRE(eventually([&] { return net::Dial("tcp", srv->URL.substr(7)).second != nullptr; }));
    int v;
    CHECK(select({recv(done, v), otherwise}) == 1);
    leave.send(1);
    CHECK(answer.recv() == "hello");
    done.recv();
    CHECK(closed > 0);
  }
  SECTION("connections can be closed while the server goes on") {
    raw_client c(srv->URL.substr(7));
    c.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    c.answer();
    srv->CloseClientConnections();
    CHECK(c.closed_by_server());
    CHECK(text_of("/") == "hello");
    srv->Close();
  }
  CHECK(eventually([] { return runtime::NumGoroutine() == 1; }));
}
