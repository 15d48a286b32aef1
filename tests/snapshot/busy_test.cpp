// busy_test.cpp: a profile of a service that never rests ends soon.
//
// Soon is said in turns of the others, not in time, so it is the same on a slow machine.
#include <algorithm>
#include <atomic>
#include <string>
#include <vector>

#include "profiler/endpoints/lookup.h"
#include "runtime/chan/chan.h"
#include "runtime/sched/go.h"
#include "runtime/sync/sync.h"
#include "tests/catch.h"

using namespace golab;

namespace {

std::atomic<bool> over;
std::atomic<int64_t> turns;

void yields(sync::WaitGroup* wg) {
  while (!over) {
    turns++;
    runtime::Gosched();
  }
  wg->Done();
}

void hands_over(sync::WaitGroup* wg) {
  auto values = make_chan<int>();
  while (!over) {
    turns++;
    go([=] { values.send(1); });
    values.recv();
  }
  wg->Done();
}

}  // namespace

TEST_CASE("a profile ends, however busy the others are", "[snapshot][busy]") {
  int procs = GENERATE(1, 2);
  bool yielding = GENERATE(true, false);
  int debug = GENERATE(0, 1, 2);
  CAPTURE(procs, yielding, debug);
  int old = runtime::GOMAXPROCS(procs);
  over = false;
  sync::WaitGroup wg;
  for (int i = 0; i < (yielding ? 40 : 3); i++) {
    wg.Add(1);
    go(yielding ? yields : hands_over, &wg);
  }
  auto profile = [&] {
    int64_t before = turns;
    pprof::Lookup("goroutine")->WriteTo([](std::string_view) { return error(); }, debug);
    return turns - before;
  };
  profile();  // reads names
  std::vector<int64_t> took;
  for (int i = 0; i < 9; i++) took.push_back(profile());
  over = true;
  wg.Wait();
  runtime::GOMAXPROCS(old);
  std::sort(took.begin(), took.end());
  // Two Ps take half a million turns in a time slice.
  CHECK(took[took.size() / 2] < 1'000'000);
}
