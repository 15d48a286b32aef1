// round.h: what the parts of a round share: random choices from one seed, the count of steps that
// the watchdog looks at, and the end when a rule is broken.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <utility>

#include "runtime/golab.h"

// All that a part decides comes from one of these. So two rounds with one seed build the same graph
// and differ only in the order in which the goroutines run.
class Random {
 public:
  explicit Random(uint32_t seed) : engine_(seed) {}
  // 0 … n - 1.
  int below(int n) { return static_cast<int>(engine_() % static_cast<unsigned>(n)); }
  bool one_in(int n) { return below(n) == 0; }
  time::Duration microseconds(int at_most) { return below(at_most + 1) * time::Microsecond; }
  // For another goroutine: each has its own.
  Random fork() { return Random(static_cast<uint32_t>(engine_())); }

 private:
  std::minstd_rand engine_;
};

// A goroutine of a round has come further. The watchdog ends a program in which none does.
void step();

// A rule is broken: prints which, the seed, and all goroutines, and ends the program with status 2.
[[noreturn]] void broken(const std::string& rule);
inline void must(bool kept, const char* rule) {
  if (!kept) broken(rule);
}

// Something that any goroutine may do between two steps: gives way, sleeps, blocks its thread, is
// locked to it, panics and recovers, starts another goroutine that ends by Goexit, computes.
void disturb(Random& random);

// Goroutines that are waited for together. They hold it themselves, so it outlives its last Done.
class Crew {
 public:
  template <typename F>
  void run(F f) {
    auto group = group_;
    group->Add(1);
    go([group, f = std::move(f)]() mutable {
      Defer done{[group] { group->Done(); }};
      f();
    });
  }
  void wait() { group_->Wait(); }

 private:
  std::shared_ptr<sync::WaitGroup> group_ = std::make_shared<sync::WaitGroup>();
};

// A part: builds something, lets it run, and returns when its goroutines have ended or are about
// to. It checks its rules itself.
using Part = void (*)(Random);

void network_part(Random random);    // network.cpp
void lock_part(Random random);       // locks.cpp
void cond_part(Random random);
void wait_group_part(Random random);
void timer_part(Random random);      // timers.cpp
void context_part(Random random);
void panic_part(Random random);      // ends.cpp
void thread_part(Random random);     // threads.cpp
void pipe_part(Random random);
void tcp_part(Random random);
