// failing_test.cpp: a profile for which there is no memory is an error, and leaves nothing behind.
//
// The first tests let one allocation of a profile fail, the first, the second, and so on: each
// place that allocates has its turn. The others have a service whose address space is limited.
#include <sys/resource.h>

#include <cstdlib>
#include <new>
#include <optional>

#include "profiler/endpoints/pprof.h"
#include "profiler/formats/profile.h"
#include "profiler/formats/stacks.h"
#include "profiler/snapshot/stack_counter.h"
#include "runtime/golab.h"
#include "tests/chan/parked.h"
#include "tests/child.h"
#include "tests/net/http_fixture.h"

using namespace golab;

namespace {

// Of the goroutine that made it, the n-th allocation from now on throws, and no other.
class Failing {
 public:
  explicit Failing(int64_t n) {
    left_ = n;
    whose_ = runtime::getg();
  }
  ~Failing() { whose_ = nullptr; }
  bool happened() const { return left_ == 0; }

  static void* allocate(size_t n, size_t align) {
    runtime::M* mp = runtime::getm();
    if (whose_ != nullptr && mp != nullptr && mp->curg == whose_ && left_ > 0 && --left_ == 0) {
      throw std::bad_alloc();
    }
    void* at = std::aligned_alloc(align, (n + align) / align * align);
    if (at == nullptr) throw std::bad_alloc();
    return at;
  }

 private:
  static inline std::atomic<runtime::G*> whose_{nullptr};
  static inline int64_t left_ = 0;
};

}  // namespace

void* operator new(size_t n) { return Failing::allocate(n, alignof(std::max_align_t)); }
void* operator new(size_t n, std::align_val_t align) {
  return Failing::allocate(n, static_cast<size_t>(align));
}
void operator delete(void* at) noexcept { std::free(at); }
void operator delete(void* at, size_t) noexcept { std::free(at); }
void operator delete(void* at, std::align_val_t) noexcept { std::free(at); }
void operator delete(void* at, size_t, std::align_val_t) noexcept { std::free(at); }

void wait_here(Chan<int> gate) { gate.recv(); }

namespace {

constexpr int kWaiting = 200;
constexpr std::string_view kText = "profile: out of memory or address space (see ulimit -v)";

// As many as wait_here has in a profile, whatever its form.
int64_t waiting_in(const std::string& profile, int debug) {
  constexpr std::string_view name = "main.wait_here";
  if (debug == 0) {
    profiler::ReadResult read = profiler::read_profile(profile, "profile");
    int64_t n = 0;
    if (!read) return -1;
    for (const profiler::Sample& sample : read.profile.samples) {
      for (const profiler::FrameRef& frame : profiler::frames_of_sample(read.profile, sample)) {
        if (frame.function != nullptr && frame.function->name == name) n += sample.values[0];
      }
    }
    return n;
  }
  if (debug == 1) {
    size_t at = profile.find(name);
    size_t record = at == profile.npos ? at : profile.rfind("\n\n", at);
    if (record == profile.npos) record = profile.find('\n');
    return at == profile.npos
               ? 0
               : std::atoll(profile.c_str() + profile.find_first_not_of('\n', record));
  }
  int64_t n = 0;
  for (size_t at = 0; (at = profile.find("\nmain.wait_here(", at)) != profile.npos; at++) n++;
  return n;
}

std::pair<std::string, error> take(int debug) {
  std::string text;
  error err = pprof::Lookup("goroutine")
                  ->WriteTo(
                      [&](std::string_view piece) -> error {
                        text += piece;
                        return nullptr;
                      },
                      debug);
  return {std::move(text), err};
}

struct Waiting {
  Waiting() {
    for (int i = 0; i < kWaiting; i++) go(wait_here, gate);
    REQUIRE(receivers_parked(gate, kWaiting));
  }
  ~Waiting() {
    close(gate);
    CHECK(eventually([] { return runtime::NumGoroutine() == 1; }));
  }
  Chan<int> gate = make_chan<int>();
};

}  // namespace

TEST_CASE("a profile of which an allocation fails is an error, and the next is right",
          "[snapshot][failing]") {
  Waiting waiting;
  // The first of its form reads names, with many more allocations: of those only some fail.
  bool first = GENERATE(true, false);
  for (int debug : {0, 1, 2}) {
    int failed = 0, wrong = 0;
    bool happened = true;
    for (int64_t n = 1; happened; n += first ? 1 + n / 8 : 1) {
      std::pair<std::string, error> got;
      {
        Failing failing(n);
        got = take(debug);
        happened = failing.happened();
      }
      failed += got.second != nullptr;
      if (got.second != nullptr && got.second.Error() != kText) wrong++;
      if (got.second == nullptr && waiting_in(got.first, debug) != kWaiting) wrong++;
      if (first) continue;
      auto [text, err] = take(debug);
      if (err != nullptr || waiting_in(text, debug) != kWaiting) wrong++;
    }
    CAPTURE(debug, first);
    CHECK(failed > 5);
    CHECK(wrong == 0);
  }
}

TEST_CASE("a delta of which an allocation fails is an error", "[snapshot][failing]") {
  Waiting waiting;
  std::string before = take(0).first, after = take(0).first;
  bool happened = true;
  int failed = 0, wrong = 0;
  for (int64_t n = 1; happened; n++) {
    Failing failing(n);
    std::string text;
    auto into = [&](std::string_view piece) -> error {
      text += piece;
      return nullptr;
    };
    error err = pprof::WriteDelta(into, before, after);
    happened = failing.happened();
    failed += err != nullptr;
    wrong += err != nullptr ? err.Error() != kText : text.empty();
  }
  CHECK(failed > 5);
  CHECK(wrong == 0);
}

TEST_CASE("what is thrown on the system stack is caught on the goroutine's", "[sched][failing]") {
  int caught = 0;
  for (int i = 0; i < 10; i++) {
    try {
      runtime::systemstack([] { panic("on the system stack"); });
    } catch (Panic& p) {
      caught += p.String() == "on the system stack";
      try {
        runtime::systemstack([] { throw std::bad_alloc(); });
      } catch (const std::bad_alloc&) {
        runtime::Gosched();
        caught++;
      }
    }
  }
  CHECK(caught == 20);
}

TEST_CASE("stacks that have no room are noticed, and gone with the next", "[snapshot][failing]") {
  profiler::StackCounter counter(4096);
  auto add_different = [&](uintptr_t stacks) {
    for (uintptr_t i = 0; i < stacks; i++) {
      uintptr_t pcs[] = {i, i, i};
      counter.add(pcs, 3, false, nullptr, 1);
    }
  };
  for (int round = 0; round < 3; round++) {
    add_different(1000);
    CHECK(counter.overflowed());
    CHECK(counter.clear());
    CHECK_FALSE(counter.overflowed());
    add_different(20);
    CHECK_FALSE(counter.overflowed());
    int64_t n = 0;
    counter.for_each([&](profiler::StackEntry& entry) { n += entry.count; });
    CHECK(n == 20);
    CHECK_FALSE(counter.clear());
  }
}

namespace {

// Lets the first allocation after its first Write fail.
class FailsAfterWrite : public http::ResponseWriter {
 public:
  explicit FailsAfterWrite(http::ResponseWriter& w) : w_(w) {}
  http::Header& Header() override { return w_.Header(); }
  void WriteHeader(int code) override { w_.WriteHeader(code); }
  std::pair<int, error> Write(std::string_view data) override {
    auto answer = w_.Write(data);
    failing_.emplace(1);
    return answer;
  }

 private:
  http::ResponseWriter& w_;
  std::optional<Failing> failing_;
};

}  // namespace

TEST_CASE("a dump that fails in the middle does not look whole", "[snapshot][failing]") {
  fixture::test_server server;
  server.mux.HandleFunc("/dump", [](http::ResponseWriter& w, http::Request* r) {
    FailsAfterWrite fails(w);
    http::pprof::Handler("goroutine").ServeHTTP(fails, r);
  });
  server.start();
  auto gate = make_chan<int>();
  for (int i = 0; i < 10 * kWaiting; i++) go(wait_here, gate);
  REQUIRE(receivers_parked(gate, 10 * kWaiting));
  {
    fixture::raw_client client(server.addr);
    REQUIRE(client.send("GET /dump?debug=2 HTTP/1.1\r\nHost: x\r\n\r\n"));
    std::string answer = client.rest();
    CHECK(answer.find("200 OK") != answer.npos);
    CHECK(answer.find("main.wait_here(") != answer.npos);
    CHECK(answer.find("\r\n0\r\n\r\n") == answer.npos);  // the end of a body in chunks
    CHECK(answer.find("out of memory") == answer.npos);
  }
  CHECK(server.logged().empty());
  close(gate);
}

TEST_CASE("a service without address space says so and serves the next profile",
          "[snapshot][failing]") {
  Child child({PROFILE_CHILD});
  auto listens = [&] { return child.out().find('\n') != std::string::npos; };
  REQUIRE(child.read_until(listens, 20));
  std::string url = "http://" + child.out().substr(0, child.out().find('\n'));
  const std::string profile = url + "/debug/pprof/goroutine";
  auto get = [](const std::string& address) {
    auto [resp, err] = http::Get(address);
    REQUIRE(err == nullptr);
    std::string body = io::ReadAll(resp->Body).first;
    resp->Body.Close();
    return std::pair(resp, body);
  };
  for (std::string_view form : {"", "?debug=1", "?debug=2", "?seconds=1"}) {
    CAPTURE(form);
    auto [resp, body] = get(profile + std::string(form));
    CHECK(resp->StatusCode == 500);
    CHECK(resp->Header.Get("X-Go-Pprof") == "1");
    CHECK(resp->Header.Get("Content-Type") == "text/plain; charset=utf-8");
    CHECK(resp->Header.Get("Content-Disposition").empty());
    bool delta = form == "?seconds=1";
    CHECK(body == std::string(delta ? "failed to collect profile" : kText) + "\n");
  }
  get(url + "/raise");
  for (std::string_view form : {"", "?debug=1", "?debug=2", "?seconds=1"}) {
    CAPTURE(form);
    CHECK(get(profile + std::string(form)).first->StatusCode == 200);
  }
}
