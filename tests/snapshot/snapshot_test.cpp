// snapshot_test.cpp: a snapshot has every goroutine once, whatever it is doing.
#include <unistd.h>

#include <atomic>
#include <memory>

#include "runtime/chan/chan.h"
#include "runtime/sched/go.h"
#include "runtime/time/time.h"
#include "tests/chan/parked.h"
#include "tests/snapshot/groups.h"

using namespace golab;
using profiler::Detail;

void wait_here(Chan<int> gate) { gate.recv(); }
void send_answer(Chan<int> ch, Chan<int> sent) {
  ch.send(1);
  sent.send(1);
}
void spin_here(std::atomic<bool>* stop, std::atomic<int>* running) {
  (*running)++;
  while (!stop->load(std::memory_order_relaxed)) {}
  (*running)--;
}
void read_here(int fd, std::atomic<int>* state) {
  char c;
  *state = 1;
  runtime::entersyscall();
  ssize_t n = ::read(fd, &c, 1);
  runtime::exitsyscall();
  *state = n == 1 ? 2 : 3;
}

TEST_CASE("parked goroutines are counted by stack", "[snapshot]") {
  auto gate = make_chan<int>();
  for (int i = 0; i < 300; i++) go(wait_here, gate);
  REQUIRE(receivers_parked(gate, 300));
  Groups g = take();
  CHECK(g.in("main.wait_here") == 300);
  CHECK(g.sum() == g.snapshot.total);
  close(gate);
  CHECK(eventually([] { return take().in("main.wait_here") == 0; }));
}

void wait_elsewhere(Chan<int> gate) { gate.recv(); }
void wait_here_then_elsewhere(Chan<int> gate, Chan<int> other) {
  wait_here(gate);
  wait_elsewhere(other);
}

// The profiler remembers the stacks only of goroutines that have not run since.
TEST_CASE("the next profile sees who has moved", "[snapshot]") {
  auto gate = make_chan<int>();
  auto other = make_chan<int>();
  for (int i = 0; i < 200; i++) go(wait_here_then_elsewhere, gate, other);
  REQUIRE(receivers_parked(gate, 200));
  for (Detail detail : {Detail::counted, Detail::each_goroutine, Detail::counted}) {
    CHECK(take(detail).in("main.wait_here") == 200);
  }
  for (int moved = 50; moved <= 200; moved += 50) {
    for (int i = 0; i < 50; i++) gate.send(1);
    REQUIRE(receivers_parked(other, moved));
    for (Detail detail : {Detail::counted, Detail::each_goroutine}) {
      Groups g = take(detail);
      CHECK(g.in("main.wait_here") == 200 - moved);
      CHECK(g.in("main.wait_elsewhere") == moved);
      CHECK(g.sum() == g.snapshot.total);
    }
  }
  close(other);
  // A new goroutine in a dead one's place does not inherit its stack.
  REQUIRE(eventually([] { return take().in("main.wait_elsewhere") == 0; }));
  auto third = make_chan<int>();
  for (int i = 0; i < 200; i++) go(wait_here, third);
  REQUIRE(receivers_parked(third, 200));
  CHECK(take().in("main.wait_here") == 200);
  close(third);
  REQUIRE(eventually([] { return take().in("main.wait_here") == 0; }));
}

// One that leaves its stack during a snapshot must not be counted there by a memo in the next one.
// (Nobody ends before the end of the test, so each round's goroutines are neighbours in the table.)
TEST_CASE("who moves while a snapshot is taken stands elsewhere in the next", "[snapshot]") {
  int procs = GENERATE(1, 2);
  CAPTURE(procs);
  int old = runtime::GOMAXPROCS(procs);
  constexpr int kRounds = 30, kNew = 256, kMoving = 3;
  auto other = make_chan<int>();
  std::vector<Chan<int>> gates;
  int wrong = 0;
  for (int round = 1; round <= kRounds; round++) {
    size_t first = gates.size();
    for (int i = 0; i < kNew; i++) {
      gates.push_back(make_chan<int>());
      go(wait_here_then_elsewhere, gates.back(), other);
    }
    for (size_t i = first; i < gates.size(); i++) REQUIRE(receivers_parked(gates[i], 1));
    go([&gates, first, round] {
      for (int i = 0; i < kMoving; i++) {
        gates[first + (round * 37 + i * 61) % kNew].send(1);
        runtime::Gosched();
      }
    });
    take();
    REQUIRE(receivers_parked(other, round * kMoving));
    Groups g = take();
    wrong += g.in("main.wait_here") != round * (kNew - kMoving);
    wrong += g.in("main.wait_elsewhere") != round * kMoving;
  }
  CHECK(wrong == 0);
  for (auto& gate : gates) close(gate);
  close(other);
  REQUIRE(eventually([] { return take().in("main.wait_elsewhere") == 0; }));
  runtime::GOMAXPROCS(old);
}

void wait_there(Chan<int> gate) { gate.recv(); }

// As many stacks as there are numbers: each bit is a call from one of two places.
void wait_by_number(Chan<int> gate, uint32_t number, int bits) {
  if (bits == 0) {
    wait_there(gate);
  } else if (number % 2 == 0) {
    wait_by_number(gate, number / 2, bits - 1);
  } else {
    wait_by_number(gate, number / 2, bits - 1);
  }
}

// Memos are numbers of a table that is kept from one profile to the next, unless it is too large.
TEST_CASE("no memo outlives the table of stacks that it is about", "[snapshot]") {
#if defined(GOLAB_TSAN)
  constexpr int kBits = 10;  // it has room for some thousand goroutines
#else
  constexpr int kBits = 15;  // 7 MB of stacks: the table begins anew
#endif
  constexpr int kAll = 1 << kBits;
  auto gate = make_chan<int>(), other = make_chan<int>();
  for (int i = 0; i < kAll; i++) go([=] { wait_by_number(gate, static_cast<uint32_t>(i), kBits); });
  for (int i = 0; i < 100; i++) go(wait_here, other);
  REQUIRE(receivers_parked(gate, kAll));
  REQUIRE(receivers_parked(other, 100));
  for (Detail detail :
       {Detail::counted, Detail::counted, Detail::each_goroutine, Detail::counted}) {
    Groups g = take(detail);
    CHECK(g.snapshot.stacks.size() > kAll);
    CHECK(g.in("main.wait_there") == kAll);
    CHECK(g.in("main.wait_here") == 100);
    CHECK(g.sum() == g.snapshot.total);
  }
  close(gate);
  REQUIRE(eventually([] { return take().in("main.wait_there") == 0; }));
  for (int i = 0; i < 3; i++) CHECK(take().in("main.wait_here") == 100);
  close(other);
  REQUIRE(eventually([] { return take().in("main.wait_here") == 0; }));
}

// Goal: a goroutine that nothing can wake is counted once, in the function where it waits.
TEST_CASE("a send that nobody receives stays in the profile", "[snapshot][chan]") {
  auto sent = make_chan<int>(1);
  SECTION("an unbuffered send stays parked") {
    auto ch = make_chan<int>();
    go(send_answer, ch, sent);
    REQUIRE(senders_parked(ch, 1));
    CHECK(take().in("main.send_answer") == 1);
    ch.recv();
    sent.recv();
  }
  SECTION("a buffered send has somewhere to put its value") {
    auto ch = make_chan<int>(1);
    go(send_answer, ch, sent);
    sent.recv();
    CHECK(eventually([] { return take().in("main.send_answer") == 0; }));
  }
}

TEST_CASE("busy goroutines have a stack, and so has one in a system call", "[snapshot]") {
  int procs = GENERATE(1, 2, 4);
  int old = runtime::GOMAXPROCS(procs);
  std::atomic<bool> stop{false};
  std::atomic<int> running{0};
  std::atomic<int> reading{0};
  int fds[2];
  REQUIRE(pipe(fds) == 0);
  for (int i = 0; i < 2; i++) go(spin_here, &stop, &running);
  go(read_here, fds[0], &reading);
  REQUIRE(eventually([&] { return running == 2 && reading == 1; }));
  for (int i = 0; i < 30; i++) {
    Groups g = take();
    CHECK(g.in("main.spin_here") == 2);
    CHECK(g.in("main.read_here") == 1);
    CHECK(g.in("main.main") == 1);
    CHECK(g.sum() == g.snapshot.total);
  }
  stop = true;
  REQUIRE(::write(fds[1], "x", 1) == 1);
  REQUIRE(eventually([&] { return running == 0 && reading == 2; }));
  ::close(fds[0]);
  ::close(fds[1]);
  runtime::GOMAXPROCS(old);
}

TEST_CASE("one that has not run yet is there, in the function it will begin with", "[snapshot]") {
  int old = runtime::GOMAXPROCS(1);
  auto gate = make_chan<int>();
  for (int i = 0; i < 10; i++) go([=] { wait_here(gate); });
  Groups g = take(Detail::each_goroutine);
  int waiting = 0;
  g.snapshot.for_each_goroutine([&](auto& one) { waiting += !one.started; });
  CHECK(waiting + g.in("main.wait_here") == 10);
  close(gate);
  REQUIRE(eventually([] { return take().in("main.wait_here") == 0; }));
  runtime::GOMAXPROCS(old);
}

TEST_CASE("one by one, each has its id once and says why it waits", "[snapshot]") {
  auto gate = make_chan<int>();
  for (int i = 0; i < 100; i++) go(wait_here, gate);
  auto ch = make_chan<int>();
  auto sent = make_chan<int>(1);
  go(send_answer, ch, sent);
  REQUIRE(receivers_parked(gate, 100));
  REQUIRE(senders_parked(ch, 1));
  Groups g = take(Detail::each_goroutine);
  std::set<uint64_t> ids;
  int receiving = 0, sending = 0;
  g.snapshot.for_each_goroutine([&](auto& one) {
    CHECK(ids.insert(one.goid).second);
    auto& names = g.functions[g.snapshot.stack_of(one)];
    auto parked_for = [&](runtime::WaitReason reason) {
      return one.status == runtime::_Gwaiting && one.waitreason == static_cast<uint8_t>(reason);
    };
    if (names.count("main.wait_here") != 0)
      receiving += parked_for(runtime::WaitReason::ChanReceive);
    if (names.count("main.send_answer") != 0) sending += parked_for(runtime::WaitReason::ChanSend);
  });
  CHECK(static_cast<int64_t>(ids.size()) == g.snapshot.total);
  CHECK(g.snapshot.table[g.snapshot.self].goid == runtime::goid());
  CHECK(receiving == 100);
  CHECK(sending == 1);
  ch.recv();
  close(gate);
  REQUIRE(eventually([] { return take().in("main.wait_here") == 0; }));
}

TEST_CASE("who has ended is in no later dump", "[snapshot]") {
  auto gate = make_chan<int>();
  for (int i = 0; i < 100; i++) go(wait_here, gate);
  REQUIRE(receivers_parked(gate, 100));
  std::set<uint64_t> before;
  {
    Groups g = take(Detail::each_goroutine);
    g.snapshot.for_each_goroutine([&](auto& one) {
      if (g.functions[g.snapshot.stack_of(one)].count("main.wait_here") != 0)
        before.insert(one.goid);
    });
  }
  REQUIRE(before.size() == 100);
  close(gate);
  REQUIRE(eventually([] { return take().in("main.wait_here") == 0; }));
  Groups g = take(Detail::each_goroutine);
  int64_t n = 0;
  g.snapshot.for_each_goroutine([&](auto& one) {
    n++;
    CHECK(before.count(one.goid) == 0);
  });
  CHECK(n == g.snapshot.total);
}

// How many stand in main.wait_here with this status.
int waiting_here(const Groups& g, uint32_t status) {
  int n = 0;
  g.snapshot.for_each_goroutine([&](auto& one) {
    bool here = g.functions[g.snapshot.stack_of(one)].count("main.wait_here") != 0;
    n += here && one.status == status;
  });
  return n;
}

TEST_CASE("a dump says who has been woken and has not run yet", "[snapshot]") {
  int old = runtime::GOMAXPROCS(1);
  constexpr int kAll = 2000;  // more than the walker passes before it lets them run
  auto gate = make_chan<int>();
  for (int i = 0; i < kAll; i++) go(wait_here, gate);
  REQUIRE(receivers_parked(gate, kAll));
  for (int i = 0; i < 3; i++)
    CHECK(waiting_here(take(Detail::each_goroutine), runtime::_Gwaiting) == kAll);
  close(gate);
  Groups g = take(Detail::each_goroutine);
  CHECK(waiting_here(g, runtime::_Gwaiting) == 0);
  // Or this goroutine's time was up, and all of them have run.
  CHECK((waiting_here(g, runtime::_Grunnable) > 0 || g.in("main.wait_here") == 0));
  REQUIRE(eventually([] { return take().in("main.wait_here") == 0; }));
  runtime::GOMAXPROCS(old);
}

// Waits to receive, then to send, and so on, until it gets a 0.
void receive_and_send(Chan<int> receives, Chan<int> sends, std::atomic<uint64_t>* id) {
  *id = runtime::goid();
  for (int got = 1; got != 0;) {
    got = receives.recv();
    sends.send(got);
  }
}

TEST_CASE("dump after dump, each goroutine is what it is now", "[snapshot]") {
  int procs = GENERATE(1, 2);
  CAPTURE(procs);
  int old = runtime::GOMAXPROCS(procs);
  struct One {
    Chan<int> receives = make_chan<int>(), sends = make_chan<int>();
    std::atomic<uint64_t> id{0};
    bool receiving = true;
  };
  constexpr uint32_t kAll = 150;  // more than two blocks
  std::vector<One> all(kAll);
  for (One& one : all) go(receive_and_send, one.receives, one.sends, &one.id);
  for (One& one : all) REQUIRE(receivers_parked(one.receives, 1));
  auto move = [](One& one) {
    if (one.receiving) {
      one.receives.send(1);
      REQUIRE(senders_parked(one.sends, 1));
    } else {
      one.sends.recv();
      REQUIRE(receivers_parked(one.receives, 1));
    }
    one.receiving = !one.receiving;
  };
  int wrong = 0;
  std::vector<Groups> held;
  for (uint32_t round = 0; round < 90; round++) {
    for (uint32_t i = 0; i < round % 4; i++) move(all[(round * 37 + i * 61) % kAll]);
    if (round % 3 == 2) {
      wrong += take().in("main.receive_and_send") != kAll;
      continue;
    }
    Groups g = take(Detail::each_goroutine);
    std::map<uint64_t, runtime::WaitReason> reasons;
    int64_t n = 0;
    g.snapshot.for_each_goroutine([&](auto& one) {
      n++;
      if (one.status != runtime::_Gwaiting) return;
      if (g.functions[g.snapshot.stack_of(one)].count("main.receive_and_send") == 0) return;
      reasons[one.goid] = static_cast<runtime::WaitReason>(one.waitreason);
    });
    wrong += n != g.snapshot.total || reasons.size() != kAll;
    for (One& one : all) {
      wrong += reasons[one.id] !=
               (one.receiving ? runtime::WaitReason::ChanReceive : runtime::WaitReason::ChanSend);
    }
    if (round % 7 == 0) held.push_back(std::move(g));
    if (round % 10 == 0) held.clear();
  }
  CHECK(wrong == 0);
  for (One& one : all) {
    if (!one.receiving) move(one);
    one.receives.send(0);
    one.sends.recv();
  }
  REQUIRE(eventually([] { return take().in("main.receive_and_send") == 0; }));
  runtime::GOMAXPROCS(old);
}

TEST_CASE("snapshots asked for at the same time all succeed", "[snapshot]") {
  auto gate = make_chan<int>();
  for (int i = 0; i < 50; i++) go(wait_here, gate);
  REQUIRE(receivers_parked(gate, 50));
  auto counts = make_chan<int64_t>(8);
  for (int i = 0; i < 8; i++) {
    go([=] {
      int64_t wrong = 0;
      for (int k = 0; k < 10; k++) wrong += take().in("main.wait_here") != 50;
      counts.send(wrong);
    });
  }
  for (int i = 0; i < 8; i++) CHECK(counts.recv() == 0);
  close(gate);
  REQUIRE(eventually([] { return take().in("main.wait_here") == 0; }));
}
