// Goal: package sync excludes, wakes and counts as Go's does, with many goroutines on several Ps.
#include "runtime/sync/sync.h"

#include <atomic>

#include "runtime/golab.h"
#include "tests/catch.h"

TEST_CASE("a mutex lets one in at a time", "[sync][mutex]") {
  int procs = runtime::GOMAXPROCS(0);
  for (int p : {1, 2, 4}) {
    runtime::GOMAXPROCS(p);
    sync::Mutex mu;
    int64_t counter = 0;
    sync::WaitGroup wg;
    for (int g = 0; g < 8; g++) {
      wg.Go([&] {
        for (int i = 0; i < 20000; i++) {
          mu.Lock();
          counter++;
          mu.Unlock();
          if (i % 1000 == 0) runtime::Gosched();
        }
      });
    }
    wg.Wait();
    CHECK(counter == 160000);
    CHECK(mu.TryLock());
  }
  runtime::GOMAXPROCS(procs);
}

TEST_CASE("a waiter gets a mutex that others take all the time", "[sync][mutex]") {
  sync::Mutex mu;
  std::atomic<bool> stop{false};
  sync::WaitGroup wg;
  for (int g = 0; g < 4; g++) {
    wg.Go([&] {
      while (!stop) {
        mu.Lock();
        mu.Unlock();
      }
    });
  }
  // Each of these may wait for as long as it takes to starve, not longer.
  auto start = time::Now();
  for (int i = 0; i < 100; i++) {
    mu.Lock();
    mu.Unlock();
    runtime::Gosched();
  }
  stop = true;
  wg.Wait();
  CHECK(time::Since(start) < 20 * time::Second);
}

TEST_CASE("a mutex that is taken again at once is handed to who has waited a millisecond",
          "[sync][mutex]") {
  // On one P a holder that unlocks and locks again is always faster than the waiter it has woken:
  // only starvation mode lets the waiter in.
  int procs = runtime::GOMAXPROCS(1);
  sync::Mutex mu;
  std::atomic<int> rounds{0};
  std::atomic<bool> got_it{false};
  sync::WaitGroup wg;
  mu.Lock();
  wg.Go([&] {
    mu.Lock();
    got_it = true;
    mu.Unlock();
  });
  for (; !got_it && rounds < 100; rounds++) {
    time::Sleep(2 * time::Millisecond);
    mu.Unlock();
    mu.Lock();
  }
  mu.Unlock();
  wg.Wait();
  runtime::GOMAXPROCS(procs);
  CHECK(rounds <= 5);
}

TEST_CASE("readers share, a writer is alone", "[sync][rwmutex]") {
  sync::RWMutex rw;
  std::atomic<int> readers{0}, writers{0}, wrong{0};
  sync::WaitGroup wg;
  for (int g = 0; g < 8; g++) {
    wg.Go([&, g] {
      for (int i = 0; i < 2000; i++) {
        if ((i + g) % 10 == 0) {
          rw.Lock();
          if (++writers != 1 || readers != 0) wrong++;
          --writers;
          rw.Unlock();
        } else {
          rw.RLock();
          ++readers;
          if (writers != 0) wrong++;
          if (i % 50 == 0) runtime::Gosched();
          --readers;
          rw.RUnlock();
        }
      }
    });
  }
  wg.Wait();
  CHECK(wrong == 0);
  SECTION("a reader comes in while another stays") {
    auto inside = make_chan<bool>();
    rw.RLock();
    wg.Go([&] {
      rw.RLock();
      inside.send(true);
      rw.RUnlock();
    });
    CHECK(inside.recv());
    rw.RUnlock();
    wg.Wait();
  }
  SECTION("a Locker of its readers") {
    auto l = rw.RLocker();
    l.Lock();
    CHECK_FALSE(rw.TryLock());
    CHECK(rw.TryRLock());
    rw.RUnlock();
    l.Unlock();
    CHECK(rw.TryLock());
  }
}

TEST_CASE("a WaitGroup on the stack may go as soon as Wait returns", "[sync][waitgroup]") {
  for (int round = 0; round < 3000; round++) {
    std::atomic<int> done{0};
    sync::WaitGroup wg;
    for (int g = 0; g < 4; g++) wg.Go([&] { done++; });
    wg.Wait();
    if (done != 4) FAIL("Wait returned early");
  }
  SUCCEED();
}

TEST_CASE("a Cond wakes whoever waits, and nobody is lost", "[sync][cond]") {
  sync::Mutex mu;
  auto cond = sync::NewCond(&mu);
  std::vector<int> queue;
  std::atomic<int> taken{0};
  sync::WaitGroup wg;
  constexpr int kItems = 20000;
  for (int g = 0; g < 4; g++) {
    wg.Go([&] {
      for (;;) {
        mu.Lock();
        while (queue.empty()) cond.Wait();
        int item = queue.back();
        queue.pop_back();
        mu.Unlock();
        if (item < 0) return;
        taken++;
      }
    });
  }
  for (int i = 0; i < kItems; i++) {
    mu.Lock();
    queue.push_back(i);
    mu.Unlock();
    cond.Signal();
  }
  CHECK(eventually([&] { return taken == kItems; }));
  mu.Lock();
  queue.assign(4, -1);
  mu.Unlock();
  cond.Broadcast();
  wg.Wait();
}

TEST_CASE("Signal finds those who came after a Broadcast", "[sync][cond]") {
  sync::Mutex mu;
  auto cond = sync::NewCond(&mu);
  int waiting = 0, woken = 0;
  sync::WaitGroup wg;
  auto wait_for = [&](int& count, int n) {
    return eventually([&] {
      mu.Lock();
      bool reached = count == n;
      mu.Unlock();
      return reached;
    });
  };
  auto wait = [&] {
    wg.Go([&] {
      mu.Lock();
      waiting++;
      cond.Wait();
      woken++;
      mu.Unlock();
    });
  };
  wait();
  wait();
  REQUIRE(wait_for(waiting, 2));
  cond.Broadcast();
  REQUIRE(wait_for(woken, 2));
  wait();
  REQUIRE(wait_for(waiting, 3));
  cond.Signal();
  REQUIRE(wait_for(woken, 3));
  SECTION("and a Signal that nobody waits for is lost") {
    cond.Signal();
    wait();
    REQUIRE(wait_for(waiting, 4));
    CHECK(woken == 3);
    cond.Signal();
    CHECK(wait_for(woken, 4));
  }
  wg.Wait();
}

TEST_CASE("Once runs once, and everybody waits for it", "[sync][once]") {
  sync::Once once;
  std::atomic<int> ran{0};
  bool ready = false;
  std::atomic<int> early{0};
  sync::WaitGroup wg;
  for (int g = 0; g < 16; g++) {
    wg.Go([&] {
      once.Do([&] {
        time::Sleep(time::Millisecond);
        ran++;
        ready = true;
      });
      if (!ready) early++;
    });
  }
  wg.Wait();
  CHECK(ran == 1);
  CHECK(early == 0);
  SECTION("OnceFunc and OnceValue keep what came out") {
    int calls = 0;
    auto value = sync::OnceValue([&] { return ++calls; });
    CHECK(value() == 1);
    CHECK(value() == 1);
    auto fn = sync::OnceFunc([&] { calls++; });
    fn();
    fn();
    CHECK(calls == 2);
    auto pair = sync::OnceValues([&] { return std::pair(7, error()); });
    auto [n, err] = pair();
    CHECK(n == 7);
    CHECK(err == nullptr);
  }
  SECTION("Goexit counts as done") {
    sync::Once o;
    wg.Go([&] { o.Do([] { runtime::Goexit(); }); });
    wg.Wait();
    bool again = false;
    o.Do([&] { again = true; });
    CHECK_FALSE(again);
  }
}

TEST_CASE("Map and Pool serve many goroutines", "[sync][map]") {
  sync::Map<int, int> map;
  sync::Pool<std::string> pool([] { return std::string("new"); });
  sync::WaitGroup wg;
  for (int g = 0; g < 4; g++) {
    wg.Go([&, g] {
      for (int i = 0; i < 1000; i++) {
        map.LoadOrStore(i, g);
        pool.Put(pool.Get());
      }
    });
  }
  wg.Wait();
  int n = 0;
  map.Range([&](int, int) { return ++n, true; });
  CHECK(n == 1000);
  CHECK(map.Load(5).second);
  map.Delete(5);
  CHECK_FALSE(map.Load(5).second);
  CHECK(pool.Get() == "new");
}

namespace {

struct Brittle {
  Brittle() = default;
  Brittle(const Brittle&) {
    if (throws) throw std::bad_alloc();
  }
  Brittle& operator=(const Brittle&) = default;
  static inline bool throws = false;
};

}  // namespace

TEST_CASE("a value whose copy throws leaves Map and Pool unlocked", "[sync][map]") {
  sync::Map<int, Brittle> map;
  sync::Pool<Brittle> pool([] { return Brittle(); });
  Brittle mine;
  map.Store(1, mine);
  Brittle::throws = true;
  CHECK_THROWS_AS(map.Load(1), std::bad_alloc);
  CHECK_THROWS_AS(map.LoadOrStore(1, Brittle()), std::bad_alloc);
  CHECK_THROWS_AS(map.LoadAndDelete(1), std::bad_alloc);
  CHECK_THROWS_AS(map.Range([](auto&, auto&) { return true; }), std::bad_alloc);
  CHECK_THROWS_AS(pool.Put(Brittle()), std::bad_alloc);
  Brittle::throws = false;
  CHECK(map.LoadAndDelete(1).second);
  CHECK_FALSE(map.Load(1).second);
  pool.Put(mine);
  pool.Get();
}
