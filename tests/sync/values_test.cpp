// Goal: sync.Map, sync.Pool and atomic.Value do what Go's do. The texts are Go 1.27.3's.
#include <set>

#include "runtime/golab.h"
#include "runtime/sync/atomic/value.h"
#include "tests/catch.h"

namespace {

template <typename F>
std::string caught(F f) {
  try {
    f();
    return "no panic";
  } catch (Panic& p) {
    return (p.value<runtime::Error>() != nullptr ? "runtime.Error " : "") + p.String();
  }
}

using Found = std::pair<int, bool>;

}  // namespace

TEST_CASE("a sync.Map replaces and deletes what was compared", "[sync][map]") {
  sync::Map<std::string, int> m;
  CHECK(m.Swap("k", 1) == Found(0, false));
  CHECK(m.Swap("k", 2) == Found(1, true));
  CHECK_FALSE(m.CompareAndSwap("k", 1, 3));
  CHECK(m.CompareAndSwap("k", 2, 3));
  CHECK_FALSE(m.CompareAndSwap("none", 0, 3));
  CHECK(m.Load("k") == Found(3, true));
  CHECK_FALSE(m.CompareAndDelete("k", 1));
  CHECK(m.CompareAndDelete("k", 3));
  CHECK_FALSE(m.CompareAndDelete("k", 3));
  CHECK(m.Load("k") == Found(0, false));
  CHECK(m.LoadOrStore("k", 4) == Found(4, false));
  CHECK(m.LoadOrStore("k", 5) == Found(4, true));
  CHECK(m.LoadAndDelete("k") == Found(4, true));
  CHECK(m.LoadAndDelete("k") == Found(0, false));
  m.Store("a", 1);
  m.Clear();
  CHECK(m.Load("a") == Found(0, false));
}

TEST_CASE("Range shows each key once, while its function changes the map", "[sync][map]") {
  sync::Map<int, int> m;
  for (int i = 0; i < 5; i++) m.Store(i, i);
  std::set<int> seen;
  m.Range([&](int k, int) {
    m.Delete(k);
    m.Store(k + 100, 1);
    return seen.insert(k).second;
  });
  CHECK(seen.size() == 5);
  int left = 0;
  m.Range([&](int k, int v) {
    CHECK(k >= 100);
    left += v;
    return true;
  });
  CHECK(left == 5);
  int calls = 0;
  m.Range([&](int, int) { return ++calls < 2; });
  CHECK(calls == 2);
}

TEST_CASE("one of many CompareAndSwaps succeeds", "[sync][map]") {
  sync::Map<int, int> m;
  m.Store(0, 0);
  atomic::Int64 won;
  sync::WaitGroup wg;
  for (int g = 0; g < 8; g++) {
    wg.Go([&] {
      for (int i = 0; i < 500; i++) {
        if (m.CompareAndSwap(0, i, i + 1)) won.Add(1);
        while (m.Load(0).first <= i) runtime::Gosched();
      }
    });
  }
  wg.Wait();
  CHECK(won.Load() == 500);
}

TEST_CASE("a sync.Pool without New gives zero values", "[sync][pool]") {
  sync::Pool<int> pool;
  CHECK(pool.Get() == 0);
  pool.Put(7);
  CHECK(pool.Get() == 7);
  pool.New = [] { return 3; };
  CHECK(pool.Get() == 3);
}

TEST_CASE("an atomic.Value holds values of one type", "[sync][atomic]") {
  sync::atomic::Value v;
  CHECK(v.Load() == nullptr);
  CHECK(caught([&] { v.Store(nullptr); }) == "sync/atomic: store of nil value into Value");
  CHECK(caught([&] { v.Swap(nullptr); }) == "sync/atomic: swap of nil value into Value");
  CHECK(caught([&] { v.CompareAndSwap(1, nullptr); }) ==
        "sync/atomic: compare and swap of nil value into Value");
  CHECK(v.CompareAndSwap(nullptr, 5));
  CHECK(v.CompareAndSwap(5, 6));
  CHECK_FALSE(v.CompareAndSwap(5, 7));
  CHECK(v.Load() == any(6));
  CHECK(caught([&] { v.Store("x"); }) ==
        "sync/atomic: store of inconsistently typed value into Value");
  CHECK(caught([&] { v.Swap("x"); }) ==
        "sync/atomic: swap of inconsistently typed value into Value");
  CHECK(caught([&] { v.CompareAndSwap(6, "x"); }) ==
        "sync/atomic: compare and swap of inconsistently typed values");
  CHECK(caught([&] { v.CompareAndSwap("x", "y"); }) ==
        "sync/atomic: compare and swap of inconsistently typed value into Value");
  CHECK_FALSE(v.CompareAndSwap(nullptr, 7));
  CHECK(v.Swap(9) == any(6));
  CHECK(v.Load().as<int>() == 9);
  sync::atomic::Value first;
  CHECK(first.Swap("a") == nullptr);
  SECTION("what cannot be compared cannot be compared and swapped") {
    sync::atomic::Value list;
    list.Store(std::vector<int>{1});
    CHECK(caught([&] { list.CompareAndSwap(std::vector<int>{1}, std::vector<int>{2}); }) ==
          "runtime.Error runtime error: comparing uncomparable type []int");
  }
}

TEST_CASE("readers of an atomic.Value see whole values", "[sync][atomic]") {
  struct both {
    int64_t a, b, c, d;
    bool operator==(const both&) const = default;
  };
  sync::atomic::Value v;
  v.Store(both{0, 0, 0, 0});
  std::atomic<bool> torn{false}, stop{false};
  sync::WaitGroup wg;
  for (int g = 0; g < 3; g++) {
    wg.Go([&] {
      while (!stop) {
        both x = v.Load().as<both>();
        if (x.a != x.b || x.b != x.c || x.c != x.d) torn = true;
        runtime::Gosched();
      }
    });
  }
  for (int64_t i = 0; i < 2000; i++) v.Store(both{i, i, i, i});
  stop = true;
  wg.Wait();
  CHECK_FALSE(torn);
}
