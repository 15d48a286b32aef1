// green: the handler closes a channel when it returns, and the timer is stopped with it.
#include "profiler/endpoints/pprof.h"  // _ "net/http/pprof"
#include "runtime/golab.h"

// ------------------------------------------------------------------- yours to change
void leakingFunction(RecvChan<bool> done) {
  auto timer = time::NewTimer(1 * time::Hour);
  Defer stopped{[=] { timer.Stop(); }};
  select({recv(timer.C), recv(done)});
}

void leakHandler(http::ResponseWriter& w, http::Request*) {
  auto done = make_chan<bool>();
  Defer closed{[=] { close(done); }};
  go(leakingFunction, done);
  fmt::Fprintf(w, "Goroutine leaked!");
}
// -------------------------------------------------------------- please leave as it is

int main() {
  auto addr = flag::String("addr", "127.0.0.1:8080", "listen on `host:port`");
  flag::Parse();

  http::HandleFunc("/leak", leakHandler);
  log::Printf("Starting server on %s", *addr);
  log::Fatal(http::ListenAndServe(*addr, nullptr));
}
