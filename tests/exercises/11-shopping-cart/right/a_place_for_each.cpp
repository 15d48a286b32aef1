// green: each goroutine has a place of its own for its price, and a WaitGroup counts them
// 11  The shopping cart                                                   20 minutes
//
// GET /cart?item=tea&item=cup asks the price service for all items at once and adds the prices up.
// What it does not know, it counts. The answers are right. Every cart leaves something behind; not
// every item does.
//
// Your task: two minutes after any number of requests the goroutine count is what it was before.
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
  if (resp->StatusCode == http::StatusNotFound) return {0, errUnknown};
  auto [text, readErr] = io::ReadAll(resp->Body);  // text, err := io.ReadAll(resp.Body)
  if (readErr != nullptr) return {0, readErr};
  return {std::stoi(text), nullptr};
}

void cartHandler(http::ResponseWriter& w, http::Request* r) {
  auto items = r->URL.Query()["item"];      // items := r.URL.Query()["item"]
  std::vector<Price> prices(items.size());  // prices := make([]Price, len(items))
  sync::WaitGroup wg;
  for (size_t i = 0; i < items.size(); i++) {
    wg.Go([&, i] { prices[i] = askPrice(items[i]); });
  }
  wg.Wait();
  int cents = 0, unknown = 0;
  error failed;
  for (auto& price : prices) {  // for _, price := range prices {
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
