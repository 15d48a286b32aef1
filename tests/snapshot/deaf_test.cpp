// deaf_test.cpp: a thread that SIGURG does not reach delays no profile for long, and nothing else.
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <memory>
#include <string>

#include "profiler/endpoints/lookup.h"
#include "runtime/chan/chan.h"
#include "runtime/sched/go.h"
#include "runtime/stop/stop.h"
#include "tests/chan/parked.h"
#include "tests/child.h"
#include "tests/snapshot/groups.h"

using namespace golab;

namespace {

sigset_t just_sigurg() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGURG);
  return set;
}

// A goroutine that computes on a thread of its own until it is told to stop, with SIGURG blocked.
struct Deaf {
  std::atomic<bool> blocked{false};
  std::atomic<bool> stop{false};
  Chan<bool> heard =
      make_chan<bool>(1);  // is SIGURG open again after the next call of the runtime?
};

std::string profile(int debug) {
  std::string text;
  auto keep = [&](std::string_view piece) {
    text.append(piece);
    return error();
  };
  CHECK(runtime::pprof::Lookup("goroutine")->WriteTo(keep, debug) == nullptr);
  return text;
}

int64_t milliseconds(int64_t ns) { return ns / 1'000'000; }

// Milliseconds on a free machine. The limit only decides how long a broken program may take.
#if defined(GOLAB_ASAN) || defined(GOLAB_TSAN)
constexpr int64_t kMostMs = 20'000;
#else
constexpr int64_t kMostMs = 3'000;
#endif

}  // namespace

void compute_deaf(Deaf* deaf) {
  sigset_t urg = just_sigurg();
  pthread_sigmask(SIG_BLOCK, &urg, nullptr);
  deaf->blocked = true;
  while (!deaf->stop.load(std::memory_order_relaxed)) {}
  runtime::Gosched();
  sigset_t now;
  pthread_sigmask(SIG_BLOCK, nullptr, &now);
  deaf->heard.send(sigismember(&now, SIGURG) == 0);
}

// How long the world is in the way of a goroutine that only looks at the clock.
void watch_for_waits(std::atomic<bool>* stop, Chan<int64_t> longest) {
  int64_t most = 0, last = runtime::nanotime();
  while (!stop->load(std::memory_order_relaxed)) {
    int64_t now = runtime::nanotime();
    most = std::max(most, now - last);
    last = now;
  }
  longest.send(most);
}

void wait_for_work(Chan<int> work) { work.recv(); }

TEST_CASE("a goroutine with SIGURG blocked is in each form of the profile, which ends soon",
          "[snapshot][deaf]") {
  int procs = GENERATE(1, 2, 4);
  CAPTURE(procs);
  int old = runtime::GOMAXPROCS(procs);
  auto work = make_chan<int>();
  for (int i = 0; i < 10; i++) go(wait_for_work, work);
  REQUIRE(receivers_parked(work, 10));
  profile(1);  // names are looked up for the first time
  Deaf deaf;
  go([&] { compute_deaf(&deaf); });
  REQUIRE(eventually([&] { return deaf.blocked.load(); }));
  std::atomic<bool> stop{false};
  auto longest = make_chan<int64_t>(1);
  go(watch_for_waits, &stop, longest);

  std::string text[3];
  for (int round = 0; round < 3; round++) {
    for (int debug = 0; debug < 3; debug++) {
      int64_t begun = runtime::nanotime();
      text[debug] = profile(debug);
      CHECK(milliseconds(runtime::nanotime() - begun) < kMostMs);
    }
  }
  stop = true;
  CHECK(milliseconds(longest.recv()) < kMostMs);
  CAPTURE(text[1], text[2]);
  CHECK(text[1].find("goroutine profile: total 13\n") == 0);
  CHECK(text[1].find("10 @ ") != std::string::npos);
  CHECK(text[1].find("main.wait_for_work") != std::string::npos);
  CHECK(text[1].find("runtime._LostStack") != std::string::npos);
  // A reader needs a line of a function, and what it is called by.
  size_t at = text[2].find("\nruntime._LostStack()\n\t");
  REQUIRE(at != std::string::npos);
  CHECK(text[2].compare(text[2].rfind(" [", at), 10, " [running]") == 0);
  CHECK(text[2].find("created by ", at) != std::string::npos);

  Groups g = take();
  CHECK(g.in("runtime._LostStack") == 1);
  CHECK(g.in("main.wait_for_work") == 10);
  CHECK(g.sum() == g.snapshot.total);
  deaf.stop = true;
  CHECK(deaf.heard.recv());  // the runtime has unblocked its signal
  CHECK(take().in("runtime._LostStack") == 0);
  close(work);
  runtime::GOMAXPROCS(old);
}

TEST_CASE("GOMAXPROCS changes beside a goroutine with SIGURG blocked", "[sched][deaf]") {
  int old = runtime::GOMAXPROCS(2);
  Deaf deaf;
  go([&] { compute_deaf(&deaf); });
  REQUIRE(eventually([&] { return deaf.blocked.load(); }));
  int64_t begun = runtime::nanotime();
  for (int procs : {1, 4, 2, 3}) {
    runtime::GOMAXPROCS(procs);
    CHECK(runtime::GOMAXPROCS(0) == procs);
    auto c = make_chan<int>();
    go([=] { c.send(procs); });
    CHECK(c.recv() == procs);
  }
  CHECK(milliseconds(runtime::nanotime() - begun) < 4 * kMostMs);
  deaf.stop = true;
  CHECK(deaf.heard.recv());
  runtime::GOMAXPROCS(old);
}

TEST_CASE("one P is taken from a goroutine with SIGURG blocked, if others wait", "[sched][deaf]") {
  int old = runtime::GOMAXPROCS(1);
  Deaf deaf;
  go([&] { compute_deaf(&deaf); });
  auto c = make_chan<int>();
  go([&, c] {
    while (!deaf.blocked.load()) runtime::Gosched();
    c.send(1);
  });
  CHECK(c.recv() == 1);
  deaf.stop = true;
  CHECK(deaf.heard.recv());
  runtime::GOMAXPROCS(old);
}

namespace {
std::atomic<int> programs_signals{0};
void on_sigurg(int, siginfo_t*, void*) { programs_signals++; }
void on_sigurg_plain(int) { programs_signals++; }
}  // namespace

void compute(std::atomic<bool>* stop, Chan<int> begun, Chan<int> ended) {
  begun.send(1);
  while (!stop->load()) {}
  ended.send(1);
}

TEST_CASE("a program may have a handler of its own for SIGURG, and gets its own signals",
          "[snapshot][deaf]") {
  bool plain = GENERATE(false, true);
  CAPTURE(plain);
  int old = runtime::GOMAXPROCS(2);
  struct sigaction ours {};
  sigaction(SIGURG, nullptr, &ours);
  struct sigaction theirs {};
  if (plain) {
    theirs.sa_handler = on_sigurg_plain;
  } else {
    theirs.sa_sigaction = on_sigurg;
    theirs.sa_flags = SA_SIGINFO;
  }
  theirs.sa_flags |= SA_RESTART | SA_ONSTACK;
  sigaction(SIGURG, &theirs, nullptr);
  std::atomic<bool> stop{false};
  auto ended = make_chan<int>(1);
  auto begun = make_chan<int>();
  go(compute, &stop, begun, ended);
  begun.recv();
  for (int debug = 0; debug < 3; debug++) {
    int64_t begun = runtime::nanotime();
    std::string text = profile(debug);
    CHECK(milliseconds(runtime::nanotime() - begun) < kMostMs);
    if (debug == 1) CHECK(text.find("main.compute") != std::string::npos);
  }
  Groups g = take();
  CHECK(g.in("main.compute") == 1);
  CHECK(g.in("runtime._LostStack") == 0);
  // The runtime's is there again and passes on what is not its own.
  struct sigaction now {};
  sigaction(SIGURG, nullptr, &now);
  CHECK(now.sa_sigaction == ours.sa_sigaction);
  int before = programs_signals;
  kill(getpid(), SIGURG);
  CHECK(eventually([&] { return programs_signals > before; }));
  stop = true;
  ended.recv();
  sigaction(SIGURG, &ours, nullptr);
  runtime::GOMAXPROCS(old);
}

namespace {
// While it is moved, its mover is inside the runtime.
struct Slow {
  std::atomic<bool>* stop = nullptr;
  std::atomic<bool>* begun = nullptr;
  Slow() = default;
  Slow(std::atomic<bool>* s, std::atomic<bool>* b) : stop(s), begun(b) {}
  Slow(Slow&& o) noexcept { *this = std::move(o); }
  Slow& operator=(Slow&& o) noexcept {
    stop = o.stop;
    begun = o.begun;
    if (stop == nullptr || runtime::getm()->locks.load() == 0) return *this;
    *begun = true;
    while (!stop->load()) {}
    return *this;
  }
};
}  // namespace

TEST_CASE("a stop gives up on a thread that does not come out of the runtime", "[sched][deaf]") {
  int old = runtime::GOMAXPROCS(4);
  std::atomic<bool> stop{false}, begun{false};
  auto c = make_chan<Slow>(1);
  auto ended = make_chan<int>(1);
  go([&, c, ended] {
    c.send(Slow(&stop, &begun));
    ended.send(1);
  });
  // Not by sleeping: the timer could be of the P that this goroutine keeps.
  while (!begun.load()) runtime::Gosched();
  CHECK(runtime::GOMAXPROCS(2) == 4);
  CHECK(runtime::GOMAXPROCS(0) == 4);  // it could not be changed
  error err =
      runtime::pprof::Lookup("goroutine")->WriteTo([](std::string_view) { return error(); }, 0);
  REQUIRE(err != nullptr);
  CHECK(err.Error().find("the world did not stop") != std::string::npos);
  stop = true;
  ended.recv();
  CHECK(runtime::GOMAXPROCS(2) == 4);
  CHECK(runtime::GOMAXPROCS(0) == 2);
  CHECK(take().snapshot.total > 0);
  runtime::GOMAXPROCS(old);
}
