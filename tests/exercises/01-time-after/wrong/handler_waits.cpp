// red answers: the handler waits itself. No goroutine is left, because the client waits for an hour.
#include "profiler/endpoints/pprof.h"  // _ "net/http/pprof"
#include "runtime/golab.h"

// ------------------------------------------------------------------- yours to change
void leakingFunction() { time::After(1 * time::Hour).recv(); }

void leakHandler(http::ResponseWriter& w, http::Request*) {
  leakingFunction();
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
