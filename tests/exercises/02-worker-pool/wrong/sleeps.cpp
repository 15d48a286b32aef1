// red answers: the request waits a second for the workers' last sleep.
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
sync::Mutex mu;
int64_t over = 0;

void worker(RecvChan<Task> ch, int64_t mine) {
  Task task;
  for (;;) {
    switch (select({recv(ch, task), recv(time::After(100 * time::Millisecond))})) {
      case 0:
        task.Process();
        break;
      case 1:
        mu.Lock();
        bool ended = over >= mine;
        mu.Unlock();
        if (ended) return;
    }
  }
}

void startWorkers(int n, RecvChan<Task> ch, int64_t mine) {
  for (int i = 0; i < n; i++) {
    go(worker, ch, mine);
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
  errs.send(nullptr);
}

error process() {
  static sync::atomic::Int64 requests;
  int64_t mine = requests.Add(1);
  auto ch = make_chan<Task>();
  auto done = make_chan<int>(tasks);
  auto errs = make_chan<error>(2);
  startWorkers(workers, ch, mine);
  go(producer, ch, done, errs);

  error err = errs.recv();
  mu.Lock();
  over = std::max(over, mine);
  mu.Unlock();
  time::Sleep(1 * time::Second);
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
