// red work left: 75 workers for the whole service, started by the first request. They stay, and no
// request has 75 of its own.
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

void startWorkers(int n, RecvChan<Task> ch) {
  for (int i = 0; i < n; i++) {
    go(worker, ch);
  }
}

void producer(SendChan<Task> ch, SendChan<int> done, SendChan<error> errs) {
  for (int id = 0; id < tasks; id++) {
    if (id == badTask) {
      errs.send(fmt::Errorf("task %d: %w", id, errBadTask));
      continue;
    }
    ch.send(Task{id, done});
  }
}

error process() {
  static const Chan<Task> pool = [] {
    auto ch = make_chan<Task>();
    startWorkers(workers, ch);
    return ch;
  }();
  auto done = make_chan<int>(tasks);
  auto errs = make_chan<error>(1);
  go(producer, pool, done, errs);

  return errs.recv();
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
