// fairness_test.cpp: every runnable goroutine gets its turn, whatever the others do.
//
// During a load that never ends by itself, goroutines become runnable in every way there is: they
// yield, a timer wakes them, another goroutine sends them a value. Each must get its turns during
// the load. If one starves, the test hangs, and ctest ends it. A wait of a second is red; the
// longest is printed, and `./lab bench --groups fair` compares it with Go's.
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <string>
#include <vector>

#include "runtime/chan/chan.h"
#include "runtime/sched/go.h"
#include "runtime/sched/proc.h"
#include "runtime/sync/sync.h"
#include "runtime/time/time.h"
#include "tests/catch.h"

using namespace golab;

namespace {

struct Load {
  std::atomic<bool> over{false};
  std::atomic<int> alive{0};

  void start(const std::string& kind, int procs) {
    for (int i = 0; i < (kind == "busy loops" ? 2 * procs : procs); i++) {
      alive++;
      if (kind == "busy loops") go(loop, this);
      if (kind == "a pair that talks") go(talk, this);
      if (kind == "successors") go(succeed, this);
      if (kind == "giving way") go(give_way, this);
      if (kind == "short system calls") go(call, this);
    }
  }
  void end() {
    over = true;
    REQUIRE(eventually([this] { return alive == 0; }));
  }

  // Calls the runtime now and then, else it would run without a P after its first 10 ms.
  static void loop(Load* load) {
    auto own = make_chan<int>(1);
    while (!load->over) {
      for (int i = 0; i < 1'000'000 && !load->over.load(std::memory_order_relaxed); i++) {}
      own.send(1);
      own.recv();
    }
    load->alive--;
  }
  static void talk(Load* load) {
    auto there = make_chan<int>(), back = make_chan<int>();
    go([=] {
      for (int v : there) back.send(v);
      close(back);
    });
    while (!load->over) {
      there.send(1);
      back.recv();
    }
    close(there);
    back.recv();
    load->alive--;
  }
  static void succeed(Load* load) {
    if (load->over) {
      load->alive--;
    } else {
      go(succeed, load);
    }
  }
  static void call(Load* load) {
    while (!load->over) {
      runtime::entersyscall();
      for (int i = 0; i < 100; i++) syscall(SYS_getppid);
      runtime::exitsyscall();
    }
    load->alive--;
  }
  static void give_way(Load* load) {
    while (!load->over) runtime::Gosched();
    load->alive--;
  }
};

struct Procs {
  explicit Procs(int n) : old(runtime::GOMAXPROCS(n)) {}
  ~Procs() { runtime::GOMAXPROCS(old); }
  int old;
};

// Lets six goroutines wait ten times each. Returns the longest wait, ns.
template <typename Wait>
int64_t longest_of(Wait wait) {
  std::atomic<int64_t> longest{0};
  sync::WaitGroup wg;
  for (int i = 0; i < 6; i++) {
    wg.Add(1);
    go([&] {
      for (int round = 0; round < 10; round++) {
        int64_t begun = runtime::nanotime();
        wait();
        int64_t waited = runtime::nanotime() - begun;
        int64_t seen = longest;
        while (waited > seen && !longest.compare_exchange_weak(seen, waited)) {}
      }
      wg.Done();
    });
  }
  wg.Wait();
  return longest;
}

}  // namespace

TEST_CASE("everybody gets a turn, whatever the others do", "[sched][fairness]") {
  std::string kind = GENERATE(as<std::string>{}, "busy loops", "a pair that talks", "successors",
                              "giving way", "short system calls");
  int procs = GENERATE(1, 2, 4);
  CAPTURE(kind, procs);
  Procs p(procs);
  Load load;
  load.start(kind, procs);
  int64_t yield = longest_of([] { runtime::Gosched(); });
  int64_t timer = longest_of([] { time::Sleep(100 * time::Microsecond); });
  int64_t chan = longest_of([] {
    auto answer = make_chan<int>();
    go([=] { answer.send(1); });
    answer.recv();
  });
  std::printf(
      "longest wait beside %s, GOMAXPROCS=%d: %.1f ms giving way, %.1f asleep, %.1f for an "
      "answer\n",
      kind.c_str(), procs, static_cast<double>(yield) / 1e6, static_cast<double>(timer) / 1e6,
      static_cast<double>(chan) / 1e6);
  // The queue is short, and each that stands in it has a time slice of 10 ms. The rest is for a
  // machine that does other things too.
  constexpr int64_t kPromptNs = 1'000'000'000;
  CHECK(yield < kPromptNs);
  CHECK(timer < kPromptNs);
  CHECK(chan < kPromptNs);
  load.end();
}

namespace {

// Two that hand a value back and forth until `over`, and count how often.
void pair_that_counts(std::atomic<bool>* over, std::atomic<int64_t>* turns, sync::WaitGroup* wg) {
  auto there = make_chan<int>(), back = make_chan<int>();
  go([=] {
    for (int v : there) back.send(v);
    close(back);
  });
  while (!*over) {
    (*turns)++;
    there.send(1);
    back.recv();
  }
  close(there);
  back.recv();
  wg->Done();
}

}  // namespace

// The pairs have the only P for a time slice each, 10 ms. One that waits in the global queue does
// not wait for its end, and does not keep the pairs from their turns.
TEST_CASE("the global queue has its turn after some goroutines, not time slices",
          "[sched][fairness]") {
  Procs p(1);
  constexpr int kPairs = 3, kRounds = 1000;
  std::atomic<bool> over{false};
  std::atomic<int64_t> turns[kPairs] = {};
  sync::WaitGroup wg;
  for (auto& own : turns) {
    wg.Add(1);
    go(pair_that_counts, &over, &own, &wg);
  }
  auto all = [&] { return turns[0] + turns[1] + turns[2]; };
  while (all() == 0) runtime::Gosched();
  std::vector<int64_t> waited;
  int64_t before[kPairs], least = INT64_MAX;
  for (int i = 0; i < kPairs; i++) before[i] = turns[i];
  for (int round = 0; round < kRounds; round++) {
    int64_t begun = all();
    runtime::yield_if_others_wait();
    waited.push_back(all() - begun);
  }
  for (int i = 0; i < kPairs; i++) least = std::min(least, turns[i] - before[i]);
  over = true;
  wg.Wait();
  std::sort(waited.begin(), waited.end());
  CHECK(waited[kRounds / 2] < 100);
  CHECK(least > 100);
}
