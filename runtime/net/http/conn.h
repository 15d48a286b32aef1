// conn.h: the server's side of a connection: reads requests and writes responses.
//
// A conn uses all that it owns, the Request and the response included, again for the next request.
// So a request allocates almost nothing. Handlers get a handle to the body; a body that somebody
// still holds when its request is over is left to them, closed, and the next request gets another.
//
// Two goroutines meet here: (*conn).serve, and during a handler the background reader (http.h).
// Before serve reads again, it stops the background reader by a deadline in the past (connReader).
// A third one may read the body, as under TimeoutHandler.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/net/http/body.h"
#include "runtime/net/http/bufio.h"
#include "runtime/net/http/http.h"
#include "runtime/net/http/read_request.h"
#include "runtime/net/http/textproto.h"
#include "runtime/net/netfd.h"
#include "runtime/sync/cond.h"
#include "runtime/sync/mutex.h"
#include "runtime/sync/waitgroup.h"

namespace golab::net::http {

class conn;

// Reads from the socket: for the buffer, and in the background, because only a read can tell that
// the client has gone. Limits the size of a request's header.
class connReader final : public bufio::source {
 public:
  explicit connReader(conn* c) : conn_(c) {}

  // Panics "invalid concurrent Body.Read call".
  io_result Read(void* p, size_t n) override;
  // `self` keeps this connection alive as long as the background reader runs.
  void startBackgroundRead(const std::shared_ptr<conn>& self);
  // Ends a read that another goroutine has begun. May park until it has returned.
  void abortPendingRead();
  void backgroundRead();

  // Only while no read runs.
  void setReadLimit(int64_t bytes) { remain_ = bytes; }
  void setInfiniteReadLimit() { remain_ = INT64_MAX; }
  bool hitReadLimit() const { return remain_ <= 0; }
  bool has_read_since(int64_t limit) const { return remain_ != limit; }
  bool has_byte() const { return hasByte_; }
  void releaseConn();  // after Hijack: only reads from now on

 private:
  bool in_background() const { return background_ && started_; }

  conn* conn_;
  sync::Mutex mu_;  // guards the fields below
  sync::Cond cond_{&mu_};
  bool inRead_ = false;      // in Read
  bool background_ = false;  // a background reader exists
  bool started_ = false;     // it has begun to read
  bool aborted_ = false;     // it is told to stop
  bool released_ = false;
  bool hasByte_ = false;
  char byteBuf_[1];
  int64_t remain_ = INT64_MAX;
};

// Notes the first error of a write: the client is gone.
struct checkConnErrorWriter {
  conn* c;
  io_result Write(const void* p, size_t n) const;
};

// Makes the context of the current request on first use: most handlers never use it.
class request_context {
 public:
  context::Context get(const context::Context& parent);
  void cancel();  // when the client is gone or the request is over
  void reset();   // for a new request

 private:
  sync::Mutex mu_;
  context::Context ctx_;
  context::CancelFunc cancel_;
  bool cancelled_ = false;
};

class response;

// Stands behind the 2048 bytes that a response holds back. Its first Write decides the header.
class chunkWriter {
 public:
  explicit chunkWriter(response* res) : res_(res) {}
  io_result Write(const void* p, size_t n);
  int flush();
  void close();
  void start() { wroteHeader_ = chunking_ = false; }

 private:
  struct extraHeader;
  void writeHeader(std::string_view first);
  bool settle_request_body(extraHeader* set);
  void settle_framing(extraHeader* set, bool has_length, bool is_connect);
  void put_head(const extraHeader& set);

  response* res_;
  bool wroteHeader_ = false;  // the head is in the connection's buffer
  bool chunking_ = false;
};

class response final : public ResponseWriter {
 public:
  explicit response(conn* c) : conn_(c) {}

  http::Header& Header() override;
  void WriteHeader(int code) override;
  std::pair<int, error> Write(std::string_view data) override;
  void Flush() override;
  error FlushError() override;
  Hijacked Hijack() override;
  error SetReadDeadline(const time::Time& t) override;
  error SetWriteDeadline(const time::Time& t) override;
  error EnableFullDuplex() override;

  void start();          // for a new request
  void finishRequest();  // sends the rest
  bool shouldReuseConnection() const;
  bool closedRequestBodyEarly() const;
  bool requestBodyLimitHit() const { return requestBodyLimitHit_; }
  void requestTooLarge();
  void sendExpectationFailed();
  // A Read of the body sends no "100 Continue" any more. skip_drain: the client will not send the
  // body, so the connection ends after this response.
  void disableWriteContinue(bool skip_drain);

  std::shared_ptr<expectContinueReader> ecReader;  // of a request that expects "100 Continue"

 private:
  friend class chunkWriter;
  std::pair<int, error> write(std::string_view data);
  bool body_allowed() const;
  void put_trailers();

  conn* conn_;
  chunkWriter cw_{this};
  golab::glue::sink_of<chunkWriter> to_cw_{&cw_};
  bufio::Writer w_{&to_cw_, 2048};  // body bytes held back
  http::Header header_;             // WriteHeader fixes it
  http::Header late_;               // what Header() returns from then on
  bool late_valid_ = false;
  std::vector<std::string> trailers_;  // announced by a "Trailer" field
  int status_ = 0;
  bool wroteHeader_ = false;  // WriteHeader was called
  bool handlerDone_ = false;
  bool closeAfterReply_ = false;
  bool wants10KeepAlive_ = false;
  bool wantsClose_ = false;
  bool fullDuplex_ = false;
  bool requestBodyLimitHit_ = false;
  int64_t contentLength_ = -1;
  int64_t written_ = 0;
};

class conn {
 public:
  conn(Server* srv, std::shared_ptr<Server> owner, std::shared_ptr<net::conn> socket,
       const context::Context& base);

  void serve(std::shared_ptr<conn> self);  // the goroutine of this connection

  void cancelCtx() { request_ctx.cancel(); }
  void setState(ConnState state);
  const std::string& http_date();
  void clear_read_deadline();
  void clear_write_deadline();

  Server* server;
  std::shared_ptr<Server> server_owner;  // keeps a Server of this package alive (ListenAndServe)
  std::shared_ptr<net::conn> rwc;
  context::Context base_ctx;
  std::shared_ptr<conn> self;  // while serve runs
  connReader r{this};
  bufio::Reader bufr{&r};
  checkConnErrorWriter to_rwc{this};
  golab::glue::sink_of<const checkConnErrorWriter> to_rwc_sink{&to_rwc};
  bufio::Writer bufw{&to_rwc_sink, 4096};
  std::atomic<int> werr{0};  // of the first write that failed
  std::string remoteAddr;
  std::string lastMethod;  // of the newest request; a handler may change the request's
  Request req;
  request_context request_ctx;
  std::shared_ptr<http::body> reqBody;  // null: this request has none
  http::response resp{this};
  std::atomic<bool> hijacked{false};

  std::atomic<bool> read_deadline{false};  // one is set on rwc
  std::atomic<bool> write_deadline{false};

  std::atomic<uint64_t> curState{0};  // seconds << 8 | ConnState

 private:
  enum class outcome { ok, closed, reply };
  outcome readRequest();
  outcome check_request(const request_head& head);
  outcome fail(int code, std::string_view text);
  outcome fail(const request_head& head);
  void start_body();
  bool next_request();
  void closeWriteAndWait();
  void skip_line_ends();
  void reset_request();
  void end();

  textproto::Reader lines_{&bufr};
  std::shared_ptr<http::body> spare_body_;
  bool in_flight_ = false;  // a handler runs, or has panicked
  std::string refusal_;     // the response to a malformed request
  bool linger_ = false;     // give the client time to read it
  int64_t date_second_ = 0;
  std::string date_;
};

class server_state {
 public:
  sync::Mutex mu;
  std::vector<Listener> listeners;
  std::vector<golab::glue::Func<void()>> on_shutdown;
  std::set<conn*> conns;
  std::weak_ptr<Server> owner;     // set if the Server belongs to this package (ListenAndServe)
  sync::WaitGroup listener_group;  // the Serves that have not returned
  std::atomic<bool> in_shutdown{false};
  std::atomic<bool> disable_keep_alives{false};

  bool keep_alives() const { return !in_shutdown && !disable_keep_alives; }
  void track(conn* c, bool add);
  bool track_listener(const Listener& l, bool add);  // false: the server is closed
  error close_listeners();
  bool close_idle_conns();  // true if there are no connections
  void close_all_conns();
};

void server_log(const Server* srv, const std::string& text);
// Logs "http: TEXT from function (file.cpp:12)", of the nearest caller outside net/http.
void log_with_caller(const Server* srv, std::string_view text);
void check_write_header_code(int code);  // panics "invalid WriteHeader code 7"
bool body_allowed_for_status(int status);
// Like Go's hasToken: words may also be separated by blanks.
bool hasToken(std::string_view list, std::string_view token);
// "read tcp A->B: i/o timeout"; io::EOF_ for the end of the stream.
error socket_error(const net::conn& c, const char* op, int code);

}  // namespace golab::net::http
