// endpoints_test.cpp: every row of what Go's handlers answer under /debug/pprof/, asked by curl.
#include <regex>

#include "tests/conformance/service.h"

namespace {

// Header lines in the order of the wire, without the date.
std::string without_date(const std::string& headers) {
  return std::regex_replace(headers, std::regex("Date: [^\n]*\n"), "");
}

}  // namespace

TEST_CASE("profiles are answered with Go's headers", "[conformance][endpoints]") {
  Service& s = after_twenty_requests();
  const std::string binary =
      "HTTP/1.1 200 OK\nContent-Disposition: attachment; filename=\"goroutine\"\n"
      "Content-Type: application/octet-stream\nX-Content-Type-Options: nosniff\n";
  const std::string text =
      "HTTP/1.1 200 OK\nContent-Type: text/plain; charset=utf-8\nX-Content-Type-Options: nosniff\n";
  for (const char* query : {"", "?debug=0", "?debug=abc", "?debug=", "?seconds="}) {
    CAPTURE(query);
    std::string h = without_date(s.headers(std::string("/debug/pprof/goroutine") + query));
    CHECK(h.rfind(binary, 0) == 0);
    // As in Go, what fits into 2048 bytes has its length said; ours names more libraries.
    CHECK(std::regex_search(
        h, std::regex("\n(Content-Length: [0-9]+|Transfer-Encoding: chunked)\n\n$")));
  }
  for (const char* query : {"?debug=1", "?debug=2", "?debug=99999999999999999999"}) {
    CAPTURE(query);
    std::string h = without_date(s.headers(std::string("/debug/pprof/goroutine") + query));
    // About 2048 bytes of text in debug=1: it depends on what the service's own goroutines are at.
    bool small = std::string(query) == "?debug=1" && h.rfind(text + "Content-Length: ", 0) == 0;
    CHECK((small || h == text + "Transfer-Encoding: chunked\n\n"));
  }
  std::string h = without_date(s.headers("/debug/pprof/goroutine?debug=-1"));
  CHECK(h.rfind(text, 0) == 0);
  CHECK(curl({s.url("/debug/pprof/goroutine?debug=-1")}).rfind("\x1f\x8b", 0) == 0);
}

TEST_CASE("bad requests are refused in Go's words", "[conformance][endpoints]") {
  Service& s = after_twenty_requests();
  struct Refusal {
    const char *path, *status, *body;
    bool from_pprof;
  };
  for (Refusal r : {Refusal{"/debug/pprof/nosuch", "404 Not Found", "Unknown profile\n", true},
                    {"/debug/pprof/goroutine/x", "404 Not Found", "Unknown profile\n", true},
                    {"/debug/pprof/goroutine?seconds=0", "400 Bad Request",
                     "invalid value for \"seconds\" - must be a positive integer\n", true},
                    {"/debug/pprof/goroutine?seconds=-1", "400 Bad Request",
                     "invalid value for \"seconds\" - must be a positive integer\n", true},
                    {"/debug/pprof/goroutine?seconds=1.5", "400 Bad Request",
                     "invalid value for \"seconds\" - must be a positive integer\n", true},
                    {"/debug/pprof/goroutine?seconds=1&debug=1", "400 Bad Request",
                     "seconds and debug params are incompatible\n", true},
                    {"/nosuch", "404 Not Found", "404 page not found\n", false}}) {
    CAPTURE(r.path);
    std::string h = s.headers(r.path);
    CHECK(h.rfind(std::string("HTTP/1.1 ") + r.status + "\n", 0) == 0);
    CHECK(h.find("\nContent-Type: text/plain; charset=utf-8\n") != std::string::npos);
    CHECK(h.find("\nX-Content-Type-Options: nosniff\n") != std::string::npos);
    CHECK((h.find("\nX-Go-Pprof: 1\n") != std::string::npos) == r.from_pprof);
    CHECK(curl({s.url(r.path)}) == r.body);
  }
}

TEST_CASE("only GET and HEAD are allowed", "[conformance][endpoints]") {
  Service& s = after_twenty_requests();
  for (const char* method : {"POST", "PUT", "DELETE"}) {
    std::string h = s.headers("/debug/pprof/symbol", {"-X", method});
    CHECK(h.rfind("HTTP/1.1 405 Method Not Allowed\n", 0) == 0);
    CHECK(h.find("\nAllow: GET, HEAD\n") != std::string::npos);
    CHECK(curl({"-X", method, s.url("/debug/pprof/symbol")}) == "Method Not Allowed\n");
  }
  std::string h = s.headers("/debug/pprof/goroutine?debug=1", {"-I"});
  CHECK(h.rfind("HTTP/1.1 200 OK\n", 0) == 0);
}

TEST_CASE("paths that are not clean are redirected", "[conformance][endpoints]") {
  Service& s = after_twenty_requests();
  for (const char* path : {"/debug/pprof", "//debug/pprof/", "/x/../debug/pprof/"}) {
    CAPTURE(path);
    std::string h = s.headers(path, {"--path-as-is"});
    CHECK(h.rfind("HTTP/1.1 307 Temporary Redirect\n", 0) == 0);
    CHECK(h.find("\nLocation: /debug/pprof/\n") != std::string::npos);
    CHECK(curl({"--path-as-is", s.url(path)}) ==
          "<a href=\"/debug/pprof/\">Temporary Redirect</a>.\n\n");
  }
}

TEST_CASE("cmdline and symbol tell tools what they ask for", "[conformance][endpoints]") {
  Service& s = after_twenty_requests();
  std::string cmdline = curl({s.url("/debug/pprof/cmdline")});
  CHECK(cmdline.rfind(std::string(POOL) + '\0' + "--addr" + '\0' + "127.0.0.1:", 0) == 0);
  CHECK(curl({s.url("/debug/pprof/symbol")}) == "num_symbols: 1\n");
  std::string text = s.get("/debug/pprof/goroutine?debug=1");
  std::smatch m;
  REQUIRE(std::regex_search(text, m, std::regex("#\t(0x[0-9a-f]+)\tmain\\.worker\\+")));
  std::string pc = m[1];
  CHECK(curl({s.url("/debug/pprof/symbol?" + pc + "+0x10")}) ==
        "num_symbols: 1\n" + pc + " main.worker\n");
}

TEST_CASE("the index is Go's page", "[conformance][endpoints]") {
  Service& s = after_twenty_requests();
  auto masked = [](const std::string& page) {
    return std::regex_replace(page, std::regex("<td>[0-9]+</td>"), "<td>#</td>");
  };
  std::string page = s.get("/debug/pprof/");
  std::string go = read_file(std::string(GOLDEN_DIR) + "/index.html");
  CHECK(page.find("<tr><td>1523</td><td><a href='goroutine?debug=1'>goroutine</a></td></tr>") !=
        std::string::npos);
  // Of Go's profiles only those are listed that there are here.
  std::istringstream lines(masked(page));
  std::string go_masked = masked(go);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("<li>")) line.resize(line.find("</div>"));  // what it says is ours
    CAPTURE(line);
    CHECK(go_masked.find(line) != std::string::npos);
  }
  CHECK(page.back() == '>');
}

TEST_CASE("seconds=1 answers with what changed", "[conformance][endpoints]") {
  Service& s = after_twenty_requests();
  std::string h = without_date(s.headers("/debug/pprof/goroutine?seconds=1"));
  CHECK(h.rfind("HTTP/1.1 200 OK\nContent-Disposition: attachment; filename=\"goroutine-delta\"\n"
                "Content-Type: application/octet-stream\nX-Content-Type-Options: nosniff\n",
                0) == 0);
}

TEST_CASE("heap and allocs are answered in Go's forms", "[conformance][endpoints][heap]") {
  if (!HAS_HEAP) return skip_test("a sanitizer build has an operator new of its own");
  Service& s = after_twenty_requests();
  for (const std::string name : {"heap", "allocs"}) {
    CAPTURE(name);
    const std::string path = "/debug/pprof/" + name;
    CHECK(without_date(s.headers(path + "?gc=1"))
              .rfind("HTTP/1.1 200 OK\nContent-Disposition: attachment; filename=\"" + name +
                         "\"\nContent-Type: application/octet-stream\n"
                         "X-Content-Type-Options: nosniff\n",
                     0) == 0);
    for (const char* query : {"?debug=1", "?debug=1&gc=1", "?debug=2"}) {
      CHECK(std::regex_search(
          s.get(path + query),
          std::regex("^heap profile: [0-9]+: [0-9]+ \\[[0-9]+: [0-9]+\\] @ heap/1048576\n")));
    }
    CHECK(without_date(s.headers(path + "?seconds=1"))
              .rfind("HTTP/1.1 200 OK\nContent-Disposition: attachment; filename=\"" + name +
                         "-delta\"\n",
                     0) == 0);
  }
}

TEST_CASE("a program without the heap says that nothing is known", "[conformance][heap]") {
  const std::string address = "127.0.0.1:" + std::to_string(free_port());
  const std::string url = "http://" + address + "/debug/pprof/";
  Child child({HEAPLESS, "--addr", address});
  REQUIRE(eventually([&] { return curl({url + "cmdline"}).find(HEAPLESS) == 0; }));
  const std::string page = curl({url});
  CHECK(page.find("<tr><td>0</td><td><a href='heap?debug=1'>heap</a></td></tr>") != page.npos);
  CHECK(std::regex_search(page, std::regex("heap: </div> .* \\(not known: the program is linked")));
  for (const char* query : {"heap", "heap?debug=1", "allocs", "allocs?seconds=1"}) {
    CAPTURE(query);
    const std::string answer = curl({"-i", url + query});
    CHECK(answer.rfind("HTTP/1.1 500 Internal Server Error\r\n", 0) == 0);
    const bool said = answer.find("allocations are not known") != answer.npos;
    CHECK((said || answer.find("failed to collect profile") != answer.npos));
  }
}
