// 02  The worker pool                                                     30 minutes
//
// Why it leaked, three times over.
//
// 1. Nobody closed ch, so the workers' range never ended: 75 goroutines a request, [chan receive].
//    Who sends, closes: the producer does, when it ends, however it ends (defer).
// 2. The request's context did not reach the goroutines, so nobody could call them back. Now every
//    channel operation that can park also waits for ctx.Done().
// 3. process() left at the first error, so the producer's next report had no receiver: 1 goroutine
//    a request, [chan send]. Cancelling on the way out releases it.
//
// And process() now waits for all that it started, so that nothing outlives its request. It must:
// the Request is gone when the handler returns (Go's collector would keep it). What goes to the
// goroutines is the context, by value.
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
void worker(context::Context ctx, RecvChan<Task> ch) {
  Task task;
  bool ok;
  for (;;) {
    switch (select({recv(ch, task, ok), recv(ctx.Done())})) {
      case 0:  // case task, ok := <-ch:
        if (!ok) return;
        task.Process();
        break;
      case 1:  // case <-ctx.Done():
        return;
    }
  }
}

void startWorkers(context::Context ctx, sync::WaitGroup& wg, int n, RecvChan<Task> ch) {
  for (int i = 0; i < n; i++) {
    wg.Go([=] { worker(ctx, ch); });  // wg.Go(func() { worker(ctx, ch) })
  }
}

// producer feeds the pool and reports what went wrong, then that it is done.
void producer(context::Context ctx, SendChan<Task> ch, SendChan<int> done, SendChan<error> errs) {
  Defer closed{[=] { close(ch); }};                           // defer close(ch)
  auto report = [=](error err) {                              // report := func(err error) bool {
    return select({send(errs, err), recv(ctx.Done())}) == 0;  //     true if it was received
  };                                                          // }
  for (int id = 0; id < tasks; id++) {
    if (id == badTask) {
      if (!report(fmt::Errorf("task %d: %w", id, errBadTask))) return;
      continue;
    }
    switch (select({send(ch, Task{id, done}), recv(ctx.Done())})) {
      case 1:  // case <-ctx.Done():
        return;
    }
  }
  report(nullptr);
}

error process(context::Context parent) {
  auto [ctx, cancel] = context::WithCancel(parent);  // ctx, cancel := context.WithCancel(ctx)
  sync::WaitGroup wg;
  Defer waited{[&] { wg.Wait(); }};  // defer wg.Wait()
  Defer cancelled{cancel};           // defer cancel()

  auto ch = make_chan<Task>();        // ch := make(chan Task)
  auto done = make_chan<int>(tasks);  // done := make(chan int, tasks)
  auto errs = make_chan<error>();     // errs := make(chan error)
  startWorkers(ctx, wg, workers, ch);
  wg.Go([=, ctx = ctx] { producer(ctx, ch, done, errs); });  // wg.Go(func() { producer(…) })

  return errs.recv();  // return <-errs
}

void processHandler(http::ResponseWriter& w, http::Request* r) {
  if (error err = process(r->Context()); err != nullptr) {  // if err := process(r.Context()); …
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
