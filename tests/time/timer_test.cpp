// Goal: a timer wakes its goroutine once, and costs nothing if no goroutine waits for it.
#include <atomic>
#include <limits>
#include <memory>

#include "profiler/goleak/goleak.h"
#include "runtime/golab.h"
#include "tests/catch.h"

TEST_CASE("Sleep lasts at least as long as asked", "[time][sleep]") {
  auto start = time::Now();
  time::Sleep(3 * time::Millisecond);
  CHECK(time::Since(start) >= 3 * time::Millisecond);
}

TEST_CASE("a sleeping goroutine shows time.Sleep directly below its wait", "[time][sleep]") {
  // It outlives the test: the first dump reads the program's debug information, which takes a
  // while.
  go([] { time::Sleep(30 * time::Second); });
  CHECK(eventually([] {
    std::string all = runtime::StackText(true);
    size_t header = all.find(" [sleep]");
    return header != all.npos && all.compare(all.find('\n', header) + 1, 10, "time.Sleep") == 0;
  }));
  goleak::LeftOnPurpose(goleak::IgnoreCurrent());  // nothing ends a sleep before its time
}

TEST_CASE("thousands of sleepers all wake", "[time][sleep]") {
  sync::WaitGroup wg;
  std::atomic<int> woke{0};
  for (int i = 0; i < 5000; i++) {
    wg.Go([&, i] {
      time::Sleep(time::Duration(i % 7) * time::Millisecond);
      woke++;
    });
  }
  wg.Wait();
  CHECK(woke == 5000);
}

TEST_CASE("After sends once", "[time][timer]") {
  auto c = time::After(time::Millisecond);
  auto at = c.recv();
  CHECK_FALSE(at.IsZero());
  CHECK(select({recv(c), recv(time::After(5 * time::Millisecond))}) == 1);
}

TEST_CASE("a ticker keeps ticking until it is stopped", "[time][ticker]") {
  auto tick = time::NewTicker(time::Millisecond);
  for (int i = 0; i < 5; i++) tick.C.recv();
  tick.Stop();
  CHECK(select({recv(tick.C), recv(time::After(10 * time::Millisecond))}) == 1);
  SECTION("and again after Reset") {
    tick.Reset(time::Millisecond);
    tick.C.recv();
    tick.Stop();
  }
}

TEST_CASE("stopping and resetting AfterFunc from many goroutines frees its function once",
          "[time][timer]") {
  struct Counted {
    std::atomic<int>* alive;
    explicit Counted(std::atomic<int>* a) : alive(a) { ++*alive; }
    Counted(const Counted& o) : alive(o.alive) { ++*alive; }
    ~Counted() { --*alive; }
  };
  std::atomic<int> alive{0};
  std::atomic<int> calls{0};
  {
    std::vector<time::Timer> timers;
    for (int i = 0; i < 50; i++) {
      Counted counted(&alive);
      timers.push_back(time::AfterFunc(50 * time::Microsecond, [&calls, counted] { calls++; }));
    }
    sync::WaitGroup wg;
    for (int g = 0; g < 4; g++) {
      wg.Go([&, g] {
        for (int round = 0; round < 200; round++) {
          for (size_t i = 0; i < timers.size(); i++) {
            if ((i + static_cast<size_t>(round + g)) % 3 == 0)
              timers[i].Stop();
            else
              timers[i].Reset(time::Duration(i) * time::Microsecond);
          }
        }
      });
    }
    wg.Wait();
    for (auto& t : timers) t.Stop();
  }
  // Functions that were started may still be on their way out.
  CHECK(eventually([&] { return alive == 0; }));
  CHECK(calls > 0);
}

TEST_CASE("an armed AfterFunc fires though its handle is gone", "[time][timer]") {
  auto done = make_chan<Empty>();
  time::AfterFunc(time::Millisecond, [=] { close(done); });
  done.recv();
  SUCCEED();
}

TEST_CASE("what lasts as long as a Duration can does not end at once", "[time][overflow]") {
  const time::Duration longest = std::numeric_limits<int64_t>::max();
  // Timers fire in their order: when the short one has, all that come before it have too.
  auto all_wait = [](const auto& fired) {
    time::After(time::Millisecond).recv();
    return !fired();
  };
  SECTION("timers and tickers") {
    for (time::Duration d : {longest, longest - time::Second, longest / 2}) {
      auto timer = time::NewTimer(d);
      auto ticker = time::NewTicker(d);
      CHECK(all_wait([&] {
        return select({recv(timer.C), recv(ticker.C), recv(time::After(d)), otherwise}) != 3;
      }));
      timer.Reset(d);
      ticker.Reset(d);
      CHECK(timer.Stop());
      ticker.Stop();
    }
  }
  SECTION("AfterFunc") {
    std::atomic<bool> called{false};
    auto timer = time::AfterFunc(longest, [&] { called = true; });
    CHECK(all_wait([&] { return called.load(); }));
    CHECK(timer.Stop());
  }
  SECTION("Sleep") {
    auto woke = std::make_shared<std::atomic<bool>>(false);
    go([woke, longest] {
      time::Sleep(longest);
      *woke = true;
    });
    CHECK(all_wait([&] { return woke->load(); }));
    goleak::LeftOnPurpose(goleak::IgnoreCurrent());  // nothing ends a sleep before its time
  }
  SECTION("a context") {
    for (time::Duration d : {longest, longest / 2}) {
      auto [ctx, cancel] = context::WithTimeout(context::Background(), d);
      auto [child, cancel_child] = context::WithTimeout(ctx, longest);
      CHECK(all_wait([&child = child] { return child.Err() != nullptr; }));
      CHECK(child.Deadline().second);
      CHECK(child.Deadline().first.After(time::Now()));
      cancel();
      cancel_child();
    }
    const time::Duration shortest = std::numeric_limits<int64_t>::min();
    auto [ctx, cancel] = context::WithTimeout(context::Background(), shortest);
    CHECK(ctx.Err() == context::DeadlineExceeded);
    cancel();
  }
}
