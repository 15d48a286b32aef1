// client_states.cpp: the states in which a client waits, as goclient/main.go has them. It writes its
// goroutine profile again and again: a reader waits until it stands still.
#include <netinet/in.h>
#include <sys/socket.h>

#include "profiler/endpoints/lookup.h"
#include "runtime/golab.h"

namespace {

Chan<int> never = make_chan<int>();
Chan<int> arrived = make_chan<int>();
std::string base;

void whole(http::ResponseWriter& w, http::Request*) { w.Write(std::string(100000, 'x')); }

void silent(http::ResponseWriter&, http::Request*) {
  arrived.send(1);
  never.recv();
}

void half(http::ResponseWriter& w, http::Request*) {
  arrived.send(1);
  w.Header().Set("Content-Length", "10");
  w.Write("half");
  w.Flush();
  never.recv();
}

// Chunks, and what gzip gives for "hello" after a flush.
void chunks(http::ResponseWriter& w, http::Request*) {
  w.Write("hello");
  w.Flush();
  arrived.send(1);
  never.recv();
}

void packed(http::ResponseWriter& w, http::Request*) {
  w.Header().Set("Content-Encoding", "gzip");
  w.Write(std::string("\x1f\x8b\x08\0\0\0\0\0\0\xff\xca\x48\xcd\xc9\xc9\x07\0\0\0\xff\xff", 21));
  w.Flush();
  arrived.send(1);
  never.recv();
}

void await_header() { http::Get(base + "/silent"); }

void post_and_await_header() { http::Post(base + "/silent", "text/plain", "text"); }

void read_body() {
  auto [resp, err] = http::Get(base + "/half");
  io::ReadAll(resp->Body);
}

void read_body_in_time() {
  http::Client client{.Timeout = time::Hour};
  auto [resp, err] = client.Get(base + "/half");
  io::ReadAll(resp->Body);
}

void read_chunks() {
  auto [resp, err] = http::Get(base + "/chunks");
  io::ReadAll(resp->Body);
}

void read_packed() {
  auto [resp, err] = http::Get(base + "/packed");
  io::ReadAll(resp->Body);
}

class stuck final : public glue::reader {
 public:
  std::pair<int, error> Read(char*, size_t) override {
    arrived.send(1);
    return {never.recv(), nullptr};
  }
  error Close() override { return nullptr; }
};

void post_stuck_body() {
  http::Post(base + "/half", "text/plain", io::ReadCloser(std::make_shared<stuck>()));
}

void post_and_await_continue() {
  auto [req, err] = http::NewRequest("POST", base + "/silent", "text");
  req.Header.Set("Expect", "100-continue");
  auto transport = http::NewTransport();
  transport->ExpectContinueTimeout = time::Hour;
  http::Client client{.Transport = transport};
  client.Do(req);
}

// A listener of the kernel's that takes no more connections.
std::string full_address() {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t len = sizeof at;
  ::bind(fd, reinterpret_cast<sockaddr*>(&at), sizeof at);
  ::listen(fd, 0);
  getsockname(fd, reinterpret_cast<sockaddr*>(&at), &len);
  const std::string address = "127.0.0.1:" + std::to_string(ntohs(at.sin_port));
  static const net::Conn first = net::Dial("tcp", address).first;
  return address;
}

void dial_full(std::string address) { http::Get("http://" + address + "/"); }

}  // namespace

int main() {
  http::HandleFunc("/whole", whole);
  http::HandleFunc("/silent", silent);
  http::HandleFunc("/half", half);
  http::HandleFunc("/chunks", chunks);
  http::HandleFunc("/packed", packed);
  auto [ln, err] = net::Listen("tcp", "127.0.0.1:0");
  base = "http://" + ln.Addr().String();
  go([l = ln] { http::Serve(l, nullptr); });
  for (int i = 0; i < 20; i++) http::Get(base + "/whole");
  go(await_header);
  go(post_and_await_header);
  go(read_body);
  go(read_body_in_time);
  go(read_chunks);
  go(read_packed);
  go(post_stuck_body);
  go(post_and_await_continue);
  go(dial_full, full_address());
  // Each has a connection of its own. Started later, one could take that of the last request.
  for (int i = 0; i < 9; i++) arrived.recv();
  io::ReadAll(http::Get(base + "/whole").first->Body);
  for (;;) {
    pprof::Lookup("goroutine")->WriteTo(os::Stdout, 1);
    os::Stdout.Write("end of profile\n");
    time::Sleep(20 * time::Millisecond);
  }
}
