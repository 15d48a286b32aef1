// red left: the hour is a second now. That moves the limit: a second after a request its goroutine is
// gone, but with many requests a second there are always many.
#include "profiler/endpoints/pprof.h"  // _ "net/http/pprof"
#include "runtime/golab.h"

// ------------------------------------------------------------------- yours to change
void leakingFunction() { time::After(1 * time::Second).recv(); }

void leakHandler(http::ResponseWriter& w, http::Request*) {
  go(leakingFunction);
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
