// http_attack_test.cpp: very many clients, very slow ones, ones that break off, ones that ask for
// much.
//
// Each time the server must serve the other clients, and be as before afterwards.
// ATTACK_TENTHS is 10 in the full form; the short one has a tenth of the clients and of the time.
#include <sys/resource.h>
#include <sys/socket.h>

#include <filesystem>
#include <vector>

#include "profiler/endpoints/pprof.h"
#include "runtime/net/netfd.h"
#include "tests/net/http_fixture.h"

using namespace golab;
using namespace fixture;

namespace {

const std::string kGet = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";

// Raises the limit of open files as far as it goes. Returns what is missing for n of them, or "".
std::string missing_files(rlim_t n) {
  rlimit limit;
  getrlimit(RLIMIT_NOFILE, &limit);
  const rlimit more{n, std::max(n, limit.rlim_max)};
  if (setrlimit(RLIMIT_NOFILE, &more) == 0) return "";  // only root may raise the maximum
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_cur >= n) return "";
  return "this needs " + std::to_string(n) + " open files, and `ulimit -Hn` is " +
         std::to_string(limit.rlim_cur);
}

// A connection for goroutines that must not use CHECK; nil if there is none to be had.
net::Conn dial(const std::string& addr) {
  net::Conn c = net::Dial("tcp", addr).first;
  if (c) c.SetDeadline(time::Now().Add(5 * time::Minute));
  return c;
}

// Reads until `end` has come. What has come by then.
std::string read_until(const net::Conn& c, std::string_view end) {
  std::string text;
  char buf[4096];
  while (!text.ends_with(end)) {
    auto [n, err] = c.Read(buf, sizeof buf);
    text.append(buf, static_cast<size_t>(n));
    if (err != nullptr) break;
  }
  return text;
}

// Closes with a reset instead of an end.
void reset(const net::Conn& c) {
  const linger now{1, 0};
  setsockopt(c.impl()->fd.pfd.Sysfd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  c.Close();
}

// Runs n goroutines, waits for all. Returns how many of them answered true.
template <typename F>
int count_of(int n, F client) {
  auto answers = make_chan<bool>(n);
  for (int i = 0; i < n; i++) {
    go([=] { answers.send(client(i)); });
  }
  int good = 0;
  for (int i = 0; i < n; i++) good += answers.recv() ? 1 : 0;
  return good;
}

void ok(http::ResponseWriter& w, http::Request* r) { w.Write(io::ReadAll(r->Body).first + "ok"); }

}  // namespace

TEST_CASE("thousands of connections at once are all served", "[attack]") {
  constexpr int kClients = 1000 * ATTACK_TENTHS;
  if (std::string why = missing_files(2 * kClients + 100); !why.empty()) return skip_test(why);
  test_server s;
  s.mux.HandleFunc("/", ok);
  s.start();
  std::vector<net::Conn> open(kClients);
  CHECK(count_of(kClients, [&](int i) {
          open[i] = dial(s.addr);
          return open[i] && open[i].Write(kGet).second == nullptr &&
                 read_until(open[i], "ok").ends_with("\r\n\r\nok");
        }) == kClients);
  // All stand open. Another one is served, and so are they, once more.
  CHECK(eventually([&] { return runtime::NumGoroutine() == s.before + 1 + kClients; }));
  CHECK(ask(s.addr, "GET / HTTP/1.0\r\n\r\n").ends_with("ok"));
  CHECK(count_of(kClients, [&](int i) {
          return open[i].Write(kGet).second == nullptr && read_until(open[i], "ok").ends_with("ok");
        }) == kClients);
  for (net::Conn& c : open) c.Close();
  CHECK(eventually([&] { return runtime::NumGoroutine() == s.before + 1; }));
}

TEST_CASE("clients that drip their bytes hold up nobody else", "[attack]") {
  constexpr int kClients = 50 * ATTACK_TENTHS;
  constexpr int kBytes = 60 * ATTACK_TENTHS;  // one each tenth of a second, so: a minute in full
  const time::Duration pause = 100 * time::Millisecond;
  test_server s;
  s.mux.HandleFunc("/", ok);
  SECTION("each is answered when its request is there") {
    s.start();
    const std::string start =
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(kBytes / 2) + "\r\nA: ";
    auto done = make_chan<int>(1);
    go([&, done] {
      done.send(count_of(kClients, [&](int) {
        net::Conn c = dial(s.addr);
        bool good = c && c.Write(start).second == nullptr;
        for (int i = 0; good && i < kBytes / 2; i++) {
          time::Sleep(pause);
          good = c.Write("a").second == nullptr;
        }
        good = good && c.Write("\r\n\r\n").second == nullptr;
        for (int i = 0; good && i < kBytes / 2; i++) {
          good = c.Write("b").second == nullptr;
          time::Sleep(pause);
        }
        return good && read_until(c, "ok").ends_with("bok");
      }));
    });
    time::Duration longest;
    while (len(done) == 0) {
      const time::Time begun = time::Now();
      REQUIRE(ask(s.addr, "GET / HTTP/1.0\r\n\r\n").ends_with("ok"));
      longest = std::max(longest, time::Since(begun));
    }
    CHECK(done.recv() == kClients);
    CHECK(longest < 5 * time::Second);
  }
  SECTION("or cut off, if the server says how long it waits") {
    s.server.ReadHeaderTimeout = 300 * time::Millisecond;
    s.start();
    CHECK(count_of(kClients, [&](int) {
            net::Conn c = dial(s.addr);
            if (!c || c.Write("GET / HTTP/1.1\r\nHost: ").second != nullptr) return false;
            for (int i = 0; i < kBytes; i++) {
              if (c.Write("x").second != nullptr) return true;
              time::Sleep(pause);
            }
            return false;
          }) == kClients);
  }
}

TEST_CASE("connections that are reset in any state are forgotten", "[attack]") {
  constexpr int kRounds = 3 * ATTACK_TENTHS;
  test_server s;
  std::atomic<int> waiting{0};
  s.mux.HandleFunc("/", ok);
  s.mux.HandleFunc("/wait", [&](http::ResponseWriter& w, http::Request* r) {
    waiting++;
    r->Context().Done().recv();  // the reset is what wakes it
    waiting--;
    w.Write("nobody reads this");
  });
  s.mux.HandleFunc("/flood", [](http::ResponseWriter& w, http::Request*) {
    const std::string much(1 << 16, 'x');
    while (w.Write(much).second == nullptr) {}
  });
  s.start();
  const std::string requests[] = {
      kGet, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello",
      "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"};
  for (int round = 0; round < kRounds; round++) {
    for (const std::string& request : requests) {
      // After each byte of the request, also after the last, when the response is on its way.
      CHECK(count_of(static_cast<int>(request.size()) + 1, [&](int n) {
              net::Conn c = dial(s.addr);
              if (!c || c.Write(request.substr(0, static_cast<size_t>(n))).second != nullptr)
                return false;
              reset(c);
              return true;
            }) == static_cast<int>(request.size()) + 1);
    }
    CHECK(count_of(10, [&](int) {  // idle, between two requests
            net::Conn c = dial(s.addr);
            const bool good =
                c.Write(kGet).second == nullptr && read_until(c, "ok").ends_with("ok");
            reset(c);
            return good;
          }) == 10);
    CHECK(count_of(10, [&](int) {  // during the answer
            net::Conn c = dial(s.addr);
            const bool good = c.Write("GET /flood HTTP/1.0\r\n\r\n").second == nullptr &&
                              !read_until(c, "xxx").empty();
            reset(c);
            return good;
          }) == 10);
    std::vector<net::Conn> held;  // in the handler
    for (int i = 0; i < 10; i++) {
      held.push_back(dial(s.addr));
      held.back().Write("GET /wait HTTP/1.1\r\nHost: x\r\n\r\n");
    }
    CHECK(eventually([&] { return waiting == 10; }));
    for (const net::Conn& c : held) reset(c);
    CHECK(eventually([&] { return waiting == 0; }));
  }
  CHECK(eventually([&] { return runtime::NumGoroutine() == s.before + 1; }));
  CHECK(ask(s.addr, "GET / HTTP/1.0\r\n\r\n").ends_with("ok"));
}

TEST_CASE("many clients that ask for delta profiles all get one", "[attack]") {
  constexpr int kClients = 256 * ATTACK_TENTHS / 10;
  test_server s;
  s.mux.HandleFunc("/debug/pprof/", http::pprof::Index);
  s.start();
  // Every fourth goes away before it has its answer.
  CHECK(count_of(kClients, [&](int i) {
          net::Conn c = dial(s.addr);
          if (!c) return false;
          c.Write("GET /debug/pprof/goroutine?seconds=1 HTTP/1.0\r\n\r\n");
          if (i % 4 == 3) {
            reset(c);
            return true;
          }
          const std::string answer = read_until(c, "never");
          c.Close();
          return answer.starts_with("HTTP/1.0 200 OK\r\n") &&
                 contains(answer, "filename=\"goroutine-delta\"") &&
                 contains(answer, "\r\n\r\n\x1f\x8b");
        }) == kClients);
  CHECK(eventually([&] { return runtime::NumGoroutine() == s.before + 1; }));
}

TEST_CASE("many clients that read dumps slowly take up no threads", "[attack]") {
  constexpr int kClients = 600 * ATTACK_TENTHS / 10;
  constexpr size_t kThreadsMost = 24;
  test_server s;
  s.mux.HandleFunc("/debug/pprof/", http::pprof::Index);
  s.start();
  auto parked = make_chan<bool>();
  for (int i = 0; i < 3000; i++) go([=] { parked.recv(); });
  std::vector<net::Conn> clients;
  for (int i = 0; i < kClients; i++) {
    net::Conn c = dial(s.addr);
    REQUIRE(c);
    c.Write("GET /debug/pprof/goroutine?debug=2 HTTP/1.0\r\n\r\n");
    clients.push_back(c);
  }
  // Each has the beginning of its dump, and the server cannot go on with any.
  CHECK(count_of(kClients, [&](int i) {
          char first[256];
          return clients[static_cast<size_t>(i)].Read(first, sizeof first).first > 0;
        }) == kClients);
  size_t threads = 0;
  for ([[maybe_unused]] auto& task : std::filesystem::directory_iterator("/proc/self/task"))
    threads++;
  CHECK(threads <= kThreadsMost);
  for (net::Conn& c : clients) reset(c);
  close(parked);
  CHECK(eventually([&] { return runtime::NumGoroutine() == s.before + 1; }));
}
