// process_test.cpp: what the environment decides, and what a whole process uses.
#include <cstdlib>
#include <string>

#include "tests/catch.h"
#include "tests/child.h"

namespace {
ChildResult child(const char* name, const std::vector<std::string>& env = {}) {
  return run_child({CORE_CHILD, name}, env, 60);
}
}  // namespace

TEST_CASE("an idle program uses no CPU", "[process]") {
  ChildResult r = child("idle");
  CHECK(r.status == 0);
#if !defined(GOLAB_ASAN) && !defined(GOLAB_TSAN)
  CHECK(r.cpu_seconds < 0.2);  // of more than a second: it started and it ended
#endif
}

TEST_CASE("short bursts of work do not wake the watchman each time", "[process]") {
  ChildResult r = child("bursts", {"GOMAXPROCS=1"});
  CHECK(r.status == 0);
  CAPTURE(r.out);
  // 2,000 are the goroutine's own thread. Woken in each burst, the watchman would add 2,000 and
  // more.
  long slept = std::atol(r.out.c_str());
  CHECK(slept >= 2000);
  CHECK(slept < 3500);
}

TEST_CASE("the watchman comes by once, whether the world stands still or not", "[process]") {
  ChildResult r = child("instants", {"GOMAXPROCS=2"});
  CHECK(r.status == 0);
  CAPTURE(r.out);
  // Every 10 ms. It looks more often for a moment when it has had something to do.
  CHECK(std::atol(r.out.c_str()) <= 24);
}

TEST_CASE("GOMAXPROCS=1 is enough beside a busy loop", "[process]") {
  ChildResult r = child("starve", {"GOMAXPROCS=1"});
  CHECK(r.status == 0);
  CHECK(r.out == "done 1\n");
}

#if !defined(GOLAB_ASAN) && !defined(GOLAB_TSAN)
TEST_CASE("each kind of stack guard works and finds an overflow", "[process][guard]") {
  std::string kind = GENERATE("madvise", "mprotect", "canary");
  CAPTURE(kind);
  ChildResult fine = child("guards", {"GOLAB_GUARD=" + kind, "GOLAB_STACK=64k"});
  CHECK(fine.status == 0);
  CHECK(fine.err.empty());
  if (kind == "mprotect") CHECK(fine.out == "1\n");
  if (kind == "canary") CHECK(fine.out == "2\n");

  ChildResult over = child("overflow", {"GOLAB_GUARD=" + kind, "GOLAB_STACK=64k"});
  CAPTURE(over.err);
  CHECK(over.status == 2);
  CHECK(over.err.find("stack overflow") != std::string::npos);
  if (kind != "canary") CHECK(over.err.find("main.fill(") != std::string::npos);
}

TEST_CASE("a hundred thousand goroutines park with each kind of stack guard", "[process][guard]") {
  std::string kind = GENERATE("madvise", "mprotect", "canary");
  CAPTURE(kind);
  ChildResult r = child("hundred_thousand", {"GOLAB_GUARD=" + kind});
  CAPTURE(r.err);
  CHECK(r.status == 0);
  CHECK(r.out == "100000\n");
  // Where guards run out it is said, once.
  if (kind == "mprotect") CHECK(r.err.find("golab: more than 24000 stacks") == 0);
  if (kind == "canary") CHECK(r.err.empty());
}
#endif

#if !defined(GOLAB_ASAN) && !defined(GOLAB_TSAN)  // those want terabytes
namespace {
ChildResult under_limit(const char* kib, const char* name,
                        const std::vector<std::string>& env = {}) {
  std::string command = std::string("ulimit -v ") + kib + "; exec " CORE_CHILD " " + name;
  return run_child({"/bin/sh", "-c", command}, env, 60);
}
}  // namespace

TEST_CASE("a gigabyte of address space is enough for thousands of goroutines and their profiles",
          "[process][limits]") {
  std::string procs = GENERATE("1", "2", "8");
  CAPTURE(procs);
  ChildResult r = under_limit("1000000", "limited", {"GOMAXPROCS=" + procs});
  CAPTURE(r.err);
  CHECK(r.status == 0);
  CHECK(r.out == "3001\n");
}

TEST_CASE("where address space ends the program says so and how much there was",
          "[process][limits]") {
  std::string kib = GENERATE("1000000", "300000", "100000");
  CAPTURE(kib);
  ChildResult r = under_limit(kib.c_str(), "endless");
  CAPTURE(r.err);
  CHECK(r.status == 2);
  // It may be a thread's stack for which there is no room.
  bool thread = r.err.find("runtime: failed to create new OS thread") == 0;
  bool memory = r.err.find("runtime: out of memory: cannot map ") == 0;
  CHECK((thread || memory));
  CHECK(r.err.find(thread ? "ulimit -v" : "ulimit -v is " + kib) != std::string::npos);
  CHECK(r.err.find(thread ? "\nfatal error: newosproc\n" : "\nfatal error: out of memory\n") !=
        std::string::npos);
}

TEST_CASE("where no thread is to be had the program says so", "[process][limits]") {
  ChildResult r = child("no_threads");
  CAPTURE(r.err);
  CHECK_FALSE(r.timed_out);
  CHECK(r.status == 2);
  CHECK(r.err.find("runtime: failed to create new OS thread (have ") == 0);
  CHECK(r.err.find("ulimit -u") != std::string::npos);
  CHECK(r.err.find("fatal error: newosproc\n") != std::string::npos);
}
#endif

TEST_CASE("a bad GOLAB_STACK or GOLAB_GUARD is refused with a reason", "[process]") {
  for (const char* bad : {"GOLAB_STACK=0", "GOLAB_STACK=12k", "GOLAB_STACK=100k", "GOLAB_STACK=x",
                          "GOLAB_STACK=256kb", "GOLAB_STACK=-1", "GOLAB_STACK=128m",
                          "GOLAB_GUARD=x", "GOLAB_GUARD="}) {
    CAPTURE(bad);
    ChildResult r = child("guards", {bad});
    CHECK(r.status == 2);
    CHECK(r.err.find(std::string("golab: ") + bad + ": want ") == 0);
  }
  // Near misses.
  for (const char* good : {"GOLAB_STACK=64k", "GOLAB_STACK=65536", "GOLAB_STACK=1M"}) {
    CAPTURE(good);
    CHECK(child("guards", {good}).status == 0);
  }
}
