// Goal: a check finds the goroutines that stay, and no others, and says so in goleak's words.
#include "tests/goleak/planted.h"

#include <atomic>

#include "runtime/os/signal/signal.h"

void planted(Chan<int> end) { end.recv(); }
void planted_below(Chan<int> end) { planted(end); }

namespace {

// The stack of a goroutine as debug=2 prints it, without its header.
std::string stack_in_dump(const std::string& dump, const std::string& goid) {
  size_t header = dump.find("goroutine " + goid + " [");
  REQUIRE(header != dump.npos);
  size_t begin = dump.find('\n', header) + 1;
  return dump.substr(begin, dump.find("\n\n", begin) + 1 - begin);
}

std::string between(const std::string& text, const std::string& before, const std::string& after) {
  size_t begin = text.find(before);
  REQUIRE(begin != text.npos);
  begin += before.size();
  return text.substr(begin, text.find(after, begin) - begin);
}

// Fails as a test does, and goes on.
struct Recorder {
  std::vector<std::string> failures;
  void Error(const std::string& message) { failures.push_back(message); }
};

}  // namespace

TEST_CASE("a goroutine that stays is reported with its text of debug=2", "[goleak]") {
  CHECK(goleak::Find() == nullptr);
  Planted leak;
  leak.plant();
  const std::string report = text_of(goleak::Find());
  const std::string goid = between(report, "Goroutine ", " in state");
  CHECK(report == "found unexpected goroutines:\n[Goroutine " + goid +
                      " in state chan receive, with main.planted on top of the stack:\n" +
                      stack_in_dump(runtime::StackText(true) + "\n", goid) + "]");
  leak.pull_out();
  CHECK(goleak::Find() == nullptr);
}

TEST_CASE("several goroutines are one list, in the order of their numbers", "[goleak]") {
  Planted leak;
  leak.plant();
  leak.plant_below();
  const std::string report = text_of(goleak::Find());
  CHECK(report.starts_with("found unexpected goroutines:\n[Goroutine "));
  CHECK(count(report, "found unexpected goroutines") == 1);
  CHECK(count(report, "\n Goroutine ") == 1);
  CHECK(count(report, "main.planted_below(...)\n") == 1);
  CHECK(report.ends_with("\n]"));
}

TEST_CASE("a goroutine that ends during the retries is no leak", "[goleak][retry]") {
  // It ends when it sees that the check has begun to sleep.
  go([] { eventually([] { return count(runtime::StackText(true), "goleak.Find(") > 0; }); });
  SECTION("a look again finds it gone") {
    CHECK(goleak::Find(goleak::MaxRetryAttempts(10'000)) == nullptr);
  }
  SECTION("a single look does not see that it ends") {
    CHECK(text_of(goleak::Find(goleak::MaxRetryAttempts(0))) != "");
    CHECK(goleak::Find(goleak::MaxRetryAttempts(10'000)) == nullptr);
  }
}

TEST_CASE("a goroutine that runs is as much left behind as one that waits", "[goleak]") {
  std::atomic<bool> enough{false};
  go([&] {
    while (!enough) {}
  });
  const std::string report = text_of(goleak::Find());
  enough = true;
  CHECK(count(report, "Goroutine ") == 1);
  CHECK(count(report, " in state runnable, with ") == 1);
  CHECK(goleak::Find() == nullptr);
}

TEST_CASE("the goroutine of os/signal is nobody's leak", "[goleak]") {
  auto signals = make_chan<os::Signal>(1);
  os::signal::Notify(signals, os::Interrupt);
  REQUIRE(runtime::NumGoroutine() == 2);
  CHECK(goleak::Find() == nullptr);
  os::signal::Stop(signals);
}

TEST_CASE("the goroutine that checks is not in the report, whichever it is", "[goleak]") {
  Planted leak;
  leak.plant();
  auto found = make_chan<std::string>();
  go([=] { found.send(text_of(goleak::Find())); });
  const std::string report = found.recv();
  CHECK(count(report, "main.planted(...)\n") == 1);
  CHECK(count(report, "goleak.Find") == 0);
  // Goroutine 1 waits for the answer. A check in another goroutine counts it, as in Go.
  CHECK(count(report, "Goroutine 1 in state chan receive") == 1);
}

TEST_CASE("VerifyNone lets a test fail and go on", "[goleak]") {
  Recorder t;
  goleak::VerifyNone(t);
  CHECK(t.failures.empty());
  Planted leak;
  leak.plant();
  goleak::VerifyNone(t);
  REQUIRE(t.failures.size() == 1);
  CHECK(t.failures[0].starts_with("found unexpected goroutines:\n[Goroutine "));
}
