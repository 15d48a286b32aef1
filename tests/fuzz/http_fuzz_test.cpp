// http_fuzz_test.cpp: whatever bytes come in, the service lives on, with as many goroutines as
// before.
//
// Seeded: a failure names the round, and the round's bytes are the same in the next run.
#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>

#include <random>

#include "tests/conformance/service.h"

namespace {

using Random = std::mt19937;

int pick(Random& random, int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); }

std::string noise(Random& random, int max) {
  std::string text(static_cast<size_t>(pick(random, max)), '\0');
  for (char& c : text) c = static_cast<char>(random());
  return text;
}

const char* const kPieces[] = {"GET ",
                               "POST ",
                               "HEAD ",
                               "/",
                               "/debug/pprof/",
                               "/process",
                               "?debug=1",
                               "?%zz",
                               " HTTP/1.1",
                               " HTTP/1.0",
                               " HTTP/9.9",
                               "\r\n",
                               "\n",
                               "\r",
                               "Host: x",
                               "Host:",
                               ": ",
                               "Content-Length: 5",
                               "Content-Length: -1",
                               "Content-Length: 99999999999999999999",
                               "Transfer-Encoding: chunked",
                               "Transfer-Encoding: gzip",
                               "5\r\nhello",
                               "0\r\n\r\n",
                               "ffffffffffffffff\r\n",
                               "Connection: close",
                               "Expect: 100-continue",
                               "\0",
                               "\xff\xfe",
                               "A"};

// Mostly pieces of HTTP in a random order: pure noise is refused at the first line.
std::string request(Random& random) {
  if (pick(random, 5) == 0) return noise(random, 3000);
  std::string text;
  if (pick(random, 2) == 0) text = "GET /debug/pprof/goroutine?debug=1 HTTP/1.1\r\nHost: x\r\n";
  for (int n = pick(random, 40); n > 0; n--) {
    text += kPieces[pick(random, static_cast<int>(std::size(kPieces)))];
    if (pick(random, 8) == 0) text += noise(random, 20);
    if (pick(random, 60) == 0) text += std::string(static_cast<size_t>(pick(random, 70000)), 'x');
  }
  if (pick(random, 2) == 0) text += "\r\n\r\n";
  // And one byte of it changed.
  if (!text.empty() && pick(random, 3) == 0) {
    text[static_cast<size_t>(pick(random, static_cast<int>(text.size())))] =
        static_cast<char>(random());
  }
  return text;
}

// Sends it, reads what comes for a moment, hangs up. False: the service cannot be reached.
bool throw_at(const std::string& bytes, int port, Random& random) {
  golab::runtime::entersyscall();
  int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in a{};
  a.sin_family = AF_INET;
  a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  a.sin_port = htons(static_cast<uint16_t>(port));
  bool ok = ::connect(fd, reinterpret_cast<sockaddr*>(&a), sizeof a) == 0;
  if (ok) {
    size_t cut = bytes.empty() ? 0 : random() % (bytes.size() + 1);
    ::send(fd, bytes.data(), cut, MSG_NOSIGNAL | MSG_DONTWAIT);
    ::send(fd, bytes.data() + cut, bytes.size() - cut, MSG_NOSIGNAL | MSG_DONTWAIT);
    int how = pick(random, 4);
    if (how == 0) shutdown(fd, SHUT_WR);
    if (how == 1) {  // a reset instead of an end
      linger l{1, 0};
      setsockopt(fd, SOL_SOCKET, SO_LINGER, &l, sizeof l);
    }
    pollfd p{fd, POLLIN, 0};
    char buffer[4096];
    if (how != 2 && ::poll(&p, 1, 2) > 0 && ::recv(fd, buffer, sizeof buffer, MSG_DONTWAIT) < 0) {}
  }
  ::close(fd);
  golab::runtime::exitsyscall();
  return ok;
}

}  // namespace

TEST_CASE("random bytes neither end the service nor leave goroutines behind", "[fuzz]") {
  Service service;
  std::string url = service.url("");
  int port = std::stoi(url.substr(url.rfind(':') + 1));
  int leaks = 0;  // a fuzzed request may be a good one for /process, which does leak
  for (int round = 0; round < FUZZ_ROUNDS; round++) {
    Random random(static_cast<unsigned>(round));
    std::string bytes = request(random);
    if (!throw_at(bytes, port, random)) {
      INFO("round " << round << ": " << bytes);
      FAIL("the service cannot be reached any more");
    }
  }
  // Apart from the pools of requests that made it to /process nothing stays.
  std::string text;
  bool back = eventually([&] {
    text = service.get("/debug/pprof/goroutine?debug=1");
    leaks = 0;
    for (const char* function : {"main.worker", "main.producer"}) {
      size_t at = text.find(std::string("\t") + function + "+");
      if (at == std::string::npos) continue;
      size_t head = text.rfind(" @ ", at);
      size_t line = text.rfind('\n', head) + 1;
      leaks += std::stoi(text.substr(line, head - line));
    }
    return text.rfind("goroutine profile: total " + std::to_string(3 + leaks) + "\n", 0) == 0;
  });
  INFO(text);
  CHECK(back);
  CHECK(service.get("/debug/pprof/cmdline").find(POOL) == 0);
}
