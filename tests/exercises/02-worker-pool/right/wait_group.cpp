// green: process() stops the producer by closing a channel, and waits for everyone before it returns.
#include "profiler/endpoints/pprof.h"  // _ "net/http/pprof"
#include "runtime/golab.h"

constexpr int workers = 75;  // goroutines per request
constexpr int tasks = 150;
constexpr int badTask = 100;  // this task cannot be made

const error errBadTask = errors::New("bad task");

// Task is one unit of work; its result goes to Done.
struct Task {                              // type Task struct {
  int ID;                                  //     ID   int
  SendChan<int> Done;                      //     Done chan<- int
                                           // }
  void Process() const { Done.send(ID); }  // func (t Task) Process() { t.Done <- t.ID }
};

// ------------------------------------------------------------------- yours to change
void worker(RecvChan<Task> ch) {
  for (auto task : ch) {
    task.Process();
  }
}

void startWorkers(sync::WaitGroup& wg, int n, RecvChan<Task> ch) {
  for (int i = 0; i < n; i++) {
    wg.Go([=] { worker(ch); });
  }
}

void producer(SendChan<Task> ch, SendChan<int> done, SendChan<error> errs, RecvChan<bool> stop) {
  Defer closed{[=] { close(ch); }};
  for (int id = 0; id < tasks; id++) {
    if (id == badTask) {
      if (select({send(errs, fmt::Errorf("task %d: %w", id, errBadTask)), recv(stop)}) == 1) return;
      continue;
    }
    if (select({send(ch, Task{id, done}), recv(stop)}) == 1) return;
  }
  select({send(errs, nullptr), recv(stop)});
}

error process() {
  auto ch = make_chan<Task>();
  auto done = make_chan<int>(tasks);
  auto errs = make_chan<error>();
  auto stop = make_chan<bool>();
  sync::WaitGroup wg;
  startWorkers(wg, workers, ch);
  wg.Go([=] { producer(ch, done, errs, stop); });

  error err = errs.recv();
  close(stop);
  wg.Wait();
  return err;
}

void processHandler(http::ResponseWriter& w, http::Request*) {
  if (error err = process(); err != nullptr) {
    fmt::Fprintf(w, "failed: %v\n", err);
    return;
  }
  fmt::Fprintln(w, "processed");
}
// -------------------------------------------------------------- please leave as it is

int main() {
  auto addr = flag::String("addr", "127.0.0.1:6060", "listen on `host:port`");
  flag::Parse();
  http::HandleFunc("/process", processHandler);
  log::Printf("listening on %s", *addr);
  log::Fatal(http::ListenAndServe(*addr, nullptr));
}
