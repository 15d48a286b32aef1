// http_mux_test.cpp: which pattern answers which request.
#include "tests/net/http_fixture.h"

using namespace golab;
using namespace fixture;

namespace {

// The pattern that a mux with these patterns chooses, "404" or "405 …", and where it redirects to.
struct chosen {
  std::string pattern;
  std::string location;
};

struct recorder final : http::ResponseWriter {
  http::Header& Header() override { return header; }
  void WriteHeader(int c) override { code = c; }
  std::pair<int, error> Write(std::string_view s) override {
    return {static_cast<int>(s.size()), nullptr};
  }
  http::Header header;
  int code = 200;
};

chosen choose(std::initializer_list<const char*> patterns, const char* method, const char* target,
              const char* host = "example.com") {
  http::ServeMux mux;
  std::string hit;
  for (const char* p : patterns) {
    mux.HandleFunc(p, [&hit, p](http::ResponseWriter&, http::Request*) { hit = p; });
  }
  http::Request r;
  r.Method = method;
  r.Host = host;
  r.RequestURI = target;
  auto [u, err] = url::ParseRequestURI(target);
  REQUIRE(err == nullptr);
  r.URL = u;
  recorder w;
  mux.ServeHTTP(w, &r);
  if (w.code == 405) hit = "405 " + w.header.Get("Allow");
  if (w.code == 404) hit = "404";
  return {hit, w.header.Get("Location")};
}

std::string panic_text(std::initializer_list<const char*> patterns) {
  http::ServeMux mux;
  try {
    int line = 0;
    for (const char* p : patterns) {
      mux.HandleFunc(
          p, [](http::ResponseWriter&, http::Request*) {}, "main.go", ++line);
    }
  } catch (Panic& p) {
    return p.String();
  }
  return "no panic";
}

}  // namespace

TEST_CASE("the more specific pattern wins, in any order", "[http][mux]") {
  for (auto patterns :
       {std::initializer_list<const char*>{"/", "/a/", "/a/b", "/a/{x}", "GET /a/b"},
        std::initializer_list<const char*>{"GET /a/b", "/a/{x}", "/a/b", "/a/", "/"}}) {
    CHECK(choose(patterns, "GET", "/a/b").pattern == "GET /a/b");
    CHECK(choose(patterns, "HEAD", "/a/b").pattern == "GET /a/b");
    CHECK(choose(patterns, "POST", "/a/b").pattern == "/a/b");
    CHECK(choose(patterns, "GET", "/a/c").pattern == "/a/{x}");
    CHECK(choose(patterns, "GET", "/a/c/d").pattern == "/a/");
    CHECK(choose(patterns, "GET", "/a/").pattern == "/a/");
    CHECK(choose(patterns, "GET", "/x").pattern == "/");
  }
  SECTION("a dead end is left again") {
    CHECK(choose({"/a/b/{$}", "/{x}/c"}, "GET", "/a/c").pattern == "/{x}/c");
    CHECK(choose({"/a/b", "/{x}/{y}/z"}, "GET", "/a/b/z").pattern == "/{x}/{y}/z");
  }
  SECTION("a host is more specific than none") {
    CHECK(choose({"/", "example.com/"}, "GET", "/x").pattern == "example.com/");
    CHECK(choose({"/", "example.com/"}, "GET", "/x", "example.com:80").pattern == "example.com/");
    CHECK(choose({"/", "example.com/"}, "GET", "/x", "other.com").pattern == "/");
  }
}

TEST_CASE("{$} is the end and {x...} is the rest", "[http][mux]") {
  CHECK(choose({"/{$}"}, "GET", "/").pattern == "/{$}");
  CHECK(choose({"/{$}"}, "GET", "/a").pattern == "404");
  CHECK(choose({"/f/{p...}"}, "GET", "/f/a/b").pattern == "/f/{p...}");
  CHECK(choose({"/f/{p...}"}, "GET", "/f/").pattern == "/f/{p...}");
  CHECK(choose({"/f/{p}"}, "GET", "/f/").pattern == "404");
  CHECK(choose({"/f/{p}"}, "GET", "/f/a/").pattern == "404");
}

TEST_CASE("wildcards are unescaped segment by segment", "[http][mux]") {
  test_server s;
  s.mux.HandleFunc("/i/{id}/{rest...}", [](http::ResponseWriter& w, http::Request* r) {
    w.Write(r->PathValue("id") + "|" + r->PathValue("rest") + "|" + r->PathValue("none") + "|" +
            r->Pattern);
  });
  s.start();
  auto get = [&](const std::string& path) {
    std::string all = ask(s.addr, "GET " + path + " HTTP/1.0\r\n\r\n");
    return all.substr(all.find("\r\n\r\n") + 4);
  };
  CHECK(get("/i/7/a/b") == "7|a/b||/i/{id}/{rest...}");
  CHECK(get("/i/a%2Fb/c%20d") == "a/b|c d||/i/{id}/{rest...}");
  CHECK(get("/i/7/") == "7|||/i/{id}/{rest...}");
}

TEST_CASE("paths are cleaned, and trees found without their slash, by redirect", "[http][mux]") {
  auto to = [](const char* target) { return choose({"/tree/", "/leaf"}, "GET", target).location; };
  CHECK(to("/tree") == "/tree/");
  CHECK(to("/tree?q=1") == "/tree/?q=1");
  CHECK(to("//tree/") == "/tree/");
  CHECK(to("/x/../leaf") == "/leaf");
  CHECK(to("/tree/./a//b/?q=1") == "/tree/a/b/?q=1");
  CHECK(to("/leaf") == "");
  CHECK(to("/tree/..a/.b") == "");
  CHECK(to("//%2Fevil.example/") == "/evil.example/");  // not the address of another site
  CHECK(choose({"/leaf"}, "GET", "/leaf/").pattern == "404");
}

TEST_CASE("a path that exists with other methods is 405 and says which", "[http][mux]") {
  CHECK(choose({"GET /a"}, "POST", "/a").pattern == "405 GET, HEAD");
  CHECK(choose({"POST /a", "DELETE /a"}, "GET", "/a").pattern == "405 DELETE, POST");
  CHECK(choose({"GET /a"}, "POST", "/b").pattern == "404");
  // Where another method would be redirected.
  CHECK(choose({"GET /a/"}, "POST", "/a").pattern == "405 GET, HEAD");
  CHECK(choose({"GET /a/{$}", "PUT /a"}, "POST", "/a").pattern == "405 GET, HEAD, PUT");
  CHECK(choose({"GET /a", "/"}, "POST", "/a").pattern == "/");
}

TEST_CASE("patterns that conflict panic and name both places", "[http][mux]") {
  CHECK(panic_text({"/a", "/a"}) ==
        "pattern \"/a\" (registered at main.go:2) conflicts with pattern \"/a\" (registered at "
        "main.go:1):\n/a matches the same requests as /a");
  CHECK(panic_text({"/{x}/b", "/a/{y}"}) ==
        "pattern \"/a/{y}\" (registered at main.go:2) conflicts with pattern \"/{x}/b\" "
        "(registered at "
        "main.go:1):\n/a/{y} and /{x}/b both match some paths, like \"/a/b\".\nBut neither is more "
        "specific than the other.\n/a/{y} matches \"/a/y\", but /{x}/b doesn't.\n/{x}/b matches "
        "\"/x/b\", but /a/{y} doesn't.");
  CHECK(panic_text({"/a", "GET /"}) ==
        "pattern \"GET /\" (registered at main.go:2) conflicts with pattern \"/a\" (registered at "
        "main.go:1):\nGET / matches fewer methods than /a, but has a more general path pattern");
  CHECK(panic_text({"GET /", "/a"}) ==
        "pattern \"/a\" (registered at main.go:2) conflicts with pattern \"GET /\" (registered at "
        "main.go:1):\n/a matches more methods than GET /, but has a more specific path pattern");
  SECTION("near misses do not") {
    CHECK(panic_text({"/a", "/a/", "/a/{$}", "/{x}", "GET /a", "/", "example.com/a"}) ==
          "no panic");
    CHECK(panic_text({"GET /a", "POST /a", "/b/{x}", "/b/{x...}"}) == "no panic");
    CHECK(panic_text({"/{x}/b", "/a/{y}", "/a/b"}) != "no panic");
  }
}

TEST_CASE("patterns that are none panic and say why", "[http][mux]") {
  CHECK(panic_text({""}) == "http: invalid pattern");
  CHECK(panic_text({"a"}) == "parsing \"a\": at offset 0: host/path missing /");
  CHECK(panic_text({"GET a"}) == "parsing \"GET a\": at offset 4: host/path missing /");
  CHECK(panic_text({"G@T /"}) == "parsing \"G@T /\": at offset 0: invalid method \"G@T\"");
  CHECK(
      panic_text({"GET /a//b"}) ==
      "parsing \"GET /a//b\": at offset 4: non-CONNECT pattern with unclean path can never match");
  CHECK(contains(panic_text({"/a{x}"}), "bad wildcard segment (must start with '{')"));
  CHECK(contains(panic_text({"/{x}a"}), "bad wildcard segment (must end with '}')"));
  CHECK(contains(panic_text({"/{$}/a"}), "{$} not at end"));
  CHECK(contains(panic_text({"/{x...}/a"}), "{...} wildcard not at end"));
  CHECK(contains(panic_text({"/{}"}), "empty wildcard"));
  CHECK(contains(panic_text({"/{a-b}"}), "bad wildcard name \"a-b\""));
  CHECK(contains(panic_text({"/{x}/{x}"}), "duplicate wildcard name \"x\""));
}

TEST_CASE("whatever can serve is a Handler", "[http][handler]") {
  struct counter {
    int calls = 0;
    void ServeHTTP(http::ResponseWriter&, http::Request*) { calls++; }
  };
  recorder w;
  http::Request r;
  counter by_pointer;
  auto shared = std::make_shared<counter>();
  http::Handler(&by_pointer).ServeHTTP(w, &r);
  http::Handler(shared).ServeHTTP(w, &r);
  http::Handler(by_pointer).ServeHTTP(w, &r);
  CHECK(by_pointer.calls == 1);
  CHECK(shared->calls == 1);
  http::Handler nothing = nullptr;
  CHECK(nothing == nullptr);
}
