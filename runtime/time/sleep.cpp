// sleep.cpp: Sleep, timers and tickers, on the runtime's timers.
#include <atomic>
#include <limits>

#include "runtime/die/panic.h"
#include "runtime/sched/bubble.h"
#include "runtime/sched/clock.h"
#include "runtime/sched/go.h"
#include "runtime/sched/proc.h"
#include "runtime/sched/request.h"
#include "runtime/time/time.h"
#include "runtime/time/when.h"

namespace golab {

namespace glue {

// The timer of AfterFunc. A reference for each handle, and one while it is armed or f runs.
struct FuncTimer {
  runtime::Timer timer;
  Func<void()> f;
  std::atomic<int> refs{1};

  void ref() { refs.fetch_add(1, std::memory_order_relaxed); }
  void unref() {
    if (refs.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
    runtime::timer_stop(&timer);  // waits until no thread uses the timer
    delete this;
  }
};

// Its goroutine runs this. It is glue, so that the user's function is the first frame shown.
struct RunFuncTimer {
  FuncTimer* timer;
  void operator()() const {
    struct Unref {
      FuncTimer* timer;
      ~Unref() { timer->unref(); }
    } unref{timer};
    timer->f();
  }
};

}  // namespace glue

namespace time {

namespace {

int64_t after(int64_t now, Duration d) {
  int64_t t;
  if (d <= 0) return now;
  return __builtin_add_overflow(now, d.Nanoseconds(), &t) ? std::numeric_limits<int64_t>::max() : t;
}

}  // namespace

void note_wait(Duration d) {
  if (runtime::in_classroom()) [[unlikely]]
    runtime::note_wait_for_request(d.Nanoseconds());
}

int64_t when(Duration d) {
  note_wait(d);
  return after(runtime::goroutine_time(), d);
}
int64_t when_real(Duration d) { return after(runtime::nanotime(), d); }

namespace {

// The TimerFunc of timers with a channel. A full channel drops the new tick, as in Go.
void sendTime(void* c, uint64_t, int64_t delta) {
  chan_trysend(static_cast<runtime::hchan*>(c), Now().Add(-Duration(delta)));
}

// The TimerFunc of AfterFunc. The goroutine takes over the reference of the armed timer.
void goFunc(void* arg, uint64_t, int64_t) {
  go(golab::glue::RunFuncTimer{static_cast<golab::glue::FuncTimer*>(arg)});
}

}  // namespace

// Calls gopark itself: in Go's stacks, time.Sleep stands directly above gopark.
[[gnu::noinline]] void Sleep(Duration d) {
  if (d <= 0) return;
  runtime::RuntimeCall rc;
  int64_t until = when(d);
  // The timer starts only when this goroutine is off its stack. Earlier, it could fire and ready a
  // goroutine that is not parked yet.
  runtime::gopark(
      [](runtime::G* gp, void* arg) {
        runtime::sleep_until(gp, *static_cast<int64_t*>(arg));
        return true;
      },
      &until, runtime::WaitReason::Sleep);
}

// ---- Timers ----

Timer::Timer(const Timer& other) noexcept : C(other.C), timer_(other.timer_), func_(other.func_) {
  if (func_ != nullptr) func_->ref();
}
Timer& Timer::operator=(Timer other) {
  std::swap(C, other.C);
  std::swap(timer_, other.timer_);
  std::swap(func_, other.func_);
  return *this;
}
Timer::~Timer() {
  if (func_ != nullptr) func_->unref();
}

namespace {

// Arms a new timer with a channel.
void start(runtime::Timer* t, Duration d, Duration period) {
  t->bubble = runtime::current_bubble();
  if (t->bubble != nullptr) [[unlikely]]
    runtime::timer_reset(t, when(d), period.Nanoseconds());
  else
    runtime::timer_start(t, when(d), period.Nanoseconds());
}

// A timer of a bubble is for the goroutines of bubbles.
void check_caller(const runtime::Timer* t, const char* text) {
  if (t->bubble != nullptr && runtime::current_bubble() == nullptr) runtime::fatal(text);
}

// These two are frames in Go's stacks.
[[gnu::noinline]] bool stopTimer(runtime::Timer* t) {
  check_caller(t, "stop of synctest timer from outside bubble");
  return runtime::timer_stop(t);
}
[[gnu::noinline]] bool resetTimer(runtime::Timer* t, int64_t when, int64_t period) {
  check_caller(t, "reset of synctest timer from outside bubble");
  return runtime::timer_reset(t, when, period);
}

}  // namespace

Timer NewTimer(Duration d) {
  Timer t;
  t.C = make_timer_chan<Time>(sendTime);
  t.timer_ = timer_of(t.C);
  start(t.timer_, d, 0);
  return t;
}

RecvChan<Time> After(Duration d) {
  RecvChan<Time> c = make_timer_chan<Time>(sendTime);
  start(timer_of(c), d, 0);
  return c;
}

Timer AfterFunc(Duration d, golab::glue::Func<void()> f) {
  Timer t;
  t.func_ = new golab::glue::FuncTimer;
  t.func_->f = std::move(f);
  t.func_->timer.f = goFunc;
  t.func_->timer.arg = t.func_;
  t.func_->timer.bubble = runtime::current_bubble();
  t.func_->timer.forget = [](void* arg) { static_cast<golab::glue::FuncTimer*>(arg)->unref(); };
  t.timer_ = &t.func_->timer;
  t.func_->ref();
  runtime::timer_reset(t.timer_, when(d), 0);
  return t;
}

bool Timer::Stop() const {
  if (timer_ == nullptr) panic("time: Stop called on uninitialized Timer");
  bool running = stopTimer(timer_);
  if (running && func_ != nullptr) func_->unref();
  return running;
}

bool Timer::Reset(Duration d) const {
  if (timer_ == nullptr) panic("time: Reset called on uninitialized Timer");
  // The reference comes first: the timer may fire, and drop it, before timer_reset returns.
  if (func_ != nullptr) func_->ref();
  bool running = resetTimer(timer_, when(d), 0);
  if (running && func_ != nullptr) func_->unref();
  return running;
}

Ticker NewTicker(Duration d) {
  if (d <= 0) panic("non-positive interval for NewTicker");
  Ticker t;
  t.C = make_timer_chan<Time>(sendTime);
  t.timer_ = timer_of(t.C);
  start(t.timer_, d, d);
  return t;
}

void Ticker::Stop() const {
  if (timer_ != nullptr) stopTimer(timer_);
}

void Ticker::Reset(Duration d) const {
  if (d <= 0) panic("non-positive interval for Ticker.Reset");
  if (timer_ == nullptr) panic("time: Reset called on uninitialized Ticker");
  resetTimer(timer_, when(d), d.Nanoseconds());
}

RecvChan<Time> Tick(Duration d) {
  if (d <= 0) return {};
  return NewTicker(d).C;
}

}  // namespace time
}  // namespace golab
