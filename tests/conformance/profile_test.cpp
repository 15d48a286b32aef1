// profile_test.cpp: after the same load, the profile is Go's: groups, counts, order, function
// names.
#include <algorithm>
#include <map>
#include <regex>
#include <set>
#include <vector>

#include "profiler/formats/debug2_reader.h"
#include "tests/conformance/service.h"

namespace {

struct Group {
  int64_t count = 0;
  std::vector<std::string> functions;  // as debug=1 shows them, leaf first
  bool operator==(const Group&) const = default;
  bool operator<(const Group& o) const {
    return count != o.count ? count > o.count : functions < o.functions;
  }
};

std::ostream& operator<<(std::ostream& out, const Group& g) {
  out << g.count << " @";
  for (auto& f : g.functions) out << " " << f;
  return out;
}

// debug=1 without addresses, offsets, paths and lines.
std::vector<Group> groups_of(const std::string& text) {
  static const std::regex kHead("^([0-9]+) @ .*$");
  static const std::regex kFrame("^#\t0x[0-9a-f]+\t([^\t]+)\\+0x[0-9a-f]+\t+[^\t]+:[0-9]+$");
  std::vector<Group> groups;
  std::istringstream in(text);
  std::smatch m;
  for (std::string line; std::getline(in, line);) {
    if (std::regex_match(line, m, kHead)) groups.push_back({std::stoll(m[1]), {}});
    if (std::regex_match(line, m, kFrame)) groups.back().functions.push_back(m[1]);
  }
  return groups;
}

const std::string kGolden = read_file(std::string(GOLDEN_DIR) + "/coursepool.debug1.txt");

// Go's capture caught the background reader in its first read(2), running. Ours is seen where it
// stays: read(2) has said EAGAIN, and it waits for the descriptor, as Go's does a moment later.
const std::vector<std::string> kReaderInGo = {"syscall.Syscall",
                                              "syscall.read",
                                              "syscall.Read",
                                              "internal/poll.ignoringEINTRIO",
                                              "internal/poll.(*FD).Read",
                                              "net.(*netFD).Read",
                                              "net.(*conn).Read",
                                              "net/http.(*connReader).backgroundRead"};
const std::vector<std::string> kReaderHere = {"internal/poll.runtime_pollWait",
                                              "internal/poll.(*pollDesc).wait",
                                              "internal/poll.(*pollDesc).waitRead",
                                              "internal/poll.(*FD).Read",
                                              "net.(*netFD).Read",
                                              "net.(*conn).Read",
                                              "net/http.(*connReader).backgroundRead"};

}  // namespace

TEST_CASE("debug=1 after twenty requests is Go's, group for group", "[conformance]") {
  Service& service = after_twenty_requests();
  std::vector<Group> expected = groups_of(kGolden);
  REQUIRE(expected.size() == 5);
  for (Group& g : expected) {
    if (g.functions == kReaderInGo) g.functions = kReaderHere;
  }
  std::string text;
  std::vector<Group> found;
  // The reader may be caught before it waits, as Go's was.
  eventually([&] {
    text = service.get("/debug/pprof/goroutine?debug=1");
    found = groups_of(text);
    return found.size() == 5 &&
           (found[2].functions == kReaderHere || found[3].functions == kReaderHere ||
            found[4].functions == kReaderHere);
  });
  CHECK(text.substr(0, text.find('\n')) == kGolden.substr(0, kGolden.find('\n')));
  REQUIRE(found.size() == 5);
  // The highest count first; among equals the order is that of addresses, so ours is another.
  CHECK(std::is_sorted(found.begin(), found.end(),
                       [](const Group& a, const Group& b) { return a.count > b.count; }));
  std::sort(found.begin(), found.end());
  std::sort(expected.begin(), expected.end());
  for (size_t i = 0; i < 5; i++) CHECK(found[i] == expected[i]);
}

TEST_CASE("the main stacks have Go's physical frames too, addresses and all", "[conformance]") {
  // 1500 @ a b c d e: gopark, chanrecv, chanrecv2, worker, goexit.
  std::string text = after_twenty_requests().get("/debug/pprof/goroutine?debug=1");
  for (const char* count : {"1500", "20"}) {
    auto addresses = [&](const std::string& in) {
      std::smatch m;
      std::regex head(std::string("\n") + count + " @((?: 0x[0-9a-f]+)+)\n");
      if (!std::regex_search(in, m, head)) return ptrdiff_t{-1};
      std::string list = m[1];
      return std::count(list.begin(), list.end(), ' ');
    };
    CHECK(addresses(text) == addresses(kGolden));
  }
}

TEST_CASE("debug=2 has every goroutine once, in Go's words", "[conformance]") {
  auto facts = [](const std::string& text, const char* what) {
    auto dump = golab::profiler::read_debug2(text, what);
    REQUIRE(dump.error.empty());
    std::map<std::string, int> counts;
    std::set<uint64_t> ids;
    for (auto& g : dump.goroutines) {
      std::string all = g.state + " " + g.created_by + ":";
      for (auto& f : g.frames) all += " " + f.function;
      ids.insert(g.goid);
      if (all.find("main.") != std::string::npos) counts[all]++;
    }
    CHECK(ids.size() == dump.goroutines.size());
    CHECK(dump.goroutines.size() == 1523);
    return counts;
  };
  auto expected = facts(read_file(std::string(GOLDEN_DIR) + "/coursepool.debug2.txt"), "Go's");
  std::map<std::string, int> found;
  eventually([&] {
    found = facts(after_twenty_requests().get("/debug/pprof/goroutine?debug=2"), "ours");
    return found == expected;
  });
  CHECK(found == expected);
}
