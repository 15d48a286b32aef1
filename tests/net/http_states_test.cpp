// http_states_test.cpp: a connection of this server, in each state in which it waits, has the stacks
// that one of Go's has.
//
// A client sends a part of a request, both servers get it, and both are asked for their goroutine
// profile. Functions of package main are the test's own.
#include <map>
#include <sstream>

#include "tests/net/http_compare.h"

using namespace golab;
using namespace fixture;

namespace {

struct State {
  const char* name;
  std::string sent;
};

const std::string kPost = " HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n";
const std::string kChunked = " HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
const std::string kExpect =
    " HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 10\r\n\r\n";
const std::string kGet = " HTTP/1.1\r\nHost: x\r\n\r\n";

const State kStates[] = {
    {"new", ""},
    {"in the request line", "GET"},
    {"behind the request line", "GET / HTTP/1.1\r\n"},
    {"behind a field", "GET / HTTP/1.1\r\nHost: x\r\n"},
    {"in a field", "GET / HTTP/1.1\r\nHost: x\r\nA:"},
    {"in a folded field", "GET / HTTP/1.1\r\nHost: x\r\nA: b\r\n c"},
    {"idle", "GET /a" + kGet},
    {"in the next request", "GET /a" + kGet + "GET / HTTP/1.1\r\n"},
    {"in the next request's first bytes", "GET /a" + kGet + "GE"},
    {"reads a body", "POST /a" + kPost + "ab"},
    {"asks for a body", "POST /a" + kExpect},
    {"awaits a chunk", "POST /a" + kChunked},
    {"in a chunk", "POST /a" + kChunked + "5\r\nab"},
    {"behind a chunk", "POST /a" + kChunked + "5\r\nabcde"},
    {"behind the last chunk", "POST /a" + kChunked + "5\r\nabcde\r\n0\r\n"},
    {"in the trailer", "POST /a" + kChunked + "5\r\nabcde\r\n0\r\nA: b"},
    {"drains a body", "POST /ignore" + kPost + "ab"},
    {"drains chunks", "POST /ignore" + kChunked + "5\r\nab"},
    {"drains what it has not asked for", "POST /ignore" + kExpect},
    {"drains behind the response", "POST /duplex-leaves" + kPost},
    {"writes", "GET /flood" + kGet},
    {"flushes", "GET /flush-flood" + kGet},
    {"under TimeoutHandler", "GET /timed-wait" + kGet},
    {"reads under TimeoutHandler", "POST /timed-read" + kPost},
    {"reads under MaxBytesHandler", "POST /limited-read" + kPost},
    {"hijacked", "GET /hijack-read" + kGet},
};

// "1 @\nframe\nframe\n" for each stack of a connection, without those of the profile itself, whose
// unread body keeps a background reader away. The two servers choose a handler differently.
std::string stacks_of(const std::string& addr) {
  const std::string profile =
      ask(addr, "GET /debug/pprof/goroutine?debug=1 HTTP/1.0\r\nContent-Length: 1\r\n\r\n");
  std::map<std::string, int> stacks;
  std::istringstream lines(profile);
  std::string line, block;
  int count = 0;
  while (std::getline(lines, line)) {
    if (const size_t at = line.find(" @ "); at != std::string::npos) {
      block.clear();
      count = std::atoi(line.c_str());
    }
    if (line.starts_with("#\t0x")) {
      const size_t name = line.find('\t', 2) + 1;
      const std::string frame = line.substr(name, line.rfind('+', line.find('\t', name)) - name);
      block += (frame.starts_with("main.") ? "main" : frame) + "\n";
    } else if (line.empty() && contains(block, "net/http.") && !contains(block, ".Serve\n") &&
               !contains(block, "runtime/pprof.") && !contains(block, "pprof.Index")) {
      const std::string chosen = "main\nnet/http.HandlerFunc.ServeHTTP\nmain\n";
      if (const size_t at = block.find(chosen); at != std::string::npos) {
        block.replace(at, chosen.size(), "main\nmain\n");
      }
      stacks[block] += count;
    }
  }
  std::string text;
  for (auto& [stack, n] : stacks) text += std::to_string(n) + " @\n" + stack + "\n";
  return text;
}

}  // namespace

TEST_CASE("a connection waits where one of Go's waits", "[http][compare][states]") {
  GoServer theirs;
  if (!theirs.missing.empty()) return skip_test(theirs.missing);
  if (!theirs.newest) return skip_test("Go's stacks of " + std::string(kNewestGo) + " are known");
  ComparedServer ours;
  for (const State& state : kStates) {
    INFO("state: " << state.name);
    REQUIRE(eventually(
        [&] { return stacks_of(theirs.addr).empty() && stacks_of(ours.addr).empty(); }));
    raw_client go(theirs.addr);
    raw_client golab(ours.addr);
    go.send(state.sent);
    golab.send(state.sent);
    std::string expected, got;
    const bool same = eventually(std::chrono::seconds(3), [&] {
      expected = stacks_of(theirs.addr);
      got = stacks_of(ours.addr);
      return !expected.empty() && expected == got;
    });
    if (!same) FAIL_CHECK("--- Go's\n" << expected << "\n--- golab's\n" << got << "---");
  }
}
