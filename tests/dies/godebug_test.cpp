// godebug_test.cpp: what GODEBUG adds to a program's last words, and to its life: the stacks of
// ancestors, and lines about the scheduler.
#include <algorithm>
#include <regex>
#include <string>

#include "tests/dies/dies.h"

namespace {

ChildResult run(const std::string& program, std::vector<std::string> env) {
  return run_child({DYING, program}, env, 20);
}

std::string golden(const std::string& name) {
  return mask(read_file(std::string(GOLDEN_DIES) + "/" + name + ".txt"));
}

std::string like_go(const ChildResult& r, const std::string& program) {
  return replace_all(as_main(mask(r.err), program), "by main." + program + "\n", "by main.main\n");
}

// A line of Go's for each kind that a trace has.
const std::regex kLine(
    "SCHED [0-9]+ms: gomaxprocs=[0-9]+ idleprocs=[0-9]+ threads=[0-9]+ spinningthreads=[0-9]+ "
    "needspinning=[0-9]+ idlethreads=[0-9]+ runqueue=[0-9]+ \\[ ([0-9]+ )+\\] "
    "schedticks=\\[ ([0-9]+ )+\\]");
const std::regex kDetail(
    "SCHED [0-9]+ms: gomaxprocs=[0-9]+ idleprocs=[0-9]+ threads=[0-9]+ spinningthreads=[0-9]+ "
    "needspinning=[0-9]+ idlethreads=[0-9]+ runqueue=[0-9]+ gcwaiting=(true|false) "
    "nmidlelocked=[0-9]+ stopwait=[0-9]+ sysmonwait=(true|false)");
const std::regex kP(
    "  P[0-9]+: status=[0-9] schedtick=[0-9]+ syscalltick=[0-9]+ m=([0-9]+|nil) runqsize=[0-9]+ "
    "gfreecnt=[0-9]+ timerslen=[0-9]+");
const std::regex kM(
    "  M[0-9]+: p=([0-9]+|nil) curg=([0-9]+|nil) mallocing=[0-9]+ throwing=[0-9]+ preemptoff= "
    "locks=[0-9]+ dying=[0-9]+ spinning=(true|false) blocked=(true|false) lockedg=([0-9]+|nil)");
const std::regex kG(
    "  G[0-9]+: status=[0-9]+\\([a-zA-Z() ]*\\) m=([0-9]+|nil) lockedm=([0-9]+|nil)");

struct Lines {
  int line = 0, detail = 0, p = 0, m = 0, g = 0;
  std::string other;  // the first that is none of these
};

Lines lines_of(const std::string& text) {
  Lines n;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) {
    if (std::regex_match(line, kLine))
      n.line++;
    else if (std::regex_match(line, kDetail))
      n.detail++;
    else if (std::regex_match(line, kP))
      n.p++;
    else if (std::regex_match(line, kM))
      n.m++;
    else if (std::regex_match(line, kG))
      n.g++;
    else if (n.other.empty())
      n.other = line;
  }
  return n;
}

}  // namespace

TEST_CASE("tracebackancestors=N shows where creators stood, N of them", "[dies][godebug]") {
  for (const char* n : {"1", "5"}) {
    CAPTURE(n);
    ChildResult r = run("ancestors", {"GOTRACEBACK=all", "GODEBUG=tracebackancestors=" +
                                                             std::string(n)});
    CHECK(r.status == 2);
    CHECK(like_go(r, "ancestors") == golden(std::string("ancestors-") + n));
  }
  CHECK(run("ancestors", {"GOTRACEBACK=all"}).err.find("originating") == std::string::npos);
}

TEST_CASE("of an ancestor's deep stack the innermost frames are shown, as many as in Go", "[dies][godebug]") {
  std::string ours = mask(run("ancestors_deep", {"GODEBUG=tracebackancestors=5"}).err);
  std::string go = golden("ancestors-deep");
  // Ours has starts() between deep() and the go statement, so one call of deep() less.
  auto deeps = [](const std::string& text) {
    int n = 0;
    for (size_t at = 0; (at = text.find("\nmain.deep()", at)) != text.npos; at++) n++;
    return n;
  };
  CHECK(deeps(ours) + 1 == deeps(go));
  const std::string end = "...additional frames elided...\n";
  CHECK(go.ends_with(end));
  CHECK(ours.ends_with(end));
}

TEST_CASE("the forms of a trace are Go's", "[dies][godebug]") {
  // From Go 1.27.3.
  Lines n = lines_of(
      "SCHED 1005ms: gomaxprocs=2 idleprocs=2 threads=6 spinningthreads=0 needspinning=0 "
      "idlethreads=2 runqueue=0 [ 0 0 ] schedticks=[ 3 5 ]\n"
      "SCHED 1007ms: gomaxprocs=2 idleprocs=2 threads=6 spinningthreads=0 needspinning=0 "
      "idlethreads=2 runqueue=0 gcwaiting=false nmidlelocked=0 stopwait=0 sysmonwait=false\n"
      "  P1: status=0 schedtick=5 syscalltick=1 m=nil runqsize=0 gfreecnt=0 timerslen=1\n"
      "  M0: p=nil curg=nil mallocing=0 throwing=0 preemptoff= locks=0 dying=0 spinning=false "
      "blocked=true lockedg=nil\n"
      "  G17: status=11() m=1 lockedm=1\n"
      "  G2: status=4(force gc (idle)) m=nil lockedm=nil\n");
  CHECK(n.other == "");
  CHECK((n.line == 1 && n.detail == 1 && n.p == 1 && n.m == 1 && n.g == 2));
}

TEST_CASE("schedtrace=N says each N milliseconds what the scheduler is at", "[dies][godebug]") {
  SECTION("a line for all") {
    Lines n = lines_of(run("sleeps_a_second", {"GODEBUG=schedtrace=100", "GOMAXPROCS=2"}).err);
    CHECK(n.other == "");
    CHECK(n.line >= 3);
    CHECK(n.line <= 11);
  }
  SECTION("each P, M and G") {
    Lines n = lines_of(
        run("sleeps_a_second", {"GODEBUG=schedtrace=400,scheddetail=1", "GOMAXPROCS=2"}).err);
    CHECK(n.other == "");
    CHECK(n.line == 0);
    CHECK(n.detail >= 1);
    CHECK(n.p == 2 * n.detail);
    CHECK(n.m >= 2 * n.detail);
    CHECK(n.g >= n.detail);
  }
  SECTION("a dying program, before its message") {
    std::string text = run("panic_string", {"GODEBUG=scheddetail=1"}).err;
    size_t panic = text.find("\npanic: something went wrong\n");
    REQUIRE(panic != std::string::npos);
    Lines n = lines_of(text.substr(0, panic));
    CHECK(n.other == "");
    CHECK(n.detail == 1);
    CHECK(n.p >= 1);
  }
  SECTION("nothing without it") {
    CHECK(run("sleeps_a_second", {"GODEBUG=schedtrace=x,scheddetail=0"}).err == "");
  }
}
