// report_test.cpp: what lab bench makes of figures; of these only a student's wait is measured here.
#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/bench/report/bench.h"
#include "tests/bench/report/goals.h"
#include "tests/bench/report/verdict_time.h"
#include "tests/catch.h"
#include "tests/lab/run.h"

using namespace lab_test;

namespace {

const std::string kResults = GOLAB_SOURCE_DIR "/tests/bench/results.json";

std::string text_of(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::string error_of(const std::string& json) {
  auto [results, err] = bench::read_bench(json);
  return err == nullptr ? "" : err.Error();
}

Ran run_report(const std::vector<std::string>& args, const std::string& directory = ".") {
  return run_program(GOLAB_BUILD_DIR "/tests/bench/report/bench_report", args, directory);
}

// Rows that just have a value: ours, and Go's if it is not 0.
void add(bench::BenchResults* results, const std::string& name, const std::string& unit,
         double ours, double go) {
  for (int procs : {1, 2}) {
    bench::BenchRow& row = results->row(name, procs, unit);
    row.values[bench::kOurs] = {ours};
    if (go != 0) row.values[bench::kGo] = {go};
  }
}

size_t count(const std::string& text, const std::string& part) {
  size_t found = 0;
  for (size_t at = 0; (at = text.find(part, at)) != text.npos; at += part.size()) ++found;
  return found;
}

}  // namespace

TEST_CASE("what lab bench has written it reads back to the letter", "[lab][bench]") {
  SECTION("a whole run") {
    std::string json = text_of(kResults);
    auto [results, err] = bench::read_bench(json);
    REQUIRE(err == nullptr);
    CHECK(results.rounds > 0);
    CHECK(results.rows.size() > 100);
    CHECK(bench::bench_json(results) == json);
  }
  SECTION("odd names and numbers, and a contestant that is not here") {
    bench::BenchResults results;
    results.rounds = 1;
    results.cpu = "A \"quick\" one\\two\t, \x01 µ";
    results.versions[bench::kGo] = "go1.26 </text>";
    add(&results, "memory-debug1/1000", "bytes", -163840, 0);
    add(&results, "time.After-create", "ns_per_op", 2729787602.125, 0.001);
    auto [read, err] = bench::read_bench(bench::bench_json(results));
    REQUIRE(err == nullptr);
    CHECK(read.cpu == results.cpu);
    CHECK(read.find("memory-debug1/1000", 2)->median(bench::kOurs) == -163840);
    CHECK_FALSE(read.find("memory-debug1/1000", 2)->has(bench::kGo));
    CHECK(bench::bench_json(read) == bench::bench_json(results));
  }
}

TEST_CASE("a file that lab bench has not written is said, with what is wrong", "[lab][bench]") {
  const std::string begin = R"({"date": "", "cpu": "", "kernel": "", "rounds": 5,)"
                            R"("versions": {"golab": "", "go": "", "fiber": ""}, "rows": [)";
  const std::string row = R"({"name": "x", "procs": 1, "unit": "ns")";
  CHECK(error_of(begin + row + "}]}") == "");
  CHECK_THAT(error_of(""), Has("not JSON"));
  CHECK_THAT(error_of(begin + "\n" + row), Has("line 2: not JSON"));
  CHECK_THAT(error_of("{\"a\": 1}"), Has("this is not from lab bench --json"));
  CHECK_THAT(error_of(begin + "{\"name\": \"x\"}]}"), Has("row 1: no \"procs\""));
  CHECK_THAT(error_of(begin + row + "}, " + row + "}]}"), Has("row 2: second one of x"));
  CHECK_THAT(error_of(begin + row + R"(, "go": [1, "many"]}]})"), Has("\"go\" is no list"));
  CHECK_THAT(error_of(begin + row + R"(, "go": 7}]})"), Has("\"go\" is no list"));
  CHECK_THAT(error_of(std::string(100000, '[')), Has("nested"));

  Ran missing = run_report({"--from", "/no/such.json"});
  CHECK(missing.status == 2);
  CHECK_THAT(missing.err, Has("lab: /no/such.json: No such file or directory"));
  Ran directory = run_report({"--from", "/"});
  CHECK(directory.status == 2);
  CHECK_THAT(directory.err, Has("lab: /: Is a directory"));
  Ran evil = run_report({"--from", "/no/\x1b[2J"});
  CHECK_THAT(evil.err, Has("lab: /no/\\x1b[2J: No such file or directory"));
  Ran both = run_report({"--from", kResults, "--rounds", "3"});
  CHECK(both.status == 2);
}

TEST_CASE("a figure is ok, near or MISSED by its distance from the goal", "[lab][bench]") {
  bench::BenchResults results;
  add(&results, "spawn+join", "ns_per_op", 40, 100);             // goal: 0.40
  add(&results, "pipeline100-hop", "ns_per_op", 52, 100);        // goal: 0.50
  add(&results, "http-hello", "requests_per_s", 100, 100);       // goal: at least 1.3
  add(&results, "pause-pb/1000", "ns", 100e3, 0);                // goal: 100 µs, Go or not
  add(&results, "profile-pb/1000000", "ns", 13, 270e3);          // goal: 0.02
  add(&results, "gosched-switch", "ns_per_op", 1, 0);            // goal, but no Go here: no verdict
  results.row("mutex8-lock", 1, "").values[bench::kOurs] = {2};  // no goal, but Boost.Fiber's
  results.row("mutex8-lock", 1, "").values[bench::kFiber] = {1};
  bool missed = false;
  std::string check = bench::bench_check(results, &missed);
  CHECK(missed);
  CHECK_THAT(check, Has("spawn+join 1 40.0 100.0 0.40 <=0.40 ok\n"));
  CHECK_THAT(check, Has("pipeline100-hop 2 52.0 100.0 0.52 <=0.50 near\n"));
  CHECK_THAT(check, Has("http-hello 1 100.0 100.0 1.00 >=1.30 MISSED\n"));
  CHECK_THAT(check, Has("pause-pb/1000 1 100000.0 - - <=100000 ok\n"));
  CHECK_THAT(check, Has("profile-pb/1000000 1 13.0 270000.0 0.00005 <=0.02 ok\n"));
  CHECK_THAT(check, Has("mutex8-lock/fiber 1 2.0 1.0 2.00 <=1.00 MISSED\n"));
  CHECK_THAT(check, !Has("gosched"));

  bench::BenchResults fine;
  add(&fine, "pipeline100-hop", "ns_per_op", 52, 100);
  missed = false;
  bench::bench_check(fine, &missed);
  CHECK_FALSE(missed);  // near is no reason to fail
}

TEST_CASE("the README's tables have a row for each goal, and a mark where it is missed",
          "[lab][bench]") {
  bench::BenchResults results;
  for (const bench::Goal& goal : bench::bench_goals()) add(&results, goal.name, "ns", 1, 1e9);
  std::string table = bench::bench_markdown(results);
  for (const bench::Goal& goal : bench::bench_goals()) {
    INFO(goal.name);
    CHECK(bench::bench_words(goal.name) != goal.name);  // words, not a name from a program
    CHECK(count(table, "\n| " + bench::bench_words(goal.name) + " |") == 1);
  }
  // A part of what can be measured is shown without the rest, and not as if it were missed.
  bench::BenchResults some;
  add(&some, "mutex8-lock", "ns_per_op", 1.5, 1);
  some.rows.pop_back();  // nothing at GOMAXPROCS 2
  std::string one = bench::bench_markdown(some);
  CHECK_THAT(one, Has("| Mutex wanted by eight, one lock | **1.50 ✗** | — | ≤ 1 / 0.8 | — |\n"));
  CHECK(count(one, "\n| ") == 3);  // head, rule, row
  CHECK_THAT(one, Has("neither a garbage collector"));
}

TEST_CASE("values are said in units for people", "[lab][bench]") {
  CHECK(bench::human(962, "ns") == "962 ns");
  CHECK(bench::human(94.5, "ns_per_op") == "94.5 ns");
  CHECK(bench::human(100e3, "ns") == "100 µs");
  CHECK(bench::human(2.195e9, "ns") == "2.19 s");
  CHECK(bench::human(11735040, "bytes") == "11.2 MiB");
  CHECK(bench::human(4.9 * 1024, "bytes_per_goroutine") == "4.9 KiB");
  CHECK(bench::human(-163840, "bytes") == "-160 KiB");
  CHECK(bench::human(0, "bytes") == "0 B");
  CHECK(bench::human(1000, "count") == "1000");
}

TEST_CASE("pictures are drawn of what there is", "[lab][bench]") {
  SECTION("a whole run has four, and says in them whose line is whose") {
    auto pictures = bench::bench_pictures(bench::read_bench(text_of(kResults)).first);
    REQUIRE(pictures.size() == 4);
    for (const bench::Picture& picture : pictures) {
      INFO(picture.name);
      CHECK_THAT(picture.data, !Has("nan") && !Has("inf"));
      CHECK_THAT(text_of(GOLAB_SOURCE_DIR "/tests/bench/report/" + picture.script), Has("ARG1"));
    }
    CHECK_THAT(pictures[0].data, Has("\"Go at 2\"\n1000 ") && Has("\"ours at 1, first\"\n1000 "));
    CHECK_THAT(pictures[3].data, Has("\"channel ping-pong, round trip\" 0."));
  }
  SECTION("one size, no memory, nothing of Go: lines of what is there") {
    bench::BenchResults results;
    add(&results, "profile-pb/1000", "ns", 5, 0);
    add(&results, "memory-pb/1000", "bytes", 0, -4096);
    auto pictures = bench::bench_pictures(results);
    REQUIRE(pictures.size() == 1);
    CHECK(pictures[0].name == "snapshot-time");
    CHECK_THAT(pictures[0].data, Has("\"Go at 1\"\nnan nan\n") && Has("\"ours at 2\"\n1000 5\n"));
  }
  SECTION("the command draws them into a directory that it makes, or says what it needs") {
    TemporaryDirectory directory;
    Ran ran = run_report({"--from", kResults, "--pictures", "a/b"}, directory.path());
    CHECK(std::filesystem::exists(directory.path() + "/a/b/ratios.dat"));
    if (run_program("/bin/sh", {"-c", "command -v gnuplot"}).status != 0) {
      CHECK(ran.status == 2);
      CHECK_THAT(ran.err, Has("apt-get install gnuplot-nox"));
      WARN("not drawn: gnuplot is not installed");
      return;
    }
    CHECK(ran.status == 0);
    CHECK_THAT(ran.out, Has("chan-pingpong-roundtrip"));
    CHECK_THAT(text_of(directory.path() + "/a/b/ratios.svg"),
               Has("as fast as Go") && Has("</svg>"));
  }
}

TEST_CASE("a student's wait is what lab says of a file that nobody has built", "[lab][bench]") {
  double seconds = 0;
  CHECK(bench::time_to_verdict(GOLAB_BUILD_DIR "/course/lab", 2, &seconds));
  CHECK(seconds > 0);
  CHECK_FALSE(bench::time_to_verdict("/bin/true", 2, &seconds));
}

TEST_CASE("figures that cannot be written are an error", "[lab][bench]") {
  for (const char* output : {">/dev/full", ">&-"}) {
    Ran ran =
        run_program("/bin/sh", {"-c", std::string("\"$0\" --from \"$1\" ") + output,
                                GOLAB_BUILD_DIR "/tests/bench/report/bench_report", kResults});
    CHECK(ran.status == 2);
    CHECK_THAT(ran.err, Has("lab: cannot write to standard output"));
  }
}
