// round.cpp: the random disturbance between two steps.
#include "tests/stress/graph/round.h"

#include <sys/syscall.h>
#include <unistd.h>

namespace {

int64_t thread_id() { return ::syscall(SYS_gettid); }

void stay_on_a_thread() {
  runtime::LockOSThread();
  const int64_t thread = thread_id();
  runtime::Gosched();
  must(thread_id() == thread, "a goroutine that is locked to its thread stays on it");
  runtime::UnlockOSThread();
}

void block_the_thread(int microseconds) {
  runtime::entersyscall();
  ::usleep(static_cast<useconds_t>(microseconds));
  runtime::exitsyscall();
}

// Goes down some calls and panics in the last one, unless it is told to come back.
void go_down(int left, bool comes_back, int* defers) {
  Defer d{[=] { must((*defers)++ == left, "Defers run in order during a panic"); }};
  if (left > 0) return go_down(left - 1, comes_back, defers);
  if (!comes_back) panic("expected");
}

void panic_and_recover(int depth, bool comes_back) {
  int defers = 0;
  try {
    go_down(depth, comes_back, &defers);
    must(comes_back, "a panic does not return");
  } catch (Panic& p) {
    if (depth % 2 == 1) runtime::Gosched();  // parks in a catch block
    must(!comes_back && p.String() == "expected", "a panic is recovered with its value");
  }
  must(defers == depth + 1, "each Defer runs");
}

void ask_another(bool exits) {
  auto answer = make_chan<int>();
  go([answer, exits] {
    Defer d{[answer] { answer.send(7); }};
    if (exits) runtime::Goexit();
  });
  must(answer.recv() == 7, "a Defer runs at the end of a goroutine");
}

void compute(int64_t ns) {
  const int64_t until = runtime::nanotime() + ns;
  while (runtime::nanotime() < until) {}
}

}  // namespace

void disturb(Random& random) {
  switch (random.below(40)) {
    case 0: return time::Sleep(random.microseconds(200));
    case 1: return block_the_thread(random.below(200));
    case 2: return stay_on_a_thread();
    case 3: return panic_and_recover(random.below(5), random.one_in(3));
    case 4: return ask_another(random.one_in(2));
    case 5: return compute(random.below(200'000));
    // Longer than its time slice: the P is taken away.
    case 6: return random.one_in(20) ? compute(15'000'000) : runtime::Gosched();
    case 7:
    case 8:
    case 9: return runtime::Gosched();
    default: return;
  }
}
