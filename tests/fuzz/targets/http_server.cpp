// http_server.cpp: whatever a client sends, the server answers in HTTP or hangs up, and goes on.
//
// The bytes go through a real connection: what is looked at is what a service has.
#include "runtime/golab.h"
#include "tests/fuzz/targets/fuzz.h"

namespace {

void handle(http::ResponseWriter& w, http::Request* r) {
  r->URL.Query();
  auto [body, err] = io::ReadAll(r->Body);
  fmt::Fprintf(w, "%s %s %d", r->Method, r->URL.String(), static_cast<int>(body.size()));
}

struct Nowhere {
  std::pair<int, error> Write(std::string_view text) {
    return {static_cast<int>(text.size()), nullptr};
  }
};

// Both live as long as the program.
std::string serve() {
  auto [listener, err] = net::Listen("tcp", "127.0.0.1:0");
  must(err == nullptr, "a port is free");
  static Nowhere nowhere;
  static const log::Logger quiet = log::New(nowhere, "", 0);
  static http::ServeMux mux;
  mux.HandleFunc("/", handle);
  static http::Server server{
      .Handler = &mux, .ReadTimeout = 5 * time::Second, .ErrorLog = &quiet};
  go([listener = listener] { server.Serve(listener); });
  return listener.Addr().String();
}

// All that comes back for these bytes, to the end of the connection.
std::string answers_to(const std::string& address, std::string_view bytes) {
  auto [conn, err] = net::Dial("tcp", address);
  must(err == nullptr, "the server can be reached");
  conn.Write(bytes);
  conn.CloseWrite();
  conn.SetReadDeadline(time::Now().Add(20 * time::Second));
  std::string answers;
  char buffer[4096];
  for (;;) {
    auto [n, end] = conn.Read(buffer, sizeof buffer);
    answers.append(buffer, static_cast<size_t>(n));
    if (end == nullptr) continue;
    must(!errors::Is(end, os::ErrDeadlineExceeded), "the server hangs up");
    break;
  }
  conn.Close();
  return answers;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const std::string address = serve();
  const std::string answers = answers_to(address, text_of(data, size));
  must(answers.empty() || answers.starts_with("HTTP/1."), "an answer is one of HTTP");
  // The next client gets its own answer, and nobody is left behind: the main goroutine, the
  // server's, and for a moment those of the connection that has ended.
  const std::string next = answers_to(address, "GET /next HTTP/1.0\r\n\r\n");
  must(next.starts_with("HTTP/1.0 200 OK\r\n") && next.ends_with("\r\n\r\nGET /next 0"),
       "the next request is answered");
  for (int i = 0; runtime::NumGoroutine() > 2; i++) {
    must(i < 20'000, "no goroutine stays behind");
    time::Sleep(time::Millisecond);
  }
  return 0;
}
