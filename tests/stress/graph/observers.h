// observers.h: what goes on beside the rounds: profiles without end, signals, and the watchdog.
#pragma once

#include <cstdint>
#include <string>
#include <thread>
#include <vector>

#include "runtime/os/signal/signal.h"
#include "tests/stress/graph/round.h"

// Goroutines that are parked for as long as it lives: so many in each of Go's waits. Every profile
// must show them, each once and in its state.
class Anchors {
 public:
  Anchors();
  ~Anchors();
  Anchors(const Anchors&) = delete;

 private:
  struct Held;
  std::unique_ptr<Held> held_;
};

// Takes all profiles of the program in all forms, one after the other, and checks each: it is read
// without a complaint, adds up, has the anchors, and names every frame.
class Profiles {
 public:
  Profiles();
  ~Profiles();
  Profiles(const Profiles&) = delete;
  int64_t taken() const { return taken_; }

 private:
  void take_until_stopped(int debug);
  std::atomic<bool> stop_{false};
  std::atomic<int64_t> taken_{0};
  Crew crew_;
};

// A thread that is not the runtime's sends bursts of signals to the process and to its threads.
class SignalStorm {
 public:
  SignalStorm();
  ~SignalStorm();  // the last signal that a program waits for arrives
  SignalStorm(const SignalStorm&) = delete;

 private:
  std::atomic<bool> stop_{false};
  Chan<os::Signal> wanted_ = make_chan<os::Signal>(1);
  std::thread thread_;
};

// Ends the program with a dump of all goroutines if for a minute no round makes a step, or no profile
// is finished.
void start_watchdog();

// For the messages of broken() and of the watchdog.
void now_in_round(uint32_t seed);
int64_t steps();
