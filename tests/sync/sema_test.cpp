// Goal: the table of semaphores finds every waiter, however many addresses there are.
#include "runtime/sched/sema.h"

#include <algorithm>
#include <atomic>
#include <memory>
#include <random>

#include "runtime/golab.h"
#include "tests/catch.h"

using golab::runtime::semacquire1;
using golab::runtime::semrelease1;

TEST_CASE("a semaphore that is up is taken without waiting", "[sema]") {
  std::atomic<uint32_t> sem{2};
  semacquire1(&sem, false, runtime::WaitReason::Semacquire);
  semacquire1(&sem, false, runtime::WaitReason::Semacquire);
  CHECK(sem == 0);
  semrelease1(&sem);
  CHECK(sem == 1);
}

TEST_CASE("waiters on 20000 addresses are each woken by their own", "[sema]") {
  constexpr size_t kCount = 20000;
  std::vector<std::atomic<uint32_t>> sems(kCount);
  std::vector<std::atomic<int>> woke(kCount);
  sync::WaitGroup wg;
  for (size_t i = 0; i < kCount; i++) {
    wg.Go([&, i] {
      semacquire1(&sems[i], false, runtime::WaitReason::Semacquire);
      woke[i]++;
    });
  }
  std::vector<size_t> order(kCount);
  for (size_t i = 0; i < kCount; i++) order[i] = i;
  std::shuffle(order.begin(), order.end(), std::mt19937(1));
  for (size_t n = 0; n < kCount; n++) {
    semrelease1(&sems[order[n]]);
    if (n % 64 == 0) runtime::Gosched();
  }
  wg.Wait();
  bool once = true;
  for (size_t i = 0; i < kCount; i++) once = once && woke[i] == 1 && sems[i] == 0;
  CHECK(once);
}

TEST_CASE("waiters of one address are served in order, a returning one first", "[sema]") {
  std::atomic<uint32_t> sem{0};
  std::vector<int> order;
  sync::Mutex mu;
  sync::WaitGroup wg;
  auto wait = [&](int i, bool lifo) {
    int before = 0;
    eventually([&] {
      // The goroutines before this one are parked on the semaphore.
      std::string dump = runtime::StackText(true);
      before = 0;
      for (size_t at = 0; (at = dump.find("[semacquire]", at)) != dump.npos; at++) before++;
      return before == i;
    });
    wg.Go([&, i, lifo] {
      semacquire1(&sem, lifo, runtime::WaitReason::Semacquire);
      mu.Lock();
      order.push_back(i);
      mu.Unlock();
    });
  };
  wait(0, false);
  wait(1, false);
  wait(2, true);
  wait(3, false);
  eventually([&] {
    std::string dump = runtime::StackText(true);
    int parked = 0;
    for (size_t at = 0; (at = dump.find("[semacquire]", at)) != dump.npos; at++) parked++;
    return parked == 4;
  });
  for (size_t i = 0; i < 4; i++) {
    semrelease1(&sem);
    REQUIRE(eventually([&] {
      mu.Lock();
      size_t n = order.size();
      mu.Unlock();
      return n == i + 1;
    }));
  }
  wg.Wait();
  CHECK(order == std::vector<int>{2, 0, 1, 3});
}
