// signals_attack_test.cpp: another process sends signals as fast as it can, while goroutines
// compute, use channels and are counted: each is counted once, none is lost, and all
// make progress.
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <string>

#include "profiler/endpoints/lookup.h"
#include "runtime/chan/chan.h"
#include "runtime/sched/go.h"
#include "tests/chan/parked.h"
#include "tests/snapshot/groups.h"

using namespace golab;

namespace {

constexpr int64_t kNs = int64_t{ATTACK_TENTHS} * 2'000'000'000;  // of flood

// Sends these signals, in turns, until it is destroyed.
class Flood {
 public:
  explicit Flood(std::vector<int> signals) {
    pid_t target = getpid();
    runtime::entersyscall();
    pid_ = fork();
    if (pid_ == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      while (getppid() == target) {
        for (int sig : signals) kill(target, sig);
      }
      _exit(0);
    }
    runtime::exitsyscall();
  }
  ~Flood() {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  Flood(const Flood&) = delete;

 private:
  pid_t pid_ = -1;
};

}  // namespace

void wait_in_flood(Chan<int> gate) { gate.recv(); }
void compute_in_flood(std::atomic<bool>* stop, Chan<int> ended) {
  while (!stop->load()) {}
  ended.send(1);
}
void talk_in_flood(std::atomic<bool>* stop, std::atomic<int64_t>* said, Chan<int> ended) {
  auto c = make_chan<int>();
  while (!stop->load()) {
    go([=] { c.send(1); });
    *said += c.recv();
  }
  ended.send(1);
}

TEST_CASE("signals from outside disturb neither the program nor its profiles", "[attack]") {
  int procs = GENERATE(1, 2, 4);
  CAPTURE(procs);
  int old = runtime::GOMAXPROCS(procs);
  constexpr int kParked = 500;
  auto gate = make_chan<int>();
  for (int i = 0; i < kParked; i++) go(wait_in_flood, gate);
  REQUIRE(receivers_parked(gate, kParked));
  std::atomic<bool> stop{false};
  std::atomic<int64_t> said{0};
  auto ended = make_chan<int>(2);
  go(compute_in_flood, &stop, ended);
  go(talk_in_flood, &stop, &said, ended);
  {
    Flood flood({SIGURG, SIGCHLD, SIGWINCH});
    int wrong = 0, profiles = 0;
    int64_t until = runtime::nanotime() + kNs / 3;
    do {
      bool each = profiles % 2 == 1;
      Groups g = take(each ? profiler::Detail::each_goroutine : profiler::Detail::counted);
      bool right = g.in("main.wait_in_flood") == kParked && g.sum() == g.snapshot.total &&
                   g.in("main.compute_in_flood") <= 1;
      if (!right && wrong++ == 0) {
        UNSCOPED_INFO(g.in("main.wait_in_flood")
                      << " wait, " << g.in("main.compute_in_flood") << " compute, of " << g.sum()
                      << " and " << g.snapshot.total << ", profile " << profiles);
      }
      int64_t before = said;
      if (!eventually([&] { return said > before; })) FAIL("nobody talks any more");
      profiles++;
    } while (runtime::nanotime() < until);
    CAPTURE(profiles);
    CHECK(wrong == 0);
  }
  stop = true;
  for (int i = 0; i < 2; i++) ended.recv();
  close(gate);
  CHECK(eventually([] { return take().in("main.wait_in_flood") == 0; }));
  runtime::GOMAXPROCS(old);
}
