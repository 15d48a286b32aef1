// ends.cpp: goroutines that end by return, panic and Goexit, in every mixture with Defers.
#include <memory>
#include <vector>

#include "tests/stress/graph/round.h"

namespace {

enum class End { Return, Panic, Goexit };

// Goes down `depth` calls, each with a Defer, and ends there. On the way back each Defer must run,
// in its order.
struct Dive {
  explicit Dive(Random r) : random(std::move(r)) {}
  Random random;
  std::vector<int> order;

  void down(int left, End end) {
    Defer d{[this, left] { order.push_back(left); }};
    disturb(random);
    if (left > 0) return down(left - 1, end);
    if (end == End::Panic) panic(left);
    if (end == End::Goexit) runtime::Goexit();
  }
};

void dive_and_check(Random random, End end, Chan<int> ended) {
  const int depth = random.below(20);
  auto dive = std::make_shared<Dive>(random.fork());
  Defer d{[=] {
    bool in_order = dive->order.size() == static_cast<size_t>(depth) + 1;
    for (size_t i = 0; in_order && i < dive->order.size(); i++) {
      in_order = dive->order[i] == static_cast<int>(i);
    }
    must(in_order, "Defers run once each, the newest first");
    ended.send(1);
  }};
  try {
    dive->down(depth, end);
    must(end == End::Return, "a panic or Goexit does not return");
  } catch (Panic& p) {
    must(end == End::Panic && p.value<int>() != nullptr, "only a panic is recovered");
    runtime::Gosched();  // another thread may go on with this catch block
    must(p.String() == "0", "a panic keeps its value while its goroutine waits");
  }
}

// A panic is caught, carried over a wait, thrown again and caught again.
void throw_again(Random random, Chan<int> ended) {
  Defer d{[=] { ended.send(1); }};
  try {
    try {
      panic("again");
    } catch (Panic&) {
      time::Sleep(random.microseconds(200));
      throw;
    }
  } catch (Panic& p) {
    must(p.String() == "again", "a panic that is thrown again is the same");
  }
}

// Senders that wait when their channel is closed: each panics, none stays.
void close_under_senders(Random& random) {
  auto c = make_chan<int>();
  std::atomic<int> panicked{0};
  const int senders = 1 + random.below(5);
  Crew crew;
  for (int i = 0; i < senders; i++) {
    crew.run([c, &panicked] {
      try {
        c.send(1);
        broken("nobody receives what is sent on a channel that closes");
      } catch (Panic& p) {
        must(p.String() == "send on closed channel", "a send on a closed channel says so");
        panicked++;
      }
    });
  }
  disturb(random);
  close(c);
  crew.wait();
  must(panicked == senders, "close wakes each sender once");
}

}  // namespace

void panic_part(Random random) {
  const int n = 1 + random.below(60);
  auto ended = make_chan<int>(random.below(3));
  for (int i = 0; i < n; i++) {
    if (random.one_in(4)) {
      go(throw_again, random.fork(), ended);
    } else {
      go(dive_and_check, random.fork(), static_cast<End>(random.below(3)), ended);
    }
  }
  for (int i = 0; i < n; i++) {
    ended.recv();
    step();
  }
  must(len(ended) == 0, "each goroutine ends once");
  close_under_senders(random);
}
