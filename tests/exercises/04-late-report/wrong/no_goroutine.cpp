// red answers work: the handler builds the report itself and cannot leave at the deadline
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
  auto text = build(month);
  if (secret(month)) return {"", errSecret};
  return {text, ctx.Err()};
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
