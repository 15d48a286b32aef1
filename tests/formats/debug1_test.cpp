// debug1_test.cpp: the text form, against Go's own.
#include <algorithm>
#include <random>

#include "profiler/formats/debug1_writer.h"
#include "profiler/formats/tab_writer.h"
#include "runtime/strconv/strconv.h"
#include "tests/formats/golden.h"

using namespace golab::profiler;

namespace {

std::string debug1_text(const StackTable& table, const Debug1Options& options = {}) {
  std::string text;
  write_debug1(table, options, [&](std::string_view piece) { text += piece; });
  return text;
}

// What a snapshot of the program behind a text would have delivered: its records, in another order,
// and its symbols. The names that the text hides are made up: runtime.hidden at the leaf, goexit at
// the end.
struct Reconstruction {
  std::vector<StackRecord> records;
  FakeProgram program;
};

Reconstruction reconstruct(const SymbolizedProfile& profile) {
  Reconstruction made;
  std::vector<bool> entered(profile.locations.size());
  for (const Sample& sample : profile.samples) {
    StackRecord record;
    record.count = sample.values[0];
    if (sample.has_labels) record.labels.emplace();
    for (const Label& label : sample.labels) record.labels->emplace_back(label.key, label.str);
    for (size_t i = 0; i < sample.locations.size(); i++) {
      const Location& location = profile.locations[sample.locations[i]];
      record.pcs.push_back(location.address + 1);
      if (entered[sample.locations[i]]) continue;
      entered[sample.locations[i]] = true;
      if (location.lines.empty()) {
        bool last = i + 1 == sample.locations.size();
        made.program.at(location.address + 1, last ? "runtime.goexit" : "runtime.hidden", "/x", 1,
                        location.address);
      } else {
        const Function& function = profile.functions[location.lines[0].function];
        made.program.at(location.address + 1, function.name, function.file,
                        static_cast<int>(location.lines[0].line), location.entry);
      }
    }
    made.records.push_back(std::move(record));
  }
  std::shuffle(made.records.begin(), made.records.end(), std::mt19937(1));
  return made;
}

FakeProgram small_program() {
  FakeProgram program;
  program.at(0x401010, "runtime.gopark", "/go/proc.go", 474, 0x401000)
      .at(0x401210, "main.worker", "/src/main.cpp", 39, 0x401200)
      .at(0x401310, "net.read", "/src/net.cpp", 10, 0x401300)
      .at(0x401310, "main.fetch", "/src/main.cpp", 30, 0x401300)
      .at(0x401410, "main.main", "/src/main.cpp", 80, 0x401400)
      .at(0x401510, "runtime.main", "/go/proc.go", 302, 0x401500)
      .at(0x401f01, "runtime.goexit", "/go/asm.s", 1264, 0x401f00);
  return program;
}

std::string small_text(const std::vector<StackRecord>& records) {
  return debug1_text(count_stacks(records, small_program().symbols()));
}

}  // namespace

// Goal: order, columns, hidden frames, labels and blank lines are Go's, on everything Go wrote.
TEST_CASE("a text that Go wrote is written again byte for byte", "[formats][debug1]") {
  for (const std::string& path : kTexts) {
    INFO(path);
    SymbolizedProfile profile = golden_profile(path);
    Reconstruction made = reconstruct(profile);
    StackTable table = count_stacks(made.records, made.program.symbols());
    CHECK(debug1_text(table, {profile.sample_types[0].type, false}) == golden(path));
  }
}

TEST_CASE("runtime frames are hidden at the leaf only", "[formats][debug1]") {
  CHECK(small_text({{2, {0x401010, 0x401410, 0x401510, 0x401f01}, false, {}}}) ==
        "goroutine profile: total 2\n"
        "2 @ 0x401010 0x401410 0x401510 0x401f01\n"
        "#\t0x40140f\tmain.main+0xf\t\t/src/main.cpp:80\n"
        "#\t0x40150f\truntime.main+0xf\t/go/proc.go:302\n\n");
  SECTION("but a stack of runtime frames alone is shown") {
    CHECK(small_text({{1, {0x401010, 0x401510, 0x401f01}, false, {}}}) ==
          "goroutine profile: total 1\n"
          "1 @ 0x401010 0x401510 0x401f01\n"
          "#\t0x40100f\truntime.gopark+0xf\t/go/proc.go:474\n"
          "#\t0x40150f\truntime.main+0xf\t/go/proc.go:302\n\n");
  }
  SECTION("and goexit never is") {
    CHECK(small_text({{1, {0x401f01}, false, {}}}) ==
          "goroutine profile: total 1\n1 @ 0x401f01\n\n");
  }
}

TEST_CASE("inlined frames stand above their host, each with an address in it",
          "[formats][debug1]") {
  CHECK(small_text({{1, {0x401310, 0x401f01}, false, {}}}) ==
        "goroutine profile: total 1\n"
        "1 @ 0x401310 0x40130f 0x401f01\n"
        "#\t0x40130f\tnet.read+0xf\t/src/net.cpp:10\n"
        "#\t0x40130e\tmain.fetch+0xe\t/src/main.cpp:30\n\n");
  SECTION("made-up addresses do not leave the function") {
    PhysicalFrame frame{0x401302, {}};
    golab::runtime::Frame f;
    f.entry = 0x401300;
    frame.frames.assign(4, f);
    CHECK(shown_return_pcs(frame) ==
          std::vector<uintptr_t>{0x401302, 0x401301, 0x401301, 0x401301});
  }
}

TEST_CASE("stacks that differ in glue only are one", "[formats][debug1]") {
  // 0x402010 and 0x402020 have no frames: glue.
  CHECK(small_text({{2, {0x401010, 0x402010, 0x401210, 0x401f01}, false, {}},
                    {3, {0x401010, 0x402020, 0x401210, 0x401f01}, false, {}},
                    {4, {0x401010, 0x401210, 0x401410, 0x401f01}, false, {}}}) ==
        "goroutine profile: total 9\n"
        "5 @ 0x401010 0x401210 0x401f01\n"
        "#\t0x40120f\tmain.worker+0xf\t/src/main.cpp:39\n\n"
        "4 @ 0x401010 0x401210 0x401410 0x401f01\n"
        "#\t0x40120f\tmain.worker+0xf\t/src/main.cpp:39\n"
        "#\t0x40140f\tmain.main+0xf\t/src/main.cpp:80\n\n");
}

TEST_CASE("labels keep stacks apart, and an empty set is not none", "[formats][debug1]") {
  std::vector<uintptr_t> pcs = {0x401210, 0x401f01};
  std::string text = small_text({{1, pcs, false, LabelSet{{"b", "2"}, {"a", "\t\"\xff"}}},
                                 {1, pcs, false, LabelSet{}},
                                 {1, pcs, false, {}},
                                 {1, pcs, false, LabelSet{{"a", "\t\"\xff"}, {"b", "2"}}}});
  const std::string frame = "#\t0x40120f\tmain.worker+0xf\t/src/main.cpp:39\n\n";
  CHECK(text ==
        "goroutine profile: total 4\n"
        "2 @ 0x401210 0x401f01\n# labels: {\"a\":\"\\t\\\"\\xff\", \"b\":\"2\"}\n" +
            frame + "1 @ 0x401210 0x401f01\n" + frame + "1 @ 0x401210 0x401f01\n# labels: {}\n" +
            frame);
}

TEST_CASE("records of one count are in the order of their text", "[formats][debug1]") {
  FakeProgram program;
  for (uintptr_t pc : {0x9, 0x10, 0x100, 0x91, 0xa0}) program.at(pc, "main.f", "/f", 1, 0);
  std::vector<StackRecord> records;
  for (uintptr_t pc : {0x9, 0xa0, 0x100, 0x91, 0x10}) records.push_back({1, {pc}, false, {}});
  records.push_back({1, {0x10, 0x9}, false, {}});
  std::string text = debug1_text(count_stacks(records, program.symbols()));
  std::vector<std::string> order;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("1 @")) order.push_back(line.substr(3));
  }
  auto sorted = order;
  std::sort(sorted.begin(), sorted.end());
  CHECK(order == sorted);
  CHECK(order.front() == " 0x10");
  CHECK(order.back() == " 0xa0");
}

TEST_CASE("an exact leaf is shown one up, as Go does", "[formats][debug1]") {
  CHECK(small_text({{1, {0x40120f, 0x401f01}, true, {}}}) ==
        small_text({{1, {0x401210, 0x401f01}, false, {}}}));
}

TEST_CASE("frames without a name show their address only", "[formats][debug1]") {
  FakeProgram program = small_program();
  program.at(0x7f0010, "", "", 0, 0);
  StackTable table =
      count_stacks({{1, {0x7f0010, 0x401210, 0x401f01}, false, {}}}, program.symbols());
  table.frames[0].frames[0].system_name = "";
  CHECK(debug1_text(table) ==
        "goroutine profile: total 1\n"
        "1 @ 0x7f0010 0x401210 0x401f01\n"
        "#\t0x7f000f\n"
        "#\t0x40120f\tmain.worker+0xf\t/src/main.cpp:39\n\n");
}

TEST_CASE("no goroutines: one line", "[formats][debug1]") {
  CHECK(debug1_text({}, {"goroutineleak", false}) == golden("leakserver/goroutineleak.debug1.txt"));
}

TEST_CASE("a column is as wide as its run of rows", "[formats][tabs]") {
  CHECK(aligned({{"a", "1234567", "x"},
                 {"b", "12345678", "x"},
                 {"alone"},
                 {"c", "1", "x"},
                 {"d", "\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9", "x"}}) ==
        "a\t1234567\t\tx\nb\t12345678\tx\nalone\nc\t1\tx\n"
        "d\t\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\tx\n");
  CHECK(aligned({}) == "");
}

TEST_CASE("quoting is Go's, both ways", "[formats][quote]") {
  struct Pair {
    std::string plain, quoted;
  };
  const Pair pairs[] = {{"", R"("")"},
                        {"a\"b\\", R"("a\"b\\")"},
                        {"\xc3\xa9\n\t\r\a\b\f\v", "\"\xc3\xa9\\n\\t\\r\\a\\b\\f\\v\""},
                        {std::string(1, '\0') + "\x7f", R"("\x00\x7f")"},
                        {"\xff\xc3", R"("\xff\xc3")"},
                        {"\xed\xa0\x80", R"("\xed\xa0\x80")"},  // a surrogate
                        {"\xc2\xa0\xef\xbb\xbf", R"("\u00a0\ufeff")"},
                        {"\xf3\xa0\x80\x81", R"("\U000e0001")"},
                        {"\xf0\x9f\x98\x80", "\"\xf0\x9f\x98\x80\""}};
  for (const Pair& pair : pairs) {
    CHECK(golab::strconv::Quote(pair.plain) == pair.quoted);
    std::string rest_text = pair.quoted + "rest";
    std::string_view rest = rest_text;
    CHECK(golab::strconv::take_quoted(rest) == pair.plain);
    CHECK(rest == "rest");
  }
  for (std::string_view bad : {"", "a", "\"", "\"\\", "\"\\q\"", "\"\\x1\"", "\"\\U00110000\""}) {
    CHECK_FALSE(golab::strconv::take_quoted(bad).has_value());
  }
}

TEST_CASE("go tool pprof reads our text, made-up addresses and all", "[formats][debug1][go]") {
  if (!have_go()) return skip_test(kNoGo);
  TemporaryFile file(".txt", small_text({{1500, {0x401010, 0x401210, 0x401f01}, false, {}},
                                         {2, {0x401310, 0x401f01}, false, LabelSet{}},
                                         {1, {0x401f01}, false, {}}}));
  CommandResult result = run("go tool pprof -raw " + file.path());
  INFO(result.output);
  CHECK(result.status == 0);
  CHECK(result.output.find("1500: 1 2 3 \n") != std::string::npos);
  CHECK(result.output.find("0x40130e M=1") != std::string::npos);
}
