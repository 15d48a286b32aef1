// mirror_test.cpp: a test of a timeout that waits for nothing, and finds a leak.
#include <string>

#include "runtime/golab.h"
#include "runtime/testing/synctest/synctest.h"
#include "tests/catch.h"

std::string hello_after(time::Duration d) {
  time::Sleep(d);
  return "hello";
}

// What the mirror answers, or "late" after a minute.
std::string ask_mirror(time::Duration takes) {
  auto answers = make_chan<std::string>();
  go([=] { answers.send(hello_after(takes)); });
  std::string answer;
  bool ok;
  if (select({recv(answers, answer, ok), recv(time::After(time::Minute))}) == 0) return answer;
  return "late";
}

TEST_CASE("a slow mirror is given up after a minute") {
  synctest::Test([] {
    auto begun = time::Now();
    CHECK(ask_mirror(2 * time::Second) == "hello");
    CHECK(ask_mirror(time::Hour) == "late");
    CHECK(time::Since(begun) == time::Minute + 2 * time::Second);
  });
}
