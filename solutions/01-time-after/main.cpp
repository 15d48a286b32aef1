// 01  An hour is a long time                                              15 minutes
//
// Why it leaked. The goroutine waited for one thing only: an hour. Its request was over after a
// millisecond, but nobody could tell it so: time::After gives no handle to cancel it by. Whoever
// waits must also wait for the news that nobody needs the result any more.
//
// The change. The request's context is that news: it is cancelled when the handler returns or the
// client goes away, and select waits for whichever comes first. The context is handed over by
// value, as all that a goroutine needs; the Request itself lives only until the handler returns.
#include "profiler/endpoints/pprof.h"  // _ "net/http/pprof"
#include "runtime/golab.h"

// ------------------------------------------------------------------- yours to change
void leakingFunction(context::Context ctx) {
  switch (select({recv(time::After(1 * time::Hour)), recv(ctx.Done())})) {
    case 0:  // case <-time.After(1 * time.Hour):
      return;
    case 1:  // case <-ctx.Done():
      return;
  }
}

void leakHandler(http::ResponseWriter& w, http::Request* r) {
  go(leakingFunction, r->Context());  // go leakingFunction(r.Context())
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
