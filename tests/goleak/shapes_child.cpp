// shapes_child.cpp: goroutines that stay behind, one of each kind: shapes/shapes_test.go in C++.
// What is reported of them is compared with what real goleak reports.
#include <cstdlib>

#include "profiler/goleak/goleak.h"
#include "runtime/golab.h"
#include "tests/catch.h"

sync::Mutex mu;
sync::WaitGroup wg;

void sender(Chan<int> ch) { ch.send(42); }
void receiver(Chan<int> ch) { ch.recv(); }
void chooser(Chan<int> a, Chan<int> b) { select({recv(a), recv(b)}); }
void sleeper() { time::Sleep(1 * time::Hour); }
void locker() { mu.Lock(); }
void waiter() { wg.Wait(); }
void forlorn() { Chan<int>().recv(); }
void deputy(Chan<int> ch) {
  go(receiver, ch);
  receiver(ch);
}

// Waits until the goroutine that was started last is parked. So they are created in order.
void settle() {
  REQUIRE(
      eventually([] { return runtime::StackText(true).find("[runnable]") == std::string::npos; }));
}

void plant() {
  mu.Lock();
  wg.Add(1);
  go(sender, make_chan<int>());
  settle();
  go(chooser, make_chan<int>(), make_chan<int>());
  settle();
  go(sleeper);
  settle();
  go(locker);
  settle();
  go(waiter);
  settle();
  go(forlorn);
  settle();
  go(deputy, make_chan<int>());
  settle();
}

TEST_CASE("shapes") {
  if (const char* f = std::getenv("IGNORE_TOP")) {
    goleak::LeftOnPurpose(goleak::IgnoreTopFunction(f));
  }
  if (const char* f = std::getenv("IGNORE_ANY")) {
    goleak::LeftOnPurpose(goleak::IgnoreAnyFunction(f));
  }
  plant();
  SUCCEED();
}
