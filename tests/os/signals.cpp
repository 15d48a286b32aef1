// signals.cpp: signals.go, line for line.
#include <unistd.h>

#include "runtime/golab.h"
#include "runtime/os/signal/signal.h"

namespace signals = os::signal;

auto all = make_chan<os::Signal>(10);

void raise_and_wait(int sig) {
  ::kill(::getpid(), sig);
  signals::Notify(all, SIGUSR2);
  ::kill(::getpid(), SIGUSR2);
  all.recv();
}

void contexts() {
  auto [ctx, stop] = signals::NotifyContext(context::Background(), os::Interrupt, SIGTERM);
  fmt::Println(ctx);
  auto [ctx2, stop2] = signals::NotifyContext(ctx);
  fmt::Println(ctx2);
  stop2();
  raise_and_wait(SIGINT);
  ctx.Done().recv();
  fmt::Println(ctx.Err(), "|", context::Cause(ctx));
  stop();
  std::tie(ctx, stop) = signals::NotifyContext(context::Background(), os::Interrupt);
  stop();
  fmt::Println(ctx.Err(), "|", context::Cause(ctx));
  raise_and_wait(SIGINT);
  fmt::Println("not reached");
}

void ignore() {
  signals::Ignore(SIGINT, SIGQUIT);
  fmt::Println(signals::Ignored(SIGINT), signals::Ignored(SIGTERM), signals::Ignored(SIGQUIT));
  raise_and_wait(SIGINT);
  raise_and_wait(SIGQUIT);
  auto c = make_chan<os::Signal>(1);
  signals::Notify(c, SIGINT);
  fmt::Println(signals::Ignored(SIGINT));
  raise_and_wait(SIGINT);
  fmt::Println(c.recv());
  signals::Ignore(SIGINT);
  raise_and_wait(SIGINT);
  fmt::Println(len(c));
  signals::Reset();
  fmt::Println(signals::Ignored(SIGINT));
  raise_and_wait(SIGINT);
  fmt::Println("still there");
}

void reset() {
  auto c = make_chan<os::Signal>(5);
  signals::Notify(c, SIGUSR1, SIGQUIT, SIGHUP, 40);
  for (int sig : {SIGUSR1, SIGQUIT, SIGHUP, 40}) {
    raise_and_wait(sig);
    fmt::Println(c.recv());
  }
  signals::Reset(SIGHUP);
  raise_and_wait(SIGUSR1);
  fmt::Println(c.recv());
  raise_and_wait(SIGHUP);
  fmt::Println("not reached");
}

void started_ignored() {
  fmt::Println(signals::Ignored(SIGHUP), signals::Ignored(SIGINT), signals::Ignored(SIGTERM),
               signals::Ignored(SIGPIPE));
  raise_and_wait(SIGHUP);
  auto c = make_chan<os::Signal>(5);
  signals::Notify(c, SIGHUP);
  raise_and_wait(SIGHUP);
  fmt::Println(c.recv());
  signals::Stop(c);
  fmt::Println(signals::Ignored(SIGHUP));
  raise_and_wait(SIGHUP);
  fmt::Println("still there");
}

void pipes(const std::string& how) {
  auto c = make_chan<os::Signal>(5);
  if (how == "pipe-notify") signals::Notify(c, SIGPIPE);
  if (how == "pipe-ignore") signals::Ignore(SIGPIPE);
  for (;;) {
    auto [n, err] = fmt::Println("a line that somebody may want to read");
    if (err == nullptr) continue;
    fmt::Fprintln(os::Stderr, err);
    if (how == "pipe-notify") fmt::Fprintln(os::Stderr, c.recv());
    os::Exit(7);
  }
}

int main(int, char** argv) {
  std::string what = argv[1];
  if (what == "context") contexts();
  if (what == "ignore") ignore();
  if (what == "reset") reset();
  if (what == "started-ignored") started_ignored();
  if (what.starts_with("pipe")) pipes(what);
}
