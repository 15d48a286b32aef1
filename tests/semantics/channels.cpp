// The sections "channels" and "select" of the Go program semantics.
#include "tests/semantics/semantics.h"

namespace semantics {

namespace {

// Five goroutines that wait on one channel, on one P.
void channel_orders() {
  auto un = make_chan<int>();
  std::vector<int> order;
  sync::WaitGroup wg;
  for (int i = 0; i < 5; i++) {
    wg.Add(1);
    go([&, i] {
      Defer d{[&] { wg.Done(); }};
      un.recv();
      order.push_back(i);
    });
    runtime::Gosched();
  }
  for (int i = 0; i < 5; i++) {
    un.send(i);
    runtime::Gosched();
  }
  wg.Wait();
  say("five waiting receivers were served in order %v", order);
  auto full = make_chan<int>(1);
  full.send(0);
  for (int i = 1; i < 5; i++) {
    go([=] { full.send(i); });
    runtime::Gosched();
  }
  std::vector<int> got;
  for (int i = 0; i < 5; i++) got.push_back(full.recv());
  say("values of blocked senders arrive in order %v", got);
  std::vector<int> ran;
  for (int i = 0; i < 5; i++) {
    wg.Add(1);
    go([&, i] {
      Defer d{[&] { wg.Done(); }};
      ran.push_back(i);
    });
  }
  wg.Wait();
  say("five new goroutines on one P run in order %v", ran);
}

void channel_closes() {
  auto woken = make_chan<std::string>(10);
  auto cl = make_chan<int>();
  for (int i = 0; i < 3; i++) {
    go([=] {
      auto [v, ok] = cl.recv_ok();
      woken.send(fmt::Sprint(i, ok));
    });
    runtime::Gosched();
  }
  close(cl);
  auto first = woken.recv(), second = woken.recv(), third = woken.recv();
  say("close wakes all receivers: %s %s %s", first, second, third);
  auto bs = make_chan<int>();
  go([=] { woken.send(caught([=] { bs.send(1); })); });
  runtime::Gosched();
  close(bs);
  say("close wakes a blocked sender: %s", woken.recv());
}

}  // namespace

void channels() {
  say("# channels");
  auto ch = make_chan<int>(3);
  ch.send(1);
  ch.send(2);
  say("len %d cap %d of a buffered channel", len(ch), cap(ch));
  close(ch);
  auto [a, ok1] = ch.recv_ok();
  auto [b, ok2] = ch.recv_ok();
  auto [c, ok3] = ch.recv_ok();
  say("after close: %d %v, %d %v, %d %v", a, ok1, b, ok2, c, ok3);
  Chan<int> null;
  say("nil channel: len %d cap %d", len(null), cap(null));
  say("close(nil): %s", caught([&] { close(null); }));
  say("close twice: %s", caught([&] { close(ch); }));
  say("send after close: %s", caught([&] { ch.send(1); }));
  say("negative size: %s", caught([] { (void)make_chan<int>(-1); }));
  int procs = runtime::GOMAXPROCS(1);
  channel_orders();
  channel_closes();
  runtime::GOMAXPROCS(procs);
}

void selects() {
  say("# select");
  auto a = make_chan<int>(1), b = make_chan<int>(1);
  int n[2] = {};
  for (int i = 0; i < 10000; i++) {
    a.send(1);
    b.send(1);
    switch (select({recv(a), recv(b)})) {
      case 0:
        n[0]++;
        b.recv();
        break;
      case 1:
        n[1]++;
        a.recv();
        break;
    }
  }
  say("two ready cases: each is chosen 45%% to 55%% of the time: %v", n[0] > 4500 && n[0] < 5500);
  int d = 0;
  for (int i = 0; i < 1000; i++) {
    a.send(1);
    if (select({recv(a), otherwise}) == 1) d++;
  }
  say("default is taken %d times of 1000 when a case is ready", d);
  Chan<int> null;
  switch (select({recv(null), send(null, 1), otherwise})) {
    case 2:
      say("nil channels are never ready: default");
      break;
    default:
      say("impossible");
  }
  auto cl = make_chan<int>();
  close(cl);
  int v = -1;
  bool ok = true;
  select({recv(cl, v, ok), otherwise});
  say("a closed channel is always ready to receive: %d %v", v, ok);
  say("select send on a closed channel: %s", caught([&] { select({send(cl, 1), otherwise}); }));
  int same[2] = {};
  for (int i = 0; i < 1000; i++) {
    auto y = make_chan<int>(1);
    y.send(1);
    same[select({recv(y), recv(y)})]++;
  }
  say("the same channel twice: both cases are chosen: %v", same[0] > 300 && same[1] > 300);
}

}  // namespace semantics
