// 09  The settlement                                                      25 minutes
//
// Why it stood still. A payment locked the account that pays, then the one that is paid. On monday
// ann pays bob while bob pays ann: the first payment has ann's lock and waits for bob's, the second
// has bob's and waits for ann's. Each waits for what the other gives up only when it has both. The
// third payment holds nothing. It waits behind the circle, as the handler does in wg.Wait.
//
// The change. All payments lock in one order, here that of the names, whatever the direction of the
// money. The one that holds the lock with the last name waits for nobody, so there is no circle.
// One lock for all accounts would also end the circle, but then payments that have nothing to do
// with each other would wait for each other.
#include "profiler/endpoints/pprof.h"  // _ "net/http/pprof"
#include "runtime/golab.h"

struct Account {
  std::string Name;
  int Balance = 100;  // guarded by Mu
  sync::Mutex Mu;

  explicit Account(const char* name) : Name(name) {}
  // Add reads the balance, and writes the new one 10 ms later. Its caller holds Mu.
  void Add(int amount) {
    int before = Balance;
    time::Sleep(10 * time::Millisecond);
    Balance = before + amount;
  }
};

struct Payment {
  std::shared_ptr<Account> From, To;  // From, To *Account
  int Amount;
};

// paymentsOf reads the payments of a day, and opens their accounts.
std::vector<Payment> paymentsOf(const std::string& day) {
  auto open = [](const char* name) { return std::make_shared<Account>(name); };
  auto ann = open("ann"), bob = open("bob"), dan = open("dan"), eve = open("eve");
  if (day == "monday") return {{ann, bob, 30}, {bob, ann, 20}, {ann, bob, 5}};
  return {{ann, bob, 30}, {dan, eve, 20}};
}

// ------------------------------------------------------------------- yours to change
void transfer(const Payment& p) {  // func transfer(p Payment) {
  auto first = p.From, second = p.To;
  if (second->Name < first->Name) std::swap(first, second);
  first->Mu.Lock();
  Defer firstUnlocked{[&] { first->Mu.Unlock(); }};  // defer first.Mu.Unlock()
  second->Mu.Lock();
  Defer secondUnlocked{[&] { second->Mu.Unlock(); }};  // defer second.Mu.Unlock()

  p.From->Add(-p.Amount);
  p.To->Add(p.Amount);
}

void settleHandler(http::ResponseWriter& w, http::Request* r) {
  auto payments = paymentsOf(r->FormValue("day"));
  sync::WaitGroup wg;             // var wg sync.WaitGroup
  for (auto& p : payments) {      // for _, p := range payments {
    wg.Go([=] { transfer(p); });  //     wg.Go(func() { transfer(p) })
  }                               // }
  wg.Wait();
  for (auto& [from, to, amount] : payments) {
    fmt::Fprintf(w, "%s %d, %s %d\n", from->Name, from->Balance, to->Name, to->Balance);
  }
}
// -------------------------------------------------------------- please leave as it is

int main() {
  auto addr = flag::String("addr", "127.0.0.1:6060", "listen on `host:port`");
  flag::Parse();
  http::HandleFunc("/settle", settleHandler);
  log::Printf("listening on %s", *addr);
  log::Fatal(http::ListenAndServe(*addr, nullptr));
}
