// http_compare_test.cpp: the same requests to this server and to Go's: the same answers, byte for
// byte.
//
// What the two make of a request is in their answers: status, fields, the bytes of the body as the
// handler got them, its error, and whether the connection goes on to the next request. What handlers
// and the server's log say is asked for behind it. A difference is a mistake of ours.
#include <algorithm>
#include <set>

#include "tests/net/http_compare.h"
#include "tests/net/http_requests.h"

using namespace golab;
using namespace fixture;

namespace {

// Everything that comes back until the server closes.
std::string answer_of(const std::string& addr, const std::string& bytes, bool closes = true) {
  raw_client c(addr);
  c.send(bytes);
  if (closes) c.conn.CloseWrite();
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

// Go 1.27 counts the values of a header, ends a connection after CONNECT, takes "keep-alive, close"
// from HTTP/1.0 for both, and closes the body of a request otherwise than Go 1.26.
bool newest_only(std::string_view request) {
  for (std::string_view kind : {"long/fields", "connect/", "connection-1.0/", "answer"}) {
    if (request.starts_with(kind)) return true;
  }
  return false;
}

}  // namespace

TEST_CASE("thousands of raw requests get the answers that Go's server gives", "[http][compare]") {
  GoServer theirs;
  if (!theirs.missing.empty()) return skip_test(theirs.missing);
  ComparedServer ours;

  std::set<std::string> names;
  for (const RawRequest& request : raw_requests()) {
    CHECK(names.insert(request.name).second);
    if (!theirs.newest && newest_only(request.name)) continue;
    std::string go = answer_of(theirs.addr, request.bytes, request.closes);
    std::string golab = answer_of(ours.addr, request.bytes, request.closes);
    if (request.name.starts_with("answer")) {
      const std::string said = "GET /said HTTP/1.0\r\n\r\n";
      go += "\n--- said\n" + answer_of(theirs.addr, said);
      golab += "\n--- said\n" + answer_of(ours.addr, said);
    }
    if (request.name.starts_with("pprof")) {
      go = head_of_profile(go);
      golab = head_of_profile(golab);
    }
    if (go == golab) continue;
    FAIL_CHECK(request.name << "\n--- sent\n"
                            << request.bytes.substr(0, 600) << "\n--- Go answers\n"
                            << go.substr(0, 1500) << "\n--- golab answers\n"
                            << golab.substr(0, 1500) << "\n---");
  }
  CHECK(names.size() > 2000);
}
