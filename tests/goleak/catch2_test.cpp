// Goal: a test program under goleak fails for each leak, and names the test that leaked.
#include "tests/child.h"
#include "tests/goleak/planted.h"

namespace {

constexpr const char* kFound = "goleak: Errors on successful test run: ";

ChildResult run_test(const std::string& name) { return run_child({LEAKY_CHILD, name}); }

std::string leak_of(const std::string& test) {
  return "test \"" + test + "\": found unexpected goroutines:\n[Goroutine ";
}

}  // namespace

TEST_CASE("a test that leaves a goroutine behind is named", "[goleak][catch2]") {
  ChildResult r = run_test("leaks");
  CHECK(r.status == 1);
  CHECK(r.out.find("All tests passed") != std::string::npos);
  CHECK(r.err.starts_with(kFound + leak_of("leaks")));
  CHECK(count(r.err, "Goroutine ") == 1);
  CHECK(count(r.err, "in state chan receive, with main.stray on top of the stack:\nmain.stray") ==
        1);
}

TEST_CASE("a leak has its test's name also if another goroutine started it", "[goleak][catch2]") {
  ChildResult r = run_test("leaks by a goroutine that has ended");
  CHECK(r.status == 1);
  CHECK(r.err.starts_with(kFound + leak_of("leaks by a goroutine that has ended")));
  CHECK(count(r.err, "created by main.foster") == 1);
}

TEST_CASE("of several tests, each has a list of its own", "[goleak][catch2]") {
  ChildResult r = run_test("leaks,is clean,leaks by a goroutine that has ended");
  CHECK(r.status == 1);
  CHECK(r.err.starts_with(kFound + leak_of("leaks")));
  CHECK(count(r.err, "]\n" + leak_of("leaks by a goroutine that has ended")) == 1);
  CHECK(count(r.err, "Goroutine ") == 2);
  CHECK(count(r.err, "is clean") == 0);
}

TEST_CASE("nothing is said where there is nothing to say", "[goleak][catch2]") {
  SECTION("no leak") {
    ChildResult r = run_test("is clean");
    CHECK(r.status == 0);
    CHECK(r.err.empty());
  }
  SECTION("a leak on purpose") {
    ChildResult r = run_test("leaks on purpose");
    CHECK(r.status == 0);
    CHECK(r.err.empty());
  }
  SECTION("a leak on purpose hides no other") {
    ChildResult r = run_test("leaks,leaks on purpose");
    CHECK(r.status == 1);
    CHECK(r.err.starts_with(kFound + leak_of("leaks")));
    CHECK(count(r.err, "Goroutine ") == 1);
  }
  SECTION("a failure, which comes first") {
    ChildResult r = run_test("leaks and fails");
    CHECK(r.status == 1);
    CHECK(r.err.empty());
  }
}

TEST_CASE("VerifyNone fails the running test at its line", "[goleak][catch2]") {
  SECTION("at the end of the test") {
    ChildResult r = run_test("verifies");
    CHECK(r.status == 1);
    CHECK(count(r.out, "leaky_child.cpp:") > 0);
    CHECK(count(r.out, "catch2.h") == 0);
    CHECK(count(r.out, "found unexpected goroutines:") == 1);
    CHECK(count(r.out, "with main.stray on top of the stack:") == 1);
    CHECK(r.err.empty());  // said once
  }
  SECTION("and lets it go on") {
    ChildResult r = run_test("verifies with options");
    CHECK(r.status == 1);
    CHECK(count(r.out, "found unexpected goroutines:") == 1);
    CHECK(count(r.out, "and goes on") == 1);
  }
  SECTION("not in another goroutine") {
    ChildResult r = run_test("verifies elsewhere");
    CHECK(count(r.out, "goleak::VerifyNone() is for goroutine 1") == 1);
  }
}

TEST_CASE("of parts that run at the same time, the one that leaked is named", "[goleak][catch2]") {
  ChildResult r = run_test("has parts");
  INFO(r.out << r.err);
  CHECK(r.status == 1);
  CHECK(count(r.out, "a leaky one: found unexpected goroutines:\n") == 1);
  CHECK(count(r.out, "a clean one") == 0);
  CHECK(count(r.out, "leaky_child.cpp:") > 0);
  CHECK(count(r.out, "with main.stray on top of the stack:") == 1);
}

TEST_CASE("labels of the program's own go with the test's, if it passes its context on",
          "[goleak][catch2]") {
  ChildResult r = run_test("has labels of its own");
  INFO(r.err);
  CHECK(r.status == 1);
  CHECK(count(r.err, leak_of("has labels of its own/with the context that it got")) == 1);
  CHECK(count(r.err, "with another context") == 0);
  CHECK(count(r.err, "Goroutine ") == 2);
}
