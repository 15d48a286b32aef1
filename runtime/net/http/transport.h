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
#include "runtime/net/http/textproto.h"
#include "runtime/net/netfd.h"
#include "runtime/sync/mutex.h"

namespace golab::net::http {

// The body of a request, which knows whether it can be sent again.
class readTrackingBody final : public golab::glue::reader {
 public:
  explicit readTrackingBody(io::ReadCloser body) : body(std::move(body)) {}
  std::pair<int, error> Read(char* p, size_t n) override;
  error Close() override;  // the first call counts

  const io::ReadCloser body;
  std::atomic<bool> didRead{false};
  std::atomic<bool> didClose{false};
};

// A request on its way, with a context of its own. readLoop cancels that context when the body of
// the answer is done, RoundTrip when it fails.
struct transportRequest {
  std::shared_ptr<http::Request> Request;   // with a readTrackingBody, if it has a body
  std::shared_ptr<readTrackingBody> body;   // that one
  context::Context ctx;
  context::CancelCauseFunc cancel;
  http::Header extra;  // fields that the Transport adds

  void setError(const error& err);  // of the body; the first one counts
  error body_error();

 private:
  sync::Mutex mu_;
  error err_;
};

struct responseAndError {
  std::shared_ptr<Response> res;
  error err;
};

// What roundTrip gives to readLoop.
struct requestAndChan {
  std::shared_ptr<transportRequest> treq;
  SendChan<responseAndError> ch;  // unbuffered: after a receive the caller is out of its select
  bool addedGzip = false;         // the request asks for gzip, and its caller does not know
  Chan<Empty> continueCh;         // nil unless the request expects "100 Continue"
  RecvChan<Empty> callerGone;
};

// What roundTrip gives to writeLoop.
struct writeRequest {
  std::shared_ptr<transportRequest> req;
  SendChan<error> ch;
  RecvChan<Empty> continueCh;
};

// What Request::write works with.
struct transfer {
  persistConn* pc;
  transportRequest* treq;
  golab::glue::Func<bool()> waitForContinue;
};

// The server has closed a kept connection, perhaps at the very moment at which it was to be used.
extern const error errServerClosedIdle;

// Not one byte of the request was written, so it can be sent again.
struct nothingWrittenError {
  error cause;
  std::string Error() const { return cause.Error(); }
  error Unwrap() const { return cause; }
};

// Reading the body of a request failed.
struct requestBodyReadError {
  error cause;
  std::string Error() const { return cause.Error(); }
};

// Reading the first byte of an answer failed.
struct transportReadFromServerError {
  error cause;
  std::string Error() const {
    return "net/http: Transport failed to read from server: " + cause.Error();
  }
  error Unwrap() const { return cause; }
};

// The error of a call that takes too long. Its text says which limit that was.
struct timeoutError {
  std::string text;
  std::string Error() const { return text; }
  bool Timeout() const { return true; }
  bool Is(const error& target) const { return target == context::DeadlineExceeded; }
  bool operator==(const timeoutError&) const = default;
};

// Stands between the buffer and the socket, as in Go.
struct persistConnWriter {
  persistConn* pc;
  io_result Write(const void* p, size_t n) const;
};

// One connection of a client. Its buffers carry codes (fd.h). An error of the connection is kept
// here, and its code is kFailed.
class persistConn final : public bufio::source, public std::enable_shared_from_this<persistConn> {
 public:
  persistConn(std::shared_ptr<Transport> transport, std::string where, Conn c)
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
  // A function that parks until the server wants the body of a request, or says nothing for a while.
  // It returns false if the server does not want it. nil without a channel.
  golab::glue::Func<bool()> waitForContinue(const RecvChan<Empty>& continueCh);

  io_result Read(void* p, size_t n) override;
  error read_error(int code) const;  // a code of br as an error
  error write_error() const { return write_err_; }

  static constexpr int kFailed = -100;  // no code of fd.h

  const std::shared_ptr<Transport> t;
  const std::string cacheKey;  // host:port
  const Conn conn;
  bufio::Reader br{this};  // readLoop's, and while a body is read the caller's
  const persistConnWriter socket{this};
  golab::glue::sink_of<const persistConnWriter> sink{&socket};
  bufio::Writer bw{&sink, 4096};  // writeLoop's
  time::Timer idleTimer;          // guarded by the Transport
  bool has_idle_timer = false;    // guarded by the Transport
  int64_t idle_since = 0;         // guarded by the Transport: a counter, the lowest is the oldest
  std::atomic<bool> reused{false};

 private:
  friend struct persistConnWriter;
  std::pair<std::shared_ptr<Response>, error> readResponse(const requestAndChan& rc);
  bool readLoopPeekFail(int code);
  bool wroteRequest();
  error mapRoundTripError(transportRequest* treq, int64_t startBytesWritten, const error& err);
  void cancelRequest(const error& why);
  void closeLocked(const error& why);

  const Chan<requestAndChan> reqch = make_chan<requestAndChan>(1);
  const Chan<writeRequest> writech = make_chan<writeRequest>(1);
  const Chan<Empty> closech = make_chan<Empty>();
  const Chan<error> writeErrCh = make_chan<error>(1);  // how the write ended, for readLoop
  const Chan<Empty> writeLoopDone = make_chan<Empty>();

  std::atomic<bool> sawEOF_{false};  // nothing comes any more
  int64_t readLimit_ = 0;            // bytes that may still come
  error read_err_;                   // the reader's
  int64_t nwrite_ = 0;               // bytes written; writeLoop's
  error write_err_;                  // writeLoop's

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

// Reads an answer from pc->br: its header, and where its body ends. Parks.
std::pair<std::shared_ptr<Response>, error> ReadResponse(const std::shared_ptr<persistConn>& pc,
                                                         const Request& req);

// The bytes of an answer's body in pc->br. length < 0: until the end of the connection.
io::ReadCloser new_body(std::shared_ptr<persistConn> pc, const std::shared_ptr<Response>& resp,
                        int64_t length, bool chunked);

extern const error errClosedEarly;          // "net/http: response body closed early"
extern const error errReadOnClosedResBody;  // "http: read on closed response body"

// A body that tells readLoop of its end.
io::ReadCloser new_body_eof_signal(io::ReadCloser body, std::shared_ptr<persistConn> pc,
                                   SendChan<error> waitForBodyRead, RecvChan<Empty> eofc);

// What is in a body of gzip.
io::ReadCloser new_gzip_reader(io::ReadCloser body);

// The connection itself, after "101 Switching Protocols": reads from it; Close closes it.
io::ReadCloser new_upgraded(std::shared_ptr<persistConn> pc);

// How many bytes the body of a request has: 0 none, -1 unknown.
int64_t outgoingLength(const Request& req);

}  // namespace golab::net::http
