// http_client.cpp: whatever a server answers, the client returns a response or an error, its body
// comes to an end, and nothing stays behind.
#include "runtime/golab.h"
#include "tests/fuzz/targets/fuzz.h"

namespace {

std::string answer;  // of the next request

// Reads a request's header, sends the answer, hangs up.
void answer_one(net::Conn conn) {
  std::string request;
  char buffer[4096];
  while (request.find("\r\n\r\n") == request.npos) {
    auto [n, err] = conn.Read(buffer, sizeof buffer);
    if (err != nullptr) break;
    request.append(buffer, static_cast<size_t>(n));
  }
  conn.Write(answer);
  conn.Close();
}

std::string serve() {
  auto [listener, err] = net::Listen("tcp", "127.0.0.1:0");
  must(err == nullptr, "a port is free");
  go([listener = listener] {
    for (;;) {
      auto [conn, failed] = listener.Accept();
      if (failed != nullptr) return;
      answer_one(conn);
    }
  });
  return "http://" + listener.Addr().String() + "/";
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const std::string url = serve();
  answer = text_of(data, size);
  http::Client client{.Timeout = 20 * time::Second, .Transport = http::NewTransport()};
  // A redirect may lead anywhere: nobody is asked but the server above.
  client.CheckRedirect = [](http::Request*, const std::vector<std::shared_ptr<http::Request>>&) {
    return http::ErrUseLastResponse;
  };
  auto [response, err] = client.Get(url);
  if (err == nullptr) {
    must(response->StatusCode >= 0 && response->StatusCode <= 999, "a status has three digits");
    auto [body, cut] = io::ReadAll(response->Body);
    const bool upgraded = response->StatusCode == http::StatusSwitchingProtocols;
    must(upgraded || response->ContentLength < 0 || cut != nullptr ||
             body.size() == static_cast<size_t>(response->ContentLength),
         "a body has the length that was said");
    response->Body.Close();
  }
  client.CloseIdleConnections();
  for (int i = 0; runtime::NumGoroutine() > 2; i++) {
    must(i < 20'000, "no goroutine stays behind");
    time::Sleep(time::Millisecond);
  }
  return 0;
}
