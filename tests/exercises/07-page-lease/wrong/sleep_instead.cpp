// red left hangup errors: a sleep in place of the ticker is another way to wait, not a way out
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
void renew(std::shared_ptr<Lease> lease) {  // func renew(lease *Lease) {
  for (;;) {                                //     for {
    time::Sleep(interval);
    lease->Renew();  //         lease.Renew()
  }                  //     }
}

void publishHandler(http::ResponseWriter& w, http::Request* r) {
  auto page = r->FormValue("page");
  auto lease = std::make_shared<Lease>();  // lease := new(Lease)
  go(renew, lease);                        // go renew(lease)

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
