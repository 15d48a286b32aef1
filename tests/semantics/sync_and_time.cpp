// The sections about wait groups, mutexes, timers and goroutines of the Go program semantics.
#include "tests/semantics/semantics.h"

namespace semantics {

namespace {

void once_and_cond() {
  say("# Once, Cond");
  sync::Once once;
  say("Once: %s", caught([&] { once.Do([] { panic("in once"); }); }));
  bool ran = false;
  once.Do([&] { ran = true; });
  say("Once that panicked runs again: %v", ran);
  auto ov = sync::OnceValue([]() -> int { panic("always"); });
  std::string first = caught([&] { ov(); }), second = caught([&] { ov(); });
  say("OnceValue panics each time: %s, %s", first, second);
  int procs = runtime::GOMAXPROCS(1);
  sync::Mutex mu;
  auto c = sync::NewCond(&mu);
  std::vector<int> woke;
  for (int i = 0; i < 4; i++) {
    go([&, i] {
      mu.Lock();
      c.Wait();
      woke.push_back(i);
      mu.Unlock();
    });
    runtime::Gosched();
  }
  c.Signal();
  runtime::Gosched();
  c.Signal();
  runtime::Gosched();
  say("Signal wakes in order of arrival: %v", woke);
  c.Broadcast();
  runtime::Gosched();
  say("Broadcast wakes the rest: %d", woke.size());
  runtime::GOMAXPROCS(procs);
}

}  // namespace

void groups() {
  say("# WaitGroup");
  sync::WaitGroup wg;
  wg.Wait();
  say("Wait on a zero WaitGroup returns at once");
  say("Done on zero: %s", caught([] {
        sync::WaitGroup w;
        w.Done();
      }));
  atomic::Int32 n;
  for (int i = 0; i < 10; i++) wg.Go([&] { n.Add(1); });
  wg.Wait();
  say("wg.Go ran %d functions", n.Load());
  wg.Go([] { runtime::Goexit(); });
  wg.Wait();
  say("wg.Go counts a function that ends by Goexit as done");
  wg.Add(2);
  for (int i = 0; i < 3; i++) {
    go([&] {
      wg.Wait();
      n.Add(100);
    });
  }
  time::Sleep(10 * time::Millisecond);
  say("waiters before zero: %d went on", n.Load() / 100);
  wg.Done();
  wg.Done();
  // The Go program sleeps; the state is what it waits for.
  wait_until([&] { return n.Load() / 100 == 3; });
  say("waiters after zero: %d went on", n.Load() / 100);
  once_and_cond();
}

void mutexes() {
  say("# Mutex, RWMutex");
  sync::Mutex mu;
  bool first = mu.TryLock(), again = mu.TryLock();
  say("TryLock %v, again %v", first, again);
  go([&] { mu.Unlock(); });
  mu.Lock();
  say("another goroutine may unlock");
  mu.Unlock();
  sync::RWMutex rw;
  rw.RLock();
  auto locked = make_chan<bool>();
  go([&] {
    rw.Lock();
    locked.send(true);
    rw.Unlock();
  });
  // Until the writer waits, a reader would get in.
  wait_until([&] {
    bool in = rw.TryRLock();
    if (in) rw.RUnlock();
    return !in;
  });
  bool reader = rw.TryRLock(), writer = rw.TryLock();
  say("a waiting writer keeps new readers out: TryRLock %v, TryLock %v", reader, writer);
  rw.RUnlock();
  locked.recv();
  rw.Lock();  // the writer is out of rw before rw goes
  rw.Unlock();
  sync::Mutex hog;
  atomic::Bool stop;
  auto stopped = make_chan<Empty>();
  go([&] {
    while (!stop.Load()) {
      hog.Lock();
      time::Sleep(100 * time::Microsecond);
      hog.Unlock();
    }
    close(stopped);
  });
  time::Sleep(time::Millisecond);
  auto t = time::Now();
  for (int i = 0; i < 10; i++) {
    hog.Lock();
    hog.Unlock();
  }
  say("ten locks against a hog took less than half a second: %v",
      time::Since(t) < 500 * time::Millisecond);
  stop.Store(true);
  stopped.recv();
}

namespace {

void tickers() {
  say("NewTicker(0): %s", caught([] { (void)time::NewTicker(0); }));
  auto tk = time::NewTicker(5 * time::Millisecond);
  say("ticker channel: len %d cap %d", len(tk.C), cap(tk.C));
  say("Ticker.Reset(0): %s", caught([&] { tk.Reset(0); }));
  time::Sleep(23 * time::Millisecond);
  tk.C.recv();
  switch (select({recv(tk.C), otherwise})) {
    case 0:
      say("a slow receiver found a second tick");
      break;
    case 1:
      say("a slow receiver finds one tick, the others are dropped");
      break;
  }
  tk.Stop();
  time::Time at;
  bool ok = false;
  switch (select({recv(tk.C, at, ok), otherwise})) {
    case 0:
      say("after Stop: %v", ok);
      break;
    case 1:
      say("Stop does not close the channel");
      break;
  }
  say("Tick(0) is nil: %v", time::Tick(0) == nullptr);
}

}  // namespace

void timers() {
  say("# Timer, Ticker");
  auto t = time::NewTimer(time::Hour);
  say("timer channel: len %d cap %d", len(t.C), cap(t.C));
  bool a = t.Stop(), b = t.Stop();
  say("Stop of a running timer %v, again %v", a, b);
  a = t.Reset(time::Millisecond), b = t.Reset(time::Millisecond);
  say("Reset of a stopped timer %v, of a running one %v", a, b);
  time::Sleep(5 * time::Millisecond);
  int n = len(t.C);
  say("expired, not received: len %d, Stop %v", n, t.Stop());
  switch (select({recv(t.C), otherwise})) {
    case 0:
      say("a stale value came");
      break;
    case 1:
      say("after Stop no stale value comes");
      break;
  }
  t.Reset(time::Millisecond);
  time::Sleep(5 * time::Millisecond);
  say("Reset of an expired, not received timer %v", t.Reset(20 * time::Millisecond));
  auto start = time::Now();
  t.C.recv();
  say("the next receive waits for the new time: %v", time::Since(start) > 15 * time::Millisecond);
  a = t.Stop(), b = t.Reset(time::Hour);
  say("Stop after the receive %v, Reset %v", a, b);
  t.Stop();
  auto done = make_chan<bool>(1);
  auto af = time::AfterFunc(time::Millisecond, [=] { done.send(true); });
  say("AfterFunc: C is nil %v", af.C == nullptr);
  done.recv();
  a = af.Stop(), b = af.Reset(time::Millisecond);
  say("AfterFunc: Stop after it ran %v, Reset %v", a, b);
  done.recv();
  say("AfterFunc ran again after Reset");
  auto z = time::NewTimer(0);
  z.C.recv();
  auto neg = time::NewTimer(-1);
  neg.C.recv();
  say("timers of zero and negative duration fire at once");
  time::Timer uninit;
  say("Stop of a zero Timer: %s", caught([&] { uninit.Stop(); }));
  say("Reset of a zero Timer: %s", caught([&] { uninit.Reset(1); }));
  tickers();
  start = time::Now();
  time::Sleep(-5);
  time::Sleep(0);
  say("Sleep of zero or less returns at once: %v", time::Since(start) < 5 * time::Millisecond);
}

void goroutines() {
  say("# goroutines");
  auto done = make_chan<bool>();
  go([=] {
    Defer closed{[=] { close(done); }};
    Defer recovered{[] { say("recover in Goexit: %v", nullptr); }};
    try {
      runtime::Goexit();
    } catch (Panic&) {
      say("Goexit is no panic");
    }
  });
  done.recv();
  std::string stack = debug::Stack();
  say("Stack starts with %q", stack.substr(0, stack.find('\n')));
  say("panic(nil): %s", caught([] { panic(nullptr); }));
  any v = "x";
  say("assertion: %s", caught([&] { v.as<int>(); }));
  say("joined: %q", errors::Join(errors::New("a"), errors::New("b")));
}

}  // namespace semantics
