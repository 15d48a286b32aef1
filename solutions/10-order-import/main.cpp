// 10  The order import                                                    20 minutes
//
// Why it leaked. The loop in importFile is the last stage of the pipeline, and it returns at the
// first bad line. Nobody receives from then on: verify waits to send, so parseLines does, so
// readLines does, and the goroutine that waits for the verifiers never closes anything. Four stacks
// and one cause, which is in none of them: the stage that is missing in the profile.
//
// The change. Data flows down the pipeline, so the news that nobody needs it has to flow up: a
// context that importFile cancels however it returns. Each send also waits for ctx.Done(). (To
// receive needs no second case: a stage that ends closes its channel.)
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
// sent sends v, or returns false if nobody needs it any more.
template <typename T>
bool sent(const context::Context& ctx, const SendChan<T>& ch, T v) {
  return select({send(ch, std::move(v)), recv(ctx.Done())}) == 0;
}

void readLines(context::Context ctx, File file, SendChan<int> lines) {
  Defer closed{[=] { close(lines); }};  // defer close(lines)
  for (int n = 1; n <= file.Lines && sent(ctx, lines, n); n++) {}
}

void parseLines(context::Context ctx, File file, RecvChan<int> lines, SendChan<Order> orders) {
  Defer closed{[=] { close(orders); }};
  for (int line : lines) {
    if (!sent(ctx, orders, parse(file, line))) return;
  }
}

void verify(context::Context ctx, RecvChan<Order> orders, SendChan<Order> verified) {
  for (auto order : orders) {
    order.Err = check(order);
    if (!sent(ctx, verified, order)) return;
  }
}

std::pair<int, error> importFile(File file) {
  auto [ctx, cancel] = context::WithCancel(context::Background());
  Defer cancelled{cancel};        // defer cancel()
  auto lines = make_chan<int>();  // lines := make(chan int)
  auto orders = make_chan<Order>();
  auto verified = make_chan<Order>();
  auto wg = std::make_shared<sync::WaitGroup>();
  go(readLines, ctx, file, lines);  // go readLines(ctx, file, lines)
  go(parseLines, ctx, file, lines, orders);
  for (int i = 0; i < 3; i++) wg->Go([=, ctx = ctx] { verify(ctx, orders, verified); });
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
