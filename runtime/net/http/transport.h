// transport.h: the inside of the client: a connection with its two loops, and what its goroutines
// hand to each other.
//
//   caller                      readLoop                        writeLoop
//   roundTrip  ── writech ───────────────────────────────────▶  writes the request
//              ── reqch ──────▶ reads the header of the answer
//              ◀── rc.ch ────── hands over the answer           writeErrCh ──▶ both others
//   Body.Read  ── fn ─────────▶ waitForBodyRead: at its end or closed?
//              ◀── eofc ─────── the connection is in the pool: Read may return io::EOF_
//
// A goroutine that finds the connection useless calls persistConn::close. That closes the socket and
// closech, which wakes all three. So closech is a case of each select, with one exception: the
// select that hands over the answer waits for the caller, and the caller closes callerGone when it
// leaves.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "runtime/chan/chan.h"
#include "runtime/net/http/bufio.h"
#include "runtime/net/http/http.h"
#include "runtime/net/http/parser.h"
#include "runtime/net/netfd.h"
#include "runtime/sync/mutex.h"

namespace golab::net::http {

// A request on its way, with a context of its own. readLoop cancels that context when the body of
// the answer is done, RoundTrip when it fails.
struct transportRequest {
  std::shared_ptr<const http::Request> Request;
  std::string body;
  context::Context ctx;
  context::CancelCauseFunc cancel;
};

struct responseAndError {
  std::shared_ptr<Response> res;
  error err;
};

// What roundTrip gives to readLoop.
struct requestAndChan {
  std::shared_ptr<transportRequest> treq;
  SendChan<responseAndError> ch;  // unbuffered: after a receive the caller is out of its select
  RecvChan<Empty> callerGone;
};

// What roundTrip gives to writeLoop.
struct writeRequest {
  std::shared_ptr<transportRequest> req;
  SendChan<error> ch;
};

// The server has closed a kept connection, perhaps at the very moment at which it was to be used.
extern const error errServerClosedIdle;

// Not one byte of the request was written, so it can be sent again.
struct nothingWrittenError {
  error cause;
  std::string Error() const { return cause.Error(); }
  error Unwrap() const { return cause; }
};

// Reading the first byte of an answer failed.
struct transportReadFromServerError {
  error cause;
  std::string Error() const {
    return "net/http: Transport failed to read from server: " + cause.Error();
  }
  error Unwrap() const { return cause; }
};

// One connection of a client.
class persistConn final : public bufio::source, public std::enable_shared_from_this<persistConn> {
 public:
  persistConn(std::shared_ptr<Transport> transport, std::string where, std::shared_ptr<net::conn> c)
      : t(std::move(transport)), cacheKey(std::move(where)), conn(std::move(c)) {}

  // The two goroutines of the connection. They end when it is closed.
  void readLoop();
  void writeLoop();
  // Sends a request that this connection was taken for. Parks until the header of the answer is
  // there, the connection fails, or the request's context ends.
  std::pair<std::shared_ptr<Response>, error> roundTrip(
      const std::shared_ptr<transportRequest>& treq);
  // Closes the connection. Only the first call counts: `why` is what others then read in closed.
  void close(const error& why);
  bool isBroken();
  error canceled();  // why cancelRequest was called; else nil
  bool shouldRetryRequest(const http::Request& req, const error& err);

  io_result Read(void* p, size_t n) override;
  error io_error(const char* op, int code) const;  // a code of the socket as Go's error

  const std::shared_ptr<Transport> t;
  const std::string cacheKey;  // host:port
  const std::shared_ptr<net::conn> conn;
  bufio::Reader br{this};  // readLoop's, and while a body is read the caller's
  time::Timer idleTimer;   // guarded by the Transport
  std::atomic<bool> reused{false};

 private:
  std::pair<std::shared_ptr<Response>, error> readResponse(const transportRequest& treq);
  error read_header(Response* resp, bool head);
  void settle_framing(Response* resp, bool head);
  bool readLoopPeekFail(int code);
  bool wroteRequest();
  error mapRoundTripError(int64_t startBytesWritten, const error& err);
  void cancelRequest(const error& why);
  void closeLocked(const error& why);

  const Chan<requestAndChan> reqch = make_chan<requestAndChan>(1);
  const Chan<writeRequest> writech = make_chan<writeRequest>(1);
  const Chan<Empty> closech = make_chan<Empty>();
  const Chan<error> writeErrCh = make_chan<error>(1);  // how the write ended, for readLoop
  const Chan<Empty> writeLoopDone = make_chan<Empty>();

  response_parser parser_;           // readLoop's
  std::atomic<bool> sawEOF_{false};  // nothing comes any more
  int64_t nwrite_ = 0;               // bytes written; writeLoop's

  sync::Mutex mu_;  // guards what follows
  int numExpectedResponses_ = 0;
  error closed_;  // set before closech is closed
  error canceledErr_;
};

// A goroutine in getConn that waits for a connection: a new one, or one that becomes free before.
struct wantConn {
  std::string key;
  // Of the dial, which goes on when the request is given up: the next one may need the connection.
  context::Context ctx;
  context::CancelFunc cancelCtx;
  struct connOrError {
    std::shared_ptr<persistConn> pc;
    error err;
  };
  Chan<connOrError> result = make_chan<connOrError>(1);

  bool waiting();
  // False if it has one already, or is no longer interested.
  bool tryDeliver(std::shared_ptr<persistConn> pc, const error& err);
  // It is no longer interested. A connection that was delivered meanwhile goes to the pool.
  void cancel(Transport* t);

 private:
  sync::Mutex mu_;
  bool done_ = false;
};

// The bytes of an answer's body in pc->br. length < 0: until the end of the connection.
io::ReadCloser new_body(std::shared_ptr<persistConn> pc, int64_t length, bool chunked);

// A body that tells readLoop of its end.
io::ReadCloser new_body_eof_signal(io::ReadCloser body, std::shared_ptr<persistConn> pc,
                                   SendChan<bool> waitForBodyRead, RecvChan<Empty> eofc);

// A request as it goes over the wire.
std::string request_text(const transportRequest& treq, bool keep_alive);

}  // namespace golab::net::http
