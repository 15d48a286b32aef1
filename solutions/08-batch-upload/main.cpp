// 08  The batch upload                                                    20 minutes
//
// Why it leaked. The WaitGroup was told of n uploads, and the upload of a file that is too big
// ended without Done. So the count never came to zero, and the goroutine that waits for that waited
// forever: 1 for each such batch, [sync.WaitGroup.Wait]. The upload has ended long ago, so no
// profile shows it. The goroutine that stands there is not the one that made the mistake.
//
// The change. Done is deferred, in the first line of the goroutine that it counts. So it happens on
// every way out, the early ones, those that somebody adds next year, and a panic. wg.Go does the
// same: it adds, starts, and calls Done when the function ends.
#include "profiler/endpoints/pprof.h"  // _ "net/http/pprof"
#include "runtime/golab.h"

constexpr time::Duration patience = 1 * time::Second;  // of a client

// store puts a file into the archive.
error store(const std::string& file) {
  time::Sleep(40 * time::Millisecond);
  return file == "big.raw" ? errors::New("too big") : nullptr;
}

// ------------------------------------------------------------------- yours to change
void upload(std::string file, std::shared_ptr<sync::WaitGroup> wg, SendChan<std::string> stored) {
  Defer done{[=] { wg->Done(); }};                // defer wg.Done()
  if (error err = store(file); err != nullptr) {  // if err := store(file); err != nil {
    return;                                       //     return // without this file
  }                                               // }
  stored.send(file);                              // stored <- file
}

void uploadHandler(http::ResponseWriter& w, http::Request* r) {
  auto files = r->URL.Query()["file"];            // files := r.URL.Query()["file"]
  int n = static_cast<int>(files.size());         // n := len(files)
  auto stored = make_chan<std::string>(n);        // stored := make(chan string, n)
  auto wg = std::make_shared<sync::WaitGroup>();  // wg := new(sync.WaitGroup)
  wg->Add(n);
  for (auto& file : files) go(upload, file, wg, stored);  // … go upload(file, wg, stored)

  auto complete = make_chan<Empty>();  // complete := make(chan struct{})
  go([=] {                             // go func() {
    wg->Wait();                        //     wg.Wait()
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
