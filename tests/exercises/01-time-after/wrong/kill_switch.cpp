// red left: each request ends the goroutine of the one before. The last one's stays, and a request
// ends what another one still needs.
#include "profiler/endpoints/pprof.h"  // _ "net/http/pprof"
#include "runtime/golab.h"

// ------------------------------------------------------------------- yours to change
sync::Mutex mu;
Chan<bool> former;

void leakingFunction(Chan<bool> stop) { select({recv(time::After(1 * time::Hour)), recv(stop)}); }

void leakHandler(http::ResponseWriter& w, http::Request*) {
  auto stop = make_chan<bool>();
  mu.Lock();
  if (former != nullptr) close(former);
  former = stop;
  mu.Unlock();
  go(leakingFunction, stop);
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
