// green: no WaitGroup: every upload sends one result, and the handler receives n of them
#include "profiler/endpoints/pprof.h"  // _ "net/http/pprof"
#include "runtime/golab.h"

constexpr time::Duration patience = 1 * time::Second;  // of a client

// store puts a file into the archive.
error store(const std::string& file) {
  time::Sleep(40 * time::Millisecond);
  return file == "big.raw" ? errors::New("too big") : nullptr;
}

// ------------------------------------------------------------------- yours to change
void uploadHandler(http::ResponseWriter& w, http::Request* r) {
  auto files = r->URL.Query()["file"];     // files := r.URL.Query()["file"]
  int n = static_cast<int>(files.size());  // n := len(files)
  auto results = make_chan<error>(n);
  for (auto& file : files) go([=] { results.send(store(file)); });

  auto late = time::After(patience);
  int stored = 0;
  for (int i = 0; i < n; i++) {
    error err;
    if (select({recv(results, err), recv(late)}) == 1) {
      http::Error(w, "the batch takes too long", http::StatusGatewayTimeout);
      return;
    }
    if (err == nullptr) stored++;
  }
  fmt::Fprintf(w, "stored %d of %d files\n", stored, n);
}
// -------------------------------------------------------------- please leave as it is

int main() {
  auto addr = flag::String("addr", "127.0.0.1:6060", "listen on `host:port`");
  flag::Parse();
  http::HandleFunc("/upload", uploadHandler);
  log::Printf("listening on %s", *addr);
  log::Fatal(http::ListenAndServe(*addr, nullptr));
}
