// diff_test.cpp: what changed between two profiles, and whether it is a leak.
#include "profiler/analysis/diff.h"

#include <algorithm>

#include "profiler/analysis/sample_type.h"
#include "profiler/analysis/text_table.h"
#include "profiler/analysis/verdict.h"
#include "profiler/analysis/wait_state.h"
#include "tests/formats/golden.h"

using namespace golab::profiler;

namespace {

// One goroutine stack per call: count, then functions leaf first, each "name:line".
class ProfileMaker {
 public:
  ProfileMaker() { profile.sample_types = {{"goroutine", "count"}}; }
  ProfileMaker& stack(int64_t count, const std::vector<std::string>& frames) {
    Sample sample;
    sample.values = {count};
    for (const std::string& frame : frames) {
      size_t colon = frame.rfind(':');
      std::string name = frame.substr(0, colon);
      auto line = colon == frame.npos ? 1 : std::stoi(frame.substr(colon + 1));
      profile.functions.push_back({name, name, "/src/main.cpp", 0});
      auto function = static_cast<uint32_t>(profile.functions.size() - 1);
      profile.locations.push_back({1, kNone, 0, {{function, line, 0}}, false});
      sample.locations.push_back(static_cast<uint32_t>(profile.locations.size() - 1));
    }
    profile.samples.push_back(std::move(sample));
    return *this;
  }
  SymbolizedProfile profile;
};

const std::vector<std::string> kServe = {"runtime.gopark", "runtime.netpollblock",
                                         "internal/poll.runtime_pollWait",
                                         "net/http.(*conn).serve"};

}  // namespace

TEST_CASE("the course's leak is found, with its place and its rate", "[analysis][verdict]") {
  auto rest = golden_profile("coursepool/before.pb.gz");
  auto after = golden_profile("coursepool/goroutine.pb.gz");
  LeakVerdict verdict = judge(rest, after, 20);
  CHECK(verdict.leaks);
  CHECK(verdict.rest == 3);
  CHECK(verdict.after == 1523);
  CHECK(verdict.per_request == 76);
  REQUIRE(verdict.leaked.size() == 2);
  CHECK(verdict.leaked[0].stack.function == "main.worker");
  CHECK(verdict.leaked[0].stack.file == "/lab/programs/coursepool/main.go");
  CHECK(verdict.leaked[0].stack.line == 39);
  CHECK(verdict.leaked[0].stack.state == "chan receive");
  CHECK(verdict.leaked[0].per_request == 75);
  CHECK(verdict.leaked[1].stack.function == "main.producer");
  CHECK(verdict.leaked[1].stack.state == "chan send");
  CHECK(verdict.leaked[1].stack.delta() == 20);
  CHECK(verdict.leaked[1].stack.line == 59);
}

TEST_CASE("the repaired pool is found innocent", "[analysis][verdict]") {
  LeakVerdict verdict = judge(golden_profile("coursepool-fixed/before.pb.gz"),
                              golden_profile("coursepool-fixed/goroutine.pb.gz"), 20);
  CHECK_FALSE(verdict.leaks);
  CHECK(verdict.rest == 3);
  CHECK(verdict.after == 3);
}

TEST_CASE("the texts lead to the verdict that the binaries lead to", "[analysis][verdict]") {
  LeakVerdict verdict = judge(golden_profile("coursepool/before.debug1.txt"),
                              golden_profile("coursepool/goroutine.debug1.txt"), 20);
  REQUIRE(verdict.leaked.size() == 2);
  CHECK(verdict.leaked[0].stack.function == "main.worker");
  CHECK(verdict.leaked[0].stack.state == "");  // runtime.chanrecv is hidden there
  LeakVerdict mixed = judge(golden_profile("coursepool/before.pb.gz"),
                            golden_profile("coursepool/goroutine.debug1.txt"), 20);
  CHECK(mixed.leaked.size() == 2);
}

TEST_CASE("the server's own noise is no leak", "[analysis][verdict]") {
  auto rest = ProfileMaker().stack(2, kServe).stack(1, {"runtime.gopark", "main.main"}).profile;
  SECTION("two connections more") {
    auto after = ProfileMaker().stack(4, kServe).stack(1, {"runtime.gopark", "main.main"}).profile;
    CHECK_FALSE(judge(rest, after, 20).leaks);
  }
  SECTION("but one per request is one") {
    auto after = ProfileMaker().stack(22, kServe).stack(1, {"runtime.gopark", "main.main"}).profile;
    LeakVerdict verdict = judge(rest, after, 20);
    CHECK(verdict.leaks);
    CHECK(verdict.leaked.at(0).stack.function == "internal/poll.runtime_pollWait");
  }
  SECTION("and one single goroutine of main's is one") {
    auto after = ProfileMaker()
                     .stack(2, kServe)
                     .stack(1, {"runtime.gopark", "main.main"})
                     .stack(1, {"runtime.gopark", "runtime.chanrecv", "lib.wait", "main.watch:7"})
                     .profile;
    LeakVerdict verdict = judge(rest, after, 20);
    REQUIRE(verdict.leaks);
    CHECK(verdict.leaked[0].stack.function == "main.watch");
    CHECK(verdict.leaked[0].stack.line == 7);
    CHECK(rate_text(verdict.per_request) == "0.05");
  }
}

TEST_CASE("stacks are compared by name, or by line when asked", "[analysis][diff]") {
  auto before = ProfileMaker().stack(5, {"main.f:10"}).profile;
  auto after = ProfileMaker().stack(4, {"main.f:11"}).stack(3, {"main.f:12"}).profile;
  ProfileDiff by_name = diff(before, after);
  REQUIRE(by_name.stacks.size() == 1);
  CHECK(by_name.stacks[0].before == 5);
  CHECK(by_name.stacks[0].after == 7);
  ProfileDiff by_line = diff(before, after, {.by_line = true});
  CHECK(by_line.stacks.size() == 3);
}

TEST_CASE("the greatest change comes first, whichever way it went", "[analysis][diff]") {
  auto before = ProfileMaker().stack(1, {"main.same"}).stack(9, {"main.gone"}).profile;
  auto after = ProfileMaker().stack(1, {"main.same"}).stack(4, {"main.came"}).profile;
  ProfileDiff changes = diff(before, after);
  REQUIRE(changes.stacks.size() == 3);
  CHECK(changes.stacks[0].function == "main.gone");
  CHECK(changes.stacks[0].delta() == -9);
  CHECK(changes.stacks[1].function == "main.came");
  CHECK(render_diff(changes) ==
        "goroutines: 10 before, 5 after: -5\n\n"
        "  before  after  change  state  function   at\n"
        "       9      0      -9         main.gone  /src/main.cpp:1\n"
        "       0      4      +4         main.came  /src/main.cpp:1\n"
        "  (1 stack did not change)\n");
  CHECK(render_diff(changes, {.colour = true}).find("\x1b[32m") != std::string::npos);
  CHECK(render_diff(changes, {.rows_max = 1}).find("(1 further stack changed)") !=
        std::string::npos);
}

TEST_CASE("stacks without names are compared by their addresses", "[analysis][diff]") {
  auto before =
      read_debug1("goroutine profile: total 9\n4 @ 0x11 0x21\n5 @ 0x31 0x21\n", "x").profile;
  auto after =
      read_debug1("goroutine profile: total 14\n9 @ 0x11 0x21\n5 @ 0x31 0x21\n", "x").profile;
  const std::string text = render_diff(diff(before, after));
  CHECK(text ==
        "goroutines: 9 before, 14 after: +5\n\n"
        "  before  after  change  state  function   at\n"
        "       4      9      +5         0x10 0x20\n"
        "  (1 stack did not change)\n");
  SECTION("but a goroutine that has not started has only the root's address") {
    auto fresh = read_debug1(
        "goroutine profile: total 3\n2 @ 0x21\n1 @ 0x11 0x21\n"
        "#\t0x10\tmain.f+0x1\t/x.go:1\n",
        "x");
    CHECK(render_diff(diff({}, fresh.profile)).find("(not started)") != std::string::npos);
  }
}

// forms.go starts 7 goroutines with labels, one with type arguments and one plain one in between.
TEST_CASE("the three forms of one service differ in nothing", "[analysis][diff]") {
  const std::string forms[] = {".pb.gz", ".debug1.txt", ".debug2.txt"};
  for (const std::string& a : forms) {
    for (const std::string& b : forms) {
      INFO(a << " " << b);
      ProfileDiff same = diff(golden_profile("forms/after" + a), golden_profile("forms/after" + b));
      for (const StackChange& stack : same.stacks) {
        // The goroutine that writes differs from form to form.
        const bool writer = stack.functions.size() > 2 && stack.function == "main.save";
        if (!writer && stack.delta() != 0) FAIL_CHECK(stack.function << " " << stack.delta());
      }
      ProfileDiff grown =
          diff(golden_profile("forms/before" + a), golden_profile("forms/after" + b));
      CHECK(grown.total_before == 8);
      CHECK(grown.total_after == 17);
      REQUIRE(grown.stacks.size() >= 2);
      CHECK(grown.stacks[0].delta() == 7);
      CHECK(grown.stacks[0].function == "main.waitFor");
      CHECK(grown.stacks[0].labels == "");
    }
  }
}

TEST_CASE("labels count when they are asked for", "[analysis][diff]") {
  for (const std::string form : {".pb.gz", ".debug1.txt"}) {
    auto before = golden_profile("forms/before" + form),
         after = golden_profile("forms/after" + form);
    const std::string text = render_diff(diff(before, after, {.by_labels = true}));
    CHECK(text.find("main.waitFor {request=16, route=/pay}") != std::string::npos);
    CHECK(render_diff(diff(before, after)).find("request=16") == std::string::npos);
  }
}

TEST_CASE("two types are not compared, and one has its unit", "[analysis][diff]") {
  auto heap = golden_profile("forms/heap.pb.gz"), goroutines = golden_profile("forms/after.pb.gz");
  choose_type(heap);
  choose_type(goroutines);
  CHECK(not_comparable(heap, goroutines) ==
        "one profile has inuse_space (bytes), the other goroutine (count): two types are not "
        "compared.");
  CHECK(not_comparable(heap, heap) == "");
  const std::string text = render_diff(diff({}, heap));
  CHECK(text.find("inuse_space: 0 before, 13.30MB after: +13.30MB\n") == 0);
  CHECK(text.find("main.allocate") != std::string::npos);
}

// Goal: what the stacks tell of the states agrees with what Go itself printed.
TEST_CASE("states are read off the stacks as Go has them", "[analysis][state]") {
  auto profile = golden_profile("states/goroutine.pb.gz");
  auto dump = read_debug2(golden("states/goroutine.debug2.txt"), "states");
  REQUIRE(dump);
  int compared = 0;
  for (const DumpedGoroutine& goroutine : dump.goroutines) {
    for (const Sample& sample : profile.samples) {
      std::vector<std::string_view> names;
      for (const FrameRef& frame : frames_of_sample(profile, sample)) {
        names.push_back(frame.function->name);
      }
      const std::string outermost = goroutine.frames.back().function;
      if (names.empty() || names.back() != outermost || !outermost.starts_with("main.state")) {
        continue;
      }
      std::string go = goroutine.state.substr(0, goroutine.state.find(" (nil"));
      if (go == "runnable" || names[0] == "runtime.asyncPreempt2") go = "";
      INFO(outermost);
      if (outermost == "main.stateCoroutine") continue;  // several goroutines of one name
      CHECK(wait_state(names) == go);
      compared++;
    }
  }
  CHECK(compared >= 20);
}

TEST_CASE("a dump tells the states that a text cannot", "[analysis][state]") {
  auto text = golden_profile("leakserver/goroutine.debug1.txt");
  auto dump = read_debug2(golden("leakserver/goroutine.debug2.txt"), "dump");
  ProfileDiff changes = diff(text, text);
  auto find = [&]() -> const StackChange& {
    return *std::find_if(changes.stacks.begin(), changes.stacks.end(),
                         [](auto& s) { return s.function == "main.leakingFunction"; });
  };
  CHECK(find().state == "");
  add_states(changes, dump.goroutines);
  CHECK(find().state == "chan receive");
}

TEST_CASE("a source line is shown without its indentation", "[analysis]") {
  TemporaryFile file(".cpp", "one\n\t  two \r\nthree");
  CHECK(source_line(file.path(), 2) == "two");
  CHECK(source_line(file.path(), 3) == "three");
  CHECK(source_line(file.path(), 4) == "");
  CHECK(source_line("/no/such/file", 1) == "");
  CHECK(source_line("/dev/zero", 1) == "");  // a profile may name any file
}

TEST_CASE("columns are aligned, also around letters of two bytes", "[analysis][table]") {
  TextTable table({TextTable::Align::Right, TextTable::Align::Left, TextTable::Align::Left});
  table.row({"1", "\xc3\xa9", "x"});
  table.row({"10", "ab", ""});
  CHECK(table.render(false, "") == " 1  \xc3\xa9   x\n10  ab\n");
  SECTION("but not with what would be too much for everybody") {
    table.row({"1", std::string(1 << 20, 'x'), "y"});
    CHECK(table.render(false, "").size() < (1 << 20) + 1000);
  }
}

// Each form has words of its own for a function without a name.
TEST_CASE("a state is found through code without a name, and in a deep stack",
          "[analysis][state]") {
  auto state_of = [](const std::vector<std::string>& profile, const std::string& dumped) {
    ProfileDiff changes;
    StackChange& stack = changes.stacks.emplace_back();
    for (const std::string& name : profile) stack.functions.push_back(&name);
    auto dump = read_debug2("goroutine 7 [chan send]:\n" + dumped, "dump");
    REQUIRE(dump);
    add_states(changes, dump.goroutines);
    return changes.stacks[0].state;
  };
  const std::string leaf = "main.compare()\n\t/a.cpp:1 +0x1\n";
  const std::string root = "main.sorts()\n\t/a.cpp:9 +0x1\n";
  const std::string nameless = leaf + "non-Go function\n\tpc=0x7f03a1\n" + root;
  CHECK(state_of({"main.compare", "[libfoo.so.1]", "main.sorts"}, nameless) == "chan send");
  CHECK(state_of({"main.compare", "", "main.sorts"}, nameless) == "chan send");
  CHECK(state_of({"main.compare", "main.other"}, nameless) == "");
  std::string ends;
  for (int i = 0; i < 50; i++) ends += leaf;
  ends += "...900 frames elided...\n";
  for (int i = 0; i < 49; i++) ends += leaf;
  CHECK(state_of(std::vector<std::string>(128, "main.compare"), ends + root) == "chan send");
}
