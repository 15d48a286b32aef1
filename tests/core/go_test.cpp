// go_test.cpp: what go() evaluates when, and what becomes of closures.
#include <array>
#include <memory>
#include <numeric>
#include <string>

#include "runtime/chan/chan.h"
#include "runtime/sched/go.h"
#include "runtime/die/panic.h"
#include "tests/catch.h"

using namespace golab;

namespace {

std::atomic<int> alive{0};
struct Counted {
  int value;
  explicit Counted(int v) : value(v) { alive++; }
  Counted(const Counted& o) : value(o.value) { alive++; }
  Counted(Counted&& o) noexcept : value(o.value) { alive++; }
  ~Counted() { alive--; }
};

void add(int a, int b, Chan<int> out) { out.send(a + b); }

}  // namespace

TEST_CASE("go evaluates its arguments at once", "[go]") {
  auto out = make_chan<int>(1);
  int a = 1;
  go(add, a, 2, out);
  a = 100;
  CHECK(out.recv() == 3);
}

TEST_CASE("go takes arguments that can only be moved", "[go]") {
  auto out = make_chan<int>(2);
  auto p = std::make_unique<int>(5);
  go([](std::unique_ptr<int> q, Chan<int> o) { o.send(*q); }, std::move(p), out);
  go([q = std::make_unique<int>(6), out] { out.send(*q); });
  CHECK(out.recv() + out.recv() == 11);
  CHECK(p == nullptr);
}

TEST_CASE("a closure is destroyed once, however large it is", "[go]") {
  alive = 0;
  auto out = make_chan<int>();
  SECTION("small: it lives in the G") {
    Counted c(1);
    go([c, out] { out.send(c.value); });
    CHECK(out.recv() == 1);
  }
  SECTION("big: it lives on the heap, and moves to the goroutine's stack") {
    std::array<int, 5000> numbers;
    std::iota(numbers.begin(), numbers.end(), 0);
    Counted c(2);
    go([numbers, c, out] { out.send(std::accumulate(numbers.begin(), numbers.end(), c.value)); });
    CHECK(out.recv() == 4999 * 5000 / 2 + 2);
  }
  SECTION("ended by Goexit") {
    Counted c(3);
    go([c, out] {
      Defer d{[=] { out.send(c.value); }};
      runtime::Goexit();
    });
    CHECK(out.recv() == 3);
  }
  CHECK(eventually([] { return alive == 0; }));
}

TEST_CASE("a copy that throws leaves no goroutine", "[go]") {
  struct Throws {
    Throws() = default;
    Throws(const Throws&) { throw std::string("no copy"); }
    void operator()() const {}
  };
  REQUIRE(eventually([] { return runtime::NumGoroutine() >= 1; }));
  int before = runtime::NumGoroutine();
  Throws t;
  CHECK_THROWS_AS(go(t), std::string);
  CHECK(eventually([&] { return runtime::NumGoroutine() <= before; }));
}

TEST_CASE("ids are never reused and tell the parent", "[go]") {
  struct Ids {
    uint64_t id, parent;
  };
  auto out = make_chan<Ids>();
  uint64_t last_seen[2] = {0, 0};
  for (auto& seen : last_seen) {
    go([=] { out.send({runtime::goid(), runtime::getg()->parentGoid}); });
    Ids ids = out.recv();
    CHECK(ids.parent == runtime::goid());
    CHECK(ids.id != ids.parent);
    seen = ids.id;
  }
  CHECK(last_seen[0] != last_seen[1]);
}

TEST_CASE("on one P fresh goroutines run newest first, then oldest first", "[go][sched]") {
  int procs = runtime::GOMAXPROCS(1);
  std::string order;
  // A goroutine whose time slice ends in between goes to the back: a loaded machine, look again.
  for (int attempt = 0; attempt < 10 && order != "40123"; attempt++) {
    order.clear();
    auto out = make_chan<int>(5);
    for (int i = 0; i < 5; i++) go([=] { out.send(i); });
    for (int i = 0; i < 5; i++) order += std::to_string(out.recv());
  }
  CHECK(order == "40123");
  runtime::GOMAXPROCS(procs);
}
