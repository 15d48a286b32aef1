// metrics_test.cpp: runtime/metrics counts what there is, and nothing on the way costs who does not
// ask.
#include "runtime/metrics/metrics.h"

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <numeric>
#include <string>
#include <vector>

#include "runtime/chan/chan.h"
#include "runtime/die/panic.h"
#include "runtime/sched/go.h"
#include "runtime/sched/sched.h"
#include "runtime/stop/stop.h"
#include "runtime/sync/sync.h"
#include "tests/catch.h"
#include "tests/golden_lines.h"

using namespace golab;

namespace {

metrics::Value read(const std::string& name) {
  std::vector<metrics::Sample> samples = {{name, {}}};
  metrics::Read(samples);
  return samples[0].Value;
}

uint64_t number(const std::string& name) { return read(name).Uint64(); }

uint64_t samples_of(const std::string& name) {
  const auto h = read(name).Float64Histogram();
  return std::accumulate(h->Counts.begin(), h->Counts.end(), uint64_t{0});
}

uint64_t in_state(const std::string& state) {
  return number("/sched/goroutines/" + state + ":goroutines");
}

struct Procs {
  explicit Procs(int n) : old(runtime::GOMAXPROCS(n)) {}
  ~Procs() { runtime::GOMAXPROCS(old); }
  int old;
};

}  // namespace

TEST_CASE("names, kinds and ranges are those of Go", "[metrics]") {
  std::string text;
  for (const metrics::Description& d : metrics::All()) {
    text += d.Name + (d.Kind == metrics::KindUint64 ? " uint64" : " histogram") +
            (d.Cumulative ? " true\n" : " false\n");
    CHECK(read(d.Name).Kind() == d.Kind);
    CHECK(d.Description != "");
  }
  const auto latencies = read("/sched/latencies:seconds").Float64Histogram();
  for (double bound : latencies->Buckets) {
    char line[64];
    std::snprintf(line, sizeof line, "%.17g\n", bound);
    std::string words = line;
    if (words == "-inf\n") words = "-Inf\n";
    if (words == "inf\n") words = "+Inf\n";
    text += words;
  }
  compare_with_golden("metrics/golden.txt", text);
}

TEST_CASE("a duration is counted in the range that it lies in", "[metrics]") {
  using runtime::TimeHistogram;
  for (uint32_t range = 0; range < TimeHistogram::kRanges; range++) {
    const uint64_t begin = TimeHistogram::begin_ns(range);
    CHECK(TimeHistogram::range_of(begin) == range);
    if (range > 0) CHECK(TimeHistogram::range_of(begin - 1) == range - 1);
  }
  CHECK(TimeHistogram::range_of(UINT64_MAX) == TimeHistogram::kRanges - 1);
}

TEST_CASE("a value of another kind panics, and an unknown name has none", "[metrics]") {
  CHECK(read("/sched/goroutines").Kind() == metrics::KindBad);
  auto panic_of = [](auto f) -> std::string {
    try {
      f();
    } catch (Panic& p) {
      return p.String();
    }
    return "no panic";
  };
  CHECK_THAT(panic_of([] { read("/sched/latencies:seconds").Uint64(); }),
             Catch::Matchers::ContainsSubstring("called Uint64 on non-uint64 metric value"));
  CHECK_THAT(panic_of([] { read("nothing").Float64(); }),
             Catch::Matchers::ContainsSubstring("called Float64 on non-float64 metric value"));
  CHECK_THAT(
      panic_of([] { read("/sched/gomaxprocs:threads").Float64Histogram(); }),
      Catch::Matchers::ContainsSubstring("called Float64Histogram on non-Float64Histogram metric"));
}

TEST_CASE("each goroutine is counted in its state", "[metrics]") {
  SECTION("waiting") {
    const uint64_t before = in_state("waiting"), all = number("/sched/goroutines:goroutines");
    auto never = make_chan<int>();
    for (int i = 0; i < 7; i++) go([=] { never.recv(); });
    CHECK(eventually([&] { return in_state("waiting") == before + 7; }));
    CHECK(number("/sched/goroutines:goroutines") == all + 7);
    golab::close(never);
    CHECK(eventually([&] { return in_state("waiting") == before; }));
  }
  SECTION("running") {
    Procs p(2);
    static std::atomic<bool> stop;
    stop = false;
    CHECK(in_state("running") == 1);
    go([] {
      while (!stop) {}
    });
    CHECK(eventually([&] { return in_state("running") == 2; }));
    stop = true;
    CHECK(eventually([&] { return in_state("running") == 1; }));
  }
  SECTION("runnable") {
    Procs p(1);
    // The time slice of this goroutine may end between the two lines.
    CHECK(eventually([&] {
      for (int i = 0; i < 5; i++) go([] {});
      return in_state("runnable") == 5;
    }));
  }
  SECTION("not in Go") {
    int ends[2];
    REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
    auto out = make_chan<int>(1);
    go([=] {
      char byte = 0;
      runtime::entersyscall();
      ssize_t n = ::read(ends[0], &byte, 1);
      runtime::exitsyscall();
      out.send(static_cast<int>(n));
    });
    CHECK(eventually([&] { return in_state("not-in-go") == 1; }));
    REQUIRE(::write(ends[1], "x", 1) == 1);
    CHECK(out.recv() == 1);
    CHECK(in_state("not-in-go") == 0);
    ::close(ends[0]);
    ::close(ends[1]);
  }
}

TEST_CASE("every goroutine that starts is counted once, on whichever thread", "[metrics]") {
  Procs p(4);
  const std::string created = "/sched/goroutines-created:goroutines";
  const uint64_t before = number(created);
  sync::WaitGroup wg;
  wg.Add(8);
  for (int i = 0; i < 8; i++) {
    go([&wg] {
      for (int n = 0; n < 99; n++) go([] {});
      wg.Done();
    });
  }
  uint64_t last = before;
  bool never_falls = true;
  CHECK(eventually([&] {
    const uint64_t now = number(created);
    never_falls &= now >= last;
    return (last = now) >= before + 800;
  }));
  wg.Wait();
  CHECK(never_falls);
  CHECK(number(created) == before + 800);
}

// Requires that nothing of this process has read latencies before: each test is a process.
TEST_CASE("latencies are sampled from the first look on, each eighth", "[metrics]") {
  if (runtime::sched.tracksTimeToRun)
    return skip_test("another test of this process has read the latencies");
  for (int i = 0; i < 800; i++) runtime::Gosched();
  uint64_t sum = 0;
  for (uint32_t i = 0; i < runtime::TimeHistogram::kRanges; i++) {
    sum += runtime::sched.timeToRun.count(i);
  }
  CHECK(sum == 0);
  const uint64_t before = samples_of("/sched/latencies:seconds");
  for (int i = 0; i < 800; i++) runtime::Gosched();
  const uint64_t grown = samples_of("/sched/latencies:seconds") - before;
  CHECK(grown >= 100);
  CHECK(grown <= 105);  // at the end of a time slice it queues once more
}

TEST_CASE("a goroutine that had to wait for its turn shows in the latencies", "[metrics]") {
  Procs p(1);
  samples_of("/sched/latencies:seconds");
  auto slow = [] {
    const auto h = read("/sched/latencies:seconds").Float64Histogram();
    uint64_t n = 0;
    for (size_t i = 0; i < h->Counts.size(); i++) n += h->Buckets[i] >= 2e-3 ? h->Counts[i] : 0;
    return n;
  };
  const uint64_t before = slow();
  CHECK(eventually([&] {
    for (int i = 0; i < 8; i++) go([] {});  // about one of them is timed
    const int64_t until = runtime::nanotime() + 5'000'000;
    while (runtime::nanotime() < until) {}  // they cannot run: there is one P
    runtime::Gosched();
    return slow() > before;
  }));
}

TEST_CASE("each stop of the world is one pause", "[metrics]") {
  const std::string stopping = "/sched/pauses/stopping/other:seconds";
  const std::string total = "/sched/pauses/total/other:seconds";
  const uint64_t stops = samples_of(stopping), pauses = samples_of(total);
  SECTION("for a while") {
    REQUIRE(runtime::stopTheWorld());
    runtime::startTheWorld();
  }
  SECTION("for an instant") {
    REQUIRE(runtime::at_instant([] {}) >= 0);
  }
  CHECK(samples_of(stopping) == stops + 1);
  CHECK(samples_of(total) == pauses + 1);
}
