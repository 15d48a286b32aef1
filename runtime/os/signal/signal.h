// signal.h: Go's os/signal: signals of the operating system as values on a channel.
//
//   auto c = make_chan<os::Signal>(1);               // c := make(chan os.Signal, 1)
//   os::signal::Notify(c, os::Interrupt);            // signal.Notify(c, os.Interrupt)
//   fmt::Println("stopped by", c.recv());            // fmt.Println("stopped by", <-c)
//
//   auto [ctx, stop] = os::signal::NotifyContext(context::Background(), os::Interrupt);
//
// Sending does not wait: a channel without room misses the signal. The first Notify starts one
// goroutine, os/signal.loop, which stays in a system call forever; so a program that has called it
// is never found to be deadlocked.
#pragma once

#include <csignal>
#include <initializer_list>
#include <string>
#include <utility>

#include "runtime/chan/chan.h"
#include "runtime/context/context.h"

namespace golab::os {

class Signal {
 public:
  constexpr Signal(int number = 0) : number_(number) {}
  constexpr int Number() const { return number_; }
  std::string String() const;  // "interrupt", "terminated"
  explicit constexpr operator int64_t() const { return number_; }
  friend constexpr bool operator==(Signal, Signal) = default;

 private:
  int number_;
};

inline constexpr Signal Interrupt = SIGINT;
inline constexpr Signal Kill = SIGKILL;

namespace signal {

// Sends these signals on c from now on; their default action does not happen. Without any: all
// signals that a program may catch and that are not faults. Whoever asks for SIGPIPE survives a
// write to a stdout that nobody reads; the write returns EPIPE. Panics "os/signal: Notify using nil
// channel".
void Notify(const Chan<Signal>& c, std::initializer_list<Signal> sigs);
template <typename... S>
void Notify(const Chan<Signal>& c, S... sigs) {
  Notify(c, std::initializer_list<Signal>{Signal(sigs)...});
}

// No more signals on c. A signal that no other channel wants gets its former action back.
void Stop(const Chan<Signal>& c);

// These signals do nothing from now on, and no channel gets them; Notify ends that. A child process
// inherits it. Without any: all signals.
void Ignore(std::initializer_list<Signal> sigs);
template <typename... S>
void Ignore(S... sigs) {
  Ignore(std::initializer_list<Signal>{Signal(sigs)...});
}
// Is it ignored, by Ignore or (SIGHUP and SIGINT) by whoever started the program?
bool Ignored(Signal sig);
// Undoes what Notify did for these signals; without any, for all. As in Go, it does not undo Ignore.
void Reset(std::initializer_list<Signal> sigs);
template <typename... S>
void Reset(S... sigs) {
  Reset(std::initializer_list<Signal>{Signal(sigs)...});
}

// A context that the first of these signals cancels; its cause tells which: "interrupt signal
// received". After stop() the next Ctrl-C ends the program.
std::pair<context::Context, context::CancelFunc> NotifyContext(const context::Context& parent,
                                                               std::initializer_list<Signal> sigs);
template <typename... S>
std::pair<context::Context, context::CancelFunc> NotifyContext(const context::Context& parent,
                                                               S... sigs) {
  return NotifyContext(parent, std::initializer_list<Signal>{Signal(sigs)...});
}

}  // namespace signal
}  // namespace golab::os
