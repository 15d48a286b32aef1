// 11  The shopping cart                                                   20 minutes
//
// Why it leaked. A Response owns its connection until its body is closed. The early return for 404
// left the body open, so the connection was neither free for the next request nor closed: its two
// goroutines, readLoop and writeLoop, waited for that, and so did the other end in the server.
//
// The change. The body is closed as soon as there is one, whatever comes then: defer, right below
// the check of err. It is also read before the status is looked at, so that the connection can serve
// the next request; to close an unread body costs the connection.
#include "profiler/endpoints/pprof.h"  // _ "net/http/pprof"
#include "runtime/golab.h"

std::string priceURL;  // where the price service is

// The price service. It is small, so it runs in this program, too.
void priceHandler(http::ResponseWriter& w, http::Request* r) {
  static const std::map<std::string, int> prices = {{"tea", 450}, {"cup", 900}, {"vase", 99000}};
  std::string item = r->URL.Query().Get("item");
  time::Sleep(item == "vase" ? 3 * time::Minute : 20 * time::Millisecond);  // it asks an expert
  auto price = prices.find(item);
  if (price == prices.end()) return http::Error(w, "no such item", http::StatusNotFound);
  fmt::Fprintf(w, "%d", price->second);
}

const error errUnknown = errors::New("unknown item");

struct Price {  // type Price struct {
  int Cents;    //     Cents int
  error Err;    //     Err   error
};              // }

// ------------------------------------------------------------------- yours to change
Price askPrice(const std::string& item) {  // func askPrice(item string) Price {
  auto [resp, err] = http::Get(priceURL + "?item=" + url::QueryEscape(item));
  if (err != nullptr) return {0, err};
  Defer closed{[body = resp->Body] { body.Close(); }};  // defer resp.Body.Close()
  auto [text, readErr] = io::ReadAll(resp->Body);       // text, err := io.ReadAll(resp.Body)
  if (readErr != nullptr) return {0, readErr};
  if (resp->StatusCode == http::StatusNotFound) return {0, errUnknown};
  return {std::stoi(text), nullptr};
}

void cartHandler(http::ResponseWriter& w, http::Request* r) {
  auto items = r->URL.Query()["item"];           // items := r.URL.Query()["item"]
  auto prices = make_chan<Price>(items.size());  // prices := make(chan Price, len(items))
  for (auto item : items) {                      // for _, item := range items {
    go([=] { prices.send(askPrice(item)); });    //     go func() { prices <- askPrice(item) }()
  }                                              // }
  int cents = 0, unknown = 0;
  error failed;
  for (size_t i = 0; i < items.size(); i++) {  // for range items {
    auto price = prices.recv();                //     price := <-prices
    if (errors::Is(price.Err, errUnknown)) {
      unknown++;
    } else if (price.Err != nullptr) {
      failed = price.Err;
    }
    cents += price.Cents;
  }
  if (failed != nullptr) return http::Error(w, "no answer from the price service", 502);
  fmt::Fprintf(w, "%d cents, %d unknown\n", cents, unknown);
}
// -------------------------------------------------------------- please leave as it is

int main() {
  auto addr = flag::String("addr", "127.0.0.1:6060", "listen on `host:port`");
  flag::Parse();
  priceURL = "http://" + *addr + "/price";
  http::HandleFunc("/price", priceHandler);
  http::HandleFunc("/cart", cartHandler);
  log::Printf("listening on %s", *addr);
  log::Fatal(http::ListenAndServe(*addr, nullptr));
}
