// 12  The kitchen screen                                                  20 minutes
//
// Why it leaked. Nobody listened for the end. A screen that is switched off closes its connection,
// and net/http cancels the request's context; but the handler went on to write orders and dots to
// nobody, and never looked at what Fprintln returned. Where the handler did end, after n orders,
// watchOrders did not hear of it: it waited to send the next one.
//
// The change. Both loops also wait for ctx.Done(). One context is enough: it is cancelled when the
// client goes away, when the handler returns, and on Ctrl-C, because main made it the base of all.
#include "profiler/endpoints/pprof.h"  // _ "net/http/pprof"
#include "runtime/golab.h"
#include "runtime/os/signal/signal.h"

// The guests order something every twelve seconds.
std::string nextOrder(int number) {
  static const std::vector<std::string> dishes = {"soup", "fish", "rice", "cake"};
  return fmt::Sprintf("%d %s", number, dishes[number % dishes.size()]);
}

// ------------------------------------------------------------------- yours to change
void watchOrders(context::Context ctx, SendChan<std::string> orders) {
  for (int number = 1;; number++) {
    if (select({recv(time::After(12 * time::Second)), recv(ctx.Done())}) == 1) return;
    if (select({send(orders, nextOrder(number)), recv(ctx.Done())}) == 1) return;
  }
}

void ordersHandler(http::ResponseWriter& w, http::Request* r) {
  std::string n = r->URL.Query().Get("n");
  int left = n.empty() ? -1 : std::stoi(n);  // -1: no end
  auto orders = make_chan<std::string>();    // orders := make(chan string)
  auto ctx = r->Context();
  go(watchOrders, ctx, orders);  // go watchOrders(ctx, orders)
  std::string order;
  while (left != 0) {
    switch (select({recv(orders, order), recv(time::After(5 * time::Second)), recv(ctx.Done())})) {
      case 0:  // case order := <-orders:
        fmt::Fprintln(w, order);
        left--;
        break;
      case 1:  // case <-time.After(5 * time.Second):
        fmt::Fprint(w, ".");
        break;
      case 2:  // case <-ctx.Done():
        return;
    }
    w.Flush();  // w.(http.Flusher).Flush()
  }
}
// -------------------------------------------------------------- please leave as it is

int main() {
  auto addr = flag::String("addr", "127.0.0.1:6060", "listen on `host:port`");
  flag::Parse();
  auto [ctx, stop] = os::signal::NotifyContext(context::Background(), os::Interrupt, SIGTERM);
  http::HandleFunc("/orders", ordersHandler);
  http::Server server{.Addr = *addr, .BaseContext = [ctx = ctx](net::Listener) { return ctx; }};
  log::Printf("listening on %s", *addr);
  auto served = make_chan<error>(1);
  go([&] { served.send(server.ListenAndServe()); });  // go func() { served <- … }()
  error err;
  if (select({recv(served, err), recv(ctx.Done())}) == 0) log::Fatal(err);
  stop();                                  // a second Ctrl-C ends it at once
  server.Shutdown(context::Background());  // waits for the handlers
  served.recv();
}
