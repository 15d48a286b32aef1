// main.cpp: runs random graphs of goroutines for as long as asked, and checks that Go's rules hold.
//
// usage: graph [--seconds 10] [--seed N] [--rounds N] [--procs N]
//
// A round takes one seed and makes some parts from it (round.h), all at the same time: networks of
// channels, locks, timers, contexts, panics, system calls, connections. When all have ended, as many
// goroutines must be left as before. The next round has the next seed. Beside the rounds, all
// profiles are taken and checked, and signals arrive (observers.h).
//
// The seed decides what a round builds, not which goroutine runs first. So a broken rule is likely,
// not sure, to be seen again with the seed that is printed.
#include <unistd.h>

#include <cstdio>

#include "tests/stress/graph/observers.h"

namespace {

constexpr Part kParts[] = {network_part, network_part, network_part,    lock_part,    cond_part,
                           timer_part,   context_part, wait_group_part, thread_part,  panic_part,
                           pipe_part,    tcp_part,     network_part};

void run_round(uint32_t seed) {
  now_in_round(seed);
  Random random(seed);
  runtime::SetBlockProfileRate(random.one_in(2) ? 0 : 1 + random.below(100'000));
  runtime::SetMutexProfileFraction(random.below(5));
  Crew crew;
  for (int n = 1 + random.below(8); n > 0; n--) {
    const Part part = kParts[random.below(static_cast<int>(std::size(kParts)))];
    crew.run([part, own = random.fork()] { part(own); });
  }
  crew.wait();
}

// Makes no step: if a goroutine stays, the watchdog ends the program and shows it.
void wait_for_count(int base) {
  while (runtime::NumGoroutine() > base) time::Sleep(100 * time::Microsecond);
  must(runtime::NumGoroutine() == base, "after a round there are as many goroutines as before");
}

// Takes processors away and gives them back.
void change_procs(std::atomic<bool>* stop, Random random, Chan<Empty> ended) {
  while (!*stop) {
    runtime::GOMAXPROCS(1 + random.below(random.one_in(4) ? 16 : 4));
    time::Sleep(random.microseconds(20'000));
  }
  ended.send({});
}

}  // namespace

int main() {
  auto seconds = flag::Int("seconds", 10, "ends after so many `seconds`, between two rounds");
  auto first_seed = flag::Int64("seed", 0, "of the first round; 0: another one each time");
  auto rounds_max = flag::Int("rounds", 0, "ends after so many rounds; 0: --seconds decides");
  auto procs = flag::Int("procs", 0, "GOMAXPROCS; 0: it changes all the time");
  flag::Parse();
  auto seed = static_cast<uint32_t>(*first_seed);
  if (seed == 0) seed = static_cast<uint32_t>(time::Now().UnixNano() / 1000) % 1'000'000'000;
  fmt::Printf("graph: seed %d\n", seed);
  now_in_round(seed);
  start_watchdog();

  const int alone = runtime::NumGoroutine();
  int rounds = 0;
  int64_t profiles = 0;
  {
    Anchors anchors;
    SignalStorm storm;
    std::atomic<bool> stop{false};
    auto ended = make_chan<Empty>();
    if (*procs > 0) {
      runtime::GOMAXPROCS(*procs);
    } else {
      go(change_procs, &stop, Random(seed), ended);
    }
    Profiles taken;
    const int base = runtime::NumGoroutine();
    const auto end = time::Now().Add(*seconds * time::Second);
    while (*rounds_max > 0 ? rounds < *rounds_max : time::Now().Before(end)) {
      run_round(seed + static_cast<uint32_t>(rounds++));
      wait_for_count(base);
    }
    profiles = taken.taken();
    stop = true;
    if (*procs <= 0) ended.recv();
  }
  // What os/signal has started stays.
  while (runtime::NumGoroutine() > alone + 1) time::Sleep(100 * time::Microsecond);
  fmt::Printf("graph: %d rounds, %d steps, %d profiles: no rule was broken\n", rounds, steps(),
              profiles);
}
