// sched_test.cpp: goroutines that can run do run: stealing, preemption, system calls, locked
// threads.
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "runtime/chan/chan.h"
#include "runtime/sched/go.h"
#include "runtime/sched/sched.h"
#include "runtime/sched/stacks.h"
#include "runtime/stop/stop.h"
#include "runtime/time/time.h"
#include "tests/catch.h"

using namespace golab;

namespace {

// Spins in the program's code until told to stop. The atomic lets TSan deliver signals.
struct Spinner {
  std::shared_ptr<std::atomic<bool>> stop = std::make_shared<std::atomic<bool>>(false);
  std::shared_ptr<std::atomic<int>> running = std::make_shared<std::atomic<int>>(0);

  void start(int n) const {
    for (int i = 0; i < n; i++) {
      go([stop = stop, running = running] {
        (*running)++;
        while (!stop->load(std::memory_order_relaxed)) {}
        (*running)--;
      });
    }
  }
  bool end() const {
    *stop = true;
    return eventually([&] { return running->load() == 0; });
  }
};

struct Procs {
  explicit Procs(int n) : old(runtime::GOMAXPROCS(n)) {}
  ~Procs() { runtime::GOMAXPROCS(old); }
  int old;
};

}  // namespace

TEST_CASE("a busy loop starves nobody, with one P or several", "[sched][preemption]") {
  int procs = GENERATE(1, 2);
  Procs p(procs);
  Spinner s;
  s.start(3);
  // Everything that takes a scheduler: channels, timers, new goroutines, stopping the world.
  auto ping = make_chan<int>();
  auto pong = make_chan<int>();
  go([=] {
    for (int v : ping) pong.send(v + 1);
  });
  int sum = 0;
  for (int i = 0; i < 20; i++) {
    ping.send(i);
    sum += pong.recv();
  }
  CHECK(sum == 210);
  close(ping);
  time::Sleep(time::Millisecond);
  REQUIRE(runtime::stopTheWorld());
  runtime::startTheWorld();
  CHECK(eventually([&] { return s.running->load() == 3; }));
  CHECK(s.end());
}

TEST_CASE("a goroutine in a system call gives its P away", "[sched][syscall]") {
  Procs one(1);
  int fds[2];
  REQUIRE(pipe(fds) == 0);
  auto done = make_chan<int>();
  go([=] {
    char c = 0;
    runtime::entersyscall();
    ssize_t n = ::read(fds[0], &c, 1);
    runtime::exitsyscall();
    done.send(static_cast<int>(n));
  });
  auto ping = make_chan<int>();
  for (int i = 0; i < 100; i++) {
    go([=] { ping.send(1); });
    ping.recv();
  }
  CHECK(len(done) == 0);
  REQUIRE(::write(fds[1], "x", 1) == 1);
  CHECK(done.recv() == 1);
  ::close(fds[0]);
  ::close(fds[1]);
}

TEST_CASE("a locked goroutine stays on its thread and has it to itself", "[sched][lock]") {
  Procs p(3);
  auto out = make_chan<bool>();
  std::atomic<int> intruders{0};
  for (int g = 0; g < 4; g++) {
    go([=, &intruders] {
      runtime::LockOSThread();
      runtime::LockOSThread();
      runtime::UnlockOSThread();  // nested: still locked
      int tid = gettid();
      bool stayed = true;
      auto c = make_chan<int>();
      for (int i = 0; i < 200; i++) {
        go([=, &intruders] {
          if (gettid() == tid) intruders++;
          c.send(1);
        });
        c.recv();
        runtime::Gosched();
        stayed &= gettid() == tid;
      }
      if (g % 2 == 0) runtime::UnlockOSThread();  // the others end while locked
      out.send(stayed);
    });
  }
  for (int g = 0; g < 4; g++) CHECK(out.recv());
  CHECK(intruders == 0);
  CHECK(runtime::getg()->locked_to_thread);  // this one: tests/main.cpp
}

TEST_CASE("GOMAXPROCS may change under load", "[sched]") {
  Procs keep(2);
  auto stop = std::make_shared<std::atomic<bool>>(false);
  auto ended = make_chan<int64_t>(20);
  auto ring = make_chan<int>(4);
  auto started = std::make_shared<std::atomic<int>>(0);
  for (int g = 0; g < 8; g++) {
    go([=] {
      int64_t n = 0;
      while (!stop->load()) {
        ring.send(1);
        ring.recv();
        if (n++ == 0) (*started)++;
      }
      ended.send(n);
    });
  }
  for (int g = 0; g < 2; g++) {
    go([=] {
      int64_t n = 0;
      while (!stop->load()) {
        time::Sleep(50 * time::Microsecond);
        go([] {});
        if (n++ == 0) (*started)++;
      }
      ended.send(n);
    });
  }
  Spinner s;
  s.start(1);
  for (int i = 0; i < 60; i++) {
    int n = 1 + (i * 7) % 5;
    runtime::GOMAXPROCS(n);
    if (runtime::GOMAXPROCS(0) != n) FAIL("GOMAXPROCS is not what it was set to");
    runtime::Gosched();
  }
  CHECK(eventually([=] { return started->load() == 10; }));
  *stop = true;
  for (int g = 0; g < 10; g++) CHECK(ended.recv() > 0);
  CHECK(s.end());
}

TEST_CASE("NumGoroutine counts what exists", "[sched]") {
  auto gate = make_chan<int>();
  REQUIRE(eventually([] {
    static int last = -1;
    return std::exchange(last, runtime::NumGoroutine()) == runtime::NumGoroutine();
  }));
  int before = runtime::NumGoroutine();
  for (int i = 0; i < 1000; i++) go([=] { gate.recv(); });
  CHECK(runtime::NumGoroutine() == before + 1000);
  close(gate);
  CHECK(eventually([=] { return runtime::NumGoroutine() == before; }));
}

namespace {
// Whether more than one thread ran a group of goroutines: each notes its own.
class Threads {
 public:
  void note() {
    runtime::M* none = nullptr;
    runtime::M* mp = runtime::getm();
    if (!first_.compare_exchange_strong(none, mp) && none != mp) several_ = true;
  }
  bool several() const { return several_; }

 private:
  std::atomic<runtime::M*> first_{nullptr};
  std::atomic<bool> several_{false};
};
}  // namespace

TEST_CASE("work queued on one P is stolen by the others", "[sched][steal]") {
  Procs p(4);
  constexpr int kTasks = 4000;  // more than a queue holds
  Threads threads;
  bool once = true;
  // A round can end before another thread is awake. So there are more, until one has come to help.
  CHECK(eventually([&] {
    auto done = make_chan<int>(kTasks);
    go([&, done] {
      for (int i = 0; i < kTasks; i++) {
        go([&threads, done, i] {
          threads.note();
          if (i % 16 == 0) runtime::Gosched();
          done.send(i);
        });
      }
    });
    std::vector<char> seen(kTasks);
    for (int i = 0; i < kTasks; i++) once &= seen[static_cast<size_t>(done.recv())]++ == 0;
    return threads.several();
  }));
  CHECK(once);
}

TEST_CASE("a tree of goroutines that spawn goroutines ends whole", "[sched][steal]") {
  Procs p(4);
  struct Tree {
    static void grow(int depth, Chan<int> out, Threads* threads) {
      threads->note();
      if (depth == 0) {
        out.send(1);
        return;
      }
      auto in = make_chan<int>();
      go(grow, depth - 1, in, threads);
      go(grow, depth - 1, in, threads);
      int first = in.recv();
      out.send(first + in.recv());
    }
  };
  auto out = make_chan<int>();
  Threads threads;
  CHECK(eventually([&] {
    go(Tree::grow, 10, out, &threads);
    return out.recv() == 1024 && threads.several();
  }));
}

TEST_CASE("a goroutine locked to its thread begins its turn with a whole time slice",
          "[sched][preemption]") {
  Procs one(1);
  runtime::LockOSThread();
  auto slices = [] {
    runtime::RuntimeCall rc;
    return runtime::getm()->p->schedtick.load();
  };
  bool ran = false;
  go([&] { ran = true; });  // in what is left of the slice of who starts it
  uint32_t before = slices();
  runtime::Gosched();
  CHECK(ran);
  CHECK(slices() != before);
  runtime::UnlockOSThread();
}

namespace {

// Some that compute and some that are inside the runtime most of the time; all count.
struct Load {
  std::shared_ptr<std::atomic<bool>> stop = std::make_shared<std::atomic<bool>>(false);
  std::shared_ptr<std::atomic<int64_t>> count = std::make_shared<std::atomic<int64_t>>(0);
  Chan<int> ended = make_chan<int>();

  Load() {
    for (int g = 0; g < 2; g++) {
      go([stop = stop, count = count, ended = ended] {
        while (!stop->load(std::memory_order_relaxed)) {
          count->fetch_add(1, std::memory_order_relaxed);
        }
        ended.send(1);
      });
      go([stop = stop, count = count, ended = ended] {
        auto c = make_chan<int>(1);
        while (!stop->load(std::memory_order_relaxed)) {
          c.send(1);
          c.recv();
          count->fetch_add(1, std::memory_order_relaxed);
        }
        ended.send(1);
      });
    }
  }
  void end() const {
    *stop = true;
    for (int g = 0; g < 4; g++) ended.recv();
  }
};

bool stands_still(const std::atomic<int64_t>& count) {
  int64_t before = count.load();
  for (int spin = 0; spin < 2000; spin++) runtime::cpu_relax();
  return count.load() == before;
}

// What a test's instants saw.
struct Instants {
  const std::atomic<int64_t>* count;
  const runtime::M* asked_by = nullptr;
  int n = 0, still = 0, by_others = 0;
};
Instants instants;

}  // namespace

TEST_CASE("the world stops and starts under load, and nothing runs meanwhile", "[sched][stop]") {
  int procs = GENERATE(1, 2, 4);
  Procs p(procs);
  Load load;
  bool still = true;
  for (int i = 0; i < 200; i++) {
    REQUIRE(runtime::stopTheWorld());
    still &= stands_still(*load.count);
    runtime::startTheWorld();
  }
  CHECK(still);
  load.end();
}

TEST_CASE("goroutines that stop the world in a loop take turns", "[sched][stop][fairness]") {
  int procs = GENERATE(1, 2, 4);
  Procs p(procs);
  std::atomic<bool> over{false};
  std::atomic<int64_t> theirs{0};
  constexpr int kOthers = 2, kRounds = 1000;
  auto ended = make_chan<int>();
  for (int i = 0; i < kOthers; i++) {
    go([&, ended] {
      for (; !over; theirs++) {
        if (runtime::stopTheWorld()) runtime::startTheWorld();
      }
      ended.send(1);
    });
  }
  while (theirs == 0) runtime::Gosched();
  std::vector<int64_t> waited;  // for how many of their stops, where it had to wait
  for (int i = 0; i < kRounds; i++) {
    int64_t before = theirs;
    REQUIRE(runtime::stopTheWorld());
    if (int64_t turns = theirs - before; turns > 0) waited.push_back(turns);
    runtime::startTheWorld();
  }
  over = true;
  for (int i = 0; i < kOthers; i++) ended.recv();
  // Each has at most the turn that it is in, and the next one. A few rounds are longer: this
  // goroutine stands in a run queue, and they do not. With one P none may have to wait.
  std::sort(waited.begin(), waited.end());
  int64_t median = waited.empty() ? 0 : waited[waited.size() / 2];
  CAPTURE(procs, waited.size());
  CHECK(median <= 2 * kOthers);
}

TEST_CASE("nothing runs at an instant, and whoever stops last has it", "[sched][stop]") {
  int procs = GENERATE(1, 2, 4);
  Procs p(procs);
  Load load;
  instants = {load.count.get()};
  // Until another thread works too, the asker is the last.
  auto enough = [&] { return instants.n >= 200 && (procs == 1 || instants.by_others > 0); };
  for (int i = 0; i < 100'000 && !enough(); i++) {
    runtime::LockOSThread();
    instants.asked_by = runtime::getm();
    int64_t ns = runtime::at_instant([] {
      instants.n++;
      if (stands_still(*instants.count)) instants.still++;
      if (runtime::getm() != instants.asked_by) instants.by_others++;
    });
    runtime::UnlockOSThread();
    CHECK(instants.n == i + 1);
    CHECK(ns > 0);
  }
  CHECK(instants.still == instants.n);
  if (procs > 1) CHECK(instants.by_others > 0);
  load.end();
}

namespace {

// What a lock of malloc's is to a thread that was stopped with it in its hand, and to one that
// needs it inside the runtime: there, the moves of a channel's elements are the only code that a
// test has in its hands.
struct Hold {
  std::mutex mu;
  std::atomic<bool> held{false}, wanted{false};

  // Until this thread has stood still once.
  void past_a_stop() {
    std::scoped_lock lock(mu);
    runtime::M* mp = runtime::getm();
    uint32_t last = mp->stopped_for;
    held = true;
    while (mp->stopped_for == last) {}
  }
};

struct NeedsHold {
  Hold* hold = nullptr;
  NeedsHold() = default;
  explicit NeedsHold(Hold* h) : hold(h) {}
  NeedsHold(const NeedsHold&) = delete;
  NeedsHold& operator=(const NeedsHold&) = delete;
  NeedsHold(NeedsHold&& from) noexcept : hold(from.hold) { need(); }
  NeedsHold& operator=(NeedsHold&& from) noexcept {
    hold = from.hold;
    need();
    return *this;
  }
  ~NeedsHold() = default;

 private:
  void need() const {
    if (hold == nullptr || !hold->held) return;
    hold->wanted = true;
    std::scoped_lock lock(hold->mu);
  }
};

}  // namespace

TEST_CASE("the world stops although one inside the runtime waits for one that has stopped",
          "[sched][stop]") {
  bool for_instant = GENERATE(false, true);
  Procs p(3);
  Hold hold;
  auto c = make_chan<NeedsHold>(1);
  auto ended = make_chan<int>(2);
  c.send(NeedsHold(&hold));
  go([&] {
    hold.past_a_stop();
    ended.send(1);
  });
  REQUIRE(eventually([&] { return hold.held.load(); }));
  go([&] {
    c.recv();
    ended.send(1);
  });
  REQUIRE(eventually([&] { return hold.wanted.load(); }));
  uint64_t before = runtime::stop_stats().stops;
  static Hold* held_by;
  static bool free;
  held_by = &hold;
  auto look = [] {
    free = held_by->mu.try_lock();
    if (free) held_by->mu.unlock();
  };
  if (for_instant) {
    runtime::at_instant(look);
  } else {
    REQUIRE(runtime::stopTheWorld());
    look();
    runtime::startTheWorld();
  }
  CHECK(free);
  CHECK(runtime::stop_stats().stops > before + 1);
  for (int g = 0; g < 2; g++) ended.recv();
}

TEST_CASE("systemstack runs on the thread's own stack", "[sched]") {
  auto out = make_chan<bool>();
  go([=] {
    int here = 0;
    bool outside = false;
    runtime::G* gp = runtime::getg();
    runtime::systemstack([&] {
      int there = 0;
      auto at = reinterpret_cast<uintptr_t>(&there);
      outside = at < gp->stack_lo || at >= gp->stack_hi;
    });
    auto at = reinterpret_cast<uintptr_t>(&here);
#if defined(GOLAB_ASAN)
    at = reinterpret_cast<uintptr_t>(__builtin_frame_address(0));
#endif
    out.send(outside && at >= gp->stack_lo && at < gp->stack_hi);
  });
  CHECK(out.recv());
}

TEST_CASE("long work on the system stack loses its P, and with it the mark of such work",
          "[sched]") {
  int old = runtime::GOMAXPROCS(1);
  std::atomic<bool> computes{false}, done{false};
  auto out = make_chan<bool>();
  go([&] {
    runtime::systemstack([&] {
      computes = true;
      while (!done) {}
    });
    out.send(true);
  });
  go([&] {
    while (!computes) runtime::Gosched();
    bool marked = runtime::sched.allp[0]->computing;
    done = true;
    out.send(!marked);
  });
  CHECK(out.recv());
  CHECK(out.recv());
  runtime::GOMAXPROCS(old);
}

TEST_CASE("a goroutine loses its P at the end of its time slice, whatever its P is marked",
          "[sched]") {
  int old = runtime::GOMAXPROCS(1);
  Spinner spinner;
  spinner.start(1);
  runtime::sched.allp[0]->computing = true;
  while (*spinner.running == 0) runtime::Gosched();
  CHECK(spinner.end());
  runtime::sched.allp[0]->computing = false;
  runtime::GOMAXPROCS(old);
}
