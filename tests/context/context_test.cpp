// Goal: cancellation reaches everything below at once, costs no goroutine, and leaves nothing
// behind.
#include "runtime/context/context.h"

#include <atomic>

#include "runtime/golab.h"
#include "tests/catch.h"

namespace {

// A context of a foreign type: it wraps another, and its Done is its own.
class foreign : public context::Interface {
 public:
  std::pair<time::Time, bool> Deadline() const override { return {}; }
  RecvChan<Empty> Done() const override { return done; }
  error Err() const override { return closed ? context::Canceled : error(); }
  any Value(const any&) const override { return nullptr; }

  void stop() {
    closed = true;
    close(done);
  }
  Chan<Empty> done = make_chan<Empty>();
  std::atomic<bool> closed{false};
};

// A value that tells when it is destroyed.
struct tracked {
  std::shared_ptr<int> alive;
};

}  // namespace

TEST_CASE("cancel returns when the whole tree below is cancelled", "[context]") {
  auto [root, cancel] = context::WithCancelCause(context::Background());
  std::vector<context::Context> all;
  for (int i = 0; i < 50; i++) {
    auto [child, stop_child] = context::WithCancel(root);
    auto [grandchild, stop] = context::WithTimeout(context::WithValue(child, "k", i), time::Hour);
    all.push_back(child);
    all.push_back(grandchild);
  }
  error why = errors::New("why");
  cancel(why);
  int wrong = 0;
  for (auto& c : all) {
    bool done = select({recv(c.Done()), otherwise}) == 0;
    wrong += !done || c.Err() != context::Canceled || context::Cause(c) != why;
  }
  CHECK(wrong == 0);
  SECTION("a context made below a cancelled one is cancelled") {
    auto [late, stop] = context::WithCancel(all[7]);
    CHECK(late.Err() == context::Canceled);
    CHECK(context::Cause(late) == why);
  }
}

TEST_CASE("whoever sees Done closed sees Err, and the other way round", "[context]") {
  for (int round = 0; round < 300; round++) {
    auto [ctx, cancel] = context::WithCancel(context::Background());
    std::atomic<int> wrong{0};
    sync::WaitGroup wg;
    for (int g = 0; g < 3; g++) {
      wg.Go([&, ctx = ctx, g] {
        if (g == 0) {
          ctx.Done().recv();
          if (ctx.Err() == nullptr) wrong++;
          return;
        }
        while (ctx.Err() == nullptr) runtime::Gosched();
        if (select({recv(ctx.Done()), otherwise}) != 0) wrong++;
      });
    }
    wg.Go([cancel = cancel] { cancel(); });
    wg.Go([cancel = cancel] { cancel(); });
    wg.Wait();
    if (wrong != 0) FAIL("Err and Done disagree");
  }
  SUCCEED();
}

TEST_CASE("a context of a foreign type is watched by one goroutine", "[context]") {
  int before = runtime::NumGoroutine();
  auto parent = std::make_shared<foreign>();
  SECTION("and the watcher passes its cancellation on") {
    auto [child, cancel] = context::WithCancel(context::Context(parent));
    CHECK(runtime::NumGoroutine() == before + 1);
    CHECK(eventually([] {
      return runtime::StackText(true).find(
                 "created by context.(*cancelCtx).propagateCancel in goroutine 1") !=
             std::string::npos;
    }));
    parent->stop();
    child.Done().recv();
    CHECK(child.Err() == context::Canceled);
  }
  SECTION("and the watcher leaves when the child is cancelled") {
    auto [child, cancel] = context::WithCancel(context::Context(parent));
    cancel();
    CHECK(child.Err() == context::Canceled);
  }
  CHECK(eventually([&] { return runtime::NumGoroutine() == before; }));
}

TEST_CASE("dropping the handles frees the tree", "[context]") {
  auto alive = std::make_shared<int>();
  {
    auto root = context::WithValue(context::Background(), "tracked", tracked{alive});
    auto [ctx, cancel] = context::WithCancel(root);
    auto [child, stop] = context::WithCancel(ctx);
    auto stop_func = context::AfterFunc(child, [root] {});
    CHECK(alive.use_count() > 1);
    SECTION("cancelled") { cancel(); }
    SECTION("never cancelled") {}
    SECTION("with a deadline that was stopped") {
      auto [timed, stop_timed] = context::WithTimeout(child, time::Hour);
      stop_timed();
    }
    SECTION("with a deadline that passed") {
      auto [timed, stop_timed] = context::WithTimeout(child, time::Millisecond);
      timed.Done().recv();
    }
  }
  CHECK(eventually([&] { return alive.use_count() == 1; }));
}

TEST_CASE("a chain of a hundred thousand contexts is taken apart without recursion", "[context]") {
  auto alive = std::make_shared<int>();
  {
    context::Context ctx = context::WithValue(context::Background(), 0, tracked{alive});
    for (int i = 1; i < 100000; i++) ctx = context::WithValue(ctx, i, i);
    CHECK(ctx.Value(0).get<tracked>() != nullptr);
    CHECK(ctx.Value(-1) == nullptr);
  }
  CHECK(alive.use_count() == 1);
}

TEST_CASE("a child that was cancelled leaves its parent's list", "[context]") {
  auto [parent, cancel_parent] = context::WithCancel(context::Background());
  std::vector<std::pair<context::Context, context::CancelFunc>> children;
  for (int i = 0; i < 10; i++) children.push_back(context::WithCancel(parent));
  // First, last, one in the middle.
  for (size_t i : {size_t{0}, size_t{9}, size_t{4}}) children[i].second();
  for (size_t i = 0; i < 10; i++) {
    bool cancelled = i == 0 || i == 9 || i == 4;
    CHECK((children[i].first.Err() != nullptr) == cancelled);
  }
  cancel_parent();
  for (auto& [child, stop] : children) CHECK(child.Err() == context::Canceled);
}

TEST_CASE("AfterFunc runs once or is stopped, never both", "[context]") {
  for (int round = 0; round < 200; round++) {
    auto [ctx, cancel] = context::WithCancel(context::Background());
    std::atomic<int> ran{0};
    auto stop = context::AfterFunc(ctx, [&] { ran++; });
    std::atomic<bool> stopped{false};
    sync::WaitGroup wg;
    wg.Go([cancel = cancel] { cancel(); });
    wg.Go([&] { stopped = stop(); });
    wg.Wait();
    if (stopped) {
      if (ran != 0) FAIL("ran and was stopped");
    } else if (!eventually([&] { return ran == 1; })) {
      FAIL("neither ran nor was stopped");
    }
  }
  SUCCEED();
}

TEST_CASE("a nil context panics where it is used", "[context]") {
  context::Context nil;
  CHECK(nil == nullptr);
  CHECK_THROWS_AS(nil.Err(), Panic);
  CHECK_THROWS_AS(context::WithTimeout(nil, 1), Panic);
  CHECK_THROWS_AS(context::WithValue(nil, "a", 1), Panic);
}
