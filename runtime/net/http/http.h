// http.h: Go's net/http: a server whose every connection is a goroutine, and a client.
//
//   void hello(http::ResponseWriter& w,       // func hello(w http.ResponseWriter,
//              http::Request* r) {            //     r *http.Request) {
//     w.Write("hello\n");                     //   w.Write([]byte("hello\n"))
//   }                                         // }
//   http::HandleFunc("GET /hello", hello);    // http.HandleFunc("GET /hello", hello)
//   log::Fatal(http::ListenAndServe(          // log.Fatal(http.ListenAndServe(
//       "127.0.0.1:8080", nullptr));          //     "127.0.0.1:8080", nil))
//
//   auto [resp, err] = http::Get(url);        // resp, err := http.Get(url)
//
// What runs. ListenAndServe parks in Accept. Each connection has a goroutine, (*conn).serve, which
// reads a request, calls the handler and writes the answer, again and again. While a handler runs,
// a second goroutine, (*connReader).backgroundRead, waits for the next byte: its arrival is
// harmless, but the end of the stream means that the client is gone, and then the request's Context
// is cancelled.
//
// The difference from Go that one must know: a Request and its ResponseWriter live until the
// handler returns. Go's collector keeps a Request for a goroutine that outlives its handler; here
// such a goroutine must copy what it needs (r->Context() is a handle: copy that). HTTP/1 only, no
// TLS.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/context/context.h"
#include "runtime/errors/errors.h"
#include "runtime/net/http/header.h"
#include "runtime/net/http/status.h"
#include "runtime/net/http/url.h"
#include "runtime/io/io.h"
#include "runtime/net/net.h"
#include "runtime/sync/func.h"
#include "runtime/time/time.h"

namespace golab::log {
class Logger;
}

namespace golab::net::http {

struct Request;

// ---- Answering ----

class ResponseWriter {
 public:
  virtual ~ResponseWriter() = default;
  // The fields to be sent. Changes after WriteHeader, or the first Write, have no effect.
  virtual http::Header& Header() = 0;
  // Sends what is in Header with this status. Only the first call counts; a second one is logged.
  // Panics on a code that has not three digits.
  virtual void WriteHeader(int code) = 0;
  // A part of the body, after an implied WriteHeader(200). Up to 2048 bytes are held back: a body
  // that fits is sent with its length, a longer one in chunks. May park.
  virtual std::pair<int, error> Write(std::string_view data) = 0;
  // http.Flusher: sends now what is held back.
  virtual void Flush() {}
  // What ResponseController calls. A writer that cannot do it returns ErrNotSupported.
  virtual error SetReadDeadline(const time::Time& t);
  virtual error SetWriteDeadline(const time::Time& t);
};

// More control over one answer, in its handler.
//
//   http::NewResponseController(w).SetWriteDeadline(t);
class ResponseController {
 public:
  explicit ResponseController(ResponseWriter& w) : w_(&w) {}
  error Flush();
  // Instead of the server's ReadTimeout and WriteTimeout, for this request. A zero Time means no
  // deadline. Do not park. Errors: ErrNotSupported, and net::ErrClosed once the server is closed.
  error SetReadDeadline(const time::Time& deadline) { return w_->SetReadDeadline(deadline); }
  error SetWriteDeadline(const time::Time& deadline) { return w_->SetWriteDeadline(deadline); }

 private:
  ResponseWriter* w_;
};
inline ResponseController NewResponseController(ResponseWriter& w) { return ResponseController(w); }

}  // namespace golab::net::http

namespace golab::glue {

struct handler_box {
  virtual ~handler_box() = default;
  virtual void ServeHTTP(net::http::ResponseWriter& w, net::http::Request* r) const = 0;
};

// Holder is a T, a T* or a std::shared_ptr<T>.
template <typename Holder>
struct typed_handler_box final : handler_box {
  explicit typed_handler_box(Holder h) : held(std::move(h)) {}
  void ServeHTTP(net::http::ResponseWriter& w, net::http::Request* r) const override {
    if constexpr (requires { held->ServeHTTP(w, r); }) {
      held->ServeHTTP(w, r);
    } else {
      held.ServeHTTP(w, r);
    }
  }
  mutable Holder held;
};

template <typename T>
concept serves_http = requires(T& t, net::http::ResponseWriter& w, net::http::Request* r) {
  t.ServeHTTP(w, r);
}
|| requires(T& t, net::http::ResponseWriter& w, net::http::Request* r) { t->ServeHTTP(w, r); };

// http.Handler: whatever has ServeHTTP(ResponseWriter&, Request*): a value, a pointer (the caller
// keeps what it points to), a shared_ptr. A handle, as Go's interface value; nullptr is nil.
class http_handler {
 public:
  http_handler() = default;
  http_handler(std::nullptr_t) {}
  template <typename T>
  requires(!std::is_same_v<std::remove_cvref_t<T>, http_handler> && serves_http<T>)
      http_handler(T h)
      : box_(std::make_shared<typed_handler_box<T>>(std::move(h))) {}

  void ServeHTTP(net::http::ResponseWriter& w, net::http::Request* r) const {
    box_->ServeHTTP(w, r);
  }
  explicit operator bool() const { return box_ != nullptr; }
  friend bool operator==(const http_handler& h, std::nullptr_t) { return h.box_ == nullptr; }

 private:
  std::shared_ptr<const handler_box> box_;
};

}  // namespace golab::glue

namespace golab::net::http {

using Handler = golab::glue::http_handler;

// A function as a Handler.
class HandlerFunc {
 public:
  using function = golab::glue::Func<void(ResponseWriter&, Request*)>;
  HandlerFunc(function f) : f_(std::move(f)) {}
  template <typename F>
  requires(!std::is_same_v<std::remove_cvref_t<F>, HandlerFunc> &&
           std::is_invocable_v<std::decay_t<F>&, ResponseWriter&, Request*>) HandlerFunc(F&& f)
      : f_(std::forward<F>(f)) {}
  void ServeHTTP(ResponseWriter& w, Request* r) const;

 private:
  function f_;
};

class request_context;  // makes a request's context when somebody asks for it

// A request: what a server received, or what a client is to send.
struct Request {
  std::string Method;  // empty: GET
  url::URL URL;
  std::string Proto = "HTTP/1.1";
  int ProtoMajor = 1;
  int ProtoMinor = 1;
  http::Header Header;  // without Host
  io::ReadCloser Body;
  int64_t ContentLength = 0;  // -1: unknown
  std::vector<std::string> TransferEncoding;
  bool Close = false;  // the connection ends after this one
  std::string Host;
  url::Values Form;      // after ParseForm: query and body
  url::Values PostForm;  // after ParseForm: body
  std::string RemoteAddr;
  std::string RequestURI;  // as it stood in the request line
  std::string Pattern;     // of the ServeMux entry that matched

  // Of a server's request: cancelled when the client goes away or the handler returns.
  context::Context Context() const;
  Request WithContext(context::Context ctx) const;
  bool ProtoAtLeast(int major, int minor) const {
    return ProtoMajor > major || (ProtoMajor == major && ProtoMinor >= minor);
  }
  // Fills Form and PostForm from the query and, for POST, PUT and PATCH, a urlencoded body (≤ 10
  // MB).
  error ParseForm();
  std::string FormValue(std::string_view key);  // the body's first, then the query's
  std::string PostFormValue(std::string_view key);
  std::string PathValue(std::string_view name) const;  // of a {wildcard} in the pattern
  void SetPathValue(std::string_view name, std::string_view value);
  std::string UserAgent() const { return Header.Get("User-Agent"); }
  std::string Referer() const { return Header.Get("Referer"); }

  // ---- For this package ----
  context::Context ctx;
  request_context* lazy_ctx = nullptr;
  bool form_parsed = false;
  std::vector<std::pair<std::string, std::string>> path_values;
};

// Answers with plain text and that code.
void Error(ResponseWriter& w, std::string_view text, int code);
void NotFound(ResponseWriter& w, Request* r);
Handler NotFoundHandler();
// A url that does not start with '/' or a scheme is relative to the request's path.
void Redirect(ResponseWriter& w, Request* r, std::string_view url, int code);
Handler RedirectHandler(std::string_view url, int code);
Handler StripPrefix(std::string_view prefix, Handler h);
// A Body that fails with "http: request body too large" after n bytes, and ends the connection
// then.
io::ReadCloser MaxBytesReader(ResponseWriter& w, io::ReadCloser body, int64_t n);
// The media type that these first bytes look like: always a valid one.
std::string DetectContentType(std::string_view data);

// ---- Who answers what ----

// Finds a request's handler by patterns "[METHOD ][HOST]/PATH": "/static/" is everything below,
// "/item/{id}" one segment, "/files/{path...}" the rest, "/{$}" exactly "/". The more specific
// pattern wins, in whatever order they were registered; two of which neither is more specific
// panic.
class ServeMux {
 public:
  ServeMux();
  ~ServeMux();
  ServeMux(const ServeMux&) = delete;
  ServeMux& operator=(const ServeMux&) = delete;

  // Panic on a malformed pattern and on a conflict. file and line: where that was written.
  void Handle(std::string_view pattern, http::Handler handler, const char* file = __builtin_FILE(),
              int line = __builtin_LINE());
  void HandleFunc(std::string_view pattern, HandlerFunc::function f,
                  const char* file = __builtin_FILE(), int line = __builtin_LINE());
  void ServeHTTP(ResponseWriter& w, Request* r);
  // The handler that ServeHTTP would call, and its pattern.
  std::pair<http::Handler, std::string> Handler(Request* r);

 private:
  struct table;
  std::unique_ptr<table> table_;
};

std::shared_ptr<ServeMux> NewServeMux();
extern ServeMux* const DefaultServeMux;
void Handle(std::string_view pattern, Handler handler, const char* file = __builtin_FILE(),
            int line = __builtin_LINE());
void HandleFunc(std::string_view pattern, HandlerFunc::function f,
                const char* file = __builtin_FILE(), int line = __builtin_LINE());

// ---- Server ----

extern const error ErrServerClosed;  // "http: Server closed": after Shutdown or Close
extern const error
    ErrAbortHandler;  // panic(http::ErrAbortHandler): cut the answer short, log nothing
extern const error ErrContentLength;   // a handler wrote more than it declared
extern const error ErrBodyNotAllowed;  // a handler wrote a body where none may be
extern const error ErrHandlerTimeout;
extern const error ErrBodyReadAfterClose;
extern const error ErrNotSupported;  // "feature not supported"

// A key of the contexts of a server's requests: its value is the Server*.
struct contextKey {
  const char* name;
  std::string String() const { return "net/http context value " + std::string(name); }
};
extern const contextKey* const ServerContextKey;

constexpr int DefaultMaxHeaderBytes = 1 << 20;

class server_state;
std::shared_ptr<server_state> new_server_state();

//   http::Server srv{.Addr = ":8080", .Handler = &mux};
//   go([&] { srv.ListenAndServe(); });  ...  srv.Shutdown(ctx);
// Zero times mean no limit. It must live until Serve has returned, and after Close until the
// goroutines of its connections have ended.
struct Server {
  std::string Addr = {};                 // empty: ":http"
  http::Handler Handler = {};            // nil: DefaultServeMux
  time::Duration ReadTimeout = 0;        // for a whole request with its body
  time::Duration ReadHeaderTimeout = 0;  // for its header; zero: ReadTimeout
  time::Duration WriteTimeout = 0;  // from the end of the request's header to the end of the answer
  time::Duration IdleTimeout = 0;   // between two requests; zero: ReadTimeout
  int MaxHeaderBytes = 0;           // zero: DefaultMaxHeaderBytes
  const log::Logger* ErrorLog = nullptr;  // nil: the standard logger
  golab::glue::Func<context::Context(Listener)> BaseContext =
      {};                                                    // of all requests that come by it
  std::shared_ptr<server_state> state = new_server_state();  // its own

  // Park until the server is closed or accepting fails; never answer nil.
  error ListenAndServe();
  error Serve(Listener l);
  // Closes the listeners, then the connections as they become idle, and waits for that: nil; or ctx
  // ends first: its error. Handlers are not interrupted.
  error Shutdown(const context::Context& ctx);
  // Closes the listeners and all connections at once. Handlers run on, their writes fail.
  error Close();
  // f is called, in a goroutine, when Shutdown begins.
  void RegisterOnShutdown(golab::glue::Func<void()> f);
  void SetKeepAlivesEnabled(bool on);
};

error ListenAndServe(std::string_view addr, Handler handler);
error Serve(Listener l, Handler handler);

// ---- Client ----

struct Response {
  std::string Status;  // "200 OK"
  int StatusCode = 0;
  std::string Proto;
  int ProtoMajor = 1;
  int ProtoMinor = 1;
  http::Header Header;
  io::ReadCloser Body;         // close it, also when it is empty: only then is the connection free
  int64_t ContentLength = -1;  // -1: unknown
  std::vector<std::string> TransferEncoding;
  bool Close = false;
  std::shared_ptr<http::Request> Request;  // the one that was answered (after redirects the last)
};

std::pair<Request, error> NewRequest(std::string_view method, std::string_view url,
                                     std::string body = {});
std::pair<Request, error> NewRequestWithContext(context::Context ctx, std::string_view method,
                                                std::string_view url, std::string body = {});

class Transport;  // the pool of idle connections

// Follows up to 10 redirects. Connections are reused once a body was read to its end and closed.
struct Client {
  time::Duration Timeout = 0;  // for everything, reading the body included; zero: none
  std::shared_ptr<http::Transport> Transport = {};  // nil: shared by all such clients

  // Parks until the header of the answer is there. A status like 404 is no error.
  std::pair<std::shared_ptr<Response>, error> Do(const Request& req) const;
  std::pair<std::shared_ptr<Response>, error> Get(std::string_view url) const;
  std::pair<std::shared_ptr<Response>, error> Head(std::string_view url) const;
  std::pair<std::shared_ptr<Response>, error> Post(std::string_view url, std::string_view type,
                                                   std::string body) const;
  void CloseIdleConnections() const;
};

std::shared_ptr<Transport> NewTransport();
std::pair<std::shared_ptr<Response>, error> Get(std::string_view url);
std::pair<std::shared_ptr<Response>, error> Head(std::string_view url);
std::pair<std::shared_ptr<Response>, error> Post(std::string_view url, std::string_view type,
                                                 std::string body);

}  // namespace golab::net::http

namespace golab {
namespace http = net::http;
}
