// Goal: a goroutine parked in package sync shows Go's state and Go's frames, and misuse dies as in
// Go.
#include <sys/wait.h>

#include <cstdio>

#include "runtime/golab.h"
#include "tests/catch.h"

namespace {

// The function names of the block whose header has that state, one per line; "" if there is none.
std::string frames_of(const std::string& dump, const std::string& state) {
  size_t header = dump.find(" [" + state + "]");
  if (header == dump.npos) return "";
  size_t at = dump.find('\n', header) + 1;
  std::string names;
  while (at < dump.size() && dump[at] != '\n') {
    size_t end = dump.find('\n', at);
    std::string line = dump.substr(at, end - at);
    bool created = line.rfind("created by ", 0) == 0;
    if (line[0] != '\t') names += (created ? line : line.substr(0, line.rfind('('))) + "\n";
    at = end + 1;
    if (end == dump.npos) break;
  }
  return names;
}

std::string parked_frames(const std::string& state) {
  std::string frames;
  eventually([&] { return !(frames = frames_of(runtime::StackText(true), state)).empty(); });
  return frames;
}

// Frames above the caller's own.
bool begins(const std::string& frames, const std::string& start) {
  INFO(frames);
  bool ok = frames.rfind(start, 0) == 0;
  CHECK(ok);
  return ok;
}

struct Death {
  int status = 0;
  std::string text;
};
Death die(const std::string& how) {
  Death d;
  FILE* p = popen((std::string(SYNC_DIES) + " " + how + " 2>&1").c_str(), "r");
  char buf[4096];
  while (size_t n = fread(buf, 1, sizeof buf, p)) d.text.append(buf, n);
  d.status = WEXITSTATUS(pclose(p));
  return d;
}

}  // namespace

TEST_CASE("waiting for a Mutex shows Go's frames", "[sync][frames]") {
  sync::Mutex mu;
  mu.Lock();
  sync::WaitGroup wg;
  wg.Go([&] {
    mu.Lock();
    mu.Unlock();
  });
  begins(parked_frames("sync.Mutex.Lock"),
         "internal/sync.runtime_SemacquireMutex\n"
         "internal/sync.(*Mutex).lockSlow\n"
         "internal/sync.(*Mutex).Lock\n"
         "sync.(*Mutex).Lock\n");
  mu.Unlock();
  wg.Wait();
}

TEST_CASE("waiting for an RWMutex shows Go's frames", "[sync][frames]") {
  sync::RWMutex rw;
  sync::WaitGroup wg;
  SECTION("a reader behind a writer") {
    rw.Lock();
    wg.Go([&] {
      rw.RLock();
      rw.RUnlock();
    });
    begins(parked_frames("sync.RWMutex.RLock"),
           "sync.runtime_SemacquireRWMutexR\nsync.(*RWMutex).RLock\n");
    rw.Unlock();
  }
  SECTION("a writer behind a reader") {
    rw.RLock();
    wg.Go([&] {
      rw.Lock();
      rw.Unlock();
    });
    begins(parked_frames("sync.RWMutex.Lock"),
           "sync.runtime_SemacquireRWMutex\nsync.(*RWMutex).Lock\n");
    rw.RUnlock();
  }
  wg.Wait();
}

TEST_CASE("waiting for a WaitGroup or a Cond shows Go's frames", "[sync][frames]") {
  sync::WaitGroup wg, others;
  sync::Mutex mu;
  auto cond = sync::NewCond(&mu);
  SECTION("WaitGroup") {
    wg.Add(1);
    others.Go([&] { wg.Wait(); });
    begins(parked_frames("sync.WaitGroup.Wait"),
           "sync.runtime_SemacquireWaitGroup\nsync.(*WaitGroup).Wait\n");
    wg.Done();
  }
  SECTION("Cond") {
    others.Go([&] {
      mu.Lock();
      cond.Wait();
      mu.Unlock();
    });
    begins(parked_frames("sync.Cond.Wait"), "sync.runtime_notifyListWait\nsync.(*Cond).Wait\n");
    cond.Broadcast();
  }
  others.Wait();
}

TEST_CASE("a goroutine of wg.Go stands on Go's closure", "[sync][frames]") {
  sync::WaitGroup wg;
  auto gate = make_chan<Empty>();
  wg.Go([=] { gate.recv(); });
  std::string frames = parked_frames("chan receive");
  INFO(frames);
  CHECK(frames.find("sync.(*WaitGroup).Go.func1\ncreated by sync.(*WaitGroup).Go") != frames.npos);
  close(gate);
  wg.Wait();
}

TEST_CASE("unlocking what is not locked is fatal, with Go's text", "[sync][dies]") {
  auto mutex = die("unlock-unlocked");
  CHECK(mutex.status == 2);
  CHECK(mutex.text.rfind("fatal error: sync: unlock of unlocked mutex\n\ngoroutine 1 [running]:\n"
                         "internal/sync.fatal(",
                         0) == 0);
  auto rw = die("rw-unlock-unlocked");
  CHECK(rw.status == 2);
  CHECK(rw.text.rfind("fatal error: sync: Unlock of unlocked RWMutex\n\ngoroutine 1 [running]:\n"
                      "sync.fatal(",
                      0) == 0);
  CHECK(die("rw-runlock-unlocked")
            .text.rfind("fatal error: sync: RUnlock of unlocked RWMutex\n", 0) == 0);
  SECTION("and nothing recovers it") { CHECK(die("recovered").status == 2); }
}

TEST_CASE("misused wait groups panic, forgotten ones deadlock", "[sync][dies]") {
  auto negative = die("negative-waitgroup");
  CHECK(negative.status == 2);
  CHECK(negative.text.rfind("panic: sync: negative WaitGroup counter\n", 0) == 0);
  auto in_go = die("panic-wg-go");
  CHECK(in_go.status == 2);
  CHECK(in_go.text.rfind("panic: in wg.Go", 0) == 0);
  for (const char* how : {"deadlock-waitgroup", "deadlock-mutex"}) {
    auto dead = die(how);
    CHECK(dead.status == 2);
    CHECK(dead.text.rfind("fatal error: all goroutines are asleep - deadlock!\n", 0) == 0);
  }
}
