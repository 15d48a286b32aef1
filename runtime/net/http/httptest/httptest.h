// httptest.h: Go's net/http/httptest: handlers and clients tried out in a test.
//
//   auto w = httptest::NewRecorder();                     // w := httptest.NewRecorder()
//   auto r = httptest::NewRequest("GET", "/a?b=c");       // r := httptest.NewRequest("GET", "/a?b=c", nil)
//   handler.ServeHTTP(*w, r.get());                       // handler.ServeHTTP(w, r)
//   CHECK(w->Code == 200);                                // w.Code, w.Body.String(), w.Result()
//
//   auto srv = httptest::NewServer(handler);              // srv := httptest.NewServer(handler)
//   Defer d{[=] { srv->Close(); }};                       // defer srv.Close()
//   auto [resp, err] = srv->Client().Get(srv->URL);       // resp, err := srv.Client().Get(srv.URL)
//
// A recorder needs no connection and no goroutine. A server has a goroutine that accepts,
// (*Server).goServe.func1, and one for each connection, so a test that forgets Close leaks them.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "runtime/net/http/http.h"
#include "runtime/sync/mutex.h"
#include "runtime/sync/waitgroup.h"

namespace golab::net::http::httptest {

inline constexpr std::string_view DefaultRemoteAddr = "1.2.3.4";

// Records what a handler does with it.
class ResponseRecorder final : public ResponseWriter {
 public:
  http::Header& Header() override { return HeaderMap; }
  // Panics "invalid WriteHeader code 7". Only the first call counts.
  void WriteHeader(int code) override;
  // Always recorded, also with ErrBodyNotAllowed (statuses 1xx, 204, 304).
  std::pair<int, error> Write(std::string_view data) override;
  error FlushError() override;  // always nil; sets Flushed

  // What a client would get: the header as it was at the first Write or WriteHeader, the body, the
  // trailers. Only after the handler has returned. Later calls return the same.
  std::shared_ptr<Response> Result();

  int Code = 200;          // 200 also if the handler never said so
  http::Header HeaderMap;  // as the handler left it
  std::string Body;
  bool Flushed = false;

 private:
  bool wroteHeader_ = false;
  http::Header snapHeader_;
  std::shared_ptr<Response> result_;
};

std::shared_ptr<ResponseRecorder> NewRecorder();

// A request as a server gets it. method: empty is GET. target: a path, or an absolute URL, whose host
// becomes the request's; otherwise that is "example.com". Its RemoteAddr is 192.0.2.1:1234, an
// address for documents. Panics "invalid NewRequest arguments; ..." if no server would take it.
std::shared_ptr<Request> NewRequest(std::string_view method, std::string_view target,
                                    std::string body = {});
std::shared_ptr<Request> NewRequestWithContext(context::Context ctx, std::string_view method,
                                               std::string_view target, std::string body = {});

// A server on a port of 127.0.0.1 that the system chooses.
class Server {
 public:
  // For NewServer and NewUnstartedServer.
  explicit Server(Handler handler);
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Before Start, Config and Listener may be changed. Panics "Server already started".
  void Start();
  // Closes the listener, the connections that are idle or new, and those of Client() and of
  // http::DefaultTransport. Parks until each request that is being served is done. If that takes 5
  // seconds, it logs which connections it waits for.
  void Close();
  // Closes all connections, whatever they do. Parks until they are closed, at most 5 seconds.
  void CloseClientConnections();
  // A client whose connections end with Close.
  const http::Client& Client() const { return client_; }

  std::string URL;  // "http://127.0.0.1:PORT", after Start
  net::Listener Listener;
  http::Server Config;

 private:
  void goServe();
  void wrap();
  void closeConnChan(const net::Conn& c, const SendChan<Empty>& done);
  void logCloseHangDebugInfo();

  http::Client client_;
  sync::WaitGroup wg_;  // the accepting goroutine, and each connection that is not hijacked
  sync::Mutex mu_;      // guards what follows
  bool closed_ = false;
  std::map<const net::conn*, std::pair<net::Conn, ConnState>> conns_;
};

std::shared_ptr<Server> NewServer(Handler handler);
// For a test that changes Config before it calls Start.
std::shared_ptr<Server> NewUnstartedServer(Handler handler);

}  // namespace golab::net::http::httptest

namespace golab {
namespace httptest = net::http::httptest;
}
