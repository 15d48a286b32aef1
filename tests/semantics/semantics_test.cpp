// Goal: what Go's program says of channels, select, contexts, wait groups, mutexes and timers is
// true here.
#include <algorithm>
#include <cstdio>
#include <map>
#include <sstream>

#include "runtime/os/os.h"
#include "tests/catch.h"

namespace os = golab::os;

namespace {

using Sections = std::map<std::string, std::vector<std::string>>;

// Text cut at its headings, "# channels".
Sections sections_of(const std::string& text) {
  Sections sections;
  std::string name;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) {
    if (line.rfind("# ", 0) == 0) name = line.substr(2);
    sections[name].push_back(line);
  }
  return sections;
}

// What C++ leaves undefined where Go panics, what it has no word for, and the order of a call's two
// arguments, which C++ leaves open (between the cases of a select it is fixed).
bool go_only(const std::string& line) {
  for (const char* start : {"nil map write", "index:", "slice:", "divide:", "nil pointer:",
                            "assertion to interface:", "evaluated in order:"}) {
    if (line.rfind(start, 0) == 0) return true;
  }
  return false;
}

const Sections& golden() {
  static const Sections sections = [] {
    auto [text, err] = os::ReadFile(GOLAB_SOURCE_DIR "/tests/semantics/golden_stdout.txt");
    return sections_of(text);
  }();
  return sections;
}

// The port's output; it runs once for all tests of one process.
const Sections& ours() {
  static const Sections sections = [] {
    std::string text;
    FILE* program = popen(SEMANTICS_PROGRAM, "r");
    char buf[4096];
    while (size_t n = fread(buf, 1, sizeof buf, program)) text.append(buf, n);
    int status = pclose(program);
    CHECK(status == 0);
    return sections_of(text);
  }();
  return sections;
}

void compare(const std::string& section) {
  REQUIRE(golden().count(section) == 1);
  REQUIRE(ours().count(section) == 1);
  std::vector<std::string> want;
  for (const std::string& line : golden().at(section)) {
    if (!go_only(line)) want.push_back(line);
  }
  const std::vector<std::string>& got = ours().at(section);
  for (size_t i = 0; i < std::max(want.size(), got.size()); i++) {
    CHECK((i < got.size() ? got[i] : "(nothing)") == (i < want.size() ? want[i] : "(nothing)"));
  }
}

}  // namespace

TEST_CASE("channels behave as the Go program found them to", "[semantics][chan]") {
  compare("channels");
}
TEST_CASE("select behaves as the Go program found it to", "[semantics][select]") {
  compare("select");
}
TEST_CASE("contexts behave as the Go program found them to", "[semantics][context]") {
  compare("context");
}
TEST_CASE("wait groups, once and cond behave as the Go program found them to",
          "[semantics][sync]") {
  compare("WaitGroup");
  compare("Once, Cond");
}
TEST_CASE("mutexes behave as the Go program found them to", "[semantics][sync]") {
  compare("Mutex, RWMutex");
}
TEST_CASE("timers and tickers behave as the Go program found them to", "[semantics][time]") {
  compare("Timer, Ticker");
}
TEST_CASE("Goexit, Stack and panics behave as the Go program found them to", "[semantics][panic]") {
  compare("goroutines");
}
