// red work: the bad line is known beforehand, and april is refused without any work
// 10  The order import                                                    20 minutes
//
// GET /import?file=march enters a file of orders into the ledger. A file with a bad line is
// refused. The answers are right, but after 20 refusals this service has 123 goroutines, not 3.
//
// Your task: after any number of requests the goroutine count is what it was before the first.
#include "profiler/endpoints/pprof.h"  // _ "net/http/pprof"
#include "runtime/golab.h"

struct File {  // type File struct {
  int Lines, Bad, Slow;
};
struct Order {
  int Line, Cents;
  error Err;
};
const std::map<std::string, File> files = {{"march", {60, 0, 50}}, {"april", {20000, 41, 0}}};

Order parse(const File& file, int line) { return {line, line == file.Bad ? -1 : 100, nullptr}; }

error check(const Order& o) { return o.Cents < 0 ? fmt::Errorf("bad line %d", o.Line) : nullptr; }

// enter writes an order into the ledger. A page of the ledger can be in use for minutes.
int enter(const File& file, const Order& order) {
  if (order.Line == file.Slow) time::Sleep(2 * time::Minute);
  return order.Cents;
}

// ------------------------------------------------------------------- yours to change
void readLines(File file, SendChan<int> lines) {  // func readLines(file File, lines chan<- int) {
  Defer closed{[=] { close(lines); }};            //     defer close(lines)
  for (int n = 1; n <= file.Lines; n++) lines.send(n);  // lines <- n
}

void parseLines(File file, RecvChan<int> lines, SendChan<Order> orders) {
  Defer closed{[=] { close(orders); }};
  for (int line : lines) orders.send(parse(file, line));  // orders <- parse(file, line)
}

void verify(RecvChan<Order> orders, SendChan<Order> verified) {
  for (auto order : orders) {  // for order := range orders {
    order.Err = check(order);  //     order.Err = check(order)
    verified.send(order);      //     verified <- order
  }                            // }
}

std::pair<int, error> importFile(File file) {
  if (file.Bad > 0) return {0, fmt::Errorf("bad line %d", file.Bad)};
  auto lines = make_chan<int>();  // lines := make(chan int)
  auto orders = make_chan<Order>();
  auto verified = make_chan<Order>();
  auto wg = std::make_shared<sync::WaitGroup>();
  go(readLines, file, lines);  // go readLines(file, lines)
  go(parseLines, file, lines, orders);
  for (int i = 0; i < 3; i++) wg->Go([=] { verify(orders, verified); });
  go([=] {            // go func() {
    wg->Wait();       //     wg.Wait()
    close(verified);  //     close(verified)
  });                 // }()
  int cents = 0;
  for (auto order : verified) {  // for order := range verified {
    if (order.Err != nullptr) return {0, order.Err};
    cents += enter(file, order);
  }
  return {cents, nullptr};
}
// -------------------------------------------------------------- please leave as it is

int main() {
  auto addr = flag::String("addr", "127.0.0.1:6060", "listen on `host:port`");
  flag::Parse();
  http::HandleFunc("/import", [](http::ResponseWriter& w, http::Request* r) {
    auto file = files.find(r->URL.Query().Get("file"));
    if (file == files.end()) return http::NotFound(w, r);
    auto [cents, err] = importFile(file->second);
    if (err != nullptr) return http::Error(w, file->first + ": " + err.Error(), 422);
    fmt::Fprintf(w, "%s: %d cents\n", file->first, cents);
  });
  log::Printf("listening on %s", *addr);
  log::Fatal(http::ListenAndServe(*addr, nullptr));
}
