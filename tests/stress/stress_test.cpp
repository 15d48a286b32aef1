// stress_test.cpp: 100 000 parked goroutines, snapshots of them without end, and others that spin,
// spawn and exit meanwhile. Every profile must add up.
#include <array>
#include <atomic>
#include <memory>

#include "profiler/endpoints/lookup.h"
#include "runtime/chan/chan.h"
#include "runtime/sched/go.h"
#include "runtime/sched/stacks.h"
#include "runtime/stop/stop.h"
#include "tests/chan/parked.h"
#include "tests/snapshot/groups.h"

using namespace golab;

#if defined(GOLAB_TSAN) || defined(GOLAB_ASAN)
constexpr int kParked = 1500;  // TSan and ASan keep something of their own for every stack
constexpr int kSnapshots = 20;
#else
constexpr int kParked = 100000;
constexpr int kSnapshots = 100;
#endif

void wait_for_task(Chan<int> tasks) { tasks.recv(); }
void wait_to_answer(Chan<int> answers) { answers.send(1); }
void spin_until(std::atomic<bool>* stop, Chan<int> ended) {
  while (!stop->load(std::memory_order_relaxed)) {}
  ended.send(1);
}
void short_life(std::atomic<int64_t>* lives) { lives->fetch_add(1, std::memory_order_relaxed); }
void spawn_until(std::atomic<bool>* stop, std::atomic<int64_t>* lives, Chan<int> ended) {
  while (!stop->load(std::memory_order_relaxed)) {
    for (int i = 0; i < 20; i++) go(short_life, lives);
    runtime::Gosched();
  }
  ended.send(1);
}

TEST_CASE("a hundred snapshots of a hundred thousand goroutines add up, beside busy ones",
          "[stress][snapshot]") {
  int procs = GENERATE(1, 2, 4);
  CAPTURE(procs);
  int old = runtime::GOMAXPROCS(procs);
  auto tasks = make_chan<int>();
  auto answers = make_chan<int>();
  constexpr int kReceivers = kParked * 6 / 10;
  constexpr int kSenders = kParked - kReceivers;
  for (int i = 0; i < kReceivers; i++) go(wait_for_task, tasks);
  for (int i = 0; i < kSenders; i++) go(wait_to_answer, answers);
  REQUIRE(receivers_parked(tasks, kReceivers));
  REQUIRE(senders_parked(answers, kSenders));

  std::atomic<bool> stop{false};
  std::atomic<int64_t> lives{0};
  auto ended = make_chan<int>(4);
  for (int i = 0; i < 2; i++) go(spin_until, &stop, ended);
  for (int i = 0; i < 2; i++) go(spawn_until, &stop, &lives, ended);
  int wrong = 0;
  for (int i = 0; i < kSnapshots; i++) {
    // Every tenth one by one, where a goroutine that is doubled would show twice.
    bool each = i % 10 == 0;
    Groups g = take(each ? profiler::Detail::each_goroutine : profiler::Detail::counted);
    bool right = g.in("main.wait_for_task") == kReceivers &&
                 g.in("main.wait_to_answer") == kSenders && g.in("main.main") == 1 &&
                 g.sum() == g.snapshot.total;
    // They may not have begun yet, or be glue on their way into the function: at most there.
    right &= g.in("main.spin_until") <= 2 && g.in("main.spawn_until") <= 2;
    if (each) {
      std::set<uint64_t> ids;
      g.snapshot.for_each_goroutine([&](auto& one) { right &= ids.insert(one.goid).second; });
      right &= static_cast<int64_t>(ids.size()) == g.snapshot.total;
    }
    wrong += !right;
  }
  CHECK(wrong == 0);
  CHECK(eventually([&] { return lives.load() > 0; }));
  stop = true;
  for (int i = 0; i < 4; i++) ended.recv();
  close(tasks);
  for (int i = 0; i < kSenders; i++) answers.recv();
  CHECK(eventually([] {
    Groups g = take();
    return g.in("main.wait_for_task") + g.in("main.wait_to_answer") + g.in("main.short_life") == 0;
  }));
  runtime::GOMAXPROCS(old);
}

// Waits, is woken, waits again: whatever it does, it is in here.
void restless(std::atomic<bool>* stop, Chan<int> wake) {
  while (!stop->load(std::memory_order_relaxed)) wake.recv();
}
void wake_some(std::atomic<bool>* stop, Chan<int> wake, Chan<int> ended) {
  while (!stop->load(std::memory_order_relaxed)) {
    for (int i = 0; i < 20; i++) wake.send(1);
    runtime::Gosched();
  }
  ended.send(1);
}

// Most have not run since the last snapshot, some run while it is taken: the walker and the
// scheduler meet at the memo that the last one left.
TEST_CASE("a goroutine that wakes up while a snapshot is taken is in it once",
          "[stress][snapshot]") {
  int procs = GENERATE(1, 2, 4);
  CAPTURE(procs);
  int old = runtime::GOMAXPROCS(procs);
  constexpr int kRestless = kParked / 20;
  std::atomic<bool> stop{false};
  auto wake = make_chan<int>();
  auto ended = make_chan<int>(2);
  for (int i = 0; i < kRestless; i++) go(restless, &stop, wake);
  REQUIRE(receivers_parked(wake, kRestless));
  for (int i = 0; i < 2; i++) go(wake_some, &stop, wake, ended);
  int wrong = 0;
  for (int i = 0; i < 10 * kSnapshots; i++) {
    bool each = i % 3 == 0;
    Groups g = take(each ? profiler::Detail::each_goroutine : profiler::Detail::counted);
    wrong += g.in("main.restless") != kRestless || g.sum() != g.snapshot.total;
  }
  CHECK(wrong == 0);
  stop = true;
  for (int i = 0; i < 2; i++) ended.recv();
  close(wake);
  CHECK(eventually([] { return take().in("main.restless") == 0; }));
  runtime::GOMAXPROCS(old);
}

TEST_CASE("stops, snapshots, GOMAXPROCS and work at the same time never lock up",
          "[stress][stop]") {
  int old = runtime::GOMAXPROCS(3);
  std::atomic<bool> stop{false};
  std::atomic<int64_t> lives{0};
  auto ended = make_chan<int>(8);
  go(spin_until, &stop, ended);
  go(spawn_until, &stop, &lives, ended);
  go([&, ended] {  // one that talks
    auto c = make_chan<int>();
    while (!stop.load()) {
      go([=] { c.send(1); });
      c.recv();
    }
    ended.send(1);
  });
  go([&, ended] {  // one that stops the world
    while (!stop.load()) {
      if (!runtime::stopTheWorld()) runtime::fatal("the world did not stop");
      runtime::startTheWorld();
      runtime::Gosched();
    }
    ended.send(1);
  });
  // Two that allocate and free each other's, one that does so inside the runtime: the closures of
  // its goroutines do not fit into their G. Too much for the caches that malloc keeps for each
  // thread: they want the same locks.
  using Block = std::array<char, 3000>;
  std::atomic<Block*> shared{nullptr};
  for (int g = 0; g < 2; g++) {
    go([&, ended] {
      while (!stop.load()) delete shared.exchange(new Block);
      ended.send(1);
    });
  }
  go([&, ended] {
    while (!stop.load()) {
      go([block = Block{}] { (void)block; });
      runtime::Gosched();
    }
    ended.send(1);
  });
  for (int i = 0; i < kSnapshots; i++) {
    Groups g = take();
    if (g.sum() != g.snapshot.total) FAIL("a count is wrong");
    if (i % 5 == 0) runtime::GOMAXPROCS(1 + i / 5 % 4);
  }
  stop = true;
  for (int i = 0; i < 7; i++) ended.recv();
  delete shared.load();
  runtime::GOMAXPROCS(old);
}

// A lookup of names takes its P's place away while it runs (systemstack_takes_long); GOMAXPROCS
// takes all of them meanwhile. For ThreadSanitizer above all.
TEST_CASE("GOMAXPROCS changes during profiles of every form", "[stress][stop]") {
  int old = runtime::GOMAXPROCS(2);
  std::atomic<bool> stop{false};
  std::atomic<int64_t> lives{0};
  auto ended = make_chan<int>(4);
  go(spawn_until, &stop, &lives, ended);
  go([&, ended] {
    for (int i = 0; !stop.load(); i++) {
      runtime::GOMAXPROCS(1 + i % 4);
      runtime::Gosched();
    }
    ended.send(1);
  });
  for (int debug = 1; debug < 3; debug++) {
    go([&, ended, debug] {
      while (!stop.load()) {
        (void)runtime::pprof::Lookup("goroutine")
            ->WriteTo([](std::string_view) { return error(); }, debug);
      }
      ended.send(1);
    });
  }
  int64_t until = runtime::nanotime() + 4'000'000'000;
  int profiles = 0;
  while (runtime::nanotime() < until || profiles < 10) {
    size_t bytes = 0;
    error err = runtime::pprof::Lookup("goroutine")
                    ->WriteTo(
                        [&](std::string_view piece) {
                          bytes += piece.size();
                          return error();
                        },
                        profiles % 3);
    if (err != nullptr || bytes == 0) FAIL("no profile");
    profiles++;
  }
  stop = true;
  for (int i = 0; i < 4; i++) ended.recv();
  CHECK(lives > 0);
  runtime::GOMAXPROCS(old);
}
