// Goal: a check waits on the program's clock: 20 times, each twice as long, 100 ms at most.
#include "tests/classroom/class.h"

namespace {

// What a check says of a goroutine that ends after so many microseconds, if a second passes.
std::string check_beside_sleeper(const std::string& microseconds) {
  Class a_class({TIMED_CHILD, microseconds});
  a_class.send("advance 1000000000");
  return a_class.child().wait(20).out;
}

}  // namespace

// 1 + 2 + 4 + … + 65536 µs, and three times 100 ms.
TEST_CASE("the retries last 431 ms on the class's clock, and none on the wall's",
          "[goleak][retry][classroom]") {
  CHECK(check_beside_sleeper("431072") == "true 431.071ms\n");
}

TEST_CASE("a goroutine that ends before the last look is no leak", "[goleak][retry][classroom]") {
  CHECK(check_beside_sleeper("431000") == "false 431.071ms\n");
  CHECK(check_beside_sleeper("10") == "false 15µs\n");
}

TEST_CASE("a check waits as long as the clock stands still", "[goleak][retry][classroom]") {
  Class a_class({TIMED_CHILD, "1000000"});
  CHECK(a_class.order("idle 20000") == "idle");
  CHECK(a_class.order("next") == "next 1000");
  CHECK(a_class.order("step") == "stepped 1000");
  CHECK(a_class.order("idle 20000") == "idle");
  CHECK(a_class.order("next") == "next 2000");
}
