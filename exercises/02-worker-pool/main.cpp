// 02  The worker pool                                                     30 minutes
//
// GET /process has a pool of 75 goroutines work through 150 tasks. One task cannot be made, and the
// request fails; that is known and all right. But after 20 requests this service has 1523
// goroutines where it had 3.
//
// Your task: after any number of requests the goroutine count is what it was before the first.
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
void worker(RecvChan<Task> ch) {  // func worker(ch <-chan Task) {
  for (auto task : ch) {          //     for task := range ch {
    task.Process();               //         task.Process()
  }                               //     }
}

void startWorkers(int n, RecvChan<Task> ch) {
  for (int i = 0; i < n; i++) {
    go(worker, ch);  // go worker(ch)
  }
}

// producer feeds the pool and reports what went wrong, then that it is done.
void producer(SendChan<Task> ch, SendChan<int> done, SendChan<error> errs) {
  for (int id = 0; id < tasks; id++) {
    if (id == badTask) {
      errs.send(fmt::Errorf("task %d: %w", id, errBadTask));  // errs <- fmt.Errorf(…)
      continue;
    }
    ch.send(Task{id, done});  // ch <- Task{ID: id, Done: done}
  }
  errs.send(nullptr);  // errs <- nil
}

error process() {
  auto ch = make_chan<Task>();        // ch := make(chan Task)
  auto done = make_chan<int>(tasks);  // done := make(chan int, tasks)
  auto errs = make_chan<error>();     // errs := make(chan error)
  startWorkers(workers, ch);
  go(producer, ch, done, errs);  // go producer(ch, done, errs)

  return errs.recv();  // return <-errs
}

void processHandler(http::ResponseWriter& w, http::Request*) {
  if (error err = process(); err != nullptr) {  // if err := process(); err != nil {
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
