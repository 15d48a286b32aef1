// client.h: the client half of http.h: responses, Client and Transport.
//
// This is included by http.h, which tells what goroutines a client has.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <typeinfo>
#include <utility>
#include <vector>

#include "runtime/net/http/http.h"

namespace golab::net::http {

struct Response {
  std::string Status;  // "200 OK"
  int StatusCode = 0;
  std::string Proto = "HTTP/1.1";
  int ProtoMajor = 1;
  int ProtoMinor = 1;
  http::Header Header;
  // Never nil. Read parks until bytes come; it returns io::EOF_ at the end, and after Close "http:
  // read on closed response body". The caller must read it to its end or close it: until then the
  // connection and its two goroutines stay. After a Close before the end, a goroutine reads up to
  // 256 KiB more, for at most 50 ms: if that is the end, the connection is used again.
  io::ReadCloser Body;
  int64_t ContentLength = -1;  // -1: unknown
  std::vector<std::string> TransferEncoding;
  bool Close = false;         // the connection ends after this response
  bool Uncompressed = false;  // Body came as gzip, because the Transport asked for that
  // The fields that came after a body in chunks: once Read has returned io::EOF_.
  http::Header Trailer;
  std::shared_ptr<http::Request> Request;  // the one that got it: after redirects the last

  // The Location field, resolved against the request's URL. Errors: ErrNoLocation, url::Error_.
  std::pair<url::URL, error> Location() const;
  bool ProtoAtLeast(int major, int minor) const {
    return ProtoMajor > major || (ProtoMajor == major && ProtoMinor >= minor);
  }
};

extern const error ErrNoLocation;  // "http: no Location header in response"

// The body is a text, which can be sent again after a redirect, or a reader, which is sent in chunks
// unless ContentLength is set afterwards, or none. The error says what is wrong with the method or
// the URL.
std::pair<Request, error> NewRequest(std::string_view method, std::string_view url,
                                     std::string body = {});
std::pair<Request, error> NewRequest(std::string_view method, std::string_view url,
                                     io::ReadCloser body);
std::pair<Request, error> NewRequest(std::string_view method, std::string_view url,
                                     std::nullptr_t);
std::pair<Request, error> NewRequestWithContext(context::Context ctx, std::string_view method,
                                                std::string_view url, std::string body = {});
std::pair<Request, error> NewRequestWithContext(context::Context ctx, std::string_view method,
                                                std::string_view url, io::ReadCloser body);
std::pair<Request, error> NewRequestWithContext(context::Context ctx, std::string_view method,
                                                std::string_view url, std::nullptr_t);

class persistConn;
struct transportRequest;
struct wantConn;

// The connections of a client, by host. One that is free is used again; otherwise a new one is
// dialled in a goroutine of its own. The fields must not change once a client uses it.
//
// A connection has two goroutines as long as it is open, (*persistConn).readLoop and
// (*persistConn).writeLoop. They keep the Transport alive: CloseIdleConnections is how a program
// gets rid of it.
class Transport final : public std::enable_shared_from_this<Transport> {
 public:
  int MaxIdleConns = 100;       // of all hosts together; zero: no limit
  int MaxIdleConnsPerHost = 0;  // zero: 2; below zero: none is kept
  int MaxConnsPerHost = 0;      // with those that are dialled and in use; zero: no limit
  time::Duration IdleConnTimeout = 90 * time::Second;  // zero: no limit
  // From the end of the request to that of the response's header; zero: no limit.
  time::Duration ResponseHeaderTimeout = 0;
  // How long the body of a request with "Expect: 100-continue" waits for the server's word; zero: it
  // is sent at once.
  time::Duration ExpectContinueTimeout = 1 * time::Second;
  bool DisableKeepAlives = false;      // each connection is for one request
  bool DisableCompression = false;     // do not ask for gzip
  int64_t MaxResponseHeaderBytes = 0;  // zero: 10 MiB
  // How to connect; nil: a Dialer with a Timeout of 30 s.
  golab::glue::Func<std::pair<Conn, error>(const context::Context& ctx, std::string_view network,
                                           std::string_view address)>
      DialContext = {};

  // Sends one request; does not follow redirects. Parks until the response's header is there. The
  // request must not be changed until the response's body is closed. As Go's, it always closes the
  // request's body, perhaps later.
  std::pair<std::shared_ptr<Response>, error> RoundTrip(const std::shared_ptr<Request>& req);
  // Closes the connections that no request uses. One whose answer is being read stays open. Does
  // not wait for the goroutines to end.
  void CloseIdleConnections();
  // A Transport with the same fields and no connections.
  std::shared_ptr<Transport> Clone() const;

  // ---- For this package ----
  error tryPutIdleConn(const std::shared_ptr<persistConn>& pc);
  void putOrCloseIdleConn(const std::shared_ptr<persistConn>& pc);
  void removeIdleConn(persistConn* pc);
  void close_if_still_idle(persistConn* pc);
  void decConnsPerHost(const std::string& key);
  int64_t maxHeaderResponseSize() const;

 private:
  friend std::shared_ptr<Transport> NewTransport();
  Transport() = default;

  std::pair<std::shared_ptr<Response>, error> roundTrip(const std::shared_ptr<Request>& req);
  std::pair<std::shared_ptr<persistConn>, error> getConn(const transportRequest& treq,
                                                         const std::string& key);
  bool queueForIdleConn(const std::shared_ptr<wantConn>& w);
  void queueForDial(const std::shared_ptr<wantConn>& w);
  void startDialConnForLocked(const std::shared_ptr<wantConn>& w);
  void dialConnFor(const std::shared_ptr<wantConn>& w);
  std::pair<std::shared_ptr<persistConn>, error> dialConn(const wantConn& w);
  std::pair<Conn, error> dial(const wantConn& w);
  bool removeIdleConnLocked(persistConn* pc);
  void close_oldest_locked();

  sync::Mutex idleMu_;      // guards what follows
  bool closeIdle_ = false;  // CloseIdleConnections was called since the last request
  int idle_ = 0;            // connections in idleConn_
  std::map<std::string, std::vector<std::shared_ptr<persistConn>>> idleConn_;   // newest last
  std::map<std::string, std::vector<std::shared_ptr<wantConn>>> idleConnWait_;  // first come first

  sync::Mutex connsPerHostMu_;  // guards what follows. Taken last
  std::map<std::string, int> connsPerHost_;
  std::map<std::string, std::vector<std::shared_ptr<wantConn>>> connsPerHostWait_;
  std::vector<std::shared_ptr<wantConn>> dialsInProgress_;
};

// With the fields of Go's DefaultTransport: those above.
std::shared_ptr<Transport> NewTransport();
extern const std::shared_ptr<Transport>& DefaultTransport;  // of clients that name none

}  // namespace golab::net::http

namespace golab::glue {

using http_answer = std::pair<std::shared_ptr<net::http::Response>, error>;

// http.RoundTripper: a handle to what sends one request, as Go's interface value is: a shared_ptr to
// a Transport or to a class of your own, with
//
//   std::pair<std::shared_ptr<http::Response>, error> RoundTrip(
//       const std::shared_ptr<http::Request>& req);
//
// which may change the request, but not for its caller: it copies it, and hands the copy on.
class http_round_tripper {
 public:
  http_round_tripper() = default;  // nil
  http_round_tripper(std::nullptr_t) {}
  template <typename T>
  requires requires(T& t, const std::shared_ptr<net::http::Request>& req) {
    { t.RoundTrip(req) } -> std::convertible_to<http_answer>;
  }
  http_round_tripper(std::shared_ptr<T> t)
      : held_(std::move(t)), type_(&typeid(T)) {
    round_trip_ = [](void* held, const std::shared_ptr<net::http::Request>& req) -> http_answer {
      return static_cast<T*>(held)->RoundTrip(req);
    };
    close_idle_ = [](void* held) {
      if constexpr (requires(T & it) { it.CloseIdleConnections(); }) {
        static_cast<T*>(held)->CloseIdleConnections();
      } else {
        static_cast<void>(held);
      }
    };
  }

  http_answer RoundTrip(const std::shared_ptr<net::http::Request>& req) const {
    return round_trip_(held_.get(), req);
  }
  void CloseIdleConnections() const { close_idle_(held_.get()); }  // if T has it
  // c.Transport.(*T): nullptr if it is another type.
  template <typename T>
  std::shared_ptr<T> get() const {
    return type_ != nullptr && *type_ == typeid(T) ? std::static_pointer_cast<T>(held_) : nullptr;
  }
  explicit operator bool() const { return held_ != nullptr; }
  friend bool operator==(const http_round_tripper& t, std::nullptr_t) {
    return t.held_ == nullptr;
  }

 private:
  std::shared_ptr<void> held_;
  const std::type_info* type_ = nullptr;
  http_answer (*round_trip_)(void*, const std::shared_ptr<net::http::Request>&) = nullptr;
  void (*close_idle_)(void*) = nullptr;
};

// http.Client. Copies share the Transport. Several goroutines may use one client.
struct http_client {
  time::Duration Timeout = 0;         // for everything, reading the body included; zero: none
  http_round_tripper Transport = {};  // nil: DefaultTransport
  // Asked before each redirect, with the request that is to be sent, which it may change, and those
  // already sent. Its error ends the call: Do then returns the last response, whose body is closed,
  // and the error. http::ErrUseLastResponse: Do returns the last response, and no error. nil: at
  // most 10 redirects are followed.
  Func<error(net::http::Request* req,
             const std::vector<std::shared_ptr<net::http::Request>>& via)>
      CheckRedirect = {};

  using answer = http_answer;
  // Parks until the header of the answer is there. A status like 404 is no error. Errors are
  // url::Error_: "Get \"http://…\": " and the cause, such as a net::OpError of the connection, the
  // cause of the context's end, or a timeout (Timeout() is true).
  //
  // Redirects: 301, 302 and 303 are followed with GET (HEAD stays HEAD) and without a body, 307 and
  // 308 with the same method and body, if GetBody is set or there is none. Fields with secrets go to
  // the same host and its subdomains only.
  answer Do(const net::http::Request& req) const;
  answer Get(std::string_view url) const;
  answer Head(std::string_view url) const;
  answer Post(std::string_view url, std::string_view type, std::string body) const;
  answer Post(std::string_view url, std::string_view type, io::ReadCloser body) const;
  answer Post(std::string_view url, std::string_view type, std::nullptr_t) const;
  answer PostForm(std::string_view url, const net::url::Values& data) const;
  // As Transport's.
  void CloseIdleConnections() const;
};

}  // namespace golab::glue

namespace golab::net::http {

using Client = golab::glue::http_client;
using RoundTripper = golab::glue::http_round_tripper;

extern const error ErrUseLastResponse;  // for CheckRedirect
extern Client* const DefaultClient;     // the one of the functions below

// Those of DefaultClient.
std::pair<std::shared_ptr<Response>, error> Get(std::string_view url);
std::pair<std::shared_ptr<Response>, error> Head(std::string_view url);
std::pair<std::shared_ptr<Response>, error> Post(std::string_view url, std::string_view type,
                                                 std::string body);
std::pair<std::shared_ptr<Response>, error> Post(std::string_view url, std::string_view type,
                                                 io::ReadCloser body);
std::pair<std::shared_ptr<Response>, error> Post(std::string_view url, std::string_view type,
                                                 std::nullptr_t);
std::pair<std::shared_ptr<Response>, error> PostForm(std::string_view url,
                                                     const url::Values& data);

}  // namespace golab::net::http
