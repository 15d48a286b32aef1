// stuck_test.cpp: what was left behind, with all that a dump says of it.
#include "profiler/analysis/verdict.h"
#include "tests/catch.h"

using namespace golab::profiler;

namespace {

constexpr char kRest[] =
    "goroutine profile: total 2\n"
    "1 @ 0x10 0x20\n#\t0xf\tmain.worker+0x1\t/pool/main.cpp:7\n\n"
    "1 @ 0x11 0x20\n#\t0x10\tnet/http.(*conn).serve+0x1\t/s.go:1\n\n";

constexpr char kAfter[] =
    "goroutine profile: total 14\n"
    "4 @ 0x10 0x20\n#\t0xf\tmain.worker+0x1\t/pool/main.cpp:7\n\n"
    "2 @ 0x12 0x20\n#\t0x11\tmain.worker+0x5\t/pool/main.cpp:9\n\n"
    "8 @ 0x11 0x20\n#\t0x10\tnet/http.(*conn).serve+0x1\t/s.go:1\n\n";

std::string goroutine(int id, const char* state, int line, const char* creator) {
  std::string number = std::to_string(id);
  return "goroutine " + number + " [" + state +
         "]:\nmain.worker(...)\n\t/pool/main.cpp:" + std::to_string(line) + " +0x1\ncreated by " +
         creator + " in goroutine 1\n\t/pool/main.cpp:19 +0x28\n\n";
}

LeakVerdict verdict(const char* rest, const char* after, JudgeOptions options = {}) {
  return judge(read_debug1(rest, "rest").profile, read_debug1(after, "after").profile, 2, options);
}

std::vector<DumpedGoroutine> dump() {
  return read_debug2(goroutine(2, "chan receive", 7, "main.start") +
                         goroutine(3, "chan receive, 3 minutes", 7, "main.start") +
                         goroutine(4, "chan receive, 1 minutes", 7, "main.start") +
                         goroutine(5, "chan receive", 7, "main.again") +
                         goroutine(6, "select, 1 minutes", 9, "main.start") +
                         goroutine(7, "select, 1 minutes", 9, "main.start"),
                     "dump")
      .goroutines;
}

}  // namespace

// Goal: the groups add up to what the verdict says, and each says where, in which state, since when
// and created by whom.
TEST_CASE("goroutines that were left are grouped by place, state and creator", "[verdict][stuck]") {
  LeakVerdict left = verdict(kRest, kAfter, {.without_connections = true});
  std::vector<StuckGroup> groups = stuck_groups(left, dump());
  REQUIRE(groups.size() == 3);
  int64_t sum = 0;
  for (const StuckGroup& group : groups) sum += group.count;
  CHECK(sum == 5);  // three more at line 7 than at rest, and two at line 9

  CHECK(groups[0].count == 2);
  CHECK(groups[0].function == "main.worker");
  CHECK(groups[0].file == "/pool/main.cpp");
  CHECK(groups[0].created_by == "main.start");
  CHECK(groups[0].created_line == 19);
  bool long_one = false, again = false, select = false;
  for (const StuckGroup& group : groups) {
    long_one |= group.line == 7 && group.state == "chan receive" && group.since == "3 minutes";
    again |= group.created_by == "main.again" && group.count == 1 && group.since.empty();
    select |= group.line == 9 && group.state == "select" && group.since == "1 minute";
  }
  CHECK(long_one);
  CHECK(again);
  CHECK(select);
}

TEST_CASE("without a dump the profile says what it knows", "[verdict][stuck]") {
  std::vector<StuckGroup> groups =
      stuck_groups(verdict(kRest, kAfter, {.without_connections = true}), {});
  REQUIRE(groups.size() == 2);
  CHECK(groups[0].count == 3);
  CHECK(groups[0].line == 7);
  CHECK(groups[0].created_by.empty());
}

TEST_CASE("connections count if they are asked for", "[verdict][stuck]") {
  CHECK(verdict(kRest, kAfter, {.without_connections = true}).leaked.size() == 2);
  CHECK(verdict(kRest, kAfter).leaked.size() == 3);
}

TEST_CASE("a panic's goroutine is the first of its dump", "[verdict][stuck]") {
  std::vector<DumpedGoroutine> last_words =
      read_debug2("panic: boom\n\n" + goroutine(9, "running", 7, "main.start") +
                      goroutine(10, "select", 9, "main.start"),
                  "output")
          .goroutines;
  std::vector<StuckGroup> groups = panicked(last_words);
  REQUIRE(groups.size() == 1);
  CHECK(groups[0].count == 1);
  CHECK(groups[0].state == "running");
  CHECK(groups[0].line == 7);
  CHECK(panicked({}).empty());
}
