// Goal: a signal becomes a value on a channel, and Stop gives it back.
#include "runtime/os/signal/signal.h"

#include <unistd.h>

#include "runtime/golab.h"
#include "tests/catch.h"
#include "tests/child.h"
#include "tests/golden_lines.h"

TEST_CASE("a signal is sent on every channel that wants it", "[os][signal]") {
  struct sigaction before {};
  ::sigaction(SIGUSR1, nullptr, &before);
  auto a = make_chan<os::Signal>(1), b = make_chan<os::Signal>(1), other = make_chan<os::Signal>(1);
  os::signal::Notify(a, SIGUSR1);
  os::signal::Notify(b, SIGUSR1, SIGUSR2);
  os::signal::Notify(other, SIGUSR2);
  ::kill(::getpid(), SIGUSR1);
  CHECK(a.recv() == os::Signal(SIGUSR1));
  CHECK(b.recv() == os::Signal(SIGUSR1));
  CHECK(len(other) == 0);
  SECTION("not on one that was stopped") {
    os::signal::Stop(a);
    ::kill(::getpid(), SIGUSR1);
    CHECK(b.recv() == os::Signal(SIGUSR1));
    CHECK(len(a) == 0);
  }
  SECTION("the goroutine behind it shows Go's frames") {
    std::string all = runtime::StackText(true);
    INFO(all);
    size_t at = all.find("\nos/signal.signal_recv(");
    REQUIRE(at != all.npos);
    CHECK(all.compare(all.rfind(" [", at), 10, " [syscall]") == 0);
    CHECK(all.find("\nos/signal.loop(", at) != all.npos);
    CHECK(all.find("\ncreated by os/signal.Notify.func2.1 in goroutine 1\n", at) != all.npos);
  }
  for (auto& c : {a, b, other}) os::signal::Stop(c);
  struct sigaction now {};
  ::sigaction(SIGUSR1, nullptr, &now);
  CHECK(now.sa_sigaction == before.sa_sigaction);
}

TEST_CASE("signals are named as in Go", "[os][signal]") {
  CHECK(fmt::Sprint(os::Interrupt) == "interrupt");
  CHECK(fmt::Sprintf("%v %d", os::Signal(SIGTERM), os::Signal(SIGTERM)) == "terminated 15");
  CHECK(os::Signal(40).String() == "signal 40");
}

TEST_CASE("NotifyContext is cancelled by the signal", "[os][signal]") {
  int before = runtime::NumGoroutine();
  auto [ctx, stop] = os::signal::NotifyContext(context::Background(), SIGUSR2);
  CHECK(ctx.Err() == nullptr);
  SECTION("and its cause says which") {
    ::kill(::getpid(), SIGUSR2);
    ctx.Done().recv();
    CHECK(context::Cause(ctx).Error() == "user defined signal 2 signal received");
  }
  stop();
  CHECK(ctx.Err() == context::Canceled);
  CHECK(eventually([&] { return runtime::NumGoroutine() <= before + 1; }));
}

TEST_CASE("Go's program about signals does the same here", "[os][signal]") {
  ChildResult r =
      run_child({"/bin/sh", GOLAB_SOURCE_DIR "/tests/os/signals.sh", SIGNALS_PROGRAM}, {}, 40);
  CHECK_FALSE(r.timed_out);
  CHECK(r.err.empty());
  compare_with_golden("os/signals.txt", r.out);
}
