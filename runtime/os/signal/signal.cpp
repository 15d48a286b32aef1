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
#include "runtime/sched/sched.h"
#include "runtime/sync/mutex.h"
#include "runtime/sync/once.h"

namespace golab::os {

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

constexpr int kSignals = 65;
using Mask = uint64_t;  // of signal n, the bit n - 1
constexpr Mask bit(int sig) { return Mask{1} << (sig - 1); }

// Faults, SIGURG and SIGPROF belong to the runtime; SIGKILL and SIGSTOP to the kernel; 32 and 33 to
// the C library, and 34 is not Go's either.
constexpr Mask kNotForPrograms = bit(SIGSEGV) | bit(SIGBUS) | bit(SIGFPE) | bit(SIGILL) |
                                 bit(SIGTRAP) | bit(SIGURG) | bit(SIGPROF) | bit(SIGKILL) |
                                 bit(SIGSTOP) | bit(32) | bit(33) | bit(34);

// These signals, or all, as far as a program may have them.
Mask mask_of(std::initializer_list<Signal> sigs) {
  Mask mask = sigs.size() == 0 ? ~Mask{0} : 0;
  for (Signal sig : sigs) {
    if (sig.Number() > 0 && sig.Number() < kSignals) mask |= bit(sig.Number());
  }
  return mask & ~kNotForPrograms;
}

std::atomic<Mask> pending{0};   // a bit per signal
std::atomic<uint32_t> note{0};  // 1: look at pending

struct Handler {
  Chan<Signal> c;
  Mask mask = 0;
};

struct Handlers {
  sync::Mutex mu;
  std::vector<Handler> list;
  Mask enabled = 0;  // they have our handler
  Mask ignored = 0;
  struct sigaction old[kSignals];  // of those that are enabled
};
// Never destroyed: signals may come while the process ends.
Handlers& handlers() {
  static Handlers& h = *[] {
    auto* made = new Handlers;
    for (int sig : {SIGHUP, SIGINT}) {
      struct sigaction at_start {};
      ::sigaction(sig, nullptr, &at_start);
      if (at_start.sa_handler == SIG_IGN) made->ignored |= bit(sig);
    }
    return made;
  }();
  return h;
}

void on_signal(int sig) {
  int saved = errno;
  pending.fetch_or(bit(sig));
  note.store(1);
  runtime::futexwakeup(&note, 1);
  errno = saved;
}

template <typename F>
void for_each_signal(Mask mask, F f) {
  for (int sig = 1; sig < kSignals; sig++) {
    if ((mask & bit(sig)) != 0) f(sig);
  }
}

// Requires mu.
void enable(Handlers& h, int sig) {
  h.ignored &= ~bit(sig);
  if ((h.enabled & bit(sig)) != 0) return;
  struct sigaction sa {};
  sa.sa_handler = on_signal;
  sa.sa_flags = SA_RESTART | SA_ONSTACK;
  ::sigfillset(&sa.sa_mask);
  if (::sigaction(sig, &sa, &h.old[sig]) == 0) h.enabled |= bit(sig);
}

// Requires mu.
void disable_unwanted(Handlers& h) {
  Mask wanted = 0;
  for (const Handler& handler : h.list) wanted |= handler.mask;
  for_each_signal(h.enabled & ~wanted, [&](int sig) {
    ::sigaction(sig, &h.old[sig], nullptr);
    h.enabled &= ~bit(sig);
  });
}

// Takes these signals from all channels. Requires mu.
void cancel(Handlers& h, Mask mask) {
  for (Handler& handler : h.list) handler.mask &= ~mask;
  std::erase_if(h.list, [](const Handler& handler) { return handler.mask == 0; });
  disable_unwanted(h);
}

void process(Signal sig) {
  Handlers& h = handlers();
  glue::Locked lock(h.mu);
  for (const Handler& handler : h.list) {
    if ((handler.mask & bit(sig.Number())) != 0) select({send(handler.c, sig), otherwise});
  }
}

[[gnu::noinline]] Signal signal_recv() {
  static Mask taken = 0;  // one goroutine calls this
  for (;;) {
    if (taken == 0) {
      note.store(0);
      taken = pending.exchange(0);
    }
    if (taken != 0) {
      int sig = __builtin_ctzll(taken) + 1;
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
  Mask mask = mask_of(sigs);
  auto want = [&](Handler& handler) { handler.mask |= mask; };
  auto watch = [] {
    static sync::Once& once = *new sync::Once;
    once.Do([] { go(loop); });
  };
  glue::Locked lock(h.mu);
  Handler* mine = nullptr;
  for (Handler& handler : h.list) {
    if (handler.c == c) mine = &handler;
  }
  want(mine != nullptr ? *mine : h.list.emplace_back(Handler{c, 0}));
  watch();
  for_each_signal(mask, [&](int sig) { enable(h, sig); });
}

void Stop(const Chan<Signal>& c) {
  Handlers& h = handlers();
  glue::Locked lock(h.mu);
  std::erase_if(h.list, [&](const Handler& handler) { return handler.c == c; });
  disable_unwanted(h);
}

void Ignore(std::initializer_list<Signal> sigs) {
  Handlers& h = handlers();
  Mask mask = mask_of(sigs);
  glue::Locked lock(h.mu);
  cancel(h, mask);
  h.ignored |= mask;
  for_each_signal(mask, [](int sig) { ::signal(sig, SIG_IGN); });
}

bool Ignored(Signal sig) {
  Handlers& h = handlers();
  glue::Locked lock(h.mu);
  return sig.Number() > 0 && sig.Number() < kSignals && (h.ignored & bit(sig.Number())) != 0;
}

void Reset(std::initializer_list<Signal> sigs) {
  Handlers& h = handlers();
  glue::Locked lock(h.mu);
  cancel(h, mask_of(sigs));
}

namespace {

// The context of NotifyContext: the one that it cancels, under a name of its own.
class signalCtx final : public context::Interface {
 public:
  signalCtx(context::Context ctx, std::string name, std::initializer_list<Signal> sigs)
      : ctx_(std::move(ctx)), text_("signal.NotifyContext(" + std::move(name)) {
    for (const Signal& sig : sigs) text_ += (&sig == sigs.begin() ? ", [" : " ") + sig.String();
    text_ += sigs.size() == 0 ? ")" : "])";
  }
  std::pair<time::Time, bool> Deadline() const override { return ctx_.Deadline(); }
  RecvChan<Empty> Done() const override { return ctx_.Done(); }
  error Err() const override { return ctx_.Err(); }
  any Value(const any& key) const override { return ctx_.Value(key); }
  std::string String() const override { return text_; }

 private:
  context::Context ctx_;
  std::string text_;
};

}  // namespace

std::pair<context::Context, context::CancelFunc> NotifyContext(const context::Context& parent,
                                                               std::initializer_list<Signal> sigs) {
  auto [ctx, cancel] = context::WithCancelCause(parent);  // panics if parent is nil
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
  return {std::make_shared<signalCtx>(ctx, parent.String(), sigs), [cancel_cause = cancel, c] {
            cancel_cause(nullptr);
            Stop(c);
          }};
}

}  // namespace signal
}  // namespace golab::os
