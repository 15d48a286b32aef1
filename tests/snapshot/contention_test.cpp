// contention_test.cpp: the block and mutex profiles, threadcreate, and profiles of the program's
// own.
//
// Which function each kind of wait begins in is what real Go 1.27.3 showed for the same operations.
#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <string>

#include "profiler/endpoints/lookup.h"
#include "profiler/formats/profile.h"
#include "runtime/core/arch.h"
#include "runtime/golab.h"
#include "tests/catch.h"

using namespace golab;

namespace {

// "" if there is none.
std::string profile_text(std::string_view name, int debug) {
  std::string text;
  auto append = [&](std::string_view piece) {
    text += piece;
    return error();
  };
  return pprof::Lookup(name)->WriteTo(append, debug) == nullptr ? text : "";
}

struct Row {
  int64_t count = 0, delay_ns = 0;
};

// From the protobuf form: by leaf, of the stacks that have a function whose name ends in `in`.
std::map<std::string, Row> by_leaf(std::string_view name, std::string_view in) {
  std::string binary = profile_text(name, 0);
  profiler::ReadResult read = profiler::read_profile(binary, "own");
  REQUIRE(read);
  REQUIRE(read.profile.sample_types.size() == 2);
  CHECK(read.profile.sample_types[0].type == "contentions");
  CHECK(read.profile.sample_types[1].type == "delay");
  CHECK(read.profile.sample_types[1].unit == "nanoseconds");
  std::map<std::string, Row> rows;
  for (const profiler::Sample& s : read.profile.samples) {
    auto frames = profiler::frames_of_sample(read.profile, s);
    bool wanted = false;
    for (const auto& f : frames)
      wanted = wanted || (f.function != nullptr && f.function->name.ends_with(in));
    if (!wanted) continue;
    Row& row = rows[frames.front().function->name];
    row.count += s.values[0];
    row.delay_ns += s.values[1];
  }
  return rows;
}

// A goroutine that runs f as soon as one waits in `state`.
void when_waiting(const char* state, std::function<void()> f) {
  const std::string header = std::string(" [") + state;
  go([header, f] {
    while (profile_text("goroutine", 2).find(header) == std::string::npos)
      time::Sleep(100 * time::Microsecond);
    f();
  });
}

class Rates {
 public:
  Rates() {
    runtime::SetBlockProfileRate(1);
    before_ = runtime::SetMutexProfileFraction(1);
  }
  ~Rates() {
    runtime::SetBlockProfileRate(0);
    runtime::SetMutexProfileFraction(before_);
  }

 private:
  int before_;
};

}  // namespace

// Each wait is in a goroutine of its own, so that its state is seen (goroutine 1 is locked).
[[gnu::noinline]] void waits_of_every_kind() {
  auto c = make_chan<int>();
  when_waiting("chan receive", [c] { c.send(1); });
  c.recv();
  when_waiting("chan receive", [c] { c.send(1); });
  (void)c.recv_ok();
  when_waiting("chan send", [c] { c.recv(); });
  c.send(1);
  when_waiting("select", [c] { c.send(1); });
  select({recv(c), recv(time::After(time::Hour))});
  sync::Mutex mu;
  mu.Lock();
  when_waiting("sync.Mutex.Lock", [&mu] { mu.Unlock(); });
  mu.Lock();
  mu.Unlock();
  sync::WaitGroup wg;
  wg.Add(1);
  when_waiting("sync.WaitGroup.Wait", [&wg] { wg.Done(); });
  wg.Wait();
  sync::RWMutex rw;
  rw.Lock();
  when_waiting("sync.RWMutex.RLock", [&rw] { rw.Unlock(); });
  rw.RLock();
  when_waiting("sync.RWMutex.Lock", [&rw] { rw.RUnlock(); });
  rw.Lock();
  rw.Unlock();
  sync::Cond cond(&mu);
  mu.Lock();
  when_waiting("sync.Cond.Wait", [&] {
    glue::Locked lock(mu);
    cond.Signal();
  });
  cond.Wait();
  mu.Unlock();
}

TEST_CASE("every kind of wait is in the block profile, under Go's leaf", "[contention]") {
  Rates rates;
  std::atomic<bool> done{false};
  go([&done] {
    waits_of_every_kind();
    done = true;
  });
  // Not by a WaitGroup: goroutine 1 must not stand in one of these states itself.
  REQUIRE(eventually(std::chrono::seconds(60), [&done] { return done.load(); }));

  auto rows = by_leaf("block", "waits_of_every_kind");
  for (const char* leaf : {"runtime.chanrecv1", "runtime.chanrecv2", "runtime.chansend1",
                           "runtime.selectgo", "sync.(*Mutex).Lock", "sync.(*WaitGroup).Wait",
                           "sync.(*RWMutex).RLock", "sync.(*RWMutex).Lock", "sync.(*Cond).Wait"}) {
    INFO(leaf);
    CHECK(rows[leaf].count >= 1);
    CHECK(rows[leaf].delay_ns > 0);
  }
  CHECK(rows.size() == 9);

  std::string text = profile_text("block", 1);
  CHECK(text.starts_with("--- contention:\ncycles/second=1000000000\n"));
  CHECK(text.find("\tsync.(*Cond).Wait+0x") != std::string::npos);
  CHECK(text.find("internal/sync") == std::string::npos);
}

// Returns for how long both have waited at least, ns.
[[gnu::noinline]] int64_t hold_while_two_wait(sync::Mutex& mu) {
  mu.Lock();
  sync::WaitGroup waiters;
  for (int i = 0; i < 2; i++) {
    waiters.Go([&mu] {
      mu.Lock();
      mu.Unlock();
    });
  }
  CHECK(eventually([] {
    std::string dump = profile_text("goroutine", 2);
    size_t first = dump.find("[sync.Mutex.Lock");
    return first != dump.npos && dump.find("[sync.Mutex.Lock", first + 1) != dump.npos;
  }));
  const int64_t both_wait = runtime::nanotime();
  profile_text("goroutine", 1);  // takes a moment
  const int64_t waited = runtime::nanotime() - both_wait;
  mu.Unlock();
  waiters.Wait();
  return waited;
}

TEST_CASE("an Unlock is charged with what all waiters waited", "[contention]") {
  Rates rates;
  sync::Mutex mu;
  const int64_t waited = hold_while_two_wait(mu);
  auto held = by_leaf("mutex", "hold_while_two_wait");
  REQUIRE(held.size() == 1);
  CHECK(held.begin()->first == "sync.(*Mutex).Unlock");
  CHECK(held.begin()->second.count == 1);
  CHECK(held.begin()->second.delay_ns >= 2 * waited);
  std::string text = profile_text("mutex", 1);
  CHECK(text.starts_with("--- mutex:\ncycles/second=1000000000\nsampling period=1\n"));
}

TEST_CASE("nothing is recorded until a rate is set", "[contention]") {
  auto before = profile_text("block", 1);
  auto c = make_chan<int>();
  when_waiting("chan receive", [c] { c.send(1); });
  c.recv();
  CHECK(profile_text("block", 1) == before);
  CHECK(runtime::SetMutexProfileFraction(-1) == 0);
}

[[gnu::noinline]] void wait_often(int waits, int64_t ns) {
  for (int i = 0; i < waits; i++)
    runtime::blockevent(ns, runtime::getpc(), __builtin_frame_address(0));
}

TEST_CASE("a sample of the waits stands for all of them", "[contention]") {
  constexpr int kWaits = 200'000;  // one of 100 is in the sample: 2000, give or take 45
  runtime::SetBlockProfileRate(100'000);
  wait_often(kWaits, 1000);
  runtime::SetBlockProfileRate(0);
  auto rows = by_leaf("block", "wait_often");
  REQUIRE(rows.size() == 1);
  const Row& row = rows.begin()->second;
  CHECK(row.count > kWaits * 0.9);
  CHECK(row.count < kWaits * 1.1);
  CHECK(row.delay_ns > kWaits * 900.0);
  CHECK(row.delay_ns < kWaits * 1100.0);
}

TEST_CASE("threadcreate counts threads, in Go's text", "[contention]") {
  const int threads = pprof::Lookup("threadcreate")->Count();
  CHECK(threads >= 1);
  std::string zeros;
  for (int i = 0; i < 32; i++) zeros += " 0x0";
  const std::string text = profile_text("threadcreate", 1), head = "threadcreate profile: total ";
  REQUIRE(text.starts_with(head));
  const std::string n = text.substr(head.size(), text.find('\n') - head.size());
  CHECK(std::stoi(n) >= threads);  // one may have started since
  CHECK(text == head + n + "\n" + n + " @" + zeros + "\n#\t0x0\n\n");
  std::string binary = profile_text("threadcreate", 0);
  profiler::ReadResult read = profiler::read_profile(binary, "own");
  REQUIRE(read);
  CHECK(profiler::total(read.profile) >= threads);
}

namespace {
struct Conn {
  int fd = 0;
};

[[gnu::noinline]] void open_conn(pprof::Profile* conns, const Conn* c, int skip) {
  conns->Add(c, skip);
}

std::string panic_text(std::function<void()> f) {
  try {
    f();
  } catch (Panic& p) {
    return p.String();
  }
  return "";
}
}  // namespace

TEST_CASE("a profile of the program's own counts what is open", "[contention]") {
  pprof::Profile* conns = pprof::NewProfile("example.com/conns");
  Conn a, b, c;
  for (const Conn* conn : {&a, &b}) open_conn(conns, conn, 0);
  open_conn(conns, &c, 1);
  CHECK(conns->Count() == 3);
  std::string text = profile_text("example.com/conns", 1);
  CHECK(text.starts_with("example.com/conns profile: total 3\n2 @ 0x"));
  CHECK(text.find("runtime/pprof.(*Profile).Add+0x") != std::string::npos);
  CHECK(text.find("main.open_conn+0x") != std::string::npos);
  conns->Remove(&a);
  conns->Remove(&a);
  CHECK(conns->Count() == 2);
  open_conn(conns, &a, 1000);
  CHECK(profile_text("example.com/conns", 2).find("runtime/pprof.lostProfileEvent+0x") !=
        std::string::npos);

  CHECK(panic_text([&] { conns->Add(&b, 0); }) == "pprof: Profile.Add of duplicate value");
  CHECK(panic_text([&] { pprof::Lookup("goroutine")->Add(&b, 0); }) ==
        "pprof: Add called on built-in Profile goroutine");
  CHECK(panic_text([] { pprof::NewProfile(""); }) == "pprof: NewProfile with empty name");
  CHECK(panic_text([] { pprof::NewProfile("block"); }) ==
        "pprof: NewProfile name already in use: block");
  std::string names;
  for (pprof::Profile* p : pprof::Profiles()) names += p->Name() + " ";
  CHECK(names == "allocs block example.com/conns goroutine heap mutex threadcreate ");
}
