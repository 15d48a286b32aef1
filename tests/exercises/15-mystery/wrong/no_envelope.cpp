// red answers: nothing waits for the papers, because there is no envelope any more
// 15  The mystery                                                         60 minutes
//
// GET /book?flight=17 asks three airlines for a fare, holds a seat, takes the money and has the
// papers printed. Every response is right. It grows, and no lesson belongs to it.
//
// Your task: a minute after the last booking there are as many goroutines as before the first.
#include "profiler/endpoints/pprof.h"  // _ "net/http/pprof"
#include "runtime/golab.h"

// An airline may look at the flight itself; the bank may want a code from the customer's phone.
int ask(int euros, const std::string& flight) {
  time::Sleep((flight == "19" || (flight == "18" && euros < 90) ? 4 : 1) * time::Second);
  return euros;
}
bool pay(const std::string& card) {
  time::Sleep(card == "phone" ? 5 * time::Minute : 1 * time::Second);
  return card != "empty";
}

const auto printing = make_chan<std::string>();  // papers for the printer, which all share
void printer() {
  for (auto paper : printing) time::Sleep(1 * time::Second);
}

// ------------------------------------------------------------------- yours to change
// bestFare is the lowest of the fares that come within two seconds.
int bestFare(const std::string& flight) {
  auto fares = make_chan<int>(3);  // fares := make(chan int, 3)
  for (int euros : {90, 80, 70}) go([=] { fares.send(ask(euros, flight)); });
  int best = 0, fare = 0;
  auto late = time::After(2 * time::Second);
  for (int i = 0; i < 3 && select({recv(fares, fare), recv(late)}) == 0; i++)
    best = best == 0 ? fare : std::min(best, fare);
  return best;
}

// keep holds the seat for another minute, again and again, until the customer has paid.
void keep(time::Timer seat, RecvChan<Empty> paid) {
  while (select({recv(time::After(30 * time::Second)), recv(paid)}) == 0) seat.Reset(time::Minute);
}

// hand has the papers printed, and an envelope when all are there.
void hand(std::string member) {
  auto wg = std::make_shared<sync::WaitGroup>();  // var wg sync.WaitGroup
  for (std::string paper : {"ticket", "invoice", "bonus"}) {
    wg->Add(1);
    go([=] {  // go func() {
      if (paper == "bonus" && member != "yes") return;
      printing.send(paper);
      wg->Done();
    });  // }()
  }
}

void bookHandler(http::ResponseWriter& w, http::Request* r) {
  int fare = bestFare(r->FormValue("flight"));
  if (fare == 0) return http::Error(w, "no fare in time", http::StatusGatewayTimeout);
  auto seat = time::AfterFunc(1 * time::Minute, [] { log::Print("a seat is free again"); });
  auto paid = make_chan<Empty>();    // paid := make(chan struct{})
  Defer over{[=] { close(paid); }};  // defer close(paid)
  go(keep, seat, paid);              // go keep(seat, paid)
  if (!pay(r->FormValue("card"))) return http::Error(w, "no money", http::StatusPaymentRequired);
  if (!seat.Stop()) return http::Error(w, "the seat is gone", http::StatusConflict);
  fmt::Fprintf(w, "%d euros\n", fare);
  if (r->FormValue("counter") == "yes") return hand(r->FormValue("member"));
  go(hand, r->FormValue("member"));  // go hand(r.FormValue("member"))
}
// -------------------------------------------------------------- please leave as it is

int main() {
  auto addr = flag::String("addr", "127.0.0.1:6060", "listen on `host:port`");
  flag::Parse();
  go(printer);
  go([] { log::Fatal(http::ListenAndServe("127.0.0.1:0", nullptr)); });  // for the health check
  http::HandleFunc("/book", bookHandler);
  log::Printf("listening on %s", *addr);
  log::Fatal(http::ListenAndServe(*addr, nullptr));
}
