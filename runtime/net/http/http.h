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
//   auto [resp, err] = http::Get(url);                // resp, err := http.Get(url)
//   if (err != nullptr) return err;                   // if err != nil { return err }
//   Defer d{[resp = resp] { resp->Body.Close(); }};   // defer resp.Body.Close()
//   auto [text, read_err] = io::ReadAll(resp->Body);  // text, err := io.ReadAll(resp.Body)
//
// ListenAndServe parks in Accept. Each connection has a goroutine, (*conn).serve, which reads a
// request, calls the handler, writes the response, and begins again. While a handler runs, a second
// goroutine, (*connReader).backgroundRead, waits for the next byte. If it sees the stream's end
// instead, the client is gone, and the request's Context is cancelled.
//
// A client's connection has two goroutines: (*persistConn).readLoop reads the headers of answers,
// (*persistConn).writeLoop writes requests. The caller reads the body itself; meanwhile readLoop
// waits until the body is at its end (the connection goes back to the Transport) or closed (it is
// closed, too). A body that nobody closes keeps both goroutines.
//
// The difference from Go that one must know: a Request and its ResponseWriter live until the
// handler returns. Go's collector keeps a Request for a goroutine that outlives its handler; here
// such a goroutine must copy what it needs (r->Context() and r->Body are handles: copy those).
// HTTP/1 only, no TLS.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/context/context.h"
#include "runtime/core/mistake.h"
#include "runtime/errors/errors.h"
#include "runtime/io/io.h"
#include "runtime/net/http/header.h"
#include "runtime/net/http/status.h"
#include "runtime/net/http/url.h"
#include "runtime/net/net.h"
#include "runtime/sync/func.h"
#include "runtime/sync/mutex.h"
#include "runtime/time/time.h"

namespace golab::log {
class Logger;
}

namespace golab::net::http {

struct Request;
class ResponseWriter;
class BufferedConn;

// ---- Responses ----

// What Hijack gives to its caller.
struct Hijacked {
  net::Conn conn;
  // Reads what the server has read already, then from the connection. Buffers what is written.
  std::shared_ptr<BufferedConn> bufrw;
  error err;
};

// ErrNotSupported and others that name no more than a rule of HTTP.
struct ProtocolError {
  std::string ErrorString;
  std::string Error() const { return ErrorString; }
  bool Is(const error& target) const;  // ErrNotSupported is errors::ErrUnsupported
  bool operator==(const ProtocolError&) const = default;
};

}  // namespace golab::net::http

namespace golab::glue {

// What a writer of responses may be able to do besides. In Go each is an interface of its own
// (http.Flusher, http.Hijacker). By default a writer asks the one that it wraps, and one that wraps
// none returns ErrNotSupported.
class response_abilities {
 public:
  virtual ~response_abilities() = default;
  // Sends what is held back. May park. Errors: that of the connection.
  virtual error FlushError();
  virtual void Flush() { FlushError(); }
  // Takes the connection away from the server, which then neither reads, writes nor closes it. All
  // deadlines are cleared. The request's body must not be used any more. May park until the
  // server's own read has ended. Errors: ErrHijacked. Panics "net/http: Hijack called after
  // ServeHTTP finished".
  virtual net::http::Hijacked Hijack();
  // See ResponseController.
  virtual error SetReadDeadline(const time::Time& t);
  virtual error SetWriteDeadline(const time::Time& t);
  virtual error EnableFullDuplex();
  // The writer that this one wraps; nullptr: none.
  virtual net::http::ResponseWriter* Unwrap() { return nullptr; }
};

}  // namespace golab::glue

namespace golab::net::http {

class ResponseWriter : public golab::glue::response_abilities {
 public:
  // The fields to be sent. Changes after WriteHeader, or the first Write, have no effect, but for
  // trailers: the fields that a "Trailer" field has announced, and those whose names begin with
  // TrailerPrefix. Their values are sent after the body.
  virtual http::Header& Header() = 0;
  // Fixes the status and the fields. Only the first call counts; a second one is logged. A code
  // from 100 to 199 is sent at once, and does not count (101 does). Panics if code does not have
  // three digits.
  virtual void WriteHeader(int code) = 0;
  // Writes a part of the body, after an implied WriteHeader(200). Up to 2048 bytes are held back: a
  // body that fits is sent with its length, a longer one in chunks. May park. Before the first
  // bytes are sent, the server reads what is left of the request's body; so read that before you
  // write (or see EnableFullDuplex). Errors: ErrBodyNotAllowed, ErrContentLength, ErrHijacked, or
  // that of the connection.
  virtual std::pair<int, error> Write(std::string_view data) = 0;
};

// More control over one response, in its handler. A writer that cannot do what is asked returns an
// error that is ErrNotSupported (errors::Is).
//
//   http::NewResponseController(w).SetWriteDeadline(t);
class ResponseController {
 public:
  explicit ResponseController(ResponseWriter& w) : w_(&w) {}
  error Flush() { return supported(w_->FlushError()); }
  Hijacked Hijack();
  // For this request, in place of the server's ReadTimeout and WriteTimeout. A zero Time means no
  // deadline. Never park. Error: net::ErrClosed after Server::Close.
  error SetReadDeadline(const time::Time& deadline) {
    return supported(w_->SetReadDeadline(deadline));
  }
  error SetWriteDeadline(const time::Time& deadline) {
    return supported(w_->SetWriteDeadline(deadline));
  }
  // The handler goes on reading the request's body after it has begun to write.
  error EnableFullDuplex() { return supported(w_->EnableFullDuplex()); }

 private:
  static error supported(error err);
  ResponseWriter* w_;
};
inline ResponseController NewResponseController(ResponseWriter& w) { return ResponseController(w); }

// A field of a response whose name begins so is a trailer; the name follows. For trailers that are
// not known before the header is sent.
inline constexpr std::string_view TrailerPrefix = "Trailer:";

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

// http.Handler: a handle to a value with ServeHTTP(ResponseWriter&, Request*), as Go's interface
// value is. It holds a copy of the value, a pointer (the caller keeps the object alive) or a
// shared_ptr. nullptr is nil.
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

}  // namespace golab::net::http

namespace golab::glue {

template <typename F>
concept no_handler_func = !std::is_convertible_v<F, net::http::HandlerFunc::function>;

}  // namespace golab::glue

namespace golab::net::http {

extern const io::ReadCloser NoBody;  // the Body of what has none: io::EOF_ at once

struct Response;
struct transfer;
class request_context;  // makes a request's context when somebody asks for it

// A request that a server received, or that a client sends.
struct Request {
  std::string Method;  // empty: GET
  url::URL URL;
  std::string Proto = "HTTP/1.1";
  int ProtoMajor = 1;
  int ProtoMinor = 1;
  http::Header Header;  // without Host
  // Never nil in a server's request. Once the response has begun, and after the handler, Read
  // returns ErrBodyReadAfterClose.
  io::ReadCloser Body;
  int64_t ContentLength = 0;  // -1: unknown
  std::vector<std::string> TransferEncoding;
  bool Close = false;  // the connection ends after this request
  std::string Host;
  // The fields that came after a body in chunks: once Read has returned io::EOF_.
  http::Header Trailer;
  url::Values Form;      // after ParseForm: query and body
  url::Values PostForm;  // after ParseForm: body
  std::string RemoteAddr;
  std::string RequestURI;  // as in the request line
  std::string Pattern;     // of the ServeMux entry that matched
  // Of a client's request. A new Body with the same bytes: for a redirect, or for a second attempt.
  // nil: Body can be read only once.
  golab::glue::Func<std::pair<io::ReadCloser, error>()> GetBody;
  std::shared_ptr<http::Response> Response;  // the redirect that led to this request

  // A server's request: cancelled when the client is gone or the handler has returned.
  context::Context Context() const;
  // A copy with this context. Panics "nil context".
  Request WithContext(context::Context ctx) const;
  // The same, for a caller who changes fields of the copy. (In Go WithContext's copy shares them.)
  Request Clone(context::Context ctx) const { return WithContext(std::move(ctx)); }
  bool ProtoAtLeast(int major, int minor) const {
    return ProtoMajor > major || (ProtoMajor == major && ProtoMinor >= minor);
  }
  // Fills Form and PostForm from the query and, for POST, PUT and PATCH, from a urlencoded body of
  // at most 10 MB (or as MaxBytesReader says). Reads the body: may park. Later calls do nothing.
  // Errors: that of the body, "http: POST too large", "missing form body", "mime: ..." for a
  // malformed Content-Type, and the first malformed pair's.
  error ParseForm();
  // The next two call ParseForm, and ignore its error.
  std::string FormValue(std::string_view key);  // the body's first, then the query's
  std::string PostFormValue(std::string_view key);
  std::string PathValue(std::string_view name) const;  // of a {wildcard} in the pattern
  void SetPathValue(std::string_view name, std::string_view value);
  std::string UserAgent() const { return Header.Get("User-Agent"); }
  std::string Referer() const { return Header.Get("Referer"); }
  // The Authorization field, if it has a user and a password.
  struct Credentials {
    std::string username;
    std::string password;
    bool ok = false;
  };
  Credentials BasicAuth() const;
  void SetBasicAuth(std::string_view username, std::string_view password);

  // ---- For this package ----
  error write(transfer* t);  // to a server: client_write.cpp
  context::Context ctx;
  request_context* lazy_ctx = nullptr;
  bool form_parsed = false;
  std::vector<std::pair<std::string, std::string>> path_values;
};

// Sends a response of plain text with this status, and deletes a Content-Length.
void Error(ResponseWriter& w, std::string_view text, int code);
void NotFound(ResponseWriter& w, Request* r);  // 404
Handler NotFoundHandler();
// A url that does not start with '/' or a scheme is relative to the request's path.
void Redirect(ResponseWriter& w, Request* r, std::string_view url, int code);
Handler RedirectHandler(std::string_view url, int code);
// Calls h with the path without this prefix. A path that does not begin with it gets a 404.
Handler StripPrefix(std::string_view prefix, Handler h);
// A Body of at most n bytes. If there are more, Read returns a MaxBytesError, and the connection
// ends after the response.
io::ReadCloser MaxBytesReader(ResponseWriter& w, io::ReadCloser body, int64_t n);
struct MaxBytesError {
  int64_t Limit = 0;
  std::string Error() const { return "http: request body too large"; }
};
// Calls h with a Body of at most n bytes.
Handler MaxBytesHandler(Handler h, int64_t n);
// Calls h, in a goroutine of its own, with a context that ends after dt. If h has not returned by
// then, the response is 503 with msg, by default a page that says "Timeout"; the Writes of h return
// ErrHandlerTimeout from then on, and nobody waits for it. If the client is gone first, they return
// the context's error. h's response is held back until h returns, so Flush and Hijack are not
// supported. A panic of h goes on in the caller.
Handler TimeoutHandler(Handler h, time::Duration dt, std::string_view msg);
// Calls h with each ';' in the query made a '&'. Before Go 1.17 both separated parameters.
Handler AllowQuerySemicolons(Handler h);
// The media type that these first bytes look like. Always returns a valid one.
std::string DetectContentType(std::string_view data);

// ---- ServeMux ----

// Finds a request's handler by patterns "[METHOD ][HOST]/PATH":
//
//   /static/           every path below it
//   /item/{id}         one segment: r->PathValue("id")
//   /files/{path...}   the rest of the path
//   /{$}               exactly "/"
//
// The most specific pattern wins, in any order of registration. Two patterns conflict if they match
// the same requests, or if both match some request and neither is more specific.
class ServeMux {
 public:
  ServeMux();
  ~ServeMux();
  ServeMux(const ServeMux&) = delete;
  ServeMux& operator=(const ServeMux&) = delete;

  // Panic on a malformed pattern, on a nil handler and on a conflict. file and line: the caller's.
  void Handle(std::string_view pattern, http::Handler handler, const char* file = __builtin_FILE(),
              int line = __builtin_LINE());
  void HandleFunc(std::string_view pattern, HandlerFunc::function f,
                  const char* file = __builtin_FILE(), int line = __builtin_LINE());
  template <golab::glue::no_handler_func F>  // a mistake, see core/mistake.h
  void HandleFunc(std::string_view, F&&) {
    static_assert(golab::glue::mistake<F>,
                  "HandleFunc(pattern, f): f is void f(http::ResponseWriter& w, http::Request* r)");
  }
  void ServeHTTP(ResponseWriter& w, Request* r);
  // The handler that ServeHTTP would call, and its pattern.
  std::pair<http::Handler, std::string> Handler(Request* r);

  struct Route {
    std::string pattern;
    int64_t requests;  // that ServeHTTP has begun
  };
  // All patterns, in the order of their registration.
  std::vector<Route> routes() const;

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
template <golab::glue::no_handler_func F>  // a mistake
void HandleFunc(std::string_view, F&&) {
  static_assert(golab::glue::mistake<F>,
                "HandleFunc(pattern, f): f is void f(http::ResponseWriter& w, http::Request* r)");
}

// ---- Server ----

extern const error ErrServerClosed;  // "http: Server closed": after Shutdown or Close
extern const error
    ErrAbortHandler;  // panic(http::ErrAbortHandler): cuts the response short, logs nothing
extern const error ErrContentLength;   // a handler wrote more than it declared
extern const error ErrBodyNotAllowed;  // this status or method has no body
extern const error ErrBodyReadAfterClose;  // also after the response was begun
extern const error ErrHandlerTimeout;      // "http: Handler timeout": see TimeoutHandler
extern const error ErrHijacked;            // "http: connection has been hijacked"
extern const error ErrNotSupported;        // "feature not supported"

// Keys in the contexts of a server's requests.
struct contextKey {
  const char* name;
  std::string String() const { return "net/http context value " + std::string(name); }
};
extern const contextKey* const ServerContextKey;     // the Server*
extern const contextKey* const LocalAddrContextKey;  // the net::Addr that the client has called

constexpr int DefaultMaxHeaderBytes = 1 << 20;
constexpr int DefaultMaxHeaderValueCount = 500;

// What a connection of a server does: new, then active and idle in turns, at last closed. Or
// hijacked, which is also the last.
class ConnState {
 public:
  constexpr ConnState() = default;
  constexpr explicit ConnState(int state) : state_(state) {}
  constexpr operator int() const { return state_; }
  std::string String() const;  // "new"

 private:
  int state_ = 0;
};
inline constexpr ConnState StateNew{0};  // nothing was read yet
inline constexpr ConnState StateActive{1};  // from a request's first byte to the end of the response
inline constexpr ConnState StateIdle{2};
inline constexpr ConnState StateHijacked{3};
inline constexpr ConnState StateClosed{4};

class server_state;
std::shared_ptr<server_state> new_server_state();

//   http::Server srv{.Addr = ":8080", .Handler = &mux};
//   go([&] { srv.ListenAndServe(); });  ...  srv.Shutdown(ctx);
//
// A zero time means no limit. A Server must live until Serve has returned, and after Close until
// the goroutines of its connections have ended.
struct Server {
  std::string Addr = {};                 // empty: ":http"
  http::Handler Handler = {};            // nil: DefaultServeMux
  bool DisableGeneralOptionsHandler = false;  // "OPTIONS *" goes to Handler, too
  time::Duration ReadTimeout = 0;        // for a whole request with its body
  time::Duration ReadHeaderTimeout = 0;  // for its header; zero: ReadTimeout
  time::Duration WriteTimeout = 0;  // from the end of the request's header to the response's end
  time::Duration IdleTimeout = 0;   // between two requests; zero: ReadTimeout
  int MaxHeaderBytes = 0;           // zero: DefaultMaxHeaderBytes; beyond: 431
  int MaxHeaderValueCount = 0;      // zero: DefaultMaxHeaderValueCount; beyond: 431
  // Called at each change, by the goroutine of the connection (StateNew: by that of Serve).
  golab::glue::Func<void(Conn, http::ConnState)> ConnState = {};
  const log::Logger* ErrorLog = nullptr;  // nil: the standard logger
  // The parent of all requests' contexts. Must not return nil.
  golab::glue::Func<context::Context(Listener)> BaseContext = {};
  // The parent of the contexts of this connection's requests, made of the one above, in which
  // ServerContextKey is set. Must not return nil.
  golab::glue::Func<context::Context(context::Context, Conn)> ConnContext = {};
  std::shared_ptr<server_state> state = new_server_state();  // for this package

  // Park until the server is closed (ErrServerClosed) or Accept fails. They never return nil. After
  // an error that may pass, such as too many open files, they try again.
  error ListenAndServe();
  error Serve(Listener l);
  // Closes the listeners, and each connection when it becomes idle. Parks until all are closed
  // (then it returns the error of closing a listener, or nil), or until ctx ends (its error).
  // Handlers are not interrupted, and hijacked connections are the handler's affair.
  error Shutdown(const context::Context& ctx);
  // Closes the listeners and all connections at once, and returns the first error of closing a
  // listener. Parks until Serve is about to return. Handlers go on, their writes fail.
  error Close();
  // Shutdown calls f in a goroutine of its own, and does not wait for it.
  void RegisterOnShutdown(golab::glue::Func<void()> f);
  // Off: each connection ends after its response, and idle ones at once.
  void SetKeepAlivesEnabled(bool on);
};

error ListenAndServe(std::string_view addr, Handler handler);
error Serve(Listener l, Handler handler);

}  // namespace golab::net::http

namespace golab::net::http {

// The connection that a handler has hijacked, with the server's buffers: Go's *bufio.ReadWriter.
// One goroutine may read while another writes.
class BufferedConn {
 public:
  virtual ~BufferedConn() = default;
  // Park while there is nothing to read. ReadString returns everything up to and with `delim`, or
  // what there is with the error.
  virtual std::pair<int, error> Read(char* p, size_t n) = 0;
  virtual std::pair<std::string, error> ReadString(char delim) = 0;
  virtual int Buffered() const = 0;  // bytes that can be read without parking
  // Keeps up to 4096 bytes until Flush. Both may park.
  virtual std::pair<int, error> Write(std::string_view data) = 0;
  virtual error Flush() = 0;
};

}  // namespace golab::net::http

namespace golab {
namespace http = net::http;
}

#include "runtime/net/http/client.h"
