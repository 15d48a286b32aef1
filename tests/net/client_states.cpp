// client_states.cpp: the states in which a client waits, as goclient/main.go has them. It writes its
// goroutine profile again and again: a reader waits until it stands still.
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

}  // namespace

int main() {
  http::HandleFunc("/whole", whole);
  http::HandleFunc("/silent", silent);
  http::HandleFunc("/half", half);
  auto [ln, err] = net::Listen("tcp", "127.0.0.1:0");
  base = "http://" + ln.Addr().String();
  go([l = ln] { http::Serve(l, nullptr); });
  for (int i = 0; i < 20; i++) http::Get(base + "/whole");
  go(await_header);
  go(post_and_await_header);
  go(read_body);
  go(read_body_in_time);
  // Each has a connection of its own. Started later, one could take that of the last request.
  for (int i = 0; i < 4; i++) arrived.recv();
  io::ReadAll(http::Get(base + "/whole").first->Body);
  for (;;) {
    pprof::Lookup("goroutine")->WriteTo(os::Stdout, 1);
    os::Stdout.Write("end of profile\n");
    time::Sleep(20 * time::Millisecond);
  }
}
