// Goal: a bubble is Go's: its clock, what counts as blocked, how it ends, what its dumps say.
#include "runtime/testing/synctest/synctest.h"

#include <algorithm>
#include <atomic>
#include <memory>

#include "profiler/goleak/goleak.h"
#include "runtime/golab.h"
#include "tests/child.h"
#include "tests/golden_lines.h"

namespace {

std::string out;  // what the golden program prints so far

template <typename... A>
void say(const A&... a) {
  fmt::Fprintln(out, a...);
}

time::Time started() { return time::Date(2000, 1, 1, 0, 0, 0, 0, time::UTC); }

void clocks() {
  auto start = time::Now();
  say(start.UTC(), start.Equal(started()));
  go([=] {
    time::Sleep(1);
    say(time::Since(start));
  });
  time::Sleep(2);
  say(time::Since(start));
  time::Sleep(100000 * time::Hour);
  say(time::Now().UTC(), time::Until(start));
  time::Sleep(-1);
  time::Sleep(0);
  say(time::Since(start));
  synctest::Sleep(time::Second);
  say(time::Since(start));
}

void timers() {
  auto start = time::Now();
  auto tm = time::NewTimer(time::Second);
  time::Sleep(2 * time::Second);
  auto first = tm.C.recv().Sub(start);
  bool stopped = tm.Stop(), was_running = tm.Reset(3 * time::Second);
  say(first, stopped, was_running, len(tm.C), cap(tm.C));
  time::Sleep(time::Second);
  was_running = tm.Reset(3 * time::Second);
  say(was_running, tm.C.recv().Sub(start));
  auto now = time::NewTimer(0);
  time::Time at;
  bool ok = false;
  if (select({recv(now.C, at, ok), otherwise}) == 0)
    say("at once", at.Sub(start));
  else
    say("later");
  auto ticks = time::NewTicker(time::Minute);
  for (int i = 0; i < 3; i++) say(ticks.C.recv().Sub(start));
  ticks.Reset(time::Hour);
  say(ticks.C.recv().Sub(start));
  ticks.Stop();
  auto calls = std::make_shared<int>(0);
  auto f = time::AfterFunc(time::Second, [=] {
    ++*calls;
    go([=] {
      time::Sleep(time::Second);
      ++*calls;
    });
  });
  time::Sleep(3 * time::Second);
  synctest::Wait();
  stopped = f.Stop();
  was_running = f.Reset(time::Second);
  say(*calls, stopped, was_running, f.Stop());
  time::AfterFunc(0, [=] { ++*calls; });
  synctest::Wait();
  say(*calls);
  time::AfterFunc(time::Hour, [] { say("never"); });
  say(time::After(0).recv().Equal(time::Now()));
}

void contexts() {
  auto [ctx, cancel] = context::WithTimeout(context::Background(), 5 * time::Second);
  Defer d{cancel};
  say(ctx.String());
  time::Sleep(5 * time::Second - 1);
  synctest::Wait();
  say(ctx.Err());
  synctest::Sleep(1);
  say(ctx.Err());
  auto called = std::make_shared<bool>(false);
  auto [parent, stop] = context::WithCancel(context::Background());
  context::AfterFunc(parent, [=] { *called = true; });
  synctest::Wait();
  say(*called);
  stop();
  synctest::Wait();
  say(*called);
}

// The states in a dump, of goroutines in a bubble.
std::vector<std::string> bubble_states(const std::string& dump) {
  std::vector<std::string> states;
  for (const std::string& line : lines_of(dump)) {
    size_t at = line.find(", synctest bubble ");
    if (!line.starts_with("goroutine ") || at == line.npos) continue;
    size_t open = line.find('[') + 1;
    std::string state = line.substr(open, at - open);
    // Go's test has another goroutine for these.
    if (state == "running" || state.starts_with("synctest.")) continue;
    states.push_back(state);
  }
  std::sort(states.begin(), states.end());
  return states;
}

void states() {
  auto ch = make_chan<int>(), end = make_chan<int>();
  Chan<int> none;
  sync::Mutex mu;
  sync::Cond cond(&mu);
  sync::WaitGroup wg;
  wg.Add(1);
  go([=] { end.recv(); });
  go([=] { ch.send(1); });
  go([=] { select({recv(end), recv(none)}); });
  go([&] {
    mu.Lock();
    cond.Wait();
    mu.Unlock();
  });
  go([&] { wg.Wait(); });
  go(time::Sleep, time::Hour);
  auto tm = time::NewTimer(time::Hour);
  go([=] { tm.C.recv(); });
  synctest::Wait();
  for (const std::string& state : bubble_states(runtime::StackText(true))) say(state);
  close(end);
  ch.recv();
  cond.Broadcast();
  wg.Done();
  time::Sleep(time::Hour);
}

// A timer, a ticker and an AfterFunc, stopped, reset and received from at random.
class Sequence {
 public:
  explicit Sequence(uint32_t seed) : seed_(seed) {}

  std::string run() {
    for (int i = 0; i < 40; i++) {
      const int op = random(9);
      const time::Duration d = random(12);
      line_ += " " + std::to_string(op) + ":";
      step(op, d);
      synctest::Wait();
      line_ += "/" + std::to_string(*calls_);
    }
    return line_;
  }

 private:
  int random(uint32_t n) {
    seed_ = seed_ * 1664525 + 1013904223;
    return static_cast<int>((seed_ >> 8) % n);
  }
  void note(bool was_running) { line_ += was_running ? "true" : "false"; }
  void receive(const RecvChan<time::Time>& c) {
    time::Time at;
    bool ok = false;
    const bool got = select({recv(c, at, ok), otherwise}) == 0;
    line_ += got ? std::to_string(at.Sub(start_).Nanoseconds()) : "-";
  }
  void step(int op, time::Duration d) {
    switch (op) {
      case 0:
        return note(timer_.Reset(d));
      case 1:
        return note(timer_.Stop());
      case 2:
        return receive(timer_.C);
      case 3:
        return ticker_.Reset(d + 1);
      case 4:
        return ticker_.Stop();
      case 5:
        return receive(ticker_.C);
      case 6:
        return note(func_.Reset(d));
      case 7:
        return note(func_.Stop());
      default:
        synctest::Sleep(d);
        line_ += std::to_string(time::Since(start_).Nanoseconds());
    }
  }

  uint32_t seed_;
  std::string line_;
  std::shared_ptr<int> calls_ = std::make_shared<int>(0);
  time::Time start_ = time::Now();
  time::Timer timer_ = time::NewTimer(5);
  time::Ticker ticker_ = time::NewTicker(7);
  time::Timer func_ = time::AfterFunc(3, [calls = calls_] { ++*calls; });
};

void outside() {
  auto ch = make_chan<int>();
  time::AfterFunc(time::Millisecond, [=] { ch.send(7); });
  synctest::Test([=] { say(ch.recv()); });
  auto tm = time::NewTimer(time::Millisecond);
  synctest::Test([=] { tm.C.recv(); });
  say(tm.Stop());
  synctest::Test([&] { tm = time::NewTimer(time::Second); });
  say(len(tm.C));
  synctest::Test([=] {
    bool first = tm.Stop(), second = tm.Stop();
    say(first, second, tm.Reset(1));
  });
  sync::WaitGroup wg;
  synctest::Test([&] {
    wg.Add(1);
    wg.Done();
    wg.Wait();
  });
  synctest::Test([&] {
    wg.Go([] {});
    wg.Wait();
  });
  wg.Go([] {});
  wg.Wait();
  auto start = time::Now();
  synctest::Test([=] {
    say(time::Since(start) < 0, time::Now().Before(start),
        time::Now().String().find("m=") != std::string::npos);
  });
}

// The lines of a dying program that golden_test.go keeps.
void died(const std::string& way) {
  say(way);
  Child child({SYNCTEST_DIES, way});
  const std::string err = child.wait(20).err;
  std::vector<std::string> headers;
  for (std::string line : lines_of(err)) {
    bool header = line.starts_with("goroutine ");
    if (!header && !line.starts_with("panic: ") && !line.starts_with("fatal error: ") &&
        !line.starts_with("semaphore"))
      continue;
    size_t at = line.find("goroutine ");
    if (at != line.npos) {
      size_t digits = at + 10, end = line.find_first_not_of("0123456789", digits);
      if (end > digits) line.replace(digits, end - digits, "N");
    }
    if (header)
      headers.push_back(line);
    else
      say(line);
  }
  std::sort(headers.begin(), headers.end());
  for (const std::string& header : headers) {
    // In Go, goroutines outside of a bubble are those of the test framework.
    if (header.find("synctest bubble") != header.npos && way != "nested" && way != "panic")
      say(header);
  }
}

// The golden program's ways to die, in its order.
constexpr const char* kDeaths[] = {
    "blocked", "left",        "ticker",       "receive",   "send",    "close",
    "select",  "stop",        "reset",        "signal",    "wait outside", "wait twice",
    "nested",  "wg moved in", "wg moved out", "wg in two", "panic"};

}  // namespace

TEST_CASE("the Go program about bubbles prints the same here", "[synctest]") {
  out.clear();
  synctest::Test(clocks);
  synctest::Test(timers);
  synctest::Test(contexts);
  synctest::Test(states);
  outside();
  for (uint32_t seed = 0; seed < 100; seed++) {
    synctest::Test([=] { say(Sequence(seed).run()); });
  }
  for (const char* way : kDeaths) died(way);
  compare_with_golden("testing/golden.txt", out);
}

TEST_CASE("Test returns when all goroutines of the bubble have ended", "[synctest]") {
  bool ended = false;
  synctest::Test([&] {
    auto never_early = make_chan<Empty>();
    go([&ended, never_early] {
      never_early.recv();
      go([&ended] { ended = true; });
    });
    close(never_early);
  });
  CHECK(ended);
}

TEST_CASE("Wait returns when what was started has ended or blocked", "[synctest]") {
  synctest::Test([] {
    int sum = 0;
    auto ch = make_chan<int>();
    go([&] {
      for (int i = 0; i < 100; i++) go([&sum] { sum++; });
      ch.recv();
      sum = -1;
    });
    synctest::Wait();
    CHECK(sum > 0);  // they may add at the same time: how many is not sure
    ch.send(0);
    synctest::Wait();
    CHECK(sum == -1);
  });
}

TEST_CASE("a mutex, a descriptor and a channel from outside are not durable", "[synctest]") {
  auto outside = make_chan<int>();
  sync::Mutex mu;
  mu.Lock();
  std::atomic<int> steps{0};
  auto waits = [](const char* state) {
    return eventually([=] {
      return runtime::StackText(true).find(std::string("[") + state + ", synctest bubble ") !=
             std::string::npos;
    });
  };
  auto done = make_chan<Empty>();
  go([&] {
    synctest::Test([&] {
      auto start = time::Now();
      steps = outside.recv();
      mu.Lock();
      mu.Unlock();
      if (time::Since(start) == 0) steps++;
    });
    close(done);
  });
  CHECK(waits("chan receive"));
  outside.send(1);
  CHECK(waits("sync.Mutex.Lock"));
  mu.Unlock();
  done.recv();
  CHECK(steps == 2);
}

TEST_CASE("what f throws is thrown by Test", "[synctest]") {
  SECTION("a panic") {
    std::string text;
    try {
      synctest::Test([] { panic("boom"); });
    } catch (Panic& p) {
      text = p.String();
    }
    CHECK(text == "boom");
  }
  SECTION("Goexit ends f only") {
    bool deferred = false;
    synctest::Test([&] {
      Defer d{[&] { deferred = true; }};
      runtime::Goexit();
    });
    CHECK(deferred);
  }
}

TEST_CASE("a bubble that leaves a goroutine behind fails its test", "[synctest][leak]") {
  std::string text, left;
  try {
    synctest::Test([] {
      auto answers = make_chan<int>();
      go([=] { answers.send(1); });
    });
  } catch (Panic& p) {
    text = p.String();
    left = synctest::left_in_bubble(p);
  }
  CHECK(text == "deadlock: main bubble goroutine has exited but blocked goroutines remain");
  CHECK(bubble_states(left) == std::vector<std::string>{"chan send (durable)"});
  CHECK(left.find("created by main.") != std::string::npos);
  goleak::LeftOnPurpose(goleak::IgnoreCurrent());  // nothing may receive from that channel now
}

TEST_CASE("timers of one instant fire in any order", "[synctest]") {
  std::atomic<bool> seen[2] = {false, false};
  synctest::Test([&] {
    for (int i = 0; i < 1000 && !(seen[0] && seen[1]); i++) {
      auto a = time::NewTimer(1), b = time::NewTimer(1);
      seen[select({recv(a.C), recv(b.C)})] = true;
    }
  });
  CHECK(seen[0]);
  CHECK(seen[1]);
}

TEST_CASE("many bubbles at once do not disturb each other", "[synctest]") {
  std::atomic<int> right{0};
  sync::WaitGroup wg;
  for (int i = 0; i < 50; i++) {
    wg.Go([&right, i] {
      synctest::Test([&right, i] {
        auto start = time::Now();
        auto cancel = make_chan<Empty>();
        auto woken = std::make_shared<std::atomic<int>>(0);
        sync::WaitGroup inner;
        for (int n = 0; n < 20; n++) {
          inner.Go([=] {
            time::Sleep(time::Duration(n * i) * time::Second);
            cancel.recv();
            ++*woken;
          });
        }
        time::Sleep(time::Duration(20 * i + 1) * time::Second);
        close(cancel);
        inner.Wait();
        if (*woken == 20 && time::Since(start) == time::Duration(20 * i + 1) * time::Second)
          right++;
      });
    });
  }
  wg.Wait();
  CHECK(right == 50);
}

TEST_CASE("a timer that a bubble leaves armed frees its function", "[synctest]") {
  auto alive = std::make_shared<int>();
  synctest::Test([&] {
    time::AfterFunc(time::Hour, [alive] {});
    auto kept = time::AfterFunc(time::Hour, [alive] {});
  });
  CHECK(alive.use_count() == 1);
}

TEST_CASE("ten thousand sleepers take no time", "[synctest]") {
  std::atomic<int> woke{0};
  auto begun = time::Now();
  synctest::Test([&] {
    for (int i = 0; i < 10000; i++) {
      go([&woke, i] {
        time::Sleep(time::Duration(i % 100) * time::Hour);
        woke++;
      });
    }
    synctest::Sleep(100 * time::Hour);
    CHECK(woke == 10000);
  });
  CHECK(time::Since(begun) < time::Minute);
}
