// leaky_child.cpp: tests that leak, for catch2_test.cpp, which runs them one by one or all.
#include "runtime/golab.h"
#include "tests/catch.h"
// After Catch2:
#include "profiler/goleak/catch2.h"

// Never ends.
void stray(Chan<int> ch) { ch.recv(); }
void foster(Chan<int> ch) { go(stray, ch); }

TEST_CASE("leaks") {
  go(stray, make_chan<int>());
  SUCCEED();
}

TEST_CASE("leaks by a goroutine that has ended") {
  go(foster, make_chan<int>());
  SUCCEED();
}

TEST_CASE("is clean") {
  auto ch = make_chan<int>();
  go(stray, ch);
  ch.send(1);
  SUCCEED();
}

TEST_CASE("leaks and fails") {
  go(stray, make_chan<int>());
  CHECK(1 == 2);
}

TEST_CASE("leaks on purpose") {
  go(stray, make_chan<int>());
  goleak::LeftOnPurpose(goleak::IgnoreCurrent());  // it is what this test is about
  SUCCEED();
}

TEST_CASE("verifies") {
  Defer d{[] { goleak::VerifyNone(); }};
  go(stray, make_chan<int>());
  SUCCEED();
}

TEST_CASE("verifies with options") {
  go(stray, make_chan<int>());
  goleak::VerifyNone(goleak::IgnoreTopFunction("main.stray"), goleak::MaxRetryAttempts(30));
  goleak::VerifyNone(goleak::MaxRetryAttempts(0));
  std::puts("and goes on");
}

TEST_CASE("verifies elsewhere") {
  auto said = make_chan<std::string>();
  go([=] {
    try {
      goleak::VerifyNone();
    } catch (Panic& p) {
      said.send(p.String());
    }
  });
  std::puts(said.recv().c_str());
  SUCCEED();
}

// The second part leaks while the first is at work; the first must not be blamed for it.
TEST_CASE("has parts") {
  auto leaked = make_chan<int>(), checked = make_chan<int>();
  goleak::Parallel({
      {"a clean one",
       [=](context::Context) -> error {
         leaked.recv();
         error err = goleak::Find();
         close(checked);
         return err;
       }},
      {"a leaky one",
       [=](context::Context) -> error {
         go(stray, make_chan<int>());
         close(leaked);
         checked.recv();
         return goleak::Find();
       }},
  });
}

TEST_CASE("has labels of its own") {
  goleak::Parallel({
      {"with the context that it got",
       [](context::Context ctx) -> error {
         pprof::Do(ctx, pprof::Labels("tenant", "acme"),
                   [](context::Context) { go(stray, make_chan<int>()); });
         return nullptr;
       }},
      {"with another context",
       [](context::Context) -> error {
         pprof::Do(context::Background(), pprof::Labels("tenant", "acme"),
                   [](context::Context) { go(stray, make_chan<int>()); });
         return nullptr;
       }},
  });
  SUCCEED();
}
