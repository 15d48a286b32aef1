// Goal: each option does what its name says, and no more.
#include <fcntl.h>
#include <unistd.h>

#include "tests/goleak/planted.h"

namespace {

// What f writes to stderr.
template <typename F>
std::string stderr_of(F f) {
  char name[] = "/tmp/golab-stderr-XXXXXX";
  int file = mkstemp(name);
  REQUIRE(file >= 0);
  int old = dup(2);
  dup2(file, 2);
  f();
  dup2(old, 2);
  ::close(old);
  ::close(file);
  auto [text, err] = os::ReadFile(name);
  unlink(name);
  REQUIRE(err == nullptr);
  return text;
}

struct Recorder {
  std::vector<std::string> failures;
  void Error(const std::string& message) { failures.push_back(message); }
};

}  // namespace

TEST_CASE("IgnoreCurrent passes over what was there before it, not over what comes", "[goleak]") {
  Planted leak;
  leak.plant();
  auto current = goleak::IgnoreCurrent();
  CHECK(goleak::Find(current) == nullptr);
  leak.plant_below();
  const std::string report = text_of(goleak::Find(current));
  CHECK(count(report, "Goroutine ") == 1);
  CHECK(count(report, "main.planted_below") == 1);
}

TEST_CASE("IgnoreTopFunction goes by the function on top, and by its whole name", "[goleak]") {
  Planted leak;
  leak.plant_below();
  CHECK(goleak::Find(goleak::IgnoreTopFunction("main.planted")) == nullptr);
  CHECK(goleak::Find(goleak::IgnoreTopFunction("main.planted_below")) != nullptr);
  CHECK(goleak::Find(goleak::IgnoreTopFunction("planted")) != nullptr);
  CHECK(goleak::Find(goleak::IgnoreTopFunction("main.plant")) != nullptr);
}

TEST_CASE("IgnoreAnyFunction goes by the whole stack, without the creator", "[goleak]") {
  Planted leak;
  leak.plant_below();
  CHECK(goleak::Find(goleak::IgnoreAnyFunction("main.planted")) == nullptr);
  CHECK(goleak::Find(goleak::IgnoreAnyFunction("main.planted_below")) == nullptr);
  CHECK(goleak::Find(goleak::IgnoreAnyFunction("main.(*Planted).plant_below")) != nullptr);
}

TEST_CASE("IgnoreCreatedBy goes by the creator alone", "[goleak]") {
  Planted leak;
  leak.plant_below();
  CHECK(goleak::Find(goleak::IgnoreCreatedBy("main.(*Planted).plant_below")) == nullptr);
  CHECK(goleak::Find(goleak::IgnoreCreatedBy("main.(*Planted).plant")) != nullptr);
  CHECK(goleak::Find(goleak::IgnoreCreatedBy("main.planted_below")) != nullptr);
}

TEST_CASE("options add up: each passes over its own", "[goleak]") {
  Planted leak;
  leak.plant();
  auto current = goleak::IgnoreCurrent();
  leak.plant_below();
  CHECK(goleak::Find(goleak::IgnoreAnyFunction("main.planted_below")) != nullptr);
  CHECK(goleak::Find(current, goleak::IgnoreAnyFunction("main.planted_below")) == nullptr);
}

TEST_CASE("wrong options are errors, in goleak's words", "[goleak]") {
  auto text = [](const goleak::Option& option) { return text_of(goleak::Find(option)); };
  CHECK(text(goleak::Cleanup([](int) {})) ==
        "Cleanup can only be passed to VerifyNone or VerifyTestMain");
  CHECK(text(goleak::RunOnFailure()) == "RunOnFailure can only be passed to VerifyTestMain");
  CHECK(text(goleak::MaxRetryAttempts(-1)) == "maxRetryAttempts should be greater than 0");
  CHECK(text(goleak::MaxSleepInterval(0)) == "maxSleepInterval should be greater than 0s");
}

TEST_CASE("VerifyNone calls Cleanup when it is through, with 0", "[goleak]") {
  Recorder t;
  Planted leak;
  leak.plant();
  std::vector<int> calls;
  goleak::VerifyNone(t, goleak::Cleanup([&](int code) {
                       CHECK(t.failures.size() == 1);
                       calls.push_back(code);
                     }));
  CHECK(calls == std::vector<int>{0});
}

TEST_CASE("VerifyTestMain checks after tests that passed, and its exit status is 1", "[goleak]") {
  Planted leak;
  std::vector<int> cleanups;
  auto cleanup = goleak::Cleanup([&](int code) { cleanups.push_back(code); });
  SECTION("no leak") {
    CHECK(stderr_of([&] { CHECK(goleak::VerifyTestMain([] { return 0; }, cleanup) == 0); }) == "");
    CHECK(cleanups == std::vector<int>{0});
  }
  SECTION("a leak") {
    const std::string said = stderr_of(
        [&] { CHECK(goleak::VerifyTestMain([&] { return leak.plant(), 0; }, cleanup) == 1); });
    CHECK(said.starts_with(
        "goleak: Errors on successful test run: found unexpected goroutines:\n[Goroutine "));
    CHECK(said.ends_with("\n]\n"));
    CHECK(cleanups == std::vector<int>{1});
  }
  SECTION("a leak that an option passes over") {
    auto passed = goleak::IgnoreTopFunction("main.planted");
    CHECK(goleak::VerifyTestMain([&] { return leak.plant(), 0; }, passed) == 0);
  }
  SECTION("after a failure nothing is said of leaks, and the exit status stays") {
    CHECK(stderr_of([&] {
            CHECK(goleak::VerifyTestMain([&] { return leak.plant(), 3; }, cleanup) == 3);
          }) == "");
    CHECK(cleanups == std::vector<int>{3});
  }
  SECTION("unless RunOnFailure asks for it") {
    const std::string said = stderr_of([&] {
      CHECK(goleak::VerifyTestMain([&] { return leak.plant(), 3; }, goleak::RunOnFailure()) == 3);
    });
    CHECK(said.starts_with(
        "goleak: Errors on unsuccessful test run: found unexpected goroutines:\n[Goroutine "));
  }
}
