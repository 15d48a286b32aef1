// chan_test.cpp: sending, receiving, closing, and in which order goroutines are served.
#include <numeric>
#include <string>
#include <vector>

#include "profiler/goleak/goleak.h"
#include "runtime/die/panic.h"
#include "runtime/sched/go.h"
#include "tests/catch.h"
#include "tests/chan/parked.h"

using namespace golab;

namespace {
const std::vector<int> kZeroToFour{0, 1, 2, 3, 4};
}

TEST_CASE("an unbuffered send completes when somebody receives", "[chan]") {
  auto ch = make_chan<int>();
  auto done = make_chan<bool>(1);
  go([=] {
    ch.send(7);
    done.send(true);
  });
  REQUIRE(senders_parked(ch, 1));
  CHECK(len(done) == 0);
  CHECK(ch.recv() == 7);
  CHECK(done.recv());
}

TEST_CASE("a buffered send completes as long as there is room", "[chan]") {
  auto ch = make_chan<int>(3);
  CHECK(cap(ch) == 3);
  CHECK(len(ch) == 0);
  ch.send(1);
  ch.send(2);
  CHECK(len(ch) == 2);
  ch.send(3);
  SECTION("one more waits") {
    go([=] { ch.send(4); });
    REQUIRE(senders_parked(ch, 1));
    CHECK(len(ch) == 3);
    CHECK(ch.recv() == 1);
    CHECK(senders_parked(ch, 0));
    CHECK(len(ch) == 3);
    for (int want : {2, 3, 4}) CHECK(ch.recv() == want);
  }
  SECTION("after a receive there is room again") {
    CHECK(ch.recv() == 1);
    ch.send(4);
    for (int want : {2, 3, 4}) CHECK(ch.recv() == want);
  }
  CHECK(len(ch) == 0);
}

TEST_CASE("waiting goroutines are served first come, first served", "[chan]") {
  auto ch = make_chan<int>();
  std::vector<int> served;
  SECTION("receivers") {
    auto answers = make_chan<std::pair<int, int>>(5);
    for (int i = 0; i < 5; i++) {
      go([=] { answers.send({i, ch.recv()}); });
      REQUIRE(receivers_parked(ch, i + 1));
    }
    for (int i = 0; i < 5; i++) ch.send(i);
    served.resize(5);
    for (int i = 0; i < 5; i++) {
      auto [who, what] = answers.recv();
      served[who] = what;
    }
  }
  SECTION("senders") {
    for (int i = 0; i < 5; i++) {
      go([=] { ch.send(i); });
      REQUIRE(senders_parked(ch, i + 1));
    }
    for (int i = 0; i < 5; i++) served.push_back(ch.recv());
  }
  SECTION("senders to a full buffer") {
    auto full = make_chan<int>(2);
    full.send(0);
    full.send(1);
    for (int i = 2; i < 5; i++) {
      go([=] { full.send(i); });
      REQUIRE(senders_parked(full, i - 1));
    }
    for (int i = 0; i < 5; i++) served.push_back(full.recv());
  }
  CHECK(served == kZeroToFour);
}

TEST_CASE("a closed channel drains, then answers zero values for ever", "[chan]") {
  auto ch = make_chan<std::string>(2);
  ch.send("a");
  ch.send("b");
  close(ch);
  CHECK(len(ch) == 2);
  CHECK(ch.recv_ok() == std::pair<std::string, bool>("a", true));
  CHECK(ch.recv_ok() == std::pair<std::string, bool>("b", true));
  for (int i = 0; i < 3; i++) CHECK(ch.recv_ok() == std::pair<std::string, bool>("", false));
  CHECK(ch.recv().empty());
}

TEST_CASE("close wakes everybody who waits", "[chan]") {
  auto ch = make_chan<int>();
  SECTION("receivers get the zero value and false") {
    auto answers = make_chan<std::pair<int, bool>>(3);
    for (int i = 0; i < 3; i++) go([=] { answers.send(ch.recv_ok()); });
    REQUIRE(receivers_parked(ch, 3));
    close(ch);
    for (int i = 0; i < 3; i++) CHECK(answers.recv() == std::pair<int, bool>(0, false));
  }
  SECTION("senders panic") {
    auto answers = make_chan<std::string>(3);
    for (int i = 0; i < 3; i++) go([=] { answers.send(panic_of([=] { ch.send(1); })); });
    REQUIRE(senders_parked(ch, 3));
    close(ch);
    for (int i = 0; i < 3; i++) CHECK(answers.recv() == "send on closed channel");
  }
}

TEST_CASE("misuse of a channel panics with Go's words", "[chan][panic]") {
  auto ch = make_chan<int>(1);
  close(ch);
  CHECK(panic_of([&] { close(ch); }) == "close of closed channel");
  CHECK(panic_of([&] { ch.send(1); }) == "send on closed channel");
  CHECK(panic_of([&] { close(Chan<int>()); }) == "close of nil channel");
  CHECK(panic_of([&] { close(SendChan<int>()); }) == "close of nil channel");
  CHECK(panic_of([&] { (void)make_chan<int>(-1); }) == "makechan: size out of range");
  CHECK(panic_of([&] { (void)make_chan<int>(int64_t{1} << 62); }) == "makechan: size out of range");
  // Near misses.
  CHECK(panic_of([&] { close(make_chan<int>()); }).empty());
  CHECK(panic_of([&] { (void)make_chan<int>(0); }).empty());
}

TEST_CASE("a nil channel has no length and keeps whoever uses it", "[chan][nil]") {
  Chan<int> nil;
  CHECK(nil == nullptr);
  CHECK_FALSE(static_cast<bool>(nil));
  CHECK(len(nil) == 0);
  CHECK(cap(nil) == 0);
  // The goroutines of this test never end, as in Go. They use nothing of the test's stack.
  auto states = make_chan<runtime::G*>(2);
  go([=] {
    states.send(runtime::getg());
    Chan<int>().send(1);
  });
  go([=] {
    states.send(runtime::getg());
    Chan<int>().recv();
  });
  std::vector<runtime::WaitReason> reasons;
  for (int i = 0; i < 2; i++) {
    runtime::G* gp = states.recv();
    REQUIRE(eventually([=] {
      return gp->status.load() == runtime::_Gwaiting &&
             (gp->waitreason == runtime::WaitReason::ChanSendNilChan ||
              gp->waitreason == runtime::WaitReason::ChanReceiveNilChan);
    }));
    reasons.push_back(gp->waitreason);
  }
  CHECK(reasons[0] != reasons[1]);
  goleak::LeftOnPurpose(goleak::IgnoreCurrent());  // nothing wakes what waits on a nil channel
}

TEST_CASE("range ends when the channel is closed and drained", "[chan]") {
  auto ch = make_chan<int>(2);
  go([=] {
    for (int i = 0; i < 5; i++) ch.send(i);
    close(ch);
  });
  std::vector<int> got;
  for (int v : ch) got.push_back(v);
  CHECK(got == kZeroToFour);
  for (int v : ch) CHECK(v == -1);  // nothing is left
  RecvChan<int> end = ch;
  for (int v : end) CHECK(v == -1);
}

TEST_CASE("handles name one channel", "[chan]") {
  auto ch = make_chan<int>(1);
  Chan<int> copy = ch;
  SendChan<int> in = ch;
  RecvChan<int> out = ch;
  CHECK(copy == ch);
  CHECK_FALSE(make_chan<int>(1) == ch);
  in.send(3);
  CHECK(len(copy) == 1);
  CHECK(out.recv() == 3);
  close(in);
  CHECK_FALSE(ch.recv_ok().second);
}

TEST_CASE("a channel lives as long as a goroutine that holds it", "[chan]") {
  auto result = make_chan<int>();
  {
    auto ch = make_chan<int>();
    go([=] { result.send(ch.recv()); });
    go([=] { ch.send(5); });
  }
  CHECK(result.recv() == 5);
}

TEST_CASE("many senders and receivers lose nothing and double nothing", "[chan]") {
  int size = GENERATE(0, 1, 7, 1000);
  constexpr int kGoroutines = 8;
  constexpr int kEach = 500;
  auto ch = make_chan<int>(size);
  auto sums = make_chan<int64_t>(kGoroutines);
  auto sent = make_chan<bool>(kGoroutines);
  for (int g = 0; g < kGoroutines; g++) {
    go([=] {
      for (int i = 0; i < kEach; i++) ch.send(g * kEach + i);
      sent.send(true);
    });
    go([=] {
      int64_t sum = 0;
      for (int v : ch) sum += v;
      sums.send(sum);
    });
  }
  for (int g = 0; g < kGoroutines; g++) sent.recv();
  close(ch);
  int64_t total = 0;
  for (int g = 0; g < kGoroutines; g++) total += sums.recv();
  int64_t n = kGoroutines * kEach;
  CHECK(total == n * (n - 1) / 2);
}

TEST_CASE("what one goroutine sends to one other arrives in order", "[chan]") {
  int size = GENERATE(0, 3);
  auto ch = make_chan<int>(size);
  go([=] {
    for (int i = 0; i < 10000; i++) ch.send(i);
    close(ch);
  });
  int next = 0;
  bool ordered = true;
  for (int v : ch) ordered &= v == next++;
  CHECK(ordered);
  CHECK(next == 10000);
}

TEST_CASE("a channel of empty elements counts them", "[chan]") {
  auto ch = make_chan<Empty>(3);
  CHECK(cap(ch) == 3);
  ch.send({});
  ch.send({});
  CHECK(len(ch) == 2);
  SECTION("a select sends and receives them") {
    CHECK(select({send(ch, Empty()), otherwise}) == 0);
    CHECK(select({send(ch, Empty()), otherwise}) == 1);
    Empty e;
    bool ok = false;
    for (int left = 3; left > 0; left--) {
      CHECK(len(ch) == left);
      CHECK(select({recv(ch, e, ok), otherwise}) == 0);
      CHECK(ok);
    }
    CHECK(select({recv(ch, e, ok), otherwise}) == 1);
  }
  SECTION("they are there after close, and then there are no more") {
    close(ch);
    CHECK(ch.recv_ok().second);
    CHECK(ch.recv_ok().second);
    CHECK_FALSE(ch.recv_ok().second);
  }
  SECTION("range takes them all") {
    close(ch);
    int n = 0;
    for (Empty e : ch) n += e == Empty() ? 1 : 0;
    CHECK(n == 2);
  }
  SECTION("an unbuffered one is a meeting") {
    auto meet = make_chan<Empty>(), done = make_chan<Empty>();
    go([=] {
      for (int i = 0; i < 100; i++) meet.recv();
      close(done);
    });
    for (int i = 0; i < 100; i++) meet.send({});
    CHECK_FALSE(done.recv_ok().second);
  }
}

TEST_CASE("a call's object is evaluated before its argument", "[chan][order]") {
  std::string order;
  auto ch = make_chan<int>(1);
  auto channel = [&] { return order += "channel ", ch; };
  auto value = [&] { return order += "value ", 1; };
  channel().send(value());  // Go: channel() <- value()
  CHECK(order == "channel value ");
}
