// 04  The late report                                                     15 minutes
//
// Why it leaked. report() leaves at the deadline, or when it hears that the report is secret, and
// with it the only receiver of ready. The goroutine that builds the report does not know that. It
// finishes its work, sends, and waits forever for somebody to receive: 1 goroutine for each request
// that was refused, [chan send]. To ask ctx.Err() before the send is too early: report() may leave
// just after.
//
// The change. The channel has room for the one value that is ever sent on it, so the send ends at
// once, with or without a receiver. That is right because there is one send, no more. The goroutine
// still builds a report that nobody reads. If build could be interrupted, it would get ctx, too.
#include "profiler/endpoints/pprof.h"  // _ "net/http/pprof"
#include "runtime/golab.h"

constexpr time::Duration patience = 200 * time::Millisecond;  // of a client
const error errSecret = errors::New("it is secret");

// build makes a report. December has the most pages, june some.
std::string build(const std::string& month) {
  int64_t pages = month == "december" ? 200 : month == "june" ? 15 : 5;
  time::Sleep(pages * 10 * time::Millisecond);
  return fmt::Sprintf("report of %s: all is well", month);
}

// secret says whether a report must not go out. For june and july it has to ask somebody.
bool secret(const std::string& month) {
  if (month != "june" && month != "july") return false;
  time::Sleep(100 * time::Millisecond);
  return month == "july";
}

// ------------------------------------------------------------------- yours to change
std::pair<std::string, error> report(context::Context ctx, const std::string& month) {
  auto ready = make_chan<std::string>(1);     // ready := make(chan string, 1)
  go([=] { ready.send(build(month)); });      // go func() { ready <- build(month) }()
  if (secret(month)) return {"", errSecret};  // asked while the report is made

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
    int status = errors::Is(err, errSecret) ? http::StatusForbidden : http::StatusGatewayTimeout;
    http::Error(w, "no report: " + err.Error(), status);
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
