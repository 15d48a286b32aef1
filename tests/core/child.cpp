// child.cpp: small programs for process_test.cpp, chosen by the first argument.
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <climits>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include "profiler/endpoints/lookup.h"
#include "runtime/chan/chan.h"
#include "runtime/sched/go.h"
#include "runtime/sched/proc.h"
#include "runtime/sched/sched.h"
#include "runtime/sched/stacks.h"
#include "runtime/stop/stop.h"
#include "runtime/time/time.h"

using namespace golab;

// Uses 4 KiB of stack for each level. The asm keeps a compiler from doing it in a loop.
int fill(int depth) {
  char page[4000];
  memset(page, depth, sizeof page);
  asm volatile("" : : "r"(page) : "memory");
  int below = depth == 0 ? 0 : fill(depth - 1);
  asm volatile("" : : "r"(page) : "memory");
  return below + page[100];
}

static int idle() {
  auto never = make_chan<int>();
  for (int i = 0; i < 100; i++) go([=] { never.recv(); });
  go([=] {
    time::Sleep(time::Hour);
    never.send(1);
  });
  time::Sleep(time::Second);
  return 0;
}

static int guards() {
  auto out = make_chan<int>();
  for (int i = 0; i < 200; i++) go([=] { out.send(fill(10)); });
  for (int i = 0; i < 200; i++) out.recv();
  printf("%d\n", static_cast<int>(runtime::stack_guard_kind()));
  return 0;
}

// A hundred thousand parked at once, then all let go: more than a kernel without MADV_GUARD_INSTALL
// has mappings for.
static int hundred_thousand() {
  constexpr int kGoroutines = 100000;
  auto gate = make_chan<int>();
  auto parked = make_chan<int>();
  auto ended = make_chan<int>();
  for (int i = 0; i < kGoroutines; i++) {
    go([=] {
      parked.send(1);
      gate.recv();
      ended.send(1);
    });
  }
  for (int i = 0; i < kGoroutines; i++) parked.recv();
  printf("%d\n", runtime::NumGoroutine() - 1);
  close(gate);
  for (int i = 0; i < kGoroutines; i++) ended.recv();
  return 0;
}

// Stacks are carved upwards: the last goroutine runs over the upper end of its neighbour's below.
static int overflow() {
  auto gate = make_chan<int>();
  auto parked = make_chan<int>();
  for (int i = 0; i < 4; i++) {
    go([=] {
      parked.send(1);
      gate.recv();
    });
    parked.recv();
  }
  go([] {
    fill(17);  // of 64 KiB
    runtime::Gosched();
    puts("nobody noticed");
  });
  gate.recv();
  return 0;
}

static int starve() {
  std::atomic<bool> stop{false};
  go([&] {
    while (!stop.load(std::memory_order_relaxed)) {}
  });
  runtime::Gosched();
  auto c = make_chan<int>();
  for (int i = 0; i < 10; i++) {
    go([=] { c.send(1); });
    c.recv();
  }
  stop = true;
  printf("done %d\n", runtime::GOMAXPROCS(0));
  return 0;
}

// How often a thread went to sleep, given its directory in /proc.
static long times_asleep(const std::filesystem::path& thread) {
  std::ifstream status(thread / "status");
  constexpr std::string_view kKey = "voluntary_ctxt_switches:";
  for (std::string line; std::getline(status, line);) {
    if (line.rfind(kKey, 0) == 0) return std::stol(line.substr(kKey.size()));
  }
  return 0;
}

// Two thousand short bursts of work, idle between them as a server is between requests. Prints how
// often a thread went to sleep, of all threads.
static int bursts() {
  for (int i = 0; i < 2000; i++) time::Sleep(500 * time::Microsecond);
  long slept = 0;
  for (auto& thread : std::filesystem::directory_iterator("/proc/self/task")) {
    slept += times_asleep(thread.path());
  }
  printf("%ld\n", slept);
  return 0;
}

// Stops the world again and again for two seconds, while a goroutine computes. Prints how often the
// watchman went to sleep in those 200 ms in which it did so least.
static int instants() {
  const runtime::M* watchman = runtime::sched.allm.load();
  while (watchman->id != 1) watchman = watchman->alllink;
  while (watchman->tid == 0) runtime::Gosched();  // it has not begun yet
  auto thread = std::filesystem::path("/proc/self/task") / std::to_string(watchman->tid.load());
  std::atomic<bool> stop{false};
  go([&] {
    while (!stop.load(std::memory_order_relaxed)) {}
  });
  long least = LONG_MAX;
  for (int i = 0; i < 10; i++) {
    long before = times_asleep(thread);
    int64_t begin = runtime::nanotime();
    while (runtime::nanotime() - begin < 200'000'000) runtime::at_instant([] {});
    least = std::min(least, times_asleep(thread) - before);
  }
  stop = true;
  printf("%ld\n", least);
  return 0;
}

// Three thousand parked goroutines, and each form of their profile. Prints how large those are.
static int limited() {
  constexpr int kGoroutines = 3000;
  auto gate = make_chan<int>();
  auto parked = make_chan<int>();
  for (int i = 0; i < kGoroutines; i++) {
    go([=] {
      parked.send(1);
      gate.recv();
    });
  }
  for (int i = 0; i < kGoroutines; i++) parked.recv();
  for (int debug = 0; debug < 3; debug++) {
    size_t bytes = 0;
    error err = runtime::pprof::Lookup("goroutine")
                    ->WriteTo(
                        [&](std::string_view piece) {
                          bytes += piece.size();
                          return error();
                        },
                        debug);
    if (err != nullptr || bytes == 0) return 3;
  }
  printf("%d\n", runtime::NumGoroutine());
  return 0;
}

// Goroutines until there is no room for another one.
static int endless() {
  auto never = make_chan<int>();
  for (;;) {
    go([=] { never.recv(); });
    runtime::Gosched();
  }
}

// Goroutines need a thread each, but the user may have no more threads (RLIMIT_NPROC).
static int no_threads() {
  if (geteuid() == 0 && setuid(65534) != 0) return 3;
  rlimit one{1, 1};
  setrlimit(RLIMIT_NPROC, &one);
  auto ended = make_chan<int>();
  for (int i = 0; i < 10; i++) {
    go([=] {
      runtime::LockOSThread();
      time::Sleep(time::Millisecond);
      ended.send(1);
    });
  }
  for (int i = 0; i < 10; i++) ended.recv();
  return 0;
}

int main(int, char** argv) {
  std::string name = argv[1];
  if (name == "idle") return idle();
  if (name == "guards") return guards();
  if (name == "hundred_thousand") return hundred_thousand();
  if (name == "overflow") return overflow();
  if (name == "starve") return starve();
  if (name == "bursts") return bursts();
  if (name == "instants") return instants();
  if (name == "limited") return limited();
  if (name == "endless") return endless();
  if (name == "no_threads") return no_threads();
  return 9;
}
