// synctest_dies: dies in a bubble, or of what it does with one from outside. Its argument says how;
// the cases and their names are those of golden_test.go.
#include <functional>
#include <map>
#include <string>

#include "runtime/golab.h"
#include "runtime/testing/synctest/synctest.h"

namespace {

// What make returns in a bubble, outside of it.
template <typename F>
auto moved_out(F make) {
  auto ch = make_chan<decltype(make())>();
  go([=] { synctest::Test([=] { ch.send(make()); }); });
  return ch.recv();
}

Chan<int> channel() { return make_chan<int>(); }
time::Timer timer() { return time::NewTimer(time::Hour); }

void signal_from_outside() {
  static sync::Mutex mu;
  static sync::Cond cond(&mu);
  auto begins = make_chan<Empty>(), forever = make_chan<Empty>();
  go([=] {
    synctest::Test([=] {
      mu.Lock();
      go([=] { forever.recv(); });  // not durable: the bubble waits
      begins.send({});
      cond.Wait();
    });
  });
  begins.recv();
  mu.Lock();
  cond.Signal();
}

void wait_twice() {
  synctest::Test([] {
    for (int i = 0; i < 2; i++) {
      go([] {
        for (;;) synctest::Wait();
      });
    }
    for (;;) runtime::Gosched();
  });
}

void select_outside() {
  auto ch = moved_out(channel);
  select({recv(ch), send(ch, 1)});
}

sync::WaitGroup wg;
void add() { wg.Add(1); }

const std::map<std::string, std::function<void()>> kWays = {
    {"blocked",
     [] {
       synctest::Test([] {
         go([] { make_chan<int>().recv(); });
         go([] { make_chan<int>().send(1); });
         go(time::Sleep, time::Hour);
         select({});
       });
     }},
    {"left", [] { synctest::Test([] { go([] { make_chan<int>().recv(); }); }); }},
    {"ticker",
     [] {
       synctest::Test([] {
         go([] {
           for (const time::Time& t : time::Tick(time::Second)) (void)t;
         });
       });
     }},
    {"receive", [] { moved_out(channel).recv(); }},
    {"send", [] { moved_out(channel).send(1); }},
    {"close", [] { close(moved_out(channel)); }},
    {"select", select_outside},
    {"stop", [] { moved_out(timer).Stop(); }},
    {"reset", [] { moved_out(timer).Reset(1); }},
    {"signal", signal_from_outside},
    {"wait outside", [] { synctest::Wait(); }},
    {"wait twice", wait_twice},
    {"nested", [] { synctest::Test([] { synctest::Test([] {}); }); }},
    {"wg moved in",
     [] {
       wg.Add(1);
       synctest::Test(add);
     }},
    {"wg moved out",
     [] {
       synctest::Test(add);
       wg.Add(1);
     }},
    {"wg in two",
     [] {
       synctest::Test(add);
       synctest::Test(add);
     }},
    {"panic", [] { synctest::Test([] { panic("boom"); }); }},
};

}  // namespace

int main(int, char** argv) { kWays.at(argv[1])(); }
