// panic_test.cpp: panics, Defers and Goexit, and exceptions that travel with their goroutine.
#include <stdexcept>
#include <string>
#include <vector>

#include "runtime/chan/chan.h"
#include "runtime/die/panic.h"
#include "runtime/sched/go.h"
#include "runtime/sched/sched.h"
#include "tests/catch.h"

namespace golab::net::http {
struct made_up {};
template <typename T>
struct made_up_of {};
}  // namespace golab::net::http

using namespace golab;

namespace {

[[gnu::noinline]] void deep_panic(int depth, std::string* trail) {
  Defer d{[=] { *trail += std::to_string(depth); }};
  if (depth == 0) panic("from below");
  if (depth > 0) deep_panic(depth - 1, trail);
}

struct Quiet {};

struct Speaks {
  std::string* into;
  std::string text;
  ~Speaks() { *into += text; }
};

}  // namespace

TEST_CASE("Defers run in reverse order when their scope ends", "[defer]") {
  std::string trail;
  {
    Defer a{[&] { trail += "a"; }};
    Defer b{[&] { trail += "b"; }};
    trail += "-";
  }
  CHECK(trail == "-ba");
}

TEST_CASE("a Defer's arguments are evaluated when it is made", "[defer]") {
  std::string trail;
  {
    int i = 1;
    Defer byValue{[&](int v) { trail += std::to_string(v); }, i};
    Defer byReference{[&] { trail += std::to_string(i); }};
    i = 2;
  }
  CHECK(trail == "21");
}

TEST_CASE("a panic unwinds through frames to whoever catches it", "[panic]") {
  std::string trail;
  try {
    deep_panic(3, &trail);
    FAIL("no panic");
  } catch (Panic& p) {
    CHECK(p.String() == "from below");
    CHECK(p.Stack().find("deep_panic") != std::string::npos);
    REQUIRE(p.value<std::string>() != nullptr);
    CHECK(p.value<int>() == nullptr);
  }
  CHECK(trail == "0123");
}

TEST_CASE("a panic prints its value as Go does", "[panic]") {
  auto text = [](auto v) {
    try {
      panic(v);
    } catch (Panic& p) {
      return p.String();
    }
    return std::string("no panic");
  };
  CHECK(text(42) == "42");
  CHECK(text(true) == "true");
  SECTION("of another type: its name, with the last part of the package's path") {
    struct local {};
    net::http::made_up value;
    CHECK(text(value).starts_with("(http.made_up) 0x"));
    CHECK(text(&value).starts_with("(*http.made_up) 0x"));
    CHECK(text(net::http::made_up_of<local>()).starts_with("(http.made_up_of[main.local]) 0x"));
    CHECK(text(local()).starts_with("(main.local) 0x"));
    CHECK(text(Quiet()).starts_with("(main.Quiet) 0x"));
  }
  CHECK(text(2.5) == "2.5");
  CHECK(text(1e6) == "1e+06");
  CHECK(text(100000.0) == "100000");
  CHECK(text(0.0 / 0.0 * -1) == "NaN");
  CHECK(text(std::string("s")) == "s");
  CHECK(text("literal") == "literal");
  CHECK(text(std::runtime_error("what")) == "what");
}

TEST_CASE("a panic raised after another was caught stands alone", "[panic]") {
  // The first one's record is freed by then: nothing may look at it any more.
  for (int i = 0; i < 3; i++) {
    try {
      panic("number " + std::to_string(i) + ", long enough to live on the heap");
    } catch (Panic& p) {
      CHECK(p.String().substr(0, 8) == "number " + std::to_string(i));
    }
  }
}

TEST_CASE("a panic in a catch block replaces the one that is handled", "[panic]") {
  std::string seen;
  try {
    try {
      panic("first");
    } catch (Panic& p) {
      seen = p.String();
      try {
        panic("inner");
      } catch (Panic& q) {
        seen += "," + q.String();
      }
      panic("second");
    }
  } catch (Panic& p) {
    seen += "," + p.String();
  }
  CHECK(seen == "first,inner,second");
}

TEST_CASE("a Defer may panic and catch while a panic unwinds", "[panic][defer]") {
  std::string seen;
  try {
    Defer d{[&] {
      try {
        panic("in the defer");
      } catch (Panic& p) {
        seen += p.String() + ";";
      }
    }};
    panic("outside");
  } catch (Panic& p) {
    seen += p.String();
  }
  CHECK(seen == "in the defer;outside");
}

TEST_CASE("Goexit runs destructors and Defers and nothing else", "[goexit]") {
  auto done = make_chan<bool>();
  std::string trail;
  SECTION("plain") {
    go([&, done] {
      Defer last{[&] { done.send(true); }};
      Speaks s{&trail, "s"};
      Defer d{[&] { trail += "d"; }};
      runtime::Goexit();
      trail += "never";
    });
    done.recv();
    CHECK(trail == "ds");
  }
  SECTION("through catch blocks that are not for it") {
    go([&, done] {
      Defer last{[&] { done.send(true); }};
      try {
        Speaks s{&trail, "s"};
        runtime::Goexit();
      } catch (Panic&) {
        trail += "wrong";
      } catch (std::exception&) {
        trail += "wrong";
      }
      trail += "never";
    });
    done.recv();
    CHECK(trail == "s");
  }
  SECTION("out of a catch block") {
    go([&, done] {
      Defer last{[&] { done.send(true); }};
      try {
        panic("x");
      } catch (Panic&) {
        Speaks s{&trail, "c"};
        runtime::Goexit();
      }
    });
    done.recv();
    CHECK(trail == "c");
  }
  SECTION("a Defer may park meanwhile") {
    auto gate = make_chan<int>();
    go([&, done] {
      Defer last{[&] { done.send(true); }};
      Defer d{[&] { trail += std::to_string(gate.recv()); }};
      runtime::Goexit();
    });
    gate.send(5);
    done.recv();
    CHECK(trail == "5");
  }
  CHECK(eventually([] { return std::uncaught_exceptions() == 0; }));
}

namespace {
// Parks inside a catch block until told, then rethrows; tells on which threads it was.
struct Migrated {
  int before, after;
  std::string rethrown;
};

int thread() { return runtime::getm()->tid; }

void park_in_catch(int n, Chan<int> gate, Chan<Migrated> out) {
  Migrated m{0, 0, ""};
  try {
    try {
      panic("mine is " + std::to_string(n));
    } catch (Panic&) {
      m.before = thread();
      gate.recv();
      m.after = thread();
      throw;
    }
  } catch (Panic& p) {
    m.rethrown = p.String();
  }
  out.send(m);
}
}  // namespace

TEST_CASE("a goroutine parked in a catch block rethrows its own exception on another thread",
          "[panic][migration]") {
  int procs = runtime::GOMAXPROCS(4);
  constexpr int kGoroutines = 64;
  auto gate = make_chan<int>();
  auto out = make_chan<Migrated>(kGoroutines);
  int moved = 0;
  bool right = true;
  for (int round = 0; round < 50 && moved < 10; round++) {
    for (int i = 0; i < kGoroutines; i++) go(park_in_catch, i, gate, out);
    // Wakers on several threads, each with an exception of its own in flight.
    for (int w = 0; w < 4; w++) {
      go([=] {
        try {
          throw std::runtime_error("the waker's");
        } catch (std::exception&) {
          for (int i = 0; i < kGoroutines / 4; i++) {
            gate.send(i);
            runtime::Gosched();
          }
        }
      });
    }
    std::vector<bool> seen(kGoroutines);
    for (int i = 0; i < kGoroutines; i++) {
      Migrated m = out.recv();
      moved += m.before != m.after;
      int n = m.rethrown.rfind("mine is ", 0) == 0 ? std::stoi(m.rethrown.substr(8)) : -1;
      right &= n >= 0 && n < kGoroutines && !seen[static_cast<size_t>(n)];
      if (n >= 0) seen[static_cast<size_t>(n)] = true;
    }
  }
  CHECK(right);
  CHECK(moved > 0);
  CHECK(std::uncaught_exceptions() == 0);
  runtime::GOMAXPROCS(procs);
}

TEST_CASE("a destructor may park while a panic unwinds, and the panic goes on",
          "[panic][migration]") {
  auto gate = make_chan<int>();
  auto out = make_chan<std::string>(8);
  for (int i = 0; i < 8; i++) {
    go([=] {
      try {
        Defer d{[=] { gate.recv(); }};
        panic("number " + std::to_string(i));
      } catch (Panic& p) {
        out.send(p.String());
      }
    });
  }
  for (int i = 0; i < 8; i++) gate.send(i);
  int sum = 0;
  for (int i = 0; i < 8; i++) sum += std::stoi(out.recv().substr(7));
  CHECK(sum == 28);
}
