// timer_chan_test.cpp: channels that a timer feeds look synchronous, as Go's do since 1.23.
#include "runtime/die/panic.h"
#include "runtime/sched/go.h"
#include "runtime/time/time.h"
#include "tests/catch.h"
#include "tests/chan/parked.h"

using namespace golab;

TEST_CASE("a timer's channel has neither length nor capacity", "[timer]") {
  auto t = time::NewTimer(time::Nanosecond);
  CHECK(cap(t.C) == 0);
  CHECK(eventually([&] { return select({recv(t.C), otherwise}) == 0; }));
  CHECK(len(t.C) == 0);
  CHECK(select({recv(t.C), otherwise}) == 1);
}

TEST_CASE("after Stop no stale value can be received", "[timer]") {
  auto t = time::NewTimer(time::Nanosecond);
  time::Sleep(2 * time::Millisecond);  // due, but nobody has looked
  SECTION("stopped before anybody received") {
    CHECK(t.Stop());
    CHECK(select({recv(t.C), otherwise}) == 1);
    CHECK_FALSE(t.Stop());
  }
  SECTION("received, then stopped") {
    t.C.recv();
    CHECK_FALSE(t.Stop());
    CHECK_FALSE(t.Reset(time::Hour));
    CHECK(t.Stop());
  }
  SECTION("reset to later") {
    CHECK(t.Reset(time::Hour));
    CHECK(select({recv(t.C), otherwise}) == 1);
    CHECK(t.Stop());
  }
}

TEST_CASE("a select waits for a timer among other cases", "[timer][select]") {
  auto never = make_chan<int>();
  CHECK(select({recv(never), recv(time::After(time::Millisecond))}) == 1);
  // And is not woken by one that lies far away.
  auto soon = make_chan<int>();
  go([=] { soon.send(1); });
  CHECK(select({recv(soon), recv(time::After(time::Hour))}) == 0);
}

TEST_CASE("a goroutine blocked on a timer's channel is woken by Reset to now", "[timer]") {
  auto t = time::NewTimer(time::Hour);
  auto done = make_chan<bool>();
  go([=] {
    t.C.recv();
    done.send(true);
  });
  REQUIRE(receivers_parked(t.C, 1));
  CHECK(t.Reset(0));
  CHECK(done.recv());
}

TEST_CASE("a ticker keeps one tick for a slow receiver", "[timer]") {
  auto t = time::NewTicker(time::Millisecond);
  time::Sleep(10 * time::Millisecond);
  int waiting = 0;
  while (select({recv(t.C), otherwise}) == 0) waiting++;
  CHECK(waiting >= 1);
  CHECK(waiting <= 2);  // a second one may fall due while we count
  for (int i = 0; i < 5; i++) t.C.recv();
  t.Stop();
  CHECK(select({recv(t.C), otherwise}) == 1);
}

TEST_CASE("timers fire in the order of their times", "[timer]") {
  const time::Time begun = time::Now();
  auto third = time::NewTimer(3 * time::Millisecond);
  auto first = time::NewTimer(1 * time::Millisecond);
  auto second = time::NewTimer(2 * time::Millisecond);
  // The value is the moment at which it fired. Which goroutine runs first after that is up to the
  // scheduler, and no promise.
  const time::Time fired[] = {first.C.recv(), second.C.recv(), third.C.recv()};
  CHECK(fired[0].Sub(begun) >= 1 * time::Millisecond);
  CHECK_FALSE(fired[1].Before(fired[0]));
  CHECK_FALSE(fired[2].Before(fired[1]));
}

TEST_CASE("a thousand timers started and stopped at random leave none behind", "[timer]") {
  auto done = make_chan<int>(8);
  for (int g = 0; g < 8; g++) {
    go([=] {
      int fired = 0;
      for (int i = 0; i < 200; i++) {
        auto t = time::NewTimer((i % 5) * 100 * time::Microsecond);
        if (i % 3 == 0) {
          t.C.recv();
          fired++;
        } else if (i % 3 == 1) {
          t.Stop();
        } else {
          t.Reset(time::Hour);
          if (select({recv(t.C), otherwise}) == 0) fired += 1000;
        }
      }
      done.send(fired);
    });
  }
  for (int g = 0; g < 8; g++) CHECK(done.recv() == 67);
}
