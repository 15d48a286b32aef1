// body.cpp: reads the body of a request; and what the handler has left of it.
#include "runtime/net/http/body.h"

#include <algorithm>

#include "runtime/net/http/conn.h"
#include "runtime/net/http/trailer.h"

namespace golab {

namespace poll = internal::poll;

namespace glue {

class limited_source {
 public:
  virtual std::pair<int, error> read(char* p, size_t n) = 0;

 protected:
  ~limited_source() = default;
};

}  // namespace glue

// The functions of Go's io that stand between a body and its connection on the stack of a goroutine
// that waits for it.
namespace io {
namespace {

class LimitedReader {
 public:
  LimitedReader(glue::limited_source* r, int64_t n) : N(n), R_(r) {}
  [[gnu::noinline]] std::pair<int, error> Read(char* p, size_t n) {
    if (N <= 0) return {0, EOF_};
    auto got = R_->read(p, std::min<uint64_t>(n, static_cast<uint64_t>(N)));
    N -= got.first;
    return got;
  }
  int64_t N;

 private:
  glue::limited_source* R_;
};

struct discard {
  [[gnu::noinline]] std::pair<int64_t, error> ReadFrom(LimitedReader* from) const {
    auto scratch = std::make_unique<char[]>(8192);
    for (int64_t total = 0;;) {
      auto [n, err] = from->Read(scratch.get(), 8192);
      total += n;
      if (err != nullptr) return {total, err == EOF_ ? error() : err};
    }
  }
};

[[gnu::noinline]] std::pair<int64_t, error> copyBuffer(const discard& to, LimitedReader* from) {
  return to.ReadFrom(from);
}
[[gnu::noinline]] std::pair<int64_t, error> Copy(const discard& to, LimitedReader* from) {
  return copyBuffer(to, from);
}
[[gnu::noinline]] std::pair<int64_t, error> CopyN(const discard& to, glue::limited_source* from,
                                                  int64_t n) {
  LimitedReader limited(from, n);
  auto [copied, err] = Copy(to, &limited);
  if (copied < n && err == nullptr) return {copied, EOF_};
  return {copied, err};
}

}  // namespace
}  // namespace io

namespace net::http {

// Reads a body whose lock is held.
struct bodyLocked {
  body* b;
  [[gnu::noinline]] std::pair<int, error> Read(char* p, size_t n) const {
    if (b->closed_) return {0, ErrBodyReadAfterClose};
    return b->readLocked(p, n);
  }
};

}  // namespace net::http

namespace glue {

struct locked_source final : limited_source {
  explicit locked_source(net::http::body* body) : b{body} {}
  std::pair<int, error> read(char* p, size_t n) override { return b.Read(p, n); }
  net::http::bodyLocked b;
};

struct buffer_source final : limited_source {
  buffer_source(bufio::Reader* from, net::conn* conn) : r(from), c(conn) {}
  std::pair<int, error> read(char* p, size_t n) override {
    const bufio::io_result got = r->Read(p, n);
    if (got.err != 0) return {0, net::http::socket_error(*c, "read", got.err)};
    return {static_cast<int>(got.n), nullptr};
  }
  bufio::Reader* r;
  net::conn* c;
};

}  // namespace glue

namespace net::http {

using golab::glue::Locked;

void body::start(int64_t length, bool closing, http::Header* trailer, int64_t max_trailer_fields) {
  Locked guard(mu_);
  chunked_ = trailer_left_ = length < 0;
  if (chunked_) chunks_.start();
  left_ = std::max<int64_t>(length, 0);
  closing_ = closing;
  trailer_ = trailer;
  max_trailer_fields_ = max_trailer_fields;
  sawEOF_ = closed_ = earlyClose_ = watch_end_ = false;
}

[[gnu::noinline]] std::pair<int, error> body::Read(char* p, size_t n) {
  Locked guard(mu_);
  if (closed_) return {0, ErrBodyReadAfterClose};
  return readLocked(p, n);
}

[[gnu::noinline]] std::pair<int, error> body::readLocked(char* p, size_t n) {
  if (sawEOF_) return {0, io::EOF_};
  std::pair<int, error> outcome;
  if (chunked_) {
    outcome = chunks_.Read(p, n);
    const int code = chunks_.code();
    if (code != 0 && code != poll::kEOF) {
      outcome.second = socket_error(*conn_->rwc, "read", code);
    }
  } else {
    golab::glue::buffer_source from(r_, conn_->rwc.get());
    io::LimitedReader limited(&from, left_);
    outcome = limited.Read(p, n);
    left_ = limited.N;
  }
  auto& [got, err] = outcome;
  if (err == io::EOF_) {
    sawEOF_ = true;
    if (trailer_left_) {
      trailer_left_ = false;
      if (error wrong = readTrailer(); wrong != nullptr) {
        // What follows on the connection cannot be told from this body's rest.
        err = wrong;
        sawEOF_ = false;
        closed_ = true;
      }
    } else if (left_ > 0) {
      err = io::ErrUnexpectedEOF;
    }
  }
  if (err == nullptr && got > 0 && !chunked_ && left_ == 0) {
    err = io::EOF_;
    sawEOF_ = true;
  }
  if (sawEOF_ && watch_end_) conn_->r.startBackgroundRead(conn_->self);
  return outcome;
}

[[gnu::noinline]] error body::readTrailer() {
  return golab::glue::read_trailer(r_, max_trailer_fields_, trailer_);
}

[[gnu::noinline]] error body::Close() {
  Locked guard(mu_);
  if (closed_) return nullptr;
  error err;
  if (!sawEOF_ && !(closing_ && !trailer_left_)) {
    earlyClose_ = true;
    if (chunked_ || left_ <= kMostDiscarded) {
      golab::glue::locked_source from(this);
      int64_t n = 0;
      std::tie(n, err) = io::CopyN(io::discard{}, &from, kMostDiscarded + 1);
      if (err == io::EOF_ && n <= kMostDiscarded) {
        earlyClose_ = false;
        sawEOF_ = true;
        err = nullptr;
      }
    }
  }
  closed_ = true;
  return err;
}

void body::watch_end(bool on) {
  Locked guard(mu_);
  watch_end_ = on;
}

bool body::bodyRemains() {
  Locked guard(mu_);
  return !sawEOF_;
}

bool body::didEarlyClose() {
  Locked guard(mu_);
  return earlyClose_;
}

body::rest body::before_response() {
  Locked guard(mu_);
  if (closed_) return sawEOF_ ? rest::none : rest::closed_unread;
  return !chunked_ && left_ >= kMostDiscarded ? rest::too_big : rest::read;
}

void body::detach() {
  Locked guard(mu_);
  closed_ = true;
}

// ---- expectContinueReader ----

[[gnu::noinline]] std::pair<int, error> expectContinueReader::Read(char* p, size_t n) {
  if (closed_) return {0, ErrBodyReadAfterClose};
  if (canWriteContinue_) {
    Locked guard(writeContinueMu_);
    if (canWriteContinue_) {
      conn_->bufw.put("HTTP/1.1 100 Continue\r\n\r\n");
      conn_->bufw.Flush();
      canWriteContinue_ = false;
    }
  }
  return readCloser_->Read(p, n);
}

[[gnu::noinline]] error expectContinueReader::Close() {
  if (canWriteContinue_) conn_->resp.disableWriteContinue(true);
  if (closed_.exchange(true)) return nullptr;
  return readCloser_->Close();
}

bool expectContinueReader::disable(bool skip_drain) {
  Locked guard(writeContinueMu_);
  if (!canWriteContinue_) return false;
  canWriteContinue_ = false;
  if (skip_drain) closed_ = true;
  return true;
}

}  // namespace net::http
}  // namespace golab
