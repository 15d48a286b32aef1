// red work: the envelope is ready at once, with nothing in it
// 15  The mystery                                                         60 minutes
//
// GET /book?flight=17 asks three airlines for a fare, holds a seat, takes the money and has the
// papers printed. What it answers is right. It grows, and no lesson belongs to it: you have read
// the other fourteen.
//
// Your task: a minute after any number of bookings, whatever became of them, the goroutine count is
// what it was before the first.
#include "profiler/endpoints/pprof.h"  // _ "net/http/pprof"
#include "runtime/golab.h"

struct Fare {           // type Fare struct {
  std::string Airline;  //     Airline string
  int Euros;            //     Euros   int
};                      // }

// ask takes a second, or four where the airline has to look at the flight itself.
Fare ask(const Fare& list, const std::string& flight) {
  bool looks = flight == "19" || (flight == "18" && list.Airline != "Alta");
  time::Sleep((looks ? 4 : 1) * time::Second);
  return list;
}

// pay is the bank. It may want to see a code from the customer's phone first.
bool pay(const std::string& card) {
  time::Sleep(card == "phone" ? 5 * time::Minute : 1 * time::Second);
  return card != "empty";
}

// Papers go to one printer, which all customers share.
const auto printing = make_chan<std::string>();  // var printing = make(chan string)
void printer() {
  for (auto paper : printing) time::Sleep(1 * time::Second);
}

// A seat is held for a minute at a time.
struct Seat {           // type Seat struct {
  atomic::Int64 Until;  //     Until atomic.Int64
  void Hold() { Until.Store(time::Now().Add(1 * time::Minute).Unix()); }
  bool Held() const { return time::Now().Unix() <= Until.Load(); }
};

// ------------------------------------------------------------------- yours to change
// bestFare is the lowest of the fares that come within two seconds.
Fare bestFare(const std::string& flight) {
  auto fares = make_chan<Fare>(3);  // fares := make(chan Fare, 3)
  for (Fare list : {Fare{"Alta", 90}, Fare{"Boreal", 80}, Fare{"Corsa", 70}}) {
    go([=] { fares.send(ask(list, flight)); });  // go func() { fares <- ask(list, flight) }()
  }
  Fare best{"", 1000}, fare;
  auto late = time::After(2 * time::Second);
  for (int i = 0; i < 3; i++) {
    if (select({recv(fares, fare), recv(late)}) == 1) break;  // case <-late:
    if (fare.Euros < best.Euros) best = fare;                 // case fare := <-fares:
  }
  return best;
}

// keep holds the seat until the customer has paid.
void keep(std::shared_ptr<Seat> seat, RecvChan<Empty> paid) {
  auto ticker = time::NewTicker(30 * time::Second);
  Defer stopped{[=] { ticker.Stop(); }};
  while (select({recv(ticker.C), recv(paid)}) == 0) {  // case <-ticker.C:
    seat->Hold();
  }
}

// hand has the papers printed, and an envelope when all are there. It tells when that is ready.
RecvChan<Empty> hand(bool member) {
  auto ready = make_chan<Empty>(1);               // ready := make(chan struct{}, 1)
  auto wg = std::make_shared<sync::WaitGroup>();  // var wg sync.WaitGroup
  for (std::string paper : {"ticket", "invoice", "bonus"}) {
    wg->Add(1);
    go([=] {  // go func() {
      if (paper == "bonus" && !member) return;
      printing.send(paper);
      wg->Done();  //     wg.Done()
    });            // }()
  }
  ready.send({});
  return ready;
}

void bookHandler(http::ResponseWriter& w, http::Request* r) {
  Fare fare = bestFare(r->FormValue("flight"));
  if (fare.Airline.empty()) return http::Error(w, "no fare in time", http::StatusGatewayTimeout);
  auto seat = std::make_shared<Seat>();
  seat->Hold();
  auto paid = make_chan<Empty>();    // paid := make(chan struct{})
  Defer over{[=] { close(paid); }};  // defer close(paid)
  go(keep, seat, paid);              // go keep(seat, paid)
  if (!pay(r->FormValue("card"))) return http::Error(w, "no money", http::StatusPaymentRequired);
  if (!seat->Held()) return http::Error(w, "the seat is gone", http::StatusConflict);
  auto ready = hand(r->FormValue("member") == "yes");
  if (r->FormValue("counter") == "yes") ready.recv();  // the customer waits at the counter
  fmt::Fprintf(w, "%s, %d euros\n", fare.Airline, fare.Euros);
}
// -------------------------------------------------------------- please leave as it is

int main() {
  auto addr = flag::String("addr", "127.0.0.1:6060", "listen on `host:port`");
  flag::Parse();
  go(printer);
  go([] {  // what else a service has running
    for (;;) time::Sleep(20 * time::Second);
  });
  http::HandleFunc("/book", bookHandler);
  log::Printf("listening on %s", *addr);
  log::Fatal(http::ListenAndServe(*addr, nullptr));
}
