// green: Done is called on both ways out
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
  if (error err = store(file); err != nullptr) {  // if err := store(file); err != nil {
    wg->Done();
    return;
  }                   // }
  stored.send(file);  // stored <- file
  wg->Done();         // wg.Done()
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
