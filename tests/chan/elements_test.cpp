// elements_test.cpp: what a channel carries is built and destroyed exactly once, wherever it is
// left.
#include <array>
#include <atomic>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "runtime/sched/go.h"
#include "runtime/die/panic.h"
#include "tests/catch.h"
#include "tests/chan/parked.h"

using namespace golab;

namespace {

// Counts those alive, and copies.
struct Tracked {
  static inline std::atomic<int> alive{0};
  static inline std::atomic<int> copies{0};
  static inline std::atomic<int> broken{0};

  int value = 0;
  const Tracked* self;  // told apart from raw memory and from what was destroyed already

  Tracked() : self(this) { alive++; }
  explicit Tracked(int v) : value(v), self(this) { alive++; }
  Tracked(const Tracked& o) : value(o.value), self(this) {
    o.check();
    alive++;
    copies++;
  }
  Tracked(Tracked&& o) noexcept : value(o.value), self(this) {
    o.check();
    o.value = -1;
    alive++;
  }
  Tracked& operator=(const Tracked& o) {
    check();
    o.check();
    value = o.value;
    copies++;
    return *this;
  }
  Tracked& operator=(Tracked&& o) noexcept {
    check();
    o.check();
    value = o.value;
    o.value = -1;
    return *this;
  }
  ~Tracked() {
    check();
    self = nullptr;
    alive--;
  }
  void check() const {
    if (self != this) broken++;
  }
};

struct Fresh {
  Fresh() {
    Tracked::alive = 0;
    Tracked::copies = 0;
    Tracked::broken = 0;
  }
};

}  // namespace

TEST_CASE_METHOD(Fresh, "elements are destroyed once each", "[chan][elements]") {
  SECTION("through a buffer") {
    auto ch = make_chan<Tracked>(2);
    ch.send(Tracked(1));
    ch.send(Tracked(2));
    CHECK(Tracked::alive == 2);
    CHECK(ch.recv().value == 1);
    CHECK(Tracked::alive == 1);
    CHECK(ch.recv_ok().first.value == 2);
    CHECK(Tracked::alive == 0);
  }
  SECTION("left in a buffer that wrapped around") {
    {
      auto ch = make_chan<Tracked>(3);
      for (int i = 0; i < 5; i++) {
        ch.send(Tracked(i));
        if (i < 2) CHECK(ch.recv().value == i);
      }
      CHECK(Tracked::alive == 3);
    }
    CHECK(Tracked::alive == 0);
  }
  SECTION("left in a closed channel") {
    {
      auto ch = make_chan<Tracked>(3);
      ch.send(Tracked(1));
      close(ch);
      RecvChan<Tracked> last = ch;
      ch = Chan<Tracked>();
      CHECK(Tracked::alive == 1);
    }
    CHECK(Tracked::alive == 0);
  }
  SECTION("sender meets a parked receiver, and the other way round") {
    auto ch = make_chan<Tracked>();
    auto sum = make_chan<int>();
    go([=] { sum.send(ch.recv().value); });
    REQUIRE(receivers_parked(ch, 1));
    ch.send(Tracked(3));
    CHECK(sum.recv() == 3);
    go([=] {
      ch.send(Tracked(4));
      sum.send(0);
    });
    REQUIRE(senders_parked(ch, 1));
    CHECK(ch.recv().value == 4);
    sum.recv();
    CHECK(eventually([] { return Tracked::alive == 0; }));
  }
  SECTION("a parked sender that close makes panic destroys its value") {
    auto ch = make_chan<Tracked>();
    auto said = make_chan<std::string>();
    go([=] { said.send(panic_of([=] { ch.send(Tracked(1)); })); });
    REQUIRE(senders_parked(ch, 1));
    close(ch);
    CHECK(said.recv() == "send on closed channel");
    CHECK(eventually([] { return Tracked::alive == 0; }));
  }
  SECTION("range, left early and run to its end") {
    auto ch = make_chan<Tracked>(4);
    for (int i = 0; i < 4; i++) ch.send(Tracked(i));
    close(ch);
    for (auto& t : ch) {
      if (t.value == 1) break;
    }
    CHECK(Tracked::alive == 2);
    int n = 0;
    for (auto& t : ch) n += t.value;
    CHECK(n == 5);
    CHECK(Tracked::alive == 0);
  }
  CHECK(Tracked::copies == 0);
  CHECK(Tracked::broken == 0);
}

TEST_CASE_METHOD(Fresh, "send copies an lvalue and moves a temporary", "[chan][elements]") {
  auto ch = make_chan<Tracked>(2);
  Tracked mine(5);
  ch.send(mine);
  CHECK(Tracked::copies == 1);
  CHECK(mine.value == 5);
  ch.send(std::move(mine));
  CHECK(Tracked::copies == 1);
  CHECK(mine.value == -1);
  CHECK(ch.recv().value == 5);
  CHECK(ch.recv().value == 5);
}

TEST_CASE("values that cannot be copied go through a channel", "[chan][elements]") {
  int size = GENERATE(0, 2);
  auto ch = make_chan<std::unique_ptr<int>>(size);
  go([=] {
    for (int i = 0; i < 100; i++) ch.send(std::make_unique<int>(i));
    close(ch);
  });
  int next = 0;
  bool ordered = true;
  for (auto& p : ch) ordered &= p != nullptr && *p == next++;
  CHECK(ordered);
  CHECK(next == 100);
  CHECK(ch.recv() == nullptr);
}

TEST_CASE("elements of any size keep their bytes", "[chan][elements]") {
  SECTION("none to speak of") {
    auto ch = make_chan<Empty>(3);
    ch.send({});
    ch.send({});
    CHECK(len(ch) == 2);
    CHECK(ch.recv() == Empty{});
  }
  SECTION("odd sizes") {
    using Three = std::array<char, 3>;
    auto ch = make_chan<Three>(5);
    for (char c = 'a'; c < 'f'; c++) ch.send({c, c, c});
    for (char c = 'a'; c < 'f'; c++) CHECK(ch.recv() == Three{c, c, c});
  }
  SECTION("large") {
    using Page = std::array<int, 1024>;
    auto ch = make_chan<Page>();
    Page page;
    for (int i = 0; i < 1024; i++) page[i] = i;
    go([=] { ch.send(page); });
    CHECK(ch.recv() == page);
  }
  SECTION("aligned wider than malloc does") {
    struct alignas(128) Wide {
      int v = 0;
    };
    auto ch = make_chan<Wide>(2);
    for (int i = 0; i < 2; i++) ch.send(Wide{i});
    bool aligned = reinterpret_cast<uintptr_t>(ch.hchan()->buf) % 128 == 0;
    CHECK(aligned);
    CHECK(ch.recv().v == 0);
    CHECK(ch.recv().v == 1);
  }
}
