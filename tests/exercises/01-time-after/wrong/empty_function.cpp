// red work: the goroutine is started, and returns at once. It was to wait until the hour is over or
// nobody needs it.
#include "profiler/endpoints/pprof.h"  // _ "net/http/pprof"
#include "runtime/golab.h"

// ------------------------------------------------------------------- yours to change
void leakingFunction() {}

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
