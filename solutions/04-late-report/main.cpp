// 04  The late report                                                     15 minutes
//
// Why it leaked. report() leaves at the deadline, and with it the only receiver of ready. The
// goroutine that builds the report does not know that. It finishes its work, sends, and waits
// forever for somebody to receive: 1 goroutine for each request that came too late, [chan send].
//
// The change. The channel has room for the one value that is ever sent on it, so the send ends at
// once, with or without a receiver. That is right because there is one send, no more. The goroutine
// still builds a report that nobody reads. If build could be interrupted, it would get ctx, too.
#include "profiler/endpoints/pprof.h"  // _ "net/http/pprof"
#include "runtime/golab.h"

constexpr time::Duration patience = 200 * time::Millisecond;  // of a client

// build makes a report. December has the most pages.
std::string build(const std::string& month) {
  time::Sleep(month == "december" ? 2 * time::Second : 50 * time::Millisecond);
  return fmt::Sprintf("report of %s: all is well", month);
}

// ------------------------------------------------------------------- yours to change
std::pair<std::string, error> report(context::Context ctx, const std::string& month) {
  auto ready = make_chan<std::string>(1);  // ready := make(chan string, 1)
  go([=] { ready.send(build(month)); });   // go func() { ready <- build(month) }()

  std::string text;
  switch (select({recv(ready, text), recv(ctx.Done())})) {
    case 0:  // case text := <-ready:
      return {text, nullptr};
    default:  // case <-ctx.Done():
      return {"", ctx.Err()};
  }
}

void reportHandler(http::ResponseWriter& w, http::Request* r) {
  // ctx, cancel := context.WithTimeout(r.Context(), patience)
  auto [ctx, cancel] = context::WithTimeout(r->Context(), patience);
  Defer cancelled{cancel};  // defer cancel()

  auto [text, err] = report(ctx, r->FormValue("month"));
  if (err != nullptr) {
    http::Error(w, "no report: " + err.Error(), http::StatusGatewayTimeout);
    return;
  }
  fmt::Fprintln(w, text);
}
// -------------------------------------------------------------- please leave as it is

int main() {
  auto addr = flag::String("addr", "127.0.0.1:6060", "listen on `host:port`");
  flag::Parse();
  http::HandleFunc("/report", reportHandler);
  log::Printf("listening on %s", *addr);
  log::Fatal(http::ListenAndServe(*addr, nullptr));
}
