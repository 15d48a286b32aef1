// dying.cpp: programs that end badly, each a function named as Go's program is, chosen by argument.
//
// Each is line for line the Go program whose output lies in golden/NAME.txt. There it is main
// itself; here main calls it, and the test takes that frame out again.
#include <atomic>
#include <cstdio>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "profiler/endpoints/pprof.h"
#include "runtime/golab.h"
#include "runtime/os/signal/signal.h"
#include "runtime/sched/proc.h"

// ---- Panics and their values

void panic_string() { panic("something went wrong"); }
void panic_int() { panic(42); }
void panic_with_labels() {
  pprof::Do(context::Background(), pprof::Labels("tenant", "acme", "job", "import #7"),
            [](context::Context) { go([] { panic("boom"); }); });
  select({});
}
void panic_float() { panic(2.5); }
void panic_multiline() { panic("first line\nsecond line\n\ngoroutine 7 [running]:\n"); }
void panic_nil() { panic(nullptr); }
void panic_error() { panic(fmt::Errorf("open config: %w", errors::New("no such file"))); }

struct codeError {
  int code;
  std::string Error() const { return fmt::Sprintf("code %d", code); }
};
void panic_custom_error() { panic(codeError{42}); }

struct level {
  int l;
  std::string String() const { return "level!"; }
};
void panic_stringer() { panic(level{3}); }

struct pair {
  int a, b;
};
void panic_struct() { panic(pair{1, 2}); }

enum class code : int {};
void panic_namedint() { panic(code{7}); }
struct reason : std::string {
  using std::string::string;
};
void panic_namedstring() { panic(reason("bad \"thing\"\nnext")); }
void panic_pointer() { panic(std::make_shared<pair>(pair{1, 2})); }
struct bad {
  std::string Error() const { panic("from Error"); }
};
void panic_error_panics() { panic(bad{}); }

void work(int) { panic("worker failed"); }
void panic_goroutine() {
  go(work, 3);
  time::Sleep(time::Second);
}

void fails() { panic("who asked for this?"); }
void starts() {
  go(fails);
  select({});
}
void asks() { starts(); }
void ancestors() {
  go(asks);
  select({});
}

void deep(int n) {
  if (n > 0) return deep(n - 1);
  starts();
}
void ancestors_deep() { deep(60); }

void sleeps_a_second() { time::Sleep(time::Second); }

void panic_wg_go() {
  sync::WaitGroup wg;
  wg.Go([] { panic("in wg.Go"); });
  wg.Wait();
}

void third() { panic("third"); }
void second() {
  Defer d{third};
  panic("second");
}
void panic_in_defer() {
  Defer d{second};
  panic("first");
}

void repanic_other() {
  try {
    panic("first");
  } catch (Panic& r) {
    panic(fmt::Sprintf("second after %v", r.String()));
  }
}

void repanic_same() {
  try {
    panic(errors::New("first"));
  } catch (Panic&) {
    throw;
  }
}

void panic_goexit() {
  Defer d{[] { panic("while leaving"); }};
  runtime::Goexit();
}

void work_after(int n, sync::WaitGroup* start) {
  start->Wait();
  panic(n);
}
void two_panics() {
  sync::WaitGroup start;
  start.Add(1);
  go(work_after, 1, &start);
  go(work_after, 2, &start);
  start.Done();
  select({});
}

uint64_t busy;
std::atomic<int> spinning{0};
void spin() {
  spinning++;
  for (;;) {
    auto* n = const_cast<volatile uint64_t*>(&busy);
    *n = *n + 1;
  }
}
void panic_busy() {
  runtime::GOMAXPROCS(2);
  go(spin);
  time::Sleep(20 * time::Millisecond);
  panic("stop");
}

// No program of Go's: the world is being stopped nearly all the time, for dumps and for instants.
void panic_beside_profiles() {
  runtime::GOMAXPROCS(2);
  go(spin);
  go([] {
    std::vector<char> text(1 << 16);
    for (;;) {
      runtime::Stack(text, true);
      runtime::pprof::Lookup("goroutine")->WriteTo([](std::string_view) { return error(); }, 0);
    }
  });
  time::Sleep(20 * time::Millisecond);
  panic("stop");
}

// ---- Panics of the language and of packages

void close_closed() {
  auto ch = make_chan<int>();
  close(ch);
  close(ch);
}
void close_nil() {
  Chan<int> ch;
  close(ch);
}
void send_closed() {
  auto ch = make_chan<int>();
  close(ch);
  ch.send(1);
}
void sender(Chan<int> ch) { ch.send(1); }
void send_closed_blocked() {
  auto ch = make_chan<int>();
  go(sender, ch);
  time::Sleep(50 * time::Millisecond);
  close(ch);
  time::Sleep(time::Second);
}
void send_closed_select() {
  auto a = make_chan<int>(), b = make_chan<int>();
  close(a);
  select({send(a, 1), recv(b)});
}
void make_chan_negative() { (void)make_chan<int>(-1); }

struct node {
  node* next;
};
node* follow(node* n) { return n->next; }
void nil_deref() { fmt::Println(follow(nullptr) != nullptr); }

int divide(int a, int b) { return a / b; }
void divide_zero() { fmt::Println(divide(1, 0)); }

void negative_waitgroup() {
  sync::WaitGroup wg;
  wg.Add(1);
  wg.Done();
  wg.Done();
}
void wg_misuse() {
  runtime::GOMAXPROCS(1);
  sync::WaitGroup wg;
  wg.Add(1);
  auto done = make_chan<bool>();
  go([&wg, done] {
    wg.Wait();
    done.send(true);
  });
  runtime::Gosched();
  wg.Done();
  wg.Add(1);
  done.recv();
}
void ticker_zero() { (void)time::NewTicker(0); }
void nil_context() { (void)context::WithCancel(nullptr); }
void type_assertion() {
  any v = "text";
  fmt::Println(v.as<int>());
}

// ---- Fatal errors

void unlock_unlocked() {
  sync::Mutex mu;
  mu.Unlock();
}
void rw_unlock_unlocked() {
  sync::RWMutex mu;
  mu.Unlock();
}
void rw_runlock_unlocked() {
  sync::RWMutex mu;
  mu.RUnlock();
}
void fatal_in_defer() {
  static sync::Mutex mu;
  Defer d{[] { mu.Unlock(); }};
  panic("first");
}

volatile bool endless = true;
int deeper(int n) { return endless ? deeper(n + 1) + 1 : n; }
void stack_overflow() { fmt::Println(deeper(0)); }

// ---- Deadlocks and what is none

void helper(Chan<int> in, Chan<int> out) { out.send(in.recv()); }
void deadlock_chan() {
  auto a = make_chan<int>(), b = make_chan<int>();
  go(helper, a, b);
  b.recv();
}
void deadlock_goexit() { runtime::Goexit(); }
void deadlock_goexit_others() {
  auto ch = make_chan<int>();
  go([=] { ch.recv(); });
  runtime::Goexit();
}
void deadlock_lazytimer() {
  static auto t = time::NewTimer(time::Hour);
  auto ch = make_chan<int>();
  ch.recv();
}
void deadlock_mutex() {
  static sync::Mutex mu;
  mu.Lock();
  mu.Lock();
}
void deadlock_nilchan() {
  Chan<int> ch;
  ch.recv();
}
void deadlock_select() { select({}); }
void deadlock_stopped_timer() {
  auto t = time::NewTimer(time::Hour);
  t.Stop();
  t.C.recv();
}
void worker(RecvChan<int> tasks) {
  for (int v : tasks) (void)v;
}
void deadlock_waitgroup() {
  sync::WaitGroup wg;
  auto tasks = make_chan<int>();
  for (int i = 0; i < 3; i++) wg.Go([=] { worker(tasks); });
  tasks.send(1);
  wg.Wait();
}
void deadlock_http_import() { select({}); }
void deadlock_listener_idle() {
  auto [l, err] = net::Listen("tcp", "127.0.0.1:0");
  if (err != nullptr) panic(err);
  auto ch = make_chan<int>();
  ch.recv();
}
void locked_deadlock() {
  runtime::LockOSThread();
  pprof::SetGoroutineLabels(pprof::WithLabels(
      context::Background(),
      pprof::Labels("b", "2", "a", "1", "path", "/x/y.z_", "empty", "", "sp ace", "q\"uote")));
  select({});
}
void nodeadlock_network() {
  auto [l, err] = net::Listen("tcp", "127.0.0.1:0");
  if (err != nullptr) panic(err);
  go([l = l] { (void)l.Accept(); });
  auto ch = make_chan<int>();
  ch.recv();
}
void nodeadlock_signal() {
  os::signal::Notify(make_chan<os::Signal>(1), SIGUSR1);
  auto ch = make_chan<int>();
  ch.recv();
}
void nodeadlock_timer() {
  time::AfterFunc(time::Hour, [] {});
  auto ch = make_chan<int>();
  ch.recv();
}

// ---- Ends that are no accident

void goexit_goroutine() {
  auto done = make_chan<bool>();
  go([=] {
    Defer d{[=] { close(done); }};
    Defer p{[] { fputs("deferred\n", stderr); }};
    runtime::Goexit();
  });
  done.recv();
  fputs("main goes on\n", stderr);
}
void main_returns() { fputs("main is done\n", stderr); }
void os_exit() {
  Defer d{[] { fputs("never printed\n", stderr); }};
  os::Exit(3);
}
void log_fatal() {
  log::SetFlags(0);
  log::Fatal(errors::New("cannot go on"));
}

void sigquit() {
  sync::WaitGroup wg;
  auto tasks = make_chan<int>();
  wg.Go([=] { worker(tasks); });
  wg.Go([] { time::Sleep(time::Hour); });
  puts("ready");
  fflush(stdout);
  wg.Wait();
}
void sigquit_busy() {
  runtime::GOMAXPROCS(2);
  go(spin);
  go([] {
    while (spinning < 2) runtime::Gosched();
    puts("ready");
    fflush(stdout);
  });
  spin();
}

#define PROGRAM(name) \
  { #name, name }
int main(int, char** argv) {
  using Program = void (*)();
  static const std::map<std::string, Program> programs = {PROGRAM(panic_string),
                                                          PROGRAM(panic_with_labels),
                                                          PROGRAM(panic_int),
                                                          PROGRAM(panic_float),
                                                          PROGRAM(panic_multiline),
                                                          PROGRAM(panic_nil),
                                                          PROGRAM(panic_error),
                                                          PROGRAM(panic_custom_error),
                                                          PROGRAM(panic_stringer),
                                                          PROGRAM(panic_struct),
                                                          PROGRAM(panic_namedint),
                                                          PROGRAM(panic_namedstring),
                                                          PROGRAM(panic_pointer),
                                                          PROGRAM(panic_error_panics),
                                                          PROGRAM(panic_goroutine),
                                                          PROGRAM(panic_wg_go),
                                                          PROGRAM(panic_in_defer),
                                                          PROGRAM(repanic_other),
                                                          PROGRAM(repanic_same),
                                                          PROGRAM(panic_goexit),
                                                          PROGRAM(ancestors),
                                                          PROGRAM(ancestors_deep),
                                                          PROGRAM(sleeps_a_second),
                                                          PROGRAM(two_panics),
                                                          PROGRAM(panic_busy),
                                                          PROGRAM(panic_beside_profiles),
                                                          PROGRAM(close_closed),
                                                          PROGRAM(close_nil),
                                                          PROGRAM(send_closed),
                                                          PROGRAM(send_closed_blocked),
                                                          PROGRAM(send_closed_select),
                                                          PROGRAM(make_chan_negative),
                                                          PROGRAM(nil_deref),
                                                          PROGRAM(divide_zero),
                                                          PROGRAM(negative_waitgroup),
                                                          PROGRAM(wg_misuse),
                                                          PROGRAM(nil_context),
                                                          PROGRAM(type_assertion),
                                                          PROGRAM(ticker_zero),
                                                          PROGRAM(unlock_unlocked),
                                                          PROGRAM(rw_unlock_unlocked),
                                                          PROGRAM(rw_runlock_unlocked),
                                                          PROGRAM(fatal_in_defer),
                                                          PROGRAM(stack_overflow),
                                                          PROGRAM(deadlock_chan),
                                                          PROGRAM(deadlock_goexit),
                                                          PROGRAM(deadlock_goexit_others),
                                                          PROGRAM(deadlock_lazytimer),
                                                          PROGRAM(deadlock_mutex),
                                                          PROGRAM(deadlock_nilchan),
                                                          PROGRAM(deadlock_select),
                                                          PROGRAM(deadlock_stopped_timer),
                                                          PROGRAM(deadlock_waitgroup),
                                                          PROGRAM(deadlock_http_import),
                                                          PROGRAM(deadlock_listener_idle),
                                                          PROGRAM(locked_deadlock),
                                                          PROGRAM(nodeadlock_network),
                                                          PROGRAM(nodeadlock_signal),
                                                          PROGRAM(nodeadlock_timer),
                                                          PROGRAM(goexit_goroutine),
                                                          PROGRAM(main_returns),
                                                          PROGRAM(os_exit),
                                                          PROGRAM(log_fatal),
                                                          PROGRAM(sigquit),
                                                          PROGRAM(sigquit_busy)};
  programs.at(argv[1])();
  return 0;
}
