// Goal: what Go's memory model promises of channels, package sync and sync/atomic.
//
// Each test passes plain data from one goroutine to another by one of these means, many times, and
// looks for old data. A plain build finds a missing barrier only by luck; in a build with TSan each
// is a proof, for the data are plain variables.
#include <array>
#include <atomic>

#include "runtime/golab.h"
#include "runtime/sync/atomic/value.h"
#include "tests/catch.h"

namespace {

constexpr int kRounds = 2000;

// Data that is written before an event and read after it.
struct Data {
  int64_t a = 0, b = 0;
  void write(int64_t n) {
    a = n;
    b = -n;
  }
  bool is(int64_t n) const { return a == n && b == -n; }
};

// Plays `rounds` rounds with two goroutines. Each is called with the number of the round.
template <typename F, typename G>
void together(int rounds, F first, G second) {
  sync::WaitGroup wg;
  wg.Go([&] {
    for (int i = 1; i <= rounds; i++) first(i);
  });
  wg.Go([&] {
    for (int i = 1; i <= rounds; i++) second(i);
  });
  wg.Wait();
}

}  // namespace

TEST_CASE("a send comes before its receive is complete", "[memory][chan]") {
  for (int size : {0, 1, 3}) {
    auto ch = make_chan<int>(size), back = make_chan<int>();
    Data data;
    bool old = false;
    together(
        kRounds,
        [&](int i) {
          data.write(i);
          ch.send(i);
          back.recv();
        },
        [&](int) {
          old |= !data.is(ch.recv());
          back.send(0);
        });
    CHECK_FALSE(old);
  }
}

TEST_CASE("a receive from an unbuffered channel comes before its send is complete",
          "[memory][chan]") {
  auto ch = make_chan<int>(), next = make_chan<int>();
  Data data;
  bool old = false;
  together(
      kRounds,
      [&](int i) {
        data.write(i);
        ch.recv();
        next.recv();
      },
      [&](int i) {
        ch.send(i);
        old |= !data.is(i);
        next.send(0);
      });
  CHECK_FALSE(old);
}

TEST_CASE("the receive that makes room comes before the send that takes it", "[memory][chan]") {
  // A channel as a semaphore: at most two are inside, and each slot's data are one's own.
  auto slots = make_chan<int>(2);
  std::array<Data, 2> data;
  std::atomic<bool> old{false};
  slots.send(0);
  slots.send(1);
  sync::WaitGroup wg;
  for (int g = 0; g < 4; g++) {
    wg.Go([&] {
      for (int i = 0; i < kRounds / 2; i++) {
        int slot = slots.recv();
        Data& mine = data[static_cast<size_t>(slot)];
        if (!mine.is(mine.a)) old = true;
        mine.write(mine.a + 1);
        slots.send(slot);
      }
    });
  }
  wg.Wait();
  CHECK_FALSE(old);
  CHECK(data[0].a + data[1].a == 4 * (kRounds / 2));
}

TEST_CASE("close comes before a receive that finds the channel closed", "[memory][chan]") {
  for (int i = 1; i <= kRounds / 4; i++) {
    auto ch = make_chan<int>();
    Data data;
    bool old = false;
    sync::WaitGroup wg;
    wg.Go([&] {
      ch.recv();
      old = !data.is(i);
    });
    data.write(i);
    close(ch);
    wg.Wait();
    REQUIRE_FALSE(old);
  }
}

TEST_CASE("a select passes data as a plain send and receive do", "[memory][select]") {
  auto ch = make_chan<int>(), never = make_chan<int>(), back = make_chan<int>(1);
  Data data;
  bool old = false;
  together(
      kRounds,
      [&](int i) {
        data.write(i);
        select({send(ch, i), recv(never)});
        back.recv();
      },
      [&](int) {
        int v = 0;
        select({recv(never, v), recv(ch, v)});
        old |= !data.is(v);
        back.send(0);
      });
  CHECK_FALSE(old);
}

TEST_CASE("an Unlock comes before the next Lock", "[memory][mutex]") {
  sync::Mutex mu;
  sync::RWMutex rw;
  Data data, shared;
  std::atomic<bool> old{false};
  auto step = [&](int i) {
    mu.Lock();
    if (!data.is(data.a)) old = true;
    data.write(data.a + 1);
    mu.Unlock();
    if (i % 4 == 0) {
      rw.Lock();
      shared.write(shared.a + 1);
      rw.Unlock();
    } else {
      rw.RLock();
      if (!shared.is(shared.a)) old = true;
      rw.RUnlock();
    }
  };
  together(kRounds, step, step);
  CHECK_FALSE(old);
  CHECK(data.is(2 * kRounds));
  CHECK(shared.is(2 * (kRounds / 4)));
}

TEST_CASE("Once, WaitGroup, Cond and go publish what came before", "[memory][sync]") {
  for (int i = 1; i <= kRounds / 8; i++) {
    Data before, done, once_data, signalled;
    sync::Once once;
    sync::Mutex mu;
    sync::Cond cond(&mu);
    bool ready = false;
    std::atomic<bool> old{false};
    sync::WaitGroup wg, started;
    started.Add(2);
    before.write(i);
    for (int g = 0; g < 2; g++) {
      go([&] {
        if (!before.is(i)) old = true;
        once.Do([&] { once_data.write(i); });
        if (!once_data.is(i)) old = true;
        started.Done();
      });
    }
    wg.Go([&] {
      mu.Lock();
      while (!ready) cond.Wait();
      mu.Unlock();
      if (!signalled.is(i)) old = true;
      done.write(i);
    });
    mu.Lock();
    signalled.write(i);
    ready = true;
    mu.Unlock();
    cond.Signal();
    wg.Wait();
    started.Wait();
    REQUIRE(done.is(i));
    REQUIRE_FALSE(old);
  }
}

TEST_CASE("atomic operations are in one order that everybody sees", "[memory][atomic]") {
  SECTION("a store publishes what came before it") {
    Data data;
    atomic::Int64 flag, back;
    bool old = false;
    together(
        kRounds,
        [&](int i) {
          data.write(i);
          flag.Store(i);
          while (back.Load() < i) runtime::Gosched();
        },
        [&](int i) {
          while (flag.Load() < i) runtime::Gosched();
          old |= !data.is(i);
          back.Store(i);
        });
    CHECK_FALSE(old);
  }
  SECTION("of two that store and then look, one sees the other") {
    std::array<atomic::Int32, kRounds + 1> x, y;
    std::array<int, kRounds + 1> saw_x{}, saw_y{};
    together(
        kRounds,
        [&](int i) {
          auto n = static_cast<size_t>(i);
          x[n].Store(1);
          saw_y[n] = y[n].Load();
        },
        [&](int i) {
          auto n = static_cast<size_t>(i);
          y[n].Store(1);
          saw_x[n] = x[n].Load();
        });
    bool neither = false;
    for (size_t n = 1; n <= kRounds; n++) neither |= saw_x[n] == 0 && saw_y[n] == 0;
    CHECK_FALSE(neither);
  }
  SECTION("two readers agree in which order two stores were made") {
    std::array<atomic::Int32, kRounds + 1> x, y;
    std::array<bool, kRounds + 1> first{}, second{};
    sync::WaitGroup wg;
    auto each = [&](auto f) {
      wg.Go([f] {
        for (size_t n = 1; n <= kRounds; n++) f(n);
      });
    };
    each([&](size_t n) { x[n].Store(1); });
    each([&](size_t n) { y[n].Store(1); });
    // Each says: the store to my first variable has been made, that to the other one not yet.
    each([&](size_t n) { first[n] = x[n].Load() == 1 && y[n].Load() == 0; });
    each([&](size_t n) { second[n] = y[n].Load() == 1 && x[n].Load() == 0; });
    wg.Wait();
    bool disagree = false;
    for (size_t n = 1; n <= kRounds; n++) disagree |= first[n] && second[n];
    CHECK_FALSE(disagree);
  }
}

TEST_CASE("atomic.Value, sync.Map and sync.Pool publish what they hold", "[memory][sync]") {
  sync::atomic::Value value;
  sync::Map<int, std::shared_ptr<Data>> map;
  sync::Pool<std::shared_ptr<Data>> pool;
  std::atomic<bool> old{false};
  auto made = [](int i) {
    auto data = std::make_shared<Data>();
    data->write(i);
    return data;
  };
  together(
      kRounds,
      [&](int i) {
        value.Store(made(i));
        map.Store(i % 8, made(i));
        pool.Put(made(i));
      },
      [&](int i) {
        if (any v = value.Load(); v != nullptr) {
          const auto& data = v.as<std::shared_ptr<Data>>();
          if (!data->is(data->a)) old = true;
        }
        if (auto [data, ok] = map.Load(i % 8); ok && !data->is(data->a)) old = true;
        if (auto data = pool.Get(); data != nullptr && !data->is(data->a)) old = true;
      });
  CHECK_FALSE(old);
}
