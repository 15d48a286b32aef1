// red answers: the line that starts the workers is gone, so the producer waits for the first of them.
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

void producer(SendChan<Task> ch, SendChan<int> done, SendChan<error> errs) {
  Defer closed{[=] { close(ch); }};
  for (int id = 0; id < tasks; id++) {
    if (id == badTask) {
      errs.send(fmt::Errorf("task %d: %w", id, errBadTask));
      continue;
    }
    ch.send(Task{id, done});
  }
  errs.send(nullptr);
}

error process() {
  auto ch = make_chan<Task>();
  auto done = make_chan<int>(tasks);
  auto errs = make_chan<error>();
  go(producer, ch, done, errs);

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
