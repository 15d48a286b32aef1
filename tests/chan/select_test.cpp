// select_test.cpp: which case of a select goes ahead, and what becomes of the others.
#include <memory>
#include <new>
#include <string>
#include <vector>

#include "runtime/sched/go.h"
#include "runtime/die/panic.h"
#include "tests/catch.h"
#include "tests/chan/parked.h"

using namespace golab;

TEST_CASE("select takes the case that can go ahead", "[select]") {
  auto a = make_chan<int>(1);
  auto b = make_chan<std::string>(1);
  int v = -1;
  bool ok = false;
  SECTION("a receive") {
    a.send(4);
    CHECK(select({recv(a, v, ok), send(b, "x"), recv(Chan<int>())}) <= 1);
    b = Chan<std::string>();
    if (len(a) == 1) CHECK(select({recv(a, v, ok), send(b, "x")}) == 0);
    CHECK(v == 4);
    CHECK(ok);
  }
  SECTION("a send") {
    CHECK(select({recv(a, v, ok), send(b, "x")}) == 1);
    CHECK(b.recv() == "x");
    CHECK(v == -1);
  }
  SECTION("none, with a default") {
    CHECK(select({recv(a, v, ok), otherwise}) == 1);
    CHECK(select({otherwise, recv(a, v, ok)}) == 0);
    CHECK(select({recv(a, v), recv(Chan<int>(), v), otherwise, recv(a)}) == 2);
    CHECK(v == -1);
  }
}

TEST_CASE("select with a default never takes it while a case is ready", "[select]") {
  auto a = make_chan<int>(1);
  int defaults = 0;
  for (int i = 0; i < 1000; i++) {
    a.send(i);
    defaults += select({recv(a), otherwise});
  }
  CHECK(defaults == 0);
}

TEST_CASE("of several ready cases each is as likely", "[select]") {
  constexpr int kRounds = 20000;
  SECTION("two receives") {
    auto a = make_chan<int>(1);
    auto b = make_chan<int>(1);
    int first = 0;
    a.send(0);
    b.send(0);
    for (int i = 0; i < kRounds; i++) {
      if (select({recv(a), recv(b)}) == 0) {
        first++;
        a.send(0);
      } else {
        b.send(0);
      }
    }
    CHECK(first > kRounds * 45 / 100);
    CHECK(first < kRounds * 55 / 100);
  }
  SECTION("three closed channels") {
    auto c = make_chan<int>();
    close(c);
    int chosen[3] = {};
    for (int i = 0; i < kRounds; i++) chosen[select({recv(c), recv(c), recv(c)})]++;
    for (int n : chosen) {
      CHECK(n > kRounds * 30 / 100);
      CHECK(n < kRounds * 37 / 100);
    }
  }
}

TEST_CASE("the same channel may stand in a select twice", "[select]") {
  auto c = make_chan<int>(1);
  SECTION("ready") {
    int chosen[2] = {};
    for (int i = 0; i < 1000; i++) {
      c.send(i);
      chosen[select({recv(c), recv(c)})]++;
    }
    CHECK(chosen[0] > 300);
    CHECK(chosen[1] > 300);
  }
  SECTION("to send and to receive, parked") {
    auto meet = make_chan<int>();
    auto answer = make_chan<int>(1);
    go([=] {
      int v = 0;
      answer.send(select({send(meet, 5), recv(meet, v)}));
    });
    REQUIRE(senders_parked(meet, 1));
    CHECK(queue_length(meet.hchan(), meet.hchan()->recvq) == 1);
    CHECK(meet.recv() == 5);
    CHECK(answer.recv() == 0);
    CHECK(queue_length(meet.hchan(), meet.hchan()->recvq) == 0);
  }
}

TEST_CASE("a parked select is woken by one case and leaves the other queues", "[select]") {
  auto a = make_chan<int>();
  auto b = make_chan<int>();
  auto answer = make_chan<std::pair<int, int>>();
  go([=] {
    int v = 0;
    bool ok = false;
    int index = select({recv(a, v, ok), send(b, 9)});
    answer.send({index, v});
  });
  REQUIRE(receivers_parked(a, 1));
  REQUIRE(senders_parked(b, 1));
  SECTION("by a sender") {
    a.send(3);
    CHECK(answer.recv() == std::pair(0, 3));
    CHECK(queue_length(b.hchan(), b.hchan()->sendq) == 0);
  }
  SECTION("by a receiver") {
    CHECK(b.recv() == 9);
    CHECK(answer.recv() == std::pair(1, 0));
    CHECK(queue_length(a.hchan(), a.hchan()->recvq) == 0);
  }
  SECTION("by close") {
    close(a);
    CHECK(answer.recv() == std::pair(0, 0));
    CHECK(queue_length(b.hchan(), b.hchan()->sendq) == 0);
  }
}

TEST_CASE("select on closed channels", "[select]") {
  auto c = make_chan<int>(1);
  c.send(6);
  close(c);
  int v = -1;
  bool ok = false;
  CHECK(select({recv(c, v, ok), otherwise}) == 0);
  CHECK(v == 6);
  CHECK(ok);
  CHECK(select({recv(c, v, ok), otherwise}) == 0);
  CHECK(v == 0);
  CHECK_FALSE(ok);
  CHECK(panic_of([&] { select({send(c, 1)}); }) == "send on closed channel");
  CHECK(panic_of([&] { select({send(c, 1), otherwise}); }) == "send on closed channel");
  // A sender that was parked in a select when the close came.
  auto d = make_chan<int>();
  auto said = make_chan<std::string>();
  go([=] {
    auto never = make_chan<int>();
    said.send(panic_of([=] { select({recv(never), send(d, 1)}); }));
  });
  REQUIRE(senders_parked(d, 1));
  close(d);
  CHECK(said.recv() == "send on closed channel");
}

TEST_CASE("a value offered in a select is consumed only if its case goes ahead", "[select]") {
  auto a = make_chan<std::string>(1);
  auto b = make_chan<std::unique_ptr<int>>(1);
  std::string text = "long enough not to be kept inside of the string object";
  SECTION("an lvalue is copied, chosen or not") {
    std::string before = text;
    CHECK(select({send(a, text), otherwise}) == 0);
    CHECK(text == before);
    CHECK(select({send(a, text), otherwise}) == 1);
    CHECK(text == before);
    CHECK(a.recv() == before);
  }
  SECTION("a moved one is moved from if chosen") {
    auto p = std::make_unique<int>(1);
    CHECK(select({send(b, std::move(p)), otherwise}) == 0);
    CHECK(p == nullptr);
    p = std::make_unique<int>(2);
    CHECK(select({send(b, std::move(p)), otherwise}) == 1);
    REQUIRE(p != nullptr);
    CHECK(*p == 2);
    CHECK(*b.recv() == 1);
  }
  SECTION("parked, and the other case wins") {
    auto unread = make_chan<std::unique_ptr<int>>();
    auto stop = make_chan<bool>();
    auto still = make_chan<bool>();
    go([=] {
      auto p = std::make_unique<int>(3);
      select({send(unread, std::move(p)), recv(stop)});
      still.send(p != nullptr && *p == 3);
    });
    REQUIRE(senders_parked(unread, 1));
    close(stop);
    CHECK(still.recv());
  }
}

TEST_CASE("operands of a select are evaluated once and in order", "[select]") {
  std::string order;
  auto ch = [&](int n) {
    order += "chan" + std::to_string(n) + " ";
    return n == 2 ? Chan<int>() : make_chan<int>(n == 3 ? 1 : 0);
  };
  auto value = [&](int n) {
    order += "value" + std::to_string(n) + " ";
    return n;
  };
  auto c1 = Chan<int>(), c2 = Chan<int>(), c3 = Chan<int>();
  int chosen = select({send(c1 = ch(1), value(1)), recv(c2 = ch(2)), send(c3 = ch(3), value(3))});
  CHECK(chosen == 2);
  CHECK(order.find("chan1") < order.find("chan2"));
  CHECK(order.find("chan2") < order.find("chan3"));
  CHECK(order.find("value1") < order.find("value3"));
  CHECK(order.size() == std::string("chan1 value1 chan2 chan3 value3 ").size());
}

TEST_CASE("a select of very many cases works as one of few", "[select]") {
  std::vector<Chan<int>> chans;
  for (int i = 0; i < 40; i++) chans.push_back(make_chan<int>());
  auto answer = make_chan<int>();
  go([=] {
    int v = 0;
    // 12 cases: more than fit into the inline arrays.
    int i = select({recv(chans[0], v), recv(chans[1], v), recv(chans[2], v), recv(chans[3], v),
                    recv(chans[4], v), recv(chans[5], v), recv(chans[6], v), recv(chans[7], v),
                    recv(chans[8], v), recv(chans[9], v), recv(chans[10], v), recv(chans[11], v)});
    answer.send(i * 100 + v);
  });
  for (int i = 0; i < 12; i++) REQUIRE(receivers_parked(chans[i], 1));
  chans[10].send(42);
  CHECK(answer.recv() == 1042);
  for (int i = 0; i < 12; i++) CHECK(queue_length(chans[i].hchan(), chans[i].hchan()->recvq) == 0);
}

TEST_CASE("opposite selects on the same channels neither deadlock nor lose values", "[select]") {
  constexpr int kEach = 3000;
  auto a = make_chan<int>();
  auto b = make_chan<int>(1);
  auto done = make_chan<int64_t>();
  for (int g = 0; g < 3; g++) {
    go([=] {
      int64_t sum = 0;
      for (int i = 1; i <= kEach; i++) {
        (i % 2 != 0 ? select({send(a, i), send(b, i)}) : select({send(b, i), send(a, i)}));
        sum += i;
      }
      done.send(sum);
    });
    go([=] {
      int64_t sum = 0;
      for (int i = 1; i <= kEach; i++) {
        int v = 0;
        (i % 2 != 0 ? select({recv(b, v), recv(a, v)}) : select({recv(a, v), recv(b, v)}));
        sum -= v;
      }
      done.send(sum);
    });
  }
  int64_t rest = 0;
  for (int i = 0; i < 6; i++) rest += done.recv();
  CHECK(rest == 0);
}

namespace {

// Its copy throws, if it is told to.
struct Brittle {
  Brittle() = default;
  Brittle(const Brittle&) {
    if (throws) throw std::bad_alloc();
  }
  Brittle(Brittle&&) noexcept = default;
  Brittle& operator=(const Brittle&) = default;
  Brittle& operator=(Brittle&&) noexcept = default;
  static inline bool throws = false;
  std::string text = "whole";
};

}  // namespace

TEST_CASE("a copy that throws leaves the channel as it was", "[select]") {
  int old = runtime::GOMAXPROCS(2);
  auto ch = make_chan<Brittle>(GENERATE(0, 1));
  auto got = make_chan<std::string>(1);
  Brittle mine;
  go([=] { got.send(ch.recv().text); });
  REQUIRE(receivers_parked(ch, 1));
  Brittle::throws = true;
  CHECK_THROWS_AS(select({send(ch, mine), otherwise}), std::bad_alloc);
  Brittle::throws = false;
  CHECK(receivers_parked(ch, 1));
  CHECK(select({send(ch, mine), otherwise}) == 0);
  CHECK(got.recv() == "whole");
  runtime::GOMAXPROCS(old);
}

TEST_CASE("a select sends what its variable was when it began", "[select]") {
  auto ch = make_chan<std::string>();
  std::string text = "before";
  auto done = make_chan<int>();
  go([=, &text] { done.send(select({send(ch, text), recv(Chan<int>())})); });
  REQUIRE(senders_parked(ch, 1));
  text = "after";
  CHECK(ch.recv() == "before");
  CHECK(done.recv() == 0);
}
