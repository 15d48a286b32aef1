// Goal: a Weighted gives out what it has, in the order in which it was asked, as in Go's x/sync
// v0.25.0.
#include "runtime/semaphore/semaphore.h"

#include <atomic>

#include "runtime/golab.h"
#include "tests/catch.h"

namespace {
// So many goroutines wait in Acquire.
bool waiting(int n) {
  std::string all = runtime::StackText(true);
  int found = 0;
  for (size_t at = 0; (at = all.find("semaphore.(*Weighted).Acquire(", at)) != all.npos; at++) found++;
  return found == n;
}
}  // namespace

TEST_CASE("TryAcquire takes what is free", "[semaphore]") {
  auto sem = semaphore::NewWeighted(3);
  CHECK(sem->TryAcquire(2));
  CHECK_FALSE(sem->TryAcquire(2));
  CHECK(sem->TryAcquire(1));
  CHECK(sem->TryAcquire(0));
  sem->Release(3);
  CHECK(sem->TryAcquire(3));
  SECTION("more than there is cannot be given back") {
    try {
      sem->Release(4);
      FAIL("no panic");
    } catch (Panic& p) {
      CHECK(p.String() == "semaphore: released more than held");
      CHECK(p.value<std::string>() != nullptr);
    }
  }
}

TEST_CASE("who waits is served in order, the large one too", "[semaphore]") {
  auto sem = semaphore::NewWeighted(3);
  REQUIRE(sem->Acquire(context::Background(), 3) == nullptr);
  auto got = make_chan<int>(3);
  int queued = 0;
  for (int n : {3, 1, 2}) {
    go([=] {
      if (sem->Acquire(context::Background(), n) == nullptr) got.send(n);
    });
    queued++;
    REQUIRE(eventually([&] { return waiting(queued); }));
  }
  sem->Release(1);
  CHECK_FALSE(sem->TryAcquire(1));  // it would overtake them
  CHECK(waiting(3));
  sem->Release(2);
  CHECK(got.recv() == 3);
  CHECK(waiting(2));
  sem->Release(3);
  CHECK(got.recv() + got.recv() == 3);
  CHECK(sem->TryAcquire(0));
}

TEST_CASE("a context ends the wait, and nothing is taken", "[semaphore][context]") {
  auto sem = semaphore::NewWeighted(2);
  auto [ctx, cancel] = context::WithCancel(context::Background());
  SECTION("a request for more than there is waits for nothing else") {
    auto err = make_chan<error>();
    go([=, ctx = ctx] { err.send(sem->Acquire(ctx, 3)); });
    REQUIRE(eventually([] { return waiting(1); }));
    cancel();
    CHECK(err.recv() == context::Canceled);
  }
  SECTION("one that gives up lets a smaller one behind it go on") {
    REQUIRE(sem->TryAcquire(1));
    auto err = make_chan<error>(), small = make_chan<error>();
    go([=, ctx = ctx] { err.send(sem->Acquire(ctx, 2)); });
    REQUIRE(eventually([] { return waiting(1); }));
    go([=] { small.send(sem->Acquire(context::Background(), 1)); });
    REQUIRE(eventually([] { return waiting(2); }));
    cancel();
    CHECK(err.recv() == context::Canceled);
    CHECK(small.recv() == nullptr);
    sem->Release(2);
  }
  SECTION("a context that is done takes nothing, even if it could") {
    cancel();
    CHECK(sem->Acquire(ctx, 1) == context::Canceled);
  }
  CHECK(sem->TryAcquire(2));
  cancel();
}

TEST_CASE("never more are in use than there are", "[semaphore]") {
  auto sem = semaphore::NewWeighted(5);
  std::atomic<int64_t> used{0}, most{0};
  sync::WaitGroup wg;
  for (int g = 0; g < 20; g++) {
    wg.Go([&, g] {
      for (int i = 0; i < 200; i++) {
        int64_t n = 1 + (g + i) % 5;
        auto [ctx, cancel] = context::WithTimeout(context::Background(), time::Millisecond);
        if (sem->Acquire(ctx, n) == nullptr) {
          int64_t now = used += n;
          for (int64_t m = most; now > m && !most.compare_exchange_weak(m, now);) {}
          runtime::Gosched();
          used -= n;
          sem->Release(n);
        }
        cancel();
      }
    });
  }
  wg.Wait();
  CHECK(most <= 5);
  CHECK(sem->TryAcquire(5));
}
