// conn.h: the server's side of a connection: reads requests and writes responses.
//
// A conn uses all that it owns, the Request and the response included, again for the next request.
// So a request allocates almost nothing.
//
// Two goroutines meet here: (*conn).serve, and during a handler the background reader (http.h).
// Before serve reads again, it stops the background reader by a deadline in the past (connReader).
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <set>
#include <string>

#include "runtime/net/http/bufio.h"
#include "runtime/net/http/chunked.h"
#include "runtime/net/http/http.h"
#include "runtime/net/http/parser.h"
#include "runtime/net/netfd.h"
#include "runtime/sync/cond.h"
#include "runtime/sync/mutex.h"

namespace golab::net::http {

class conn;

enum class ConnState : uint32_t { StateNew, StateActive, StateIdle, StateClosed };

// Reads from the socket: for the buffer, and in the background, because only a read can tell that
// the client has gone.
class connReader final : public bufio::source {
 public:
  explicit connReader(conn* c) : conn_(c) {}

  io_result Read(void* p, size_t n) override;
  // `self` keeps this connection alive as long as the background reader runs.
  void startBackgroundRead(const std::shared_ptr<conn>& self);
  // Ends the background read. May park until its Read has returned.
  void abortPendingRead();
  void backgroundRead();

 private:
  conn* conn_;
  sync::Mutex mu_;  // guards the fields below
  sync::Cond cond_{&mu_};
  bool inRead_ = false;   // a background reader exists
  bool started_ = false;  // it has begun to read
  bool aborted_ = false;  // it is told to stop
  bool hasByte_ = false;
  char byteBuf_[1];
};

class body final : public golab::glue::reader {
 public:
  body(conn* c, bufio::Reader* r) : conn_(c), chunks_(r) {}
  std::pair<int, error> Read(char* p, size_t n) override;
  error Close() override;

  void start(int64_t length, bool expect_continue);  // for a new request; length < 0: chunked
  // Reads what the handler has left, up to kMostDiscarded bytes. True if the end was reached.
  bool discard();
  bool at_end() const { return at_end_; }
  bool expects_continue() const { return expect_continue_; }
  bool failed() const { return failed_; }
  // The client has ended its half of the connection shortly before the body's end. So no bytes
  // follow that would look like another request.
  bool cut_short() const { return cut_short_ && left_ < kMostDiscarded; }

 private:
  void finish();

  static constexpr int64_t kMostDiscarded = 256 << 10;

  conn* conn_;
  internal::chunkedReader chunks_;
  int64_t left_ = 0;  // unread bytes of a body with a length
  bool chunked_ = false;
  bool expect_continue_ = false;  // the client sends after a "100 Continue"
  bool at_end_ = true;
  bool closed_ = false;
  bool failed_ = false;
  bool cut_short_ = false;  // the connection ended before a body's length
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

class response final : public ResponseWriter {
 public:
  explicit response(conn* c) : conn_(c) {}

  http::Header& Header() override;
  void WriteHeader(int code) override;
  std::pair<int, error> Write(std::string_view data) override;
  void Flush() override;
  error SetReadDeadline(const time::Time& t) override;
  error SetWriteDeadline(const time::Time& t) override;

  void start();          // for a new request
  void finishRequest();  // sends the rest
  bool shouldReuseConnection() const;
  bool closedRequestBodyEarly() const { return body_left_; }
  void request_too_large();

 private:
  bool body_allowed() const;
  void write_chunk(std::string_view data);
  void send_held();
  void write_head(std::string_view first);
  void settle_request_body();
  void settle_framing();
  void put_head(std::string_view first, bool length_is_first);

  conn* conn_;
  http::Header header_;
  http::Header late_;  // a copy that Header() returns once the header is fixed
  bool late_valid_ = false;
  std::string held_;  // body bytes held back, at most kHold
  int status_ = 0;
  bool wroteHeader_ = false;  // WriteHeader was called
  bool sentHead_ = false;     // the head is in the connection's buffer
  bool handlerDone_ = false;
  bool chunking_ = false;
  bool closeAfterReply_ = false;
  bool wants10KeepAlive_ = false;
  bool body_left_ = false;
  int64_t contentLength_ = -1;
  int64_t written_ = 0;

  static constexpr size_t kHold = 2048;
};

class conn {
 public:
  conn(Server* srv, std::shared_ptr<Server> owner, std::shared_ptr<net::conn> socket,
       context::Context base);

  void serve(std::shared_ptr<conn> self);  // the goroutine of this connection

  // Appends bytes to `out`, and sends it when it is long.
  void put(std::string_view data);
  void flush();
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
  std::string out;
  int werr = 0;  // of the first write that failed
  std::string remoteAddr;
  request_parser parser;
  Request req;
  request_context request_ctx;
  http::body body{this, &bufr};
  http::response resp{this};

  bool read_deadline = false;  // one is set on rwc
  bool write_deadline = false;

  std::atomic<uint64_t> curState{0};  // seconds << 8 | ConnState

 private:
  enum class outcome { ok, closed, reply };
  outcome readRequest();
  outcome check_request();
  outcome fail(int code, std::string_view text);
  outcome fail_too_large();
  bool next_request();
  void closeWriteAndWait();
  void skip_line_ends();
  void reset_request();

  std::string refusal_;  // the response to a malformed request
  bool linger_ = false;  // give the client time to read it
  int64_t date_second_ = 0;
  std::string date_;
};

class server_state {
 public:
  sync::Mutex mu;
  std::vector<Listener> listeners;
  std::vector<golab::glue::Func<void()>> on_shutdown;
  std::set<conn*> conns;
  std::weak_ptr<Server> owner;  // set if the Server belongs to this package (ListenAndServe)
  std::atomic<bool> in_shutdown{false};
  std::atomic<bool> disable_keep_alives{false};

  bool keep_alives() const { return !in_shutdown && !disable_keep_alives; }
  void track(conn* c, bool add);
  bool track_listener(const Listener& l, bool add);  // false: the server is closed
  void close_listeners();
  bool close_idle_conns();  // true if there are no connections
  void close_all_conns();
};

void server_log(const Server* srv, const std::string& text);
// "function (file.cpp:12)" of the nearest caller outside net/http.
std::string relevant_caller();

}  // namespace golab::net::http
