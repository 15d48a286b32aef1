// body.h: the body of a request, and the reader that asks for it with "100 Continue".
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "runtime/io/io.h"
#include "runtime/net/http/bufio.h"
#include "runtime/net/http/chunked.h"
#include "runtime/net/http/header.h"
#include "runtime/sync/mutex.h"

namespace golab::net::http {

class conn;

// Any goroutine may hold it for as long as it likes. Once closed, and the server closes it at the
// end of the request, it does not touch the connection.
class body final : public golab::glue::reader {
 public:
  body(conn* c, bufio::Reader* r) : conn_(c), r_(r), chunks_(r) {}

  std::pair<int, error> Read(char* p, size_t n) override;
  // Reads what is left, up to kMostDiscarded bytes, so that the connection can be used again.
  error Close() override;

  // For a new request. length < 0: chunked; then the trailer goes into *trailer. closing: the
  // connection ends after this request, so that Close need not read a body with a length.
  void start(int64_t length, bool closing, http::Header* trailer, int64_t max_trailer_fields);
  void watch_end(bool on);  // at the end, the background reader starts
  bool bodyRemains();
  bool didEarlyClose();
  // What the server does with it before a response: reads the rest, leaves it as it is, or gives
  // the connection up because the rest is long, or because the handler has closed it unread.
  enum class rest { read, none, too_big, closed_unread };
  rest before_response();
  // It was hijacked, or its connection is at its end: only Reads that have begun go on.
  void detach();

 private:
  friend struct bodyLocked;
  std::pair<int, error> readLocked(char* p, size_t n);
  error readTrailer();

  static constexpr int64_t kMostDiscarded = 256 << 10;

  conn* conn_;
  bufio::Reader* r_;
  sync::Mutex mu_;  // guards the fields below, and is held by Read and Close
  internal::chunkedReader chunks_;
  int64_t left_ = 0;  // unread bytes of a body with a length
  bool chunked_ = false;
  bool trailer_left_ = false;  // it stands behind the last chunk
  bool closing_ = false;
  bool sawEOF_ = false;
  bool closed_ = false;
  bool earlyClose_ = false;  // closed before the end
  bool watch_end_ = false;
  http::Header* trailer_ = nullptr;
  int64_t max_trailer_fields_ = 0;
};

// The body of a request with "Expect: 100-continue": the client sends it once it has been told to.
// The first Read tells it, unless the response has begun.
class expectContinueReader final : public golab::glue::reader {
 public:
  expectContinueReader(conn* c, std::shared_ptr<http::body> body)
      : conn_(c), readCloser_(std::move(body)) {}

  std::pair<int, error> Read(char* p, size_t n) override;
  error Close() override;
  bool can_write_continue() const { return canWriteContinue_; }
  // Returns true if it was still to be written. skip_drain: closes this without reading the rest.
  bool disable(bool skip_drain);

 private:
  conn* conn_;
  std::shared_ptr<http::body> readCloser_;
  sync::Mutex writeContinueMu_;
  std::atomic<bool> canWriteContinue_{true};
  std::atomic<bool> closed_{false};
};

}  // namespace golab::net::http
