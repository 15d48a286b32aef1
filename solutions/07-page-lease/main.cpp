// 07  The lease of a page                                                 20 minutes
//
// Why it leaked. renew waits for ticks, and ticks come as long as the program runs. Nothing told it
// that its page was published: 1 goroutine for each page, [chan receive], never for long, because
// the next tick wakes it. To stop the ticker is not enough. Stop ends the ticks but does not close
// the channel, so renew would wait for a tick that never comes.
//
// The change. A goroutine that works until it is told to stop needs a channel on which it is told.
// The handler closes done when it leaves, on every way out, and renew waits for both. The request's
// context would do almost the same, but it also ends when the client goes away, and then the page
// is still being published and would have no lease.
#include "profiler/endpoints/pprof.h"  // _ "net/http/pprof"
#include "runtime/golab.h"

constexpr time::Duration interval = 100 * time::Millisecond;  // between two renewals
atomic::Bool clash;                                           // two have edited one page

// A lease is lost if it is not renewed for two intervals.
struct Lease {
  atomic::Int64 Renewals, Renewed{time::Now().UnixMilli()};
  bool Lost() const { return time::Now().UnixMilli() >= Renewed.Load() + 200; }
  void Renew() {
    Renewals.Add(1);
    Renewed.Store(time::Now().UnixMilli());
  }
};

// publish sends a page to all places where it is read. An archive is big.
error publish(const std::string& page, const Lease& lease) {
  time::Sleep(page == "archive" ? 12050 * time::Millisecond : 250 * time::Millisecond);
  if (lease.Lost()) clash.Store(true);
  return page == "draft" ? errors::New("a draft cannot be published") : nullptr;
}

// ------------------------------------------------------------------- yours to change
void renew(RecvChan<Empty> done, std::shared_ptr<Lease> lease) {
  auto ticker = time::NewTicker(interval);  // ticker := time.NewTicker(interval)
  Defer stopped{[=] { ticker.Stop(); }};    // defer ticker.Stop()
  for (;;) {
    switch (select({recv(ticker.C), recv(done)})) {
      case 0:  // case <-ticker.C:
        lease->Renew();
        break;
      case 1:  // case <-done:
        return;
    }
  }
}

void publishHandler(http::ResponseWriter& w, http::Request* r) {
  auto page = r->FormValue("page");
  auto lease = std::make_shared<Lease>();  // lease := new(Lease)
  auto done = make_chan<Empty>();          // done := make(chan struct{})
  Defer ended{[=] { close(done); }};       // defer close(done)
  go(renew, done, lease);                  // go renew(done, lease)

  if (error err = publish(page, *lease); err != nullptr) {  // if err := publish(page, lease); …
    http::Error(w, err.Error(), http::StatusConflict);
    return;
  }
  fmt::Fprintf(w, "%s is published, its lease was renewed %d times\n", page,
               lease->Renewals.Load());
}
// -------------------------------------------------------------- please leave as it is

void readHandler(http::ResponseWriter& w, http::Request*) {
  fmt::Fprintln(w, clash.Load() ? "a page that two have edited at once" : "a page");
}

int main() {
  auto addr = flag::String("addr", "127.0.0.1:6060", "listen on `host:port`");
  flag::Parse();
  http::HandleFunc("/publish", publishHandler);
  http::HandleFunc("/read", readHandler);
  log::Printf("listening on %s", *addr);
  log::Fatal(http::ListenAndServe(*addr, nullptr));
}
