// Goal: a group waits for all, returns the first error, and cancels its context with it.
#include "runtime/errgroup/errgroup.h"

#include <atomic>

#include "runtime/golab.h"
#include "tests/catch.h"

TEST_CASE("Wait answers the first error after all have returned", "[errgroup]") {
  errgroup::Group g;
  std::atomic<int> returned{0};
  auto gate = make_chan<Empty>();
  error first = errors::New("first");
  g.Go([&]() -> error {
    close(gate);
    returned++;
    return first;
  });
  g.Go([&]() -> error {
    gate.recv();
    time::Sleep(2 * time::Millisecond);
    returned++;
    return errors::New("second");
  });
  g.Go([&]() -> error {
    returned++;
    return nullptr;
  });
  CHECK(g.Wait() == first);
  CHECK(returned == 3);
  SECTION("no error, no error") {
    errgroup::Group good;
    good.Go([]() -> error { return nullptr; });
    CHECK(good.Wait() == nullptr);
  }
}

TEST_CASE("the first error cancels the group's context and is its cause", "[errgroup][context]") {
  auto [g, ctx] = errgroup::WithContext(context::Background());
  error cause = errors::New("the cause");
  g->Go([=]() -> error { return cause; });
  g->Go([ctx = ctx]() -> error {
    ctx.Done().recv();
    return ctx.Err();
  });
  CHECK(g->Wait() == cause);
  CHECK(ctx.Err() == context::Canceled);
  CHECK(context::Cause(ctx) == cause);
  SECTION("Wait without an error cancels it too") {
    auto [quiet, quiet_ctx] = errgroup::WithContext(context::Background());
    CHECK(quiet->Wait() == nullptr);
    CHECK(quiet_ctx.Err() == context::Canceled);
  }
}

TEST_CASE("SetLimit bounds how many run at a time", "[errgroup]") {
  errgroup::Group g;
  g.SetLimit(3);
  std::atomic<int> running{0}, most{0};
  for (int i = 0; i < 50; i++) {
    g.Go([&]() -> error {
      int now = ++running;
      int seen = most.load();
      while (seen < now && !most.compare_exchange_weak(seen, now)) {}
      runtime::Gosched();
      --running;
      return nullptr;
    });
  }
  CHECK(g.Wait() == nullptr);
  CHECK(most <= 3);
  SECTION("TryGo says no when it is reached") {
    auto gate = make_chan<Empty>();
    g.SetLimit(1);
    CHECK(g.TryGo([=]() -> error { return gate.recv(), nullptr; }));
    CHECK_FALSE(g.TryGo([]() -> error { return nullptr; }));
    close(gate);
    CHECK(g.Wait() == nullptr);
    CHECK(g.TryGo([]() -> error { return nullptr; }));
    CHECK(g.Wait() == nullptr);
  }
}

TEST_CASE("a goroutine of a group is created by its Go", "[errgroup]") {
  errgroup::Group g;
  auto gate = make_chan<Empty>();
  g.Go([=]() -> error { return gate.recv(), nullptr; });
  CHECK(eventually([] {
    std::string all = runtime::StackText(true);
    return all.find("golang.org/x/sync/errgroup.(*Group).Go.func1(") != all.npos &&
           all.find("created by golang.org/x/sync/errgroup.(*Group).Go in goroutine 1\n") != all.npos;
  }));
  close(gate);
  CHECK(g.Wait() == nullptr);
}
