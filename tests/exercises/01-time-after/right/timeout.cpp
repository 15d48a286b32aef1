// green: a context that ends by itself after an hour, and with the request before that.
#include "profiler/endpoints/pprof.h"  // _ "net/http/pprof"
#include "runtime/golab.h"

// ------------------------------------------------------------------- yours to change
void leakingFunction(context::Context parent) {
  auto [ctx, cancel] = context::WithTimeout(parent, 1 * time::Hour);
  Defer cancelled{cancel};
  ctx.Done().recv();
}

void leakHandler(http::ResponseWriter& w, http::Request* r) {
  go(leakingFunction, r->Context());
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
