// signal.cpp: brings a signal from its handler to channels.
//
// A handler may do almost nothing. It sets the signal's bit and wakes the goroutine os/signal.loop,
// which sleeps on a futex in a system call. Several signals of one number that come before it wakes
// are one, as in the kernel.
#include "runtime/os/signal/signal.h"

#include <string.h>

#include <atomic>
#include <cerrno>
#include <vector>

#include "runtime/core/lock.h"
#include "runtime/die/panic.h"
#include "runtime/fmt/fmt.h"
#include "runtime/sched/go.h"
#include "runtime/sched/proc.h"
#include "runtime/sync/mutex.h"
#include "runtime/sync/once.h"

namespace golab {

namespace runtime {

// Sleeps on *note, under Go's name. Other goroutines use this one's P in the meantime.
[[gnu::noinline]] static void notetsleepg(std::atomic<uint32_t>* note) {
  getg()->awaits_note = note;
  entersyscall();
  futexsleep(note, 0, -1);
  exitsyscall();
  getg()->awaits_note = nullptr;
}

}  // namespace runtime

namespace os {

// Go's names are glibc's with a small first letter, up to SIGTERM.
std::string Signal::String() const {
  const char* name = number_ <= SIGTERM ? ::sigdescr_np(number_) : nullptr;
  if (name == nullptr) return "signal " + std::to_string(number_);
  std::string text = name;
  text[0] = static_cast<char>(text[0] | 0x20);
  return text;
}

namespace signal {

namespace {

constexpr int kSignals = 32;
constexpr uint32_t bit(int sig) { return 1u << sig; }

// Faults, SIGURG and SIGPIPE belong to the runtime; SIGKILL and SIGSTOP to the kernel.
constexpr uint32_t kNotForPrograms = bit(SIGSEGV) | bit(SIGBUS) | bit(SIGFPE) | bit(SIGILL) |
                                     bit(SIGTRAP) | bit(SIGURG) | bit(SIGPIPE) | bit(SIGKILL) |
                                     bit(SIGSTOP);

std::atomic<uint32_t> pending{0};  // a bit per signal
std::atomic<uint32_t> note{0};     // 1: look at pending

struct Handler {
  Chan<Signal> c;
  uint32_t mask = 0;
};

struct Handlers {
  sync::Mutex mu;
  std::vector<Handler> list;
  uint32_t enabled = 0;
  struct sigaction old[kSignals];
};
// Never destroyed: signals may come while the process ends.
Handlers& handlers() {
  static Handlers& h = *new Handlers;
  return h;
}

void on_signal(int sig) {
  int saved = errno;
  pending.fetch_or(bit(sig));
  note.store(1);
  runtime::futexwakeup(&note, 1);
  errno = saved;
}

// Requires mu.
void enable(Handlers& h, int sig) {
  if ((h.enabled & bit(sig)) != 0) return;
  struct sigaction sa {};
  sa.sa_handler = on_signal;
  sa.sa_flags = SA_RESTART | SA_ONSTACK;
  ::sigfillset(&sa.sa_mask);
  if (::sigaction(sig, &sa, &h.old[sig]) == 0) h.enabled |= bit(sig);
}

// Requires mu.
void disable_unwanted(Handlers& h) {
  uint32_t wanted = 0;
  for (const Handler& handler : h.list) wanted |= handler.mask;
  for (int sig = 1; sig < kSignals; sig++) {
    if ((h.enabled & ~wanted & bit(sig)) == 0) continue;
    ::sigaction(sig, &h.old[sig], nullptr);
    h.enabled &= ~bit(sig);
  }
}

void process(Signal sig) {
  Handlers& h = handlers();
  glue::Locked lock(h.mu);
  for (const Handler& handler : h.list) {
    if ((handler.mask & bit(sig.Number())) != 0) select({send(handler.c, sig), otherwise});
  }
}

[[gnu::noinline]] Signal signal_recv() {
  static uint32_t taken = 0;  // one goroutine calls this
  for (;;) {
    if (taken == 0) {
      note.store(0);
      taken = pending.exchange(0);
    }
    if (taken != 0) {
      int sig = __builtin_ctz(taken);
      taken &= taken - 1;
      return Signal(sig);
    }
    runtime::notetsleepg(&note);
  }
}

[[gnu::noinline]] void loop() {
  for (;;) process(signal_recv());
}

}  // namespace

void Notify(const Chan<Signal>& c, std::initializer_list<Signal> sigs) {
  if (c == nullptr) panic("os/signal: Notify using nil channel");
  Handlers& h = handlers();
  uint32_t mask = 0;
  auto add = [&](int sig) {
    if (sig > 0 && sig < kSignals) mask |= bit(sig) & ~kNotForPrograms;
  };
  auto watch = [] {
    static sync::Once& once = *new sync::Once;
    once.Do([] { go(loop); });
  };
  for (Signal sig : sigs) add(sig.Number());
  for (int sig = 1; sigs.size() == 0 && sig < kSignals; sig++) add(sig);
  glue::Locked lock(h.mu);
  Handler* mine = nullptr;
  for (Handler& handler : h.list) {
    if (handler.c == c) mine = &handler;
  }
  if (mine == nullptr) mine = &h.list.emplace_back(Handler{c, 0});
  mine->mask |= mask;
  watch();
  for (int sig = 1; sig < kSignals; sig++) {
    if ((mask & bit(sig)) != 0) enable(h, sig);
  }
}

void Stop(const Chan<Signal>& c) {
  Handlers& h = handlers();
  glue::Locked lock(h.mu);
  std::erase_if(h.list, [&](const Handler& handler) { return handler.c == c; });
  disable_unwanted(h);
}

std::pair<context::Context, context::CancelFunc> NotifyContext(const context::Context& parent,
                                                               std::initializer_list<Signal> sigs) {
  auto [ctx, cancel] = context::WithCancelCause(parent);
  auto c = make_chan<Signal>(1);
  Notify(c, sigs);
  if (ctx.Err() == nullptr) {
    go([done = ctx.Done(), cancel_cause = cancel, c] {
      Signal sig;
      bool ok = false;
      if (select({recv(c, sig, ok), recv(done)}) == 0) {
        cancel_cause(fmt::Errorf("%s signal received", sig));
      }
    });
  }
  return {ctx, [cancel_cause = cancel, c] {
            cancel_cause(nullptr);
            Stop(c);
          }};
}

}  // namespace signal
}  // namespace os
}  // namespace golab
