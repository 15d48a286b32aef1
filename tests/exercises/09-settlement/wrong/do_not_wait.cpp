// red answers left: the handler answers before the payments are made
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
  p.From->Mu.Lock();
  Defer fromUnlocked{[&] { p.From->Mu.Unlock(); }};  // defer p.From.Mu.Unlock()
  p.From->Add(-p.Amount);

  p.To->Mu.Lock();
  Defer toUnlocked{[&] { p.To->Mu.Unlock(); }};  // defer p.To.Mu.Unlock()
  p.To->Add(p.Amount);
}

void settleHandler(http::ResponseWriter& w, http::Request* r) {
  auto payments = paymentsOf(r->FormValue("day"));
  auto wg = std::make_shared<sync::WaitGroup>();
  for (auto& p : payments) {       // for _, p := range payments {
    wg->Go([=] { transfer(p); });  //     wg.Go(func() { transfer(p) })
  }                                // }
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
