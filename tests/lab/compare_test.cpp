// compare_test.cpp: compare and demo from end to end, and the parts of them that are easier to ask
// directly.
#include "course/lab/compare.h"

#include <filesystem>

#include "course/lab/web.h"
#include "tests/catch.h"
#include "tests/lab/run.h"

using namespace lab_test;

TEST_CASE("compare finds the leak of each exercise and none in its solution", "[lab][compare]") {
  Mine mine;
  TemporaryDirectory directory;
  SECTION("02-worker-pool: two places, 76 goroutines a request") {
    Ran ran = run_lab({"compare", "worker-pool", "--requests", "7"}, directory.path());
    CHECK(ran.status == 0);
    CHECK_THAT(ran.out, Has("goroutines at rest         3         3"));
    CHECK_THAT(ran.out, Has("after 7 requests         535         3"));
    CHECK_THAT(ran.out, Has("growth per request        76         0"));
    CHECK_THAT(ran.out, Has("       525         0  main.worker [chan receive]"));
    CHECK_THAT(ran.out, Has("         7         0  main.producer [chan send]"));
    CHECK_THAT(ran.out, Has("exercises/02-worker-pool/main.cpp:"));
    CHECK_THAT(ran.out, Has("on exercises/02-worker-pool/main.cpp and on the solution"));
    CHECK_THAT(ran.out, Has("for (auto task : ch) {"));  // the source line itself
    CHECK_THAT(ran.out, Has("The exercise leaks: each GET /process leaves 75 goroutines"));
    CHECK_THAT(ran.out, Has("go tool pprof -http=localhost:8000 02-worker-pool.exercise.pb.gz"));
    CHECK_THAT(ran.out, Has("-diff_base 02-worker-pool.exercise.rest.pb.gz"));
    CHECK_THAT(ran.err, Has("7 × GET /process"));  // progress, line by line: no terminal
    for (const char* side : {"exercise", "exercise.rest", "solution", "solution.rest"}) {
      CHECK(std::filesystem::exists(directory.path() + "/02-worker-pool." + side + ".pb.gz"));
    }
  }
  SECTION("01-time-after: one place, with several clients, profiles elsewhere") {
    Ran ran = run_lab({"compare", "1", "-n", "40", "-c", "8", "-o", "a/b"}, directory.path());
    CHECK(ran.status == 0);
    CHECK_THAT(ran.out, Has("after 40 requests         43         3"));
    CHECK_THAT(ran.out, Has("main.leakingFunction [chan receive]"));
    CHECK(std::filesystem::exists(directory.path() + "/a/b/01-time-after.exercise.pb.gz"));
  }
  SECTION("a directory that cannot be made is said, and the report is not lost") {
    Ran ran = run_lab({"compare", "1", "-n", "2", "-o", "/proc/nope"}, directory.path());
    CHECK(ran.status == 2);
    CHECK_THAT(ran.out, Has("growth per request"));
    CHECK_THAT(ran.err, Has("/proc/nope") && Has("-o names another directory"));
  }
}

TEST_CASE("demo shows the worker pool and explains it", "[lab][compare]") {
  TemporaryDirectory directory;
  Ran ran = run_lab({"demo"}, directory.path());
  CHECK(ran.status == 0);
  CHECK_THAT(ran.out, Has("1523") && Has("What you see"));
}

namespace {

lab::Side side_of(const char* text_at_rest, const char* text_after, int requests) {
  lab::Side side;
  side.rest.profile = golab::profiler::read_debug1(text_at_rest, "rest").profile;
  side.after.profile = golab::profiler::read_debug1(text_after, "after").profile;
  side.rest.goroutines = golab::profiler::total(side.rest.profile);
  side.after.goroutines = golab::profiler::total(side.after.profile);
  side.verdict = golab::profiler::judge(side.rest.profile, side.after.profile, requests);
  return side;
}

constexpr char kRest[] =
    "goroutine profile: total 1\n1 @ 0x10 0x20\n#\t0xf\tnet/http.(*conn).serve+0x1\t/s.go:1\n\n";
constexpr char kLeaky[] =
    "goroutine profile: total 5\n4 @ 0x30 0x20\n#\t0x2f\tmain.f+0x1\t/nowhere/a.cpp:7\n\n"
    "1 @ 0x10 0x20\n#\t0xf\tnet/http.(*conn).serve+0x1\t/s.go:1\n\n";

}  // namespace

TEST_CASE("the verdict tells which side leaks", "[lab][compare]") {
  lab::Comparison comparison;
  comparison.exercise.name = "09-x";
  comparison.exercise.loads = {{4, "GET", "/x"}};
  comparison.requests = 4;
  lab::Side clean = side_of(kRest, kRest, 4), leaky = side_of(kRest, kLeaky, 4);
  auto text = [&](const lab::Side& broken, const lab::Side& fixed) {
    comparison.broken = broken;
    comparison.fixed = fixed;
    return lab::render_comparison(comparison, false, 80);
  };
  CHECK_THAT(text(leaky, clean),
             Has("The exercise leaks: each GET /x leaves 1 goroutine in") && Has("a.cpp:7"));
  CHECK_THAT(text(clean, clean), Has("Neither leaks"));
  CHECK_THAT(text(leaky, leaky), Has("Both leak"));
  CHECK_THAT(text(clean, leaky), Has("The solution leaks, the exercise does not"));
}

TEST_CASE("an address becomes the URL of its goroutine profile", "[lab]") {
  CHECK(lab::profile_url("127.0.0.1:6060") == "http://127.0.0.1:6060/debug/pprof/goroutine");
  CHECK(lab::profile_url("http://h:1/", 1) == "http://h:1/debug/pprof/goroutine?debug=1");
  CHECK(lab::profile_url("http://h:1/p?a=b", 2, 3) == "http://h:1/p?a=b&debug=2&seconds=3");
  CHECK(lab::is_url("localhost:6060"));
  CHECK(lab::is_url("http://x"));
  CHECK_FALSE(lab::is_url("after.pb.gz"));
  CHECK_FALSE(lab::is_url("dir:name/after.pb.gz"));
}

TEST_CASE("text is broken and cut by the terminal's width", "[lab][terminal]") {
  CHECK(lab::wrapped("one two  three", 8, " ") == " one two\n three\n");
  CHECK(lab::wrapped("unbreakable", 4) == "unbreakable\n");
  CHECK(lab::shortened("abcdef", 4) == "abc…");
  CHECK(lab::shortened("äöüß", 4) == "äöüß");
  CHECK(lab::shortened("äöüßx", 4) == "äöü…");
}

TEST_CASE("a program that does not serve is quoted, not waited for", "[lab][service]") {
  lab::Service service;
  golab::error err = service.start("/bin/false");
  REQUIRE(err != nullptr);
  CHECK_THAT(err.Error(), Has("/bin/false") && Has("ended at once"));
  err = service.start("/bin/cat");  // complains about --addr
  REQUIRE(err != nullptr);
  CHECK_THAT(err.Error(), Has("its last words") && Has("addr"));
  err = service.start("/no/such/program");
  REQUIRE(err != nullptr);
  CHECK_THAT(err.Error(), Has("not built"));
}
