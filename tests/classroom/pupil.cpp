// pupil.cpp: a service for the tests of the classroom. Each path does one thing that takes time, or
// leaves something behind, or fails; GET /log says what has happened, and at which time.
//
//   pupil --addr HOST:PORT             serves
//   pupil --end return --after TIME    sleeps for so long, and returns from main
//   pupil --end exit --after TIME      the same, with os::Exit(3)
#include <fcntl.h>
#include <sys/socket.h>

#include "profiler/endpoints/pprof.h"  // _ "net/http/pprof"
#include "runtime/golab.h"
#include "runtime/os/signal/signal.h"

namespace {

const time::Time began = time::Now();
sync::Mutex mu;
std::string lines;  // protected by mu
std::atomic<bool> enough{false};

void say(std::string_view what) {
  mu.Lock();
  lines += fmt::Sprintf("%s %v\n", what, time::Since(began).Round(time::Second));
  mu.Unlock();
}

void answer_log(http::ResponseWriter& w, http::Request*) {
  mu.Lock();
  std::string text = std::exchange(lines, "");
  mu.Unlock();
  w.Write(text);
}

// ---- Timers -------------------------------------------------------------------------------------

void set_alarms(http::ResponseWriter&, http::Request*) {
  go([] {
    time::Sleep(3 * time::Hour);
    say("sleeper");
  });
  time::AfterFunc(1 * time::Hour, [] {
    say("function");
    time::AfterFunc(30 * time::Minute, [] { say("function of a function"); });
  });
  go([timer = time::NewTimer(2 * time::Hour)] {
    timer.C.recv();
    say("timer");
  });
}

void sleep_in_order(http::ResponseWriter&, http::Request*) {
  for (int i = 0; i < 10; i++) {
    time::AfterFunc(1 * time::Hour, [i] { say(fmt::Sprint(i)); });
  }
}

void tick(http::ResponseWriter&, http::Request*) {
  go([] {
    auto ticker = time::NewTicker(10 * time::Minute);
    for (int i = 0; i < 6; i++) {
      ticker.C.recv();
      say("tick");
    }
    ticker.Stop();
    say("stopped");
  });
}

void count_milliseconds(http::ResponseWriter&, http::Request*) {
  go([] {
    auto ticker = time::NewTicker(time::Millisecond);
    int count = 0;
    while (time::Since(began) < 5 * time::Second) {
      ticker.C.recv();
      count++;
    }
    say(fmt::Sprint(count));
    ticker.Stop();
  });
}

// Nobody receives from it, so nobody can be woken by it.
void tick_unheard(http::ResponseWriter&, http::Request*) {
  static auto* ticker = new time::Ticker(time::NewTicker(time::Millisecond));
  (void)ticker;
}

void at_once(http::ResponseWriter& w, http::Request*) {
  auto [ctx, cancel] = context::WithTimeout(context::Background(), 0);
  time::After(0).recv();
  auto done = make_chan<int>();
  time::AfterFunc(0, [=] { done.send(1); });
  done.recv();
  cancel();
  fmt::Fprint(w, ctx.Err(), " ", time::Since(began).Round(time::Second));
}

void wait_for_deadline(http::ResponseWriter& w, http::Request* r) {
  auto [ctx, cancel] = context::WithTimeout(r->Context(), 30 * time::Second);
  ctx.Done().recv();
  fmt::Fprint(w, ctx.Err());
  cancel();
}

void stop_a_timer(http::ResponseWriter& w, http::Request*) {
  auto stopped = time::AfterFunc(1 * time::Hour, [] { say("stopped"); });
  auto moved = time::AfterFunc(1 * time::Hour, [] { say("moved"); });
  fmt::Fprint(w, stopped.Stop(), " ", moved.Reset(2 * time::Hour));
}

void tell_date(http::ResponseWriter& w, http::Request*) { fmt::Fprint(w, time::Now().Unix()); }

// ---- Work ---------------------------------------------------------------------------------------

void compute(http::ResponseWriter&, http::Request*) {
  enough = false;
  go([] {
    while (!enough) {}
  });
}

void stop_computing(http::ResponseWriter&, http::Request*) { enough = true; }

// Three at work at once, two of them for the third; five values are sent, two of them by the handler.
void share_work(http::ResponseWriter& w, http::Request*) {
  auto results = make_chan<int>();
  auto go_on = make_chan<int>();
  auto all_done = make_chan<int>();
  auto say_hello = [=] {
    go_on.recv();
    results.send(1);
  };
  go([=] {
    go(say_hello);
    go(say_hello);
    select({send(results, 0)});
    all_done.recv();
  });
  int sum = results.recv();
  for (int i = 0; i < 2; i++) {
    go_on.send(1);
    sum += results.recv();
  }
  close(all_done);
  fmt::Fprint(w, sum);
}

void leak_one(http::ResponseWriter&, http::Request*) {
  go([] { make_chan<int>().recv(); });
}

void wait_for_client(http::ResponseWriter&, http::Request* r) {
  r->Context().Done().recv();
  say("client went away");
}

// Reads the request's body to its end, and waits for as long as a client may hang up.
void read_body(http::ResponseWriter& w, http::Request* r) {
  auto [text, err] = io::ReadAll(r->Body);
  time::Sleep(1 * time::Second);
  fmt::Fprint(w, text.size());
}

sync::Mutex locked;

void lock_and_forget(http::ResponseWriter&, http::Request*) { locked.Lock(); }

void read_twice(http::ResponseWriter& w, http::Request*) {
  for (int i = 0; i < 2; i++) {
    auto [text, err] = os::ReadFile("/dev/null");
    fmt::Fprintf(w, "%v\n", err);
  }
}

void dial_self(http::ResponseWriter& w, http::Request* r) {
  auto [c, err] = net::Dial("tcp", r->Host);
  fmt::Fprintf(w, "%v\n", err);
}

// The first body is closed, the second is read to its end.
void fetch_self(http::ResponseWriter& w, http::Request* r) {
  for (bool read : {false, true}) {
    auto [resp, err] = http::Get("http://" + r->Host + "/date");
    fmt::Fprintf(w, "%v\n", err);
    if (err != nullptr) continue;
    if (read) io::ReadAll(resp->Body);
    resp->Body.Close();
  }
}

// A peer that never says a word: the deadline of the connection ends the wait.
void read_with_deadline(http::ResponseWriter& w, http::Request*) {
  auto [silent, listen_err] = net::Listen("tcp", "127.0.0.1:0");
  auto [c, err] = net::Dial("tcp", silent.Addr().String());
  c.SetReadDeadline(time::Now().Add(20 * time::Millisecond));
  char byte;
  auto [n, read_err] = c.Read(&byte, 1);
  fmt::Fprint(w, errors::Is(read_err, os::ErrDeadlineExceeded), " ",
              time::Since(began).Round(time::Second));
}

// What a child of this program would see of the class: its variable, and sockets of AF_UNIX.
void tell_children(http::ResponseWriter& w, http::Request*) {
  int inherited = 0;
  for (int fd = 0; fd < 64; fd++) {
    int domain = 0;
    socklen_t n = sizeof domain;
    bool local = ::getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &n) == 0 && domain == AF_UNIX;
    if (local && (::fcntl(fd, F_GETFD) & FD_CLOEXEC) == 0) inherited++;
  }
  fmt::Fprint(w, os::Getenv("GOLAB_CLASSROOM").empty(), " ", inherited);
}

// ---- The end ------------------------------------------------------------------------------------

// Leaves a goroutine behind.
int end_as(const std::string& how, time::Duration after) {
  go([] { make_chan<int>().recv(); });
  auto begun = time::Now();
  time::Sleep(after);
  fmt::Println("slept", time::Since(begun) >= after);
  if (how == "exit") os::Exit(3);
  return 0;
}

// SIGTERM lets the requests that run come to their end.
int serve(const std::string& addr) {
  http::Server server;
  server.Addr = addr;
  server.ReadHeaderTimeout = 500 * time::Millisecond;
  auto down = make_chan<int>();
  auto signals = make_chan<os::Signal>(1);
  os::signal::Notify(signals, SIGTERM);
  go([&server, signals, down] {
    signals.recv();
    server.Shutdown(context::Background());
    close(down);
  });
  if (server.ListenAndServe() != http::ErrServerClosed) return 1;
  down.recv();
  return 0;
}

}  // namespace

int main() {
  auto addr = flag::String("addr", "127.0.0.1:6060", "listen on `host:port`");
  auto end = flag::String("end", "", "end in this `way`");
  auto after = flag::Duration("after", 0, "end in this `time`");
  flag::Parse();
  if (!end->empty()) return end_as(*end, *after);
  http::HandleFunc("/log", answer_log);
  http::HandleFunc("/alarms", set_alarms);
  http::HandleFunc("/same", sleep_in_order);
  http::HandleFunc("/tick", tick);
  http::HandleFunc("/count", count_milliseconds);
  http::HandleFunc("/tick-unheard", tick_unheard);
  http::HandleFunc("/at-once", at_once);
  http::HandleFunc("/deadline", wait_for_deadline);
  http::HandleFunc("/stop", stop_a_timer);
  http::HandleFunc("/date", tell_date);
  http::HandleFunc("/compute", compute);
  http::HandleFunc("/enough", stop_computing);
  http::HandleFunc("/share", share_work);
  http::HandleFunc("/leak", leak_one);
  http::HandleFunc("/wait", wait_for_client);
  http::HandleFunc("/body", read_body);
  http::HandleFunc("/lock", lock_and_forget);
  http::HandleFunc("/read", read_twice);
  http::HandleFunc("/dial", dial_self);
  http::HandleFunc("/fetch", fetch_self);
  http::HandleFunc("/read-deadline", read_with_deadline);
  http::HandleFunc("/children", tell_children);
  return serve(*addr);
}
