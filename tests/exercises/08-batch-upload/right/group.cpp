// green: an errgroup waits for all, and its functions cannot forget to say that they end
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
  auto files = r->URL.Query()["file"];      // files := r.URL.Query()["file"]
  int n = static_cast<int>(files.size());   // n := len(files)
  auto stored = make_chan<std::string>(n);  // stored := make(chan string, n)
  auto group = std::make_shared<errgroup::Group>();
  for (auto& file : files) {
    group->Go([=]() -> error {
      if (store(file) == nullptr) stored.send(file);
      return nullptr;
    });
  }

  auto complete = make_chan<Empty>();  // complete := make(chan struct{})
  go([=] {                             // go func() {
    group->Wait();                     //     wg.Wait()
    close(complete);                   //     close(complete)
  });                                  // }()
  switch (select({recv(complete), recv(time::After(patience))})) {
    case 0:  // case <-complete:
      fmt::Fprintf(w, "stored %d of %d files\n", len(stored), n);
      return;
    case 1:  // case <-time.After(patience):
      http::Error(w, "the batch takes too long", http::StatusGatewayTimeout);
  }
}
// -------------------------------------------------------------- please leave as it is

int main() {
  auto addr = flag::String("addr", "127.0.0.1:6060", "listen on `host:port`");
  flag::Parse();
  http::HandleFunc("/upload", uploadHandler);
  log::Printf("listening on %s", *addr);
  log::Fatal(http::ListenAndServe(*addr, nullptr));
}
