// fair_bench.cpp: how long goroutines wait under load: the twin of go/fair.go.
//
//   timer-late-p99/LOAD   50 goroutines sleep a millisecond at a time: how much too long, for one
//                         sleep in a hundred
//   fair-wait-max/LOAD    20 goroutines yield: the longest time before one ran again
//   profile-beside-LOAD   the mean time of a binary profile, over a second
//
// The loads of the first two are
//
//   quiet   none
//   busy    twice as many loops as processors, each with a call of the runtime now and then
//   chan    for each processor a pair of goroutines that hand a value back and forth
//   spawn   for each processor a goroutine that starts its successor and ends
//
// and those of the profile are
//
//   yield   forty goroutines that only yield
//   hand    three goroutines that each start one and take a value from it, again and again
#include "tests/bench/fair_bench.h"

#include <algorithm>
#include <atomic>

#include "profiler/endpoints/lookup.h"
#include "runtime/golab.h"

namespace bench {
namespace {

constexpr int kSleepers = 50, kSleeps = 100;
constexpr int kYielders = 20, kYields = 50;

std::atomic<bool> over;

void busy(sync::WaitGroup* wg) {
  auto own = make_chan<int>(1);
  while (!over) {
    for (int i = 0; i < 3'000'000 && !over.load(std::memory_order_relaxed); ++i) {}
    own.send(1);
    own.recv();
  }
  wg->Done();
}

void pair(sync::WaitGroup* wg) {
  auto there = make_chan<int>(), back = make_chan<int>();
  go([=] {
    for (int v : there) back.send(v);
    close(back);
  });
  while (!over) {
    there.send(1);
    back.recv();
  }
  close(there);
  back.recv();
  wg->Done();
}

void successor(sync::WaitGroup* wg) {
  if (over) {
    wg->Done();
  } else {
    go(successor, wg);
  }
}

void yielder(sync::WaitGroup* wg) {
  while (!over) runtime::Gosched();
  wg->Done();
}

void hander(sync::WaitGroup* wg) {
  auto values = make_chan<int>();
  while (!over) {
    go([=] { values.send(1); });
    values.recv();
  }
  wg->Done();
}

void start(const std::string& load, sync::WaitGroup* wg) {
  int procs = runtime::GOMAXPROCS(0);
  int n = load == "quiet" ? 0 : load == "busy" ? 2 * procs : procs;
  for (int i = 0; i < n; ++i) {
    wg->Add(1);
    go(load == "busy" ? busy : load == "chan" ? pair : successor, wg);
  }
}

// Returns the waits of `goroutines` goroutines, `times` each, the longest last.
template <typename Wait>
std::vector<double> waits(int goroutines, int times, Wait wait) {
  std::vector<std::vector<double>> each(static_cast<size_t>(goroutines));
  sync::WaitGroup wg;
  for (auto& own : each) {
    wg.Add(1);
    go([&own, &wg, times, wait] {
      for (int i = 0; i < times; ++i) {
        Clock::time_point begun = Clock::now();
        wait();
        own.push_back(since(begun));
      }
      wg.Done();
    });
  }
  wg.Wait();
  std::vector<double> all;
  for (auto& own : each) all.insert(all.end(), own.begin(), own.end());
  std::sort(all.begin(), all.end());
  return all;
}

void profiles_beside(const char* name, int goroutines, void (*load)(sync::WaitGroup*)) {
  over = false;
  sync::WaitGroup wg;
  for (int i = 0; i < goroutines; ++i) {
    wg.Add(1);
    go(load, &wg);
  }
  time::Sleep(100 * time::Millisecond);  // all of them run before the first profile
  auto profile = [] {
    pprof::Lookup("goroutine")->WriteTo([](std::string_view) { return error(); }, 0);
  };
  profile();
  int count = 0;
  Clock::time_point begun = Clock::now();
  for (; count == 0 || since(begun) < 1e9; ++count) profile();
  double took = since(begun) / count;
  over = true;
  wg.Wait();
  print(std::string("profile-beside-") + name, runtime::GOMAXPROCS(0), "ns", took, count);
}

}  // namespace

int fair() {
  profiles_beside("yield", 40, yielder);
  profiles_beside("hand", 3, hander);
  for (const char* name : {"quiet", "busy", "chan", "spawn"}) {
    std::string load = name;
    over = false;
    sync::WaitGroup wg;
    start(load, &wg);
    auto late = waits(kSleepers, kSleeps, [] { time::Sleep(1 * time::Millisecond); });
    auto runnable = waits(kYielders, kYields, [] { runtime::Gosched(); });
    over = true;
    wg.Wait();
    int procs = runtime::GOMAXPROCS(0);
    print("timer-late-p99/" + load, procs, "ns", late[late.size() * 99 / 100] - 1e6,
          static_cast<int>(late.size()));
    print("fair-wait-max/" + load, procs, "ns", runnable.back(), static_cast<int>(runnable.size()));
  }
  return 0;
}

}  // namespace bench
