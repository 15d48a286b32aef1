// green: the handler waits for the orders itself, so there is nobody whom it must tell
// 12  The kitchen screen                                                  20 minutes
//
// GET /orders streams the orders of a restaurant to a screen in its kitchen, and a dot every five
// seconds, so that the cook sees that the line is alive. /orders?n=2 ends after two. The cooks are
// content, but this service grows from evening to evening, and Ctrl-C does not always end it.
//
// Your task: a minute after any number of screens the goroutine count is what it was before the
// first, and Ctrl-C ends the service, also while a screen is on.
#include "profiler/endpoints/pprof.h"  // _ "net/http/pprof"
#include "runtime/golab.h"
#include "runtime/os/signal/signal.h"

// The guests order something every twelve seconds.
std::string nextOrder(int number) {
  static const std::vector<std::string> dishes = {"soup", "fish", "rice", "cake"};
  return fmt::Sprintf("%d %s", number, dishes[number % dishes.size()]);
}

// ------------------------------------------------------------------- yours to change
void ordersHandler(http::ResponseWriter& w, http::Request* r) {
  std::string n = r->URL.Query().Get("n");
  int left = n.empty() ? -1 : std::stoi(n);  // -1: no end
  auto order = time::After(12 * time::Second);
  for (int number = 1; left != 0;) {
    auto ctx = r->Context();
    switch (select({recv(order), recv(time::After(5 * time::Second)), recv(ctx.Done())})) {
      case 0:  // case <-order:
        fmt::Fprintln(w, nextOrder(number++));
        order = time::After(12 * time::Second);
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
