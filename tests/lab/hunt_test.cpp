// hunt_test.cpp: the language of detectors, and what a detector is told about its errors.
#include "course/lab/hunt.h"
#include "tests/catch.h"
#include "tests/lab/run.h"

using namespace lab_test;
using lab::Group;

namespace {

Group workers() {
  return {{"main.worker", "main.pool.func1"}, "chan receive", "main.startWorkers", 1500, 1500, 60};
}

bool flags(const std::string& rule, const Group& group) {
  auto [rules, err] = lab::parse_rules("hunt.txt", rule);
  INFO(rule);
  if (err != nullptr) FAIL(err.Error());
  return rules.at(0).flags(group);
}

std::string error_of(const std::string& text) {
  auto [rules, err] = lab::parse_rules("mine/hunt.txt", text);
  return err == nullptr ? "none" : err.Error();
}

const char kDump[] =
    "goroutine 1 [IO wait, 1 minutes]:\nmain.main()\n\t/x/main.cpp:70 +0x10\n\n"
    "goroutine 7 [chan receive, 3 minutes]:\nmain.worker()\n\t/x/main.cpp:27 +0x10\n"
    "created by main.startWorkers in goroutine 5\n\t/x/main.cpp:34 +0x10\n\n"
    "goroutine 8 [chan receive, 2 minutes]:\nmain.worker()\n\t/x/main.cpp:27 +0x10\n"
    "created by main.startWorkers in goroutine 6\n\t/x/main.cpp:34 +0x10\n";
const char kDumpAtRest[] = "goroutine 1 [IO wait]:\nmain.main()\n\t/x/main.cpp:70 +0x10\n";

}  // namespace

TEST_CASE("a rule flags the groups that it describes, and no other", "[lab][hunt]") {
  for (const char* rule :
       {"flag if growth >= 1500", "flag if growth > 1499", "flag if growth == 1500",
        "flag if count <= 1500", "flag if age >= 1m", "flag if age >= 60s", "flag if age < 1h",
        "flag if state is \"chan receive\"", "flag if state has \"chan\"",
        "flag if state is \"chan *\"", "flag if stack has \"worker\"",
        "flag if stack is \"main.worker\"", "flag if stack is \"main.*.func1\"",
        "flag if creator is \"main.start*\"", "flag if not growth < 10",
        "flag if growth < 10 or state is \"chan receive\" and age >= 1m",
        "flag if (growth < 10 or age >= 1m) and count > 1  # a comment"}) {
    INFO(rule);
    CHECK(flags(rule, workers()));
  }
  for (const char* rule : {"flag if growth > 1500", "flag if age > 1m", "flag if state is \"chan\"",
                           "flag if stack is \"worker\"", "flag if not stack has \"main.\"",
                           "flag if (growth < 10 or age >= 1m) and count < 1",
                           "flag if growth < 10 or age >= 1m and count < 1"}) {
    INFO(rule);
    CHECK_FALSE(flags(rule, workers()));
  }
}

TEST_CASE("an error in a rule names line, column and what is expected", "[lab][hunt]") {
  CHECK(error_of("# one\nflag if growht >= 10\n") ==
        "mine/hunt.txt:2:9: expected \"growth\", \"count\", \"age\", \"state\", \"stack\", "
        "\"creator\", \"not\" or \"(\", not \"growht\"; did you mean \"growth\"?");
  CHECK(error_of("flag growth >= 10") == "mine/hunt.txt:1:6: expected \"if\", not \"growth\"");
  CHECK(error_of("flag if growth >= ten") ==
        "mine/hunt.txt:1:19: expected a whole number, not \"ten\"");
  CHECK(error_of("flag if growth >=") ==
        "mine/hunt.txt:1:18: expected a whole number; the line ends here");
  CHECK(error_of("flag if growth 10") ==
        "mine/hunt.txt:1:16: expected \">=\", \">\", \"<=\", \"<\" or \"==\", not \"10\"");
  CHECK(error_of("flag if age >= 10") ==
        "mine/hunt.txt:1:16: expected a time like 30s, 1m or 2h, not \"10\"");
  CHECK(error_of("flag if state chan") ==
        "mine/hunt.txt:1:15: expected \"is\" or \"has\", not \"chan\"");
  CHECK(error_of("flag if state is chan") ==
        "mine/hunt.txt:1:18: expected a text in \"quotes\", not \"chan\"");
  CHECK(error_of("flag if state is \"chan") ==
        "mine/hunt.txt:1:18: expected a \" that ends this text");
  CHECK(error_of("flag if (growth > 1") ==
        "mine/hunt.txt:1:20: expected \")\"; the line ends here");
  CHECK(error_of("flag if growth > 1 age > 1m") ==
        "mine/hunt.txt:1:20: expected \"and\", \"or\" or the end of the line, not \"age\"");
  CHECK(error_of("# nothing\n") ==
        "mine/hunt.txt:2:1: expected a rule, for example: flag if growth >= 10");
}

TEST_CASE("goroutines of a dump are grouped, and compared with those at rest", "[lab][hunt]") {
  auto [groups, err] = lab::groups_of({kDumpAtRest, kDump});
  REQUIRE(err == nullptr);
  REQUIRE(groups.size() == 2);
  CHECK(groups[0].stack == std::vector<std::string>{"main.worker"});
  CHECK(groups[0].growth == 2);
  CHECK(groups[0].age_s == 180);  // of the oldest
  CHECK(groups[0].creator == "main.startWorkers");
  CHECK(groups[1].growth == 0);
  CHECK(groups[1].count == 1);
}

TEST_CASE("a hunt shows what was missed and what was a false alarm", "[lab][hunt]") {
  auto finding = [](const std::string& name, bool solution, const std::string& rule) {
    Group quiet{{"net/http.(*conn).serve"}, "IO wait", "net/http.Serve", 1, 1, 0};
    lab::Finding one =
        lab::find(lab::parse_rules("hunt.txt", rule).first, {solution ? quiet : workers()});
    one.exercise = name;
    one.solution = solution;
    return one;
  };
  const std::string good = "flag if growth >= 10", all = "\nflag if growth >= 1",
                    none = "flag if growth > 9999";
  std::string text = lab::render_hunt({finding("01-a", false, good), finding("01-a", true, good),
                                       finding("02-b", false, none), finding("02-b", true, all)},
                                      {60, 24, false});
  INFO(text);
  CHECK_THAT(text, Has("01-a  flagged     quiet") && Has("02-b  MISSED      FALSE ALARM"));
  CHECK_THAT(text, Has("02-b is missed. What grew most: +1500 main.worker"));
  CHECK_THAT(text, Has("02-b is flagged by line 2: +1\nnet/http.(*conn).serve"));
  CHECK_THAT(text, Has("1 leak missed, 1 false alarm"));
}
