// http_compare_test.cpp: the same requests to this server and to Go's: the same answers, byte for
// byte.
//
// What the two make of a request is in their answers: status, fields, the bytes of the body as the
// handler got them, its error, and whether the connection goes on to the next request. A difference
// is a mistake of ours, or it stands in http_differences.h with its reason.
#include <algorithm>
#include <map>
#include <set>

#include "profiler/endpoints/pprof.h"  // _ "net/http/pprof"
#include "tests/net/http_differences.h"
#include "tests/net/http_fixture.h"
#include "tests/net/http_requests.h"
#include "tests/net/toolchain.h"

using namespace golab;
using namespace fixture;

namespace {

// ---- The handlers, as in goserver/main.go ----

std::string describe(http::Request* r, const std::string& body, const error& err) {
  std::string out =
      fmt::Sprintf("%q %q %s host=%q path=%q query=%q length=%d te=[", r->Method, r->RequestURI,
                   r->Proto, r->Host, r->URL.Path, r->URL.RawQuery, r->ContentLength);
  for (const std::string& coding : r->TransferEncoding) out += fmt::Sprintf("%q", coding);
  out += "]\n";
  http::Header fields = r->Header;
  fields.sort();
  for (const auto& [name, value] : fields) out += fmt::Sprintf("%q: %q\n", name, value);
  return out + fmt::Sprintf("body %q %s\n", body, err == nullptr ? "<nil>" : err.Error());
}

void serve_some(http::ResponseWriter& w, http::Request* r) {
  char some[2];
  size_t got = 0;
  error err;
  while (got < sizeof some && err == nullptr) {
    auto [n, failed] = r->Body.Read(some + got, sizeof some - got);
    got += static_cast<size_t>(n);
    err = failed;
  }
  if (got == sizeof some) err = nullptr;
  if (got == 1 && err == io::EOF_) err = io::ErrUnexpectedEOF;
  w.Write(describe(r, std::string(some, got), err));
}

void serve(http::ResponseWriter& w, http::Request* r) {
  const std::string path = r->URL.Path;
  if (path.starts_with("/debug")) {
    http::DefaultServeMux->ServeHTTP(w, r);
  } else if (path == "/ignore") {
    w.Write(describe(r, "", nullptr));
  } else if (path == "/some") {
    serve_some(w, r);
  } else if (path == "/length") {
    w.Header().Set("Content-Length", "5");
    w.Write("five\n");
  } else if (path == "/empty") {
    w.WriteHeader(204);
  } else {
    auto [body, err] = io::ReadAll(r->Body);
    w.Write(describe(r, body, err));
    if (path != "/stream") return;
    w.Flush();
    w.Write("more\n");
  }
}

// ---- Both servers ----

// Go's server, compiled and running; what is missing if it cannot be had.
struct GoServer : GoProgram {
  std::string addr;

  GoServer() : GoProgram("goserver") {
    if (!missing.empty()) return;
    child = std::make_unique<Child>(std::vector<std::string>{path});
    REQUIRE(child->read_until([this] { return child->out().ends_with('\n'); }, 20));
    addr = child->out().substr(0, child->out().size() - 1);
  }

 private:
  std::unique_ptr<Child> child;
};

// Everything that comes back until the server closes.
std::string answer_of(const std::string& addr, const std::string& bytes) {
  raw_client c(addr);
  c.send(bytes);
  c.conn.CloseWrite();
  std::string all = without_date(c.rest());
  if (c.last.Timeout()) all += "(the connection stays open)";
  return all;
}

// A profile depends on its program: of a response with one, only the head can be equal, without
// the length.
std::string head_of_profile(std::string answer) {
  if (!answer.starts_with("HTTP/1.1 200") && !answer.starts_with("HTTP/1.0 200")) return answer;
  answer.resize(std::min(answer.find("\r\n\r\n"), answer.size()));
  for (const char* field : {"\r\nContent-Length: ", "\r\nTransfer-Encoding: "}) {
    const size_t at = answer.find(field);
    if (at != std::string::npos) answer.erase(at, answer.find("\r\n", at + 2) - at);
  }
  return answer;
}

// A list's entry names one request, or with a '*' at its end all that begin so.
bool names(std::string_view entry, std::string_view request) {
  if (!entry.ends_with('*')) return entry == request;
  return request.starts_with(entry.substr(0, entry.size() - 1));
}

const AcceptedDifference* accepted(std::string_view request) {
  for (const AcceptedDifference& d : kAcceptedDifferences) {
    if (names(d.request, request)) return &d;
  }
  return nullptr;
}

}  // namespace

TEST_CASE("a thousand raw requests get the answers that Go's server gives", "[http][compare]") {
  GoServer theirs;
  if (!theirs.missing.empty()) return skip_test(theirs.missing);
  test_server ours;
  ours.server.MaxHeaderBytes = 8 << 10;
  ours.mux.HandleFunc("/unused", serve);
  ours.server.Handler = http::HandlerFunc(serve);
  ours.start();

  std::set<std::string_view> seen;  // the entries of the list that were needed
  std::set<std::string> names;
  for (const RawRequest& request : raw_requests()) {
    CHECK(names.insert(request.name).second);
    std::string go = answer_of(theirs.addr, request.bytes);
    std::string golab = answer_of(ours.addr, request.bytes);
    if (request.name.starts_with("pprof")) {
      go = head_of_profile(go);
      golab = head_of_profile(golab);
    }
    if (go == golab) continue;
    const AcceptedDifference* d = accepted(request.name);
    if (d != nullptr && contains(golab, d->ours)) {
      seen.insert(d->request);
      continue;
    }
    FAIL_CHECK(request.name << "\n--- sent\n"
                            << request.bytes.substr(0, 600) << "\n--- Go answers\n"
                            << go.substr(0, 1500) << "\n--- golab answers\n"
                            << golab.substr(0, 1500) << "\n---");
  }
  CHECK(names.size() > 900);
  for (const AcceptedDifference& d : kAcceptedDifferences) {
    INFO("an accepted difference that is none any more: " << d.request);
    CHECK(seen.count(d.request) == 1);
  }
}
