// http_transport_test.cpp: the client's connections and their goroutines: when they stay, when they
// are used again, and when they go.
#include <map>
#include <sstream>

#include "runtime/os/os.h"
#include "tests/net/http_fixture.h"
#include "tests/net/toolchain.h"
#include "tests/snapshot/groups.h"

using namespace golab;
using namespace fixture;

namespace {

const std::string kReadLoop = "net/http.(*persistConn).readLoop";
const std::string kWriteLoop = "net/http.(*persistConn).writeLoop";

// A client with connections of its own, closed at the end.
struct own_client : http::Client {
  own_client() { Transport = http::NewTransport(); }
  ~own_client() { CloseIdleConnections(); }
};

// How many connections the client has open. Each has both of its goroutines.
int64_t open_connections() {
  const Groups all = take();
  return all.in(kReadLoop) == all.in(kWriteLoop) ? all.in(kReadLoop) : -1;
}

bool eventually_open(int64_t connections) {
  return eventually([=] { return open_connections() == connections; });
}

std::string body_of(const std::shared_ptr<http::Response>& resp) {
  auto [text, err] = io::ReadAll(resp->Body);
  resp->Body.Close();
  return err == nullptr ? text : text + " then " + err.Error();
}

// A server whose handlers stop in the middle until the test lets them go on.
struct slow_server : test_server {
  slow_server() {
    mux.HandleFunc("/whole", [](http::ResponseWriter& w, http::Request*) {
      w.Write(std::string(100000, 'x'));
    });
    mux.HandleFunc("/half", [go_on = go_on](http::ResponseWriter& w, http::Request* r) {
      w.Header().Set("Content-Length", "8");
      w.Write("half");
      w.Flush();
      if (select({recv(go_on), recv(r->Context().Done())}) == 0) w.Write("more");
    });
    mux.HandleFunc("/abort", [go_on = go_on](http::ResponseWriter& w, http::Request*) {
      w.Header().Set("Content-Length", "8");
      w.Write("half");
      w.Flush();
      go_on.recv();
      panic(http::ErrAbortHandler);
    });
    mux.HandleFunc("/silent", [go_on = go_on](http::ResponseWriter& w, http::Request* r) {
      if (select({recv(go_on), recv(r->Context().Done())}) == 0) w.Write("at last");
    });
    mux.HandleFunc("/who",
                   [](http::ResponseWriter& w, http::Request* r) { w.Write(r->RemoteAddr); });
    start();
  }
  Chan<Empty> go_on = make_chan<Empty>();
};

// ---- Profiles beside Go's ----

// The blocks of a debug=1 profile that belong to the client: "count function function …".
std::map<std::string, int> client_stacks(const std::string& profile) {
  std::map<std::string, int> stacks;
  std::istringstream lines(profile);
  std::string line, block;
  int count = 0;
  auto finish = [&] {
    if (contains(block, "net/http.(*persistConn)") || contains(block, "net/http.(*Transport)")) {
      stacks[block] += count;
    }
    block.clear();
  };
  while (std::getline(lines, line)) {
    if (line.empty()) finish();
    if (size_t at = line.find(" @ "); at != std::string::npos) count = std::stoi(line);
    if (line[0] != '#') continue;
    const size_t name = line.find('\t', 2) + 1;
    std::string function = line.substr(name, line.find('+', name) - name);
    // Go 1.26 names the closure by the function that it was inlined into.
    constexpr std::string_view kInlined = "writeLoop.(*persistConn).waitForContinue";
    if (size_t at = function.find(kInlined); at != function.npos) {
      function.replace(at, kInlined.size(), "waitForContinue");
    }
    block += function + '\n';
  }
  finish();
  return stacks;
}

std::string shown(const std::map<std::string, int>& stacks) {
  std::string text;
  for (auto& [stack, count] : stacks) text += std::to_string(count) + " @\n" + stack + "\n";
  return text;
}

constexpr const char* kReadsSocket =
    "internal/poll.runtime_pollWait\ninternal/poll.(*pollDesc).wait\n"
    "internal/poll.(*pollDesc).waitRead\ninternal/poll.(*FD).Read\nnet.(*netFD).Read\n"
    "net.(*conn).Read\nnet/http.(*persistConn).Read\n";
constexpr const char* kReadsBody =
    "bufio.(*Reader).Read\nio.(*LimitedReader).Read\nnet/http.(*body).readLocked\n"
    "net/http.(*body).Read\nnet/http.(*bodyEOFSignal).Read\n";
constexpr const char* kAwaitsAnswer =
    "net/http.(*persistConn).roundTrip\nnet/http.(*Transport).roundTrip\n"
    "net/http.(*Transport).RoundTrip\nnet/http.send\nnet/http.(*Client).send\n"
    "net/http.(*Client).do\nnet/http.(*Client).Do\n";

constexpr const char* kReadsChunks =
    "bufio.(*Reader).fill\nbufio.(*Reader).ReadSlice\nnet/http/internal.readChunkLine\n"
    "net/http/internal.(*chunkedReader).beginChunk\nnet/http/internal.(*chunkedReader).Read\n"
    "net/http.(*body).readLocked\nnet/http.(*body).Read\nnet/http.(*bodyEOFSignal).Read\n";
constexpr const char* kUnpacks =
    "bufio.(*Reader).fill\nbufio.(*Reader).ReadByte\ncompress/flate.(*decompressor).moreBits\n"
    "compress/flate.(*decompressor).nextBlock\ncompress/flate.(*decompressor).Read\n"
    "compress/gzip.(*Reader).Read\nnet/http.(*gzipReader).Read\n";
constexpr const char* kDials =
    "internal/poll.runtime_pollWait\ninternal/poll.(*pollDesc).wait\n"
    "internal/poll.(*pollDesc).waitWrite\ninternal/poll.(*FD).WaitWrite\n"
    "net.(*netFD).connect\nnet.(*netFD).dial\nnet.socket\nnet.internetSocket\n"
    "net.(*sysDialer).doDialTCPProto\nnet.(*sysDialer).doDialTCP\nnet.(*sysDialer).dialTCP\n"
    "net.(*sysDialer).dialSingle\nnet.(*sysDialer).dialSerial\nnet.(*sysDialer).dialParallel\n"
    "net.(*Dialer).DialContext\nnet/http.(*Transport).dial\nnet/http.(*Transport).dialConn\n"
    "net/http.(*Transport).dialConnFor\nnet/http.(*Transport).startDialConnForLocked.func1\n";
constexpr const char* kAwaitsConnection =
    "net/http.(*Transport).getConn\nnet/http.(*Transport).roundTrip\n"
    "net/http.(*Transport).RoundTrip\nnet/http.send\nnet/http.(*Client).send\n"
    "net/http.(*Client).do\nnet/http.(*Client).Do\nnet/http.(*Client).Get\nnet/http.Get\n";

// 20 answers whose bodies nobody closes, four callers without an answer, four in the middle of a
// body, one connection that is idle, and one that does not come about.
std::map<std::string, int> expected_stacks() {
  const std::string socket = kReadsSocket;
  const std::string body = kReadsBody;
  const std::string chunks = kReadsChunks;
  const std::string answer = kAwaitsAnswer;
  const std::string writes = "net/http.(*Request).write\n" + kWriteLoop + "\n";
  const std::string post = "net/http.(*Client).Post\nnet/http.Post\n";
  return {
      {kReadLoop + "\n", 24},
      {socket + "bufio.(*Reader).fill\nbufio.(*Reader).Peek\n" + kReadLoop + "\n", 5},
      {kWriteLoop + "\n", 27},
      {"main.(*stuck).Read\nio.copyBuffer\nio.CopyBuffer\nnet/http.(*transferWriter).doBodyCopy\n"
       "net/http.(*transferWriter).writeBody\n" +
           writes,
       1},
      {"net/http.(*persistConn).waitForContinue.func1\n" + writes, 1},
      {answer + "net/http.(*Client).Get\nnet/http.Get\nmain.await_header\n", 1},
      {answer + post + "main.post_and_await_header\n", 1},
      {answer + post + "main.post_stuck_body\n", 1},
      {answer + "main.post_and_await_continue\n", 1},
      {socket + body + "io.ReadAll\nmain.read_body\n", 1},
      {socket + body + "net/http.(*cancelTimerBody).Read\nio.ReadAll\nmain.read_body_in_time\n", 1},
      {socket + chunks + "io.ReadAll\nmain.read_chunks\n", 1},
      {socket + chunks + kUnpacks + "io.ReadAll\nmain.read_packed\n", 1},
      {kDials, 1},
      {std::string(kAwaitsConnection) + "main.dial_full\n", 1},
  };
}

// The client's stacks in the program's last profile, once they are the expected ones.
std::map<std::string, int> stacks_of(const std::string& program) {
  constexpr std::string_view kEnd = "end of profile\n";
  Child child({program});
  std::map<std::string, int> last;
  size_t begin = 0;
  child.read_until(
      [&] {
        for (size_t end; (end = child.out().find(kEnd, begin)) != std::string::npos;) {
          last = client_stacks(child.out().substr(begin, end - begin));
          begin = end + kEnd.size();
        }
        return last == expected_stacks();
      },
      20);
  return last;
}

}  // namespace

TEST_CASE("a profile of the client's goroutines has the stacks that Go's has",
          "[http][client][goroutines]") {
  CHECK(shown(stacks_of(CLIENT_STATES)) == shown(expected_stacks()));
}

TEST_CASE("Go's own client has the stacks that are expected of ours",
          "[http][client][goroutines][compare]") {
  GoProgram twin("goclient");
  if (!twin.missing.empty()) return skip_test(twin.missing);
  CHECK(shown(stacks_of(twin.path)) == shown(expected_stacks()));
}

TEST_CASE("a body that nobody closes keeps its connection and both goroutines",
          "[http][client][goroutines]") {
  slow_server s;
  own_client client;
  std::vector<std::shared_ptr<http::Response>> open;
  for (int i = 0; i < 20; i++) open.push_back(client.Get(s.url("/whole")).first);
  CHECK(eventually_open(20));
  SECTION("closing an unread body closes the connection, or reads the rest of it") {
    for (auto& resp : open) resp->Body.Close();
    CHECK(eventually_open(2));
    CHECK(open[0]->Body.Close() == nullptr);
    char byte;
    CHECK(open[0]->Body.Read(&byte, 1).second.Error() == "http: read on closed response body");
  }
  SECTION("reading to the end gives it back, and two stay for the next requests") {
    for (auto& resp : open) CHECK(io::ReadAll(resp->Body).first.size() == 100000);
    CHECK(eventually_open(2));
    char byte;
    CHECK(open[0]->Body.Read(&byte, 1).second == io::EOF_);
  }
  SECTION("idle connections may be closed, busy ones stay") {
    client.CloseIdleConnections();
    for (int i = 0; i < 19; i++) open[static_cast<size_t>(i)]->Body.Close();
    CHECK(eventually_open(1));
    client.CloseIdleConnections();
    CHECK(body_of(open[19]).size() == 100000);
    CHECK(eventually_open(0));  // since CloseIdleConnections none is kept
  }
}

TEST_CASE("a response that is forgotten is not closed by that", "[http][client][goroutines]") {
  slow_server s;
  own_client client;
  auto [ctx, cancel] = context::WithCancel(context::Background());
  auto [req, err] = http::NewRequestWithContext(ctx, "GET", s.url("/whole"));
  for (int i = 0; i < 20; i++) CHECK(client.Do(req).first->StatusCode == 200);
  CHECK(eventually([&] { return runtime::NumGoroutine() == s.before + 1 + 3 * 20; }));
  s.server.Close();  // nobody reads, so nobody sees it
  CHECK(eventually([&] { return runtime::NumGoroutine() == s.before + 2 * 20; }));
  CHECK(open_connections() == 20);
  cancel();
  CHECK(eventually_open(0));
}

TEST_CASE("a connection goes back to the pool with the answer that has no body",
          "[http][client][keepalive]") {
  slow_server s;
  own_client client;
  for (int i = 0; i < 5; i++) {
    CHECK(client.Head(s.url("/who")).first->Body == http::NoBody);
    CHECK(open_connections() == 1);
  }
}

TEST_CASE("a Transport keeps as many idle connections as it is told", "[http][client][keepalive]") {
  slow_server s;
  own_client client;
  int kept = 2;
  SECTION("two by default") {}
  SECTION("or more") { client.Transport.get<http::Transport>()->MaxIdleConnsPerHost = kept = 5; }
  SECTION("or none") {
    client.Transport.get<http::Transport>()->MaxIdleConnsPerHost = -1;
    kept = 0;
  }
  SECTION("or none, and says so to the server") {
    client.Transport.get<http::Transport>()->DisableKeepAlives = true;
    kept = 0;
  }
  std::vector<std::shared_ptr<http::Response>> open;
  for (int i = 0; i < 8; i++) open.push_back(client.Get(s.url("/whole")).first);
  for (auto& resp : open) body_of(resp);
  CHECK(eventually_open(kept));
}

TEST_CASE("an idle connection ends after its time", "[http][client][keepalive]") {
  slow_server s;
  own_client client;
  client.Transport.get<http::Transport>()->IdleConnTimeout = time::Millisecond;
  CHECK(body_of(client.Get(s.url("/who")).first).starts_with("127.0.0.1:"));
  CHECK(eventually_open(0));
  SECTION("one in use does not") {
    auto [resp, err] = client.Get(s.url("/half"));
    time::Sleep(5 * time::Millisecond);
    CHECK(open_connections() == 1);
    s.go_on.send({});
    CHECK(body_of(resp) == "halfmore");
    CHECK(eventually_open(0));
  }
}

TEST_CASE("the end of a request's context ends its connection", "[http][client][cancel]") {
  slow_server s;
  own_client client;
  auto [ctx, cancel] = context::WithCancelCause(context::Background());
  const error why = errors::New("not needed any more");
  SECTION("before the answer") {
    auto [req, bad] = http::NewRequestWithContext(ctx, "GET", s.url("/silent"));
    go([cancel = cancel, why] {
      eventually([] { return take().in("net/http.(*persistConn).roundTrip") == 1; });
      cancel(why);
    });
    CHECK(errors::Is(client.Do(req).second, why));
  }
  SECTION("in the middle of the body") {
    auto [req, bad] = http::NewRequestWithContext(ctx, "GET", s.url("/half"));
    auto [resp, err] = client.Do(req);
    REQUIRE(err == nullptr);
    go([cancel = cancel, why] {
      eventually([] { return take().in("net/http.(*bodyEOFSignal).Read") == 1; });
      cancel(why);
    });
    auto [text, read_err] = io::ReadAll(resp->Body);
    CHECK(text == "half");
    CHECK(read_err == why);
    CHECK(resp->Body.Close() == nullptr);
  }
  SECTION("while nobody reads the body") {
    auto [req, bad] = http::NewRequestWithContext(ctx, "GET", s.url("/half"));
    auto [resp, err] = client.Do(req);
    REQUIRE(err == nullptr);
    cancel(why);
    CHECK(eventually_open(0));
    char byte;
    while (resp->Body.Read(&byte, 1).second == nullptr) {}
    CHECK(resp->Body.Read(&byte, 1).second != nullptr);
    resp->Body.Close();
  }
  SECTION("but not when the answer is complete") {
    auto [req, bad] = http::NewRequestWithContext(ctx, "GET", s.url("/who"));
    const std::string first = body_of(client.Do(req).first);
    cancel(why);
    CHECK(body_of(client.Get(s.url("/who")).first) == first);
    client.CloseIdleConnections();
  }
  CHECK(eventually_open(0));
  cancel(nullptr);
}

TEST_CASE("Client.Timeout covers the body", "[http][client][cancel]") {
  slow_server s;
  own_client client;
  client.Timeout = 50 * time::Millisecond;
  auto [resp, err] = client.Get(s.url("/half"));
  REQUIRE(err == nullptr);
  auto [text, read_err] = io::ReadAll(resp->Body);
  CHECK(text == "half");
  CHECK(read_err.Error() ==
        "context deadline exceeded (Client.Timeout or context cancellation while reading body)");
  CHECK(read_err.Timeout());
  CHECK(errors::Is(read_err, context::DeadlineExceeded));
  resp->Body.Close();
  CHECK(eventually_open(0));
}

TEST_CASE("a server that goes in the middle leaves nothing behind", "[http][client][goroutines]") {
  slow_server s;
  own_client client;
  SECTION("of a body that is being read") {
    auto [resp, err] = client.Get(s.url("/abort"));
    REQUIRE(err == nullptr);
    s.go_on.send({});
    CHECK(body_of(resp) == "half then unexpected EOF");
  }
  SECTION("of a body that nobody reads, once it is closed") {
    auto [resp, err] = client.Get(s.url("/abort"));
    REQUIRE(err == nullptr);
    s.go_on.send({});
    resp->Body.Close();
  }
  SECTION("of an idle time") {
    body_of(client.Get(s.url("/who")).first);
    CHECK(open_connections() == 1);
    s.server.SetKeepAlivesEnabled(false);
  }
  CHECK(eventually_open(0));
}

TEST_CASE("what comes unasked ends an idle connection", "[http][client][malformed]") {
  auto [ln, err] = net::Listen("tcp", "127.0.0.1:0");
  REQUIRE(err == nullptr);
  auto more = make_chan<std::string>();
  go([l = ln, more] {
    net::Conn c = l.Accept().first;
    char buf[1000];
    c.Read(buf, sizeof buf);
    c.Write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    c.Write(more.recv());
    c.Read(buf, sizeof buf);  // the end
    c.Close();
    more.send("");
  });
  log_lines logged;
  log::SetOutput(logged);
  log::SetFlags(0);
  own_client client;
  CHECK(body_of(client.Get("http://" + ln.Addr().String() + "/").first) == "ok");
  CHECK(open_connections() == 1);
  SECTION("and is logged") {
    more.send("HTTP/1.1 200 OK\r\n\r\n");
    more.recv();
    CHECK(eventually_open(0));
    CHECK(logged.text ==
          "Unsolicited response received on idle HTTP channel starting with \"HTTP/1.1 200 "
          "OK\\r\\n\\r\\n\"; err=<nil>\n");
  }
  SECTION("a farewell is not") {
    more.send("HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n");
    more.recv();
    CHECK(eventually_open(0));
    CHECK(logged.text == "");
  }
  log::SetOutput(os::Stderr);
  log::SetFlags(log::LstdFlags);
  ln.Close();
}
