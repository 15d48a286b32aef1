// cpu_profile_test.cpp: what runs is sampled in its share, with its whole stack, wherever it is;
// what waits is not; and nothing is disturbed by the signals.
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <thread>
#include <vector>

#include "profiler/snapshot/snapshot.h"
#include "runtime/chan/chan.h"
#include "runtime/pprof/labels.h"
#include "runtime/sched/cpuprof.h"
#include "runtime/sched/go.h"
#include "runtime/traceback/stack.h"
#include "tests/chan/parked.h"
#include "tests/child.h"
#include "tests/cpuprofile/samples.h"

using namespace golab;

namespace {
constexpr int64_t kSecond = 1'000'000'000;
std::atomic<uint64_t> sink{0};
}  // namespace

uint64_t burn(uint64_t n) {
  uint64_t s = 0;
  for (uint64_t i = 0; i < n; i++) s += i ^ (s >> 3);
  return s;
}
void three_shares() { sink += burn(300'000); }
void one_share() { sink += burn(100'000); }

TEST_CASE("each function has the samples of its share, and its labels", "[cpuprofile]") {
  const int64_t before = process_cpu_ns();
  Samples s = profile_of([] {
    for_cpu_time(2 * kSecond, [] {
      pprof::Do(context::Background(), pprof::Labels("job", "big"),
                [](context::Context) { three_shares(); });
      one_share();
    });
  });
  const int64_t used = process_cpu_ns() - before;
  INFO(s.text());
  const auto three = static_cast<double>(s.with({"main.burn", "main.three_shares"}));
  const auto one = static_cast<double>(s.with({"main.burn", "main.one_share"}));
  CHECK(three / one > 2);
  CHECK(three / one < 4.5);
  CHECK(s.with({"main.three_shares"}, "job=big") == s.with({"main.three_shares"}));
  CHECK(s.with({"main.one_share"}, "job=big") == 0);
  // Each sample stands for 10 ms of processor time.
  const double counted = static_cast<double>(s.all()) * 1e7;
  CHECK(counted > 0.8 * 2e9);
  CHECK(counted < 1.2 * static_cast<double>(used));
  const auto& p = s.profile();
  CHECK(p.period == 10'000'000);
  CHECK(p.period_type == profiler::ValueType{"cpu", "nanoseconds"});
  CHECK(p.sample_types ==
        std::vector<profiler::ValueType>{{"samples", "count"}, {"cpu", "nanoseconds"}});
  CHECK(p.default_sample_type.empty());
  CHECK(p.duration_nanos > kSecond);
  for (const auto& sample : p.samples) CHECK(sample.values[1] == sample.values[0] * 10'000'000);
}

void wait_for_end(Chan<int> end) { end.recv(); }

TEST_CASE("goroutines that wait are in no sample", "[cpuprofile]") {
  auto end = make_chan<int>();
  for (int i = 0; i < 1000; i++) go(wait_for_end, end);
  REQUIRE(receivers_parked(end, 1000));
  Samples s = profile_of([] { for_cpu_time(kSecond / 5, one_share); });
  CHECK(s.with({"main.wait_for_end"}) == 0);
  close(end);
}

int compare_slowly(const void* a, const void* b) {
  sink += burn(200);
  return *static_cast<const int*>(a) - *static_cast<const int*>(b);
}
void sorts() {
  int numbers[300];
  for (int i = 0; i < 300; i++) numbers[i] = i * 7919 % 300;
  qsort(numbers, 300, sizeof *numbers, compare_slowly);
}
void prints() {
  char text[64];
  for (int i = 0; i < 200; i++) {
    sink += static_cast<uint64_t>(snprintf(text, sizeof text, "%d %g", i, 0.1 * i));
  }
}
void reads_clock() {
  timespec ts;
  for (int i = 0; i < 1000; i++) clock_gettime(CLOCK_MONOTONIC, &ts);
}
void allocates() {
  std::vector<void*> blocks;
  for (int i = 0; i < 200; i++) blocks.push_back(malloc(100 + i * 100));
  for (void* block : blocks) free(block);
}

TEST_CASE("code in libraries has its whole stack", "[cpuprofile]") {
  struct Code {
    void (*run)();
    const char* name;
  };
  for (Code code : {Code{sorts, "main.sorts"}, {prints, "main.prints"},
                    {reads_clock, "main.reads_clock"}, {allocates, "main.allocates"}}) {
    CAPTURE(code.name);
    Samples s = profile_of([&] { for_cpu_time(kSecond / 2, code.run); });
    INFO(s.text());
    CHECK(s.with({"runtime._System"}) == 0);
    CHECK(s.with({code.name}) > 30);
    CHECK(s.with({code.name}) >= s.with({"runtime.main"}) * 9 / 10);
    if (code.run == sorts) CHECK(s.with({"main.compare_slowly", "main.sorts"}) > 30);
  }
}

void echo(Chan<int> in, Chan<int> out) {
  for (int v : in) out.send(v);
}
void talk(Chan<int> to_echo, Chan<int> from_echo, Chan<int> ended) {
  for_cpu_time(kSecond, [&] {
    for (int i = 0; i < 1000; i++) {
      to_echo.send(i);
      from_echo.recv();
    }
  });
  close(to_echo);
  ended.send(1);
}

TEST_CASE("switches of goroutines are seen on one of the two stacks", "[cpuprofile]") {
  int old = runtime::GOMAXPROCS(1);  // all switches are from goroutine to goroutine
  auto to_echo = make_chan<int>(), from_echo = make_chan<int>(), ended = make_chan<int>();
  Samples s = profile_of([&] {
    go(echo, to_echo, from_echo);
    go(talk, to_echo, from_echo, ended);
    ended.recv();
  });
  INFO(s.text());
  CHECK(s.with({"runtime.gopark", "main.echo"}) > 0);
  CHECK(s.with({"main.echo", "runtime.chansend1"}) > 5);
  CHECK(s.with({"main.echo", "runtime.chanrecv2"}) > 5);
  CHECK(s.with({"runtime._System"}) * 50 <= s.all());  // a new stack's first instructions
  runtime::GOMAXPROCS(old);
}

void on_g0() { for_cpu_time(kSecond / 2, one_share); }
void calls_systemstack() { runtime::systemstack([] { on_g0(); }); }

TEST_CASE("work on the thread's own stack is shown below the goroutine that it is for",
          "[cpuprofile]") {
  Samples s = profile_of([] {
    pprof::Do(context::Background(), pprof::Labels("job", "deep"),
              [](context::Context) { calls_systemstack(); });
  });
  INFO(s.text());
  CHECK(s.with({"main.on_g0"}) > 30);
  CHECK(s.with({"main.burn", "main.on_g0", "runtime.systemstack", "main.calls_systemstack"},
               "job=deep") == s.with({"main.burn"}));
  CHECK(s.with({"runtime.schedule", "main.on_g0"}) == 0);
}

uint64_t deep(int n) { return n == 0 ? (three_shares(), 0) : deep(n - 1) + 1; }

TEST_CASE("of a deep stack the innermost 64 frames are kept", "[cpuprofile]") {
  Samples s = profile_of([] { for_cpu_time(kSecond / 5, [] { sink += deep(500); }); });
  size_t most = 0;
  for (const auto& sample : s.profile().samples) most = std::max(most, sample.locations.size());
  CHECK(most == 64);
  CHECK(s.with({"main.deep", "main.burn"}) > 10);
}

void spin_until(std::atomic<bool>* stop, Chan<int> ended) {
  while (!stop->load()) sink += burn(100);
  ended.send(1);
}

TEST_CASE("threads that spin since before, and threads that begin later, are sampled",
          "[cpuprofile]") {
  int old = runtime::GOMAXPROCS(2);
  std::atomic<bool> stop{false};
  auto ended = make_chan<int>(8);
  go(spin_until, &stop, ended);
  REQUIRE(eventually([&] { return sink.load() > 0; }));
  Samples s = profile_of([&] {
    // A goroutine that never comes into the runtime keeps its thread: each of these has a new one.
    for (int i = 0; i < 4; i++) go(spin_until, &stop, ended);
    // It is found by the look in /proc, which waits for its turn like all: so it must last.
    std::thread foreign([] {
      while (thread_cpu_ns() < kSecond) one_share();
    });
    foreign.join();
    stop = true;
  });
  for (int i = 0; i < 5; i++) ended.recv();
  INFO(s.text());
  CHECK(s.with({"main.spin_until"}) > 20);
  CHECK(s.with({"runtime._ExternalCode"}) > 0);
  CHECK(static_cast<double>(s.all()) > 75);
  runtime::GOMAXPROCS(old);
}

TEST_CASE("only one profile at a time; an end without a beginning is nothing", "[cpuprofile]") {
  pprof::StopCPUProfile();
  auto nowhere = [](std::string_view) -> error { return nullptr; };
  REQUIRE(pprof::StartCPUProfile(nowhere) == nullptr);
  error err = pprof::StartCPUProfile(nowhere);
  REQUIRE(err != nullptr);
  CHECK(err.Error() == "cpu profiling already in use");
  pprof::StopCPUProfile();
  pprof::StopCPUProfile();
  Samples s = profile_of([] { for_cpu_time(kSecond / 5, one_share); });
  CHECK(s.with({"main.one_share"}) > 10);
}

TEST_CASE("another rate is the period of the next profile", "[cpuprofile]") {
  runtime::SetCPUProfileRate(20);
  Samples s = profile_of([] { for_cpu_time(kSecond, one_share); });
  CHECK(s.profile().period == 50'000'000);
  CHECK(s.all() > 15);
  CHECK(s.all() < 30);
}

namespace {

void burn_and_end(Chan<int> ended) {
  sink += burn(20'000);
  ended.send(1);
}
void sleeps_in_syscall(Chan<int> ended) {
  runtime::entersyscall();
  usleep(1000);
  runtime::exitsyscall();
  ended.send(1);
}

}  // namespace

TEST_CASE("a storm of samples disturbs nothing: stops, switches, threads, forks", "[cpuprofile]") {
  int old = runtime::GOMAXPROCS(4);
  std::atomic<int> wrong{0};
  std::atomic<bool> stop{false};
  auto ended = make_chan<int>(1);
  go(spin_until, &stop, ended);
  runtime::SetCPUProfileRate(runtime::kCpuProfileHzMax);  // as often as the kernel can
  Samples s = profile_of([&] {
    auto done = make_chan<int>();
    int round = 0;
    for_cpu_time(2 * kSecond, [&] {
      constexpr int kAtOnce = 20;
      pprof::Do(context::Background(), pprof::Labels("round", std::to_string(round++)),
                [&](context::Context) {
                  for (int i = 0; i < kAtOnce; i++) go(burn_and_end, done);
                });
      for (int i = 0; i < kAtOnce; i++) go(sleeps_in_syscall, done);
      std::vector<uintptr_t> self(64);
      self.resize(static_cast<size_t>(runtime::Callers(0, self)));
      auto snapshot = profiler::take_snapshot(profiler::Detail::counted, self);
      if (snapshot.total < 2) wrong++;
      for (int i = 0; i < 2 * kAtOnce; i++) done.recv();
      runtime::GOMAXPROCS(2 + round % 3);
      if (round % 10 == 0 && run_child({"true"}).status != 0) wrong++;
    });
  });
  stop = true;
  ended.recv();
  CHECK(wrong == 0);
  CHECK(s.all() > 1'000'000);
  CHECK(s.with({"main.burn"}) > s.all() / 4);
  CHECK(s.with({"runtime._System"}) * 50 <= s.all());
  runtime::GOMAXPROCS(old);
}
