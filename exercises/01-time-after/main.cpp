// 01  An hour is a long time                                              15 minutes
//
// GET /leak answers at once, and the answer is right. The service has one goroutine more after
// every request, and an hour later it still has most of them.
//
// Your task: after any number of requests the goroutine count is what it was before the first.
#include "profiler/endpoints/pprof.h"  // _ "net/http/pprof"
#include "runtime/golab.h"

// ------------------------------------------------------------------- yours to change
void leakingFunction() {
  time::After(1 * time::Hour).recv();  // <-time.After(1 * time.Hour)
}

void leakHandler(http::ResponseWriter& w, http::Request*) {
  go(leakingFunction);  // go leakingFunction()
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
