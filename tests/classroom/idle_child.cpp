// idle_child.cpp: a program that enters a classroom by itself, and counts its goroutines at work
// while the world is stopped. It prints a line for each state that only a stopped world can show.
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>

#include "runtime/golab.h"
#include "runtime/net/fd.h"
#include "runtime/os/signal/signal.h"
#include "runtime/sched/clock.h"
#include "runtime/sched/sched.h"
#include "runtime/stop/idle.h"
#include "runtime/stop/stop.h"

namespace {

// How many are at work in the stopped world after act().
template <typename F>
int at_work_after(F act) {
  if (!runtime::stopTheWorld()) _exit(3);
  act();
  int count = runtime::goroutines_at_work();
  runtime::startTheWorld();
  return count;
}

// Gives everything else the processor for a moment: who stops the world without a pause lets no
// thread out of a system call.
void pause_for(int64_t microseconds) {
  runtime::entersyscall();
  ::usleep(static_cast<useconds_t>(microseconds));
  runtime::exitsyscall();
}

void wait_until_idle() {
  while (at_work_after([] {}) > 0) {
    runtime::Gosched();
    pause_for(1000);
  }
}

// A thread gets there once this goroutine's P has been taken: 10 ms in a system call, with an idle P
// beside it.
void wait_until_thread_polls() {
  while (runtime::sched.lastpoll.load() != 0) pause_for(50'000);
}

void descriptor_is_ready() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends) != 0) _exit(3);
  go([fd = ends[0]] {
    internal::poll::FD reader(fd);
    char byte;
    if (reader.Init() == 0) reader.Read(&byte, 1);
  });
  wait_until_idle();
  wait_until_thread_polls();
  int count = at_work_after([&] {
    if (::write(ends[1], "x", 1) != 1) _exit(3);
    // The thread in the poller has time to take what is there, and must not.
    for (int64_t end = runtime::nanotime() + 20'000'000; runtime::nanotime() < end;) {}
  });
  printf("descriptor %d\n", count);
  wait_until_idle();
}

void timer_is_due() {
  go([] { time::Sleep(time::Hour); });
  wait_until_idle();
  constexpr int64_t kHourNs = 3'600'000'000'000;
  int early =
      at_work_after([] { runtime::set_class_clock(runtime::program_time() + kHourNs - 1); });
  int due = at_work_after([] { runtime::set_class_clock(runtime::program_time() + 1); });
  printf("timer %d %d\n", early, due);
  wait_until_idle();
}

void signal_has_come() {
  auto signals = make_chan<os::Signal>(1);
  os::signal::Notify(signals, SIGUSR1);
  go([signals] { signals.recv(); });
  wait_until_idle();
  printf("signal %d\n", at_work_after([] { raise(SIGUSR1); }));
  wait_until_idle();
}

}  // namespace

int main() {
  runtime::enter_classroom();
  runtime::getg()->system = true;  // as the agent of a class is
  runtime::sched.nsystem++;
  wait_until_idle();
  printf("rest %d\n", at_work_after([] {}));
  descriptor_is_ready();
  timer_is_due();
  signal_has_come();
}
