// response_body.cpp: the body of an answer, read by the caller's goroutine straight from the
// connection.
#include <algorithm>

#include "runtime/die/panic.h"
#include "runtime/net/http/chunked.h"
#include "runtime/net/http/trailer.h"
#include "runtime/net/http/transport.h"
#include "runtime/sched/request.h"

namespace golab {

namespace poll = internal::poll;

namespace io {
namespace {

// Reads at most N bytes.
class LimitedReader {
 public:
  LimitedReader(bufio::Reader* r, int64_t n) : N(n), r_(r) {}
  [[gnu::noinline]] bufio::io_result Read(char* p, size_t n) {
    const bufio::io_result got = r_->Read(p, std::min<uint64_t>(n, static_cast<uint64_t>(N)));
    N -= got.n;
    return got;
  }
  int64_t N;

 private:
  bufio::Reader* r_;
};

}  // namespace
}  // namespace io

namespace net::http {
namespace {

const error errReadOnClosedResBody = errors::New("http: read on closed response body");

// Finds the end of a body: by its length, by its last chunk, or by the end of the connection.
class body final : public golab::glue::reader {
 public:
  body(std::shared_ptr<persistConn> pc, int64_t length, bool chunked)
      : pc_(std::move(pc)),
        chunks_(&pc_->br),
        limited_(&pc_->br, length),
        chunked_(chunked),
        until_close_(length < 0) {}

  [[gnu::noinline]] std::pair<int, error> Read(char* p, size_t n) override {
    if (n == 0) return {0, nullptr};
    return readLocked(p, n);
  }
  error Close() override { return nullptr; }

 private:
  [[gnu::noinline]] std::pair<int, error> readLocked(char* p, size_t n) {
    if (chunked_) return read_chunked(p, n);
    const bufio::io_result got = until_close_ ? pc_->br.Read(p, n) : limited_.Read(p, n);
    if (got.err == poll::kEOF) return {0, until_close_ ? io::EOF_ : io::ErrUnexpectedEOF};
    if (got.err != 0) return {0, pc_->io_error("read", got.err)};
    const bool at_end = !until_close_ && limited_.N == 0;
    return {static_cast<int>(got.n), at_end ? io::EOF_ : error()};
  }

  [[gnu::always_inline]] std::pair<int, error> read_chunked(char* p, size_t n) {
    auto [got, err] = chunks_.Read(p, n);
    const int code = chunks_.code();
    if (code != 0 && code != poll::kEOF) err = pc_->io_error("read", code);
    if (err == io::EOF_ && !std::exchange(trailer_read_, true)) {
      if (error wrong = readTrailer(); wrong != nullptr) err = trailer_err_ = wrong;
    } else if (err == io::EOF_ && trailer_err_ != nullptr) {
      err = trailer_err_;
    }
    return {got, err};
  }
  [[gnu::noinline]] error readTrailer() {
    return golab::glue::read_trailer(&pc_->br, INT64_MAX, nullptr);
  }

  std::shared_ptr<persistConn> pc_;
  internal::chunkedReader chunks_;
  io::LimitedReader limited_;
  const bool chunked_;
  const bool until_close_;
  bool trailer_read_ = false;
  error trailer_err_;
};

// Tells readLoop once, before the Read or Close that finds the end returns. At io::EOF_ it waits
// until readLoop has put the connection back, so that the caller's next request finds it there.
class bodyEOFSignal final : public golab::glue::reader {
 public:
  bodyEOFSignal(io::ReadCloser body, std::shared_ptr<persistConn> pc, SendChan<bool> done,
                RecvChan<Empty> eofc)
      : body_(std::move(body)),
        pc_(std::move(pc)),
        waitForBodyRead_(std::move(done)),
        eofc_(std::move(eofc)) {}

  [[gnu::noinline]] std::pair<int, error> Read(char* p, size_t n) override {
    {
      golab::glue::Locked guard(mu_);
      if (closed_) return {0, errReadOnClosedResBody};
      if (rerr_ != nullptr) return {0, rerr_};
    }
    auto [got, err] = body_.Read(p, n);
    if (err == nullptr) return {got, nullptr};
    golab::glue::Locked guard(mu_);
    if (rerr_ == nullptr) rerr_ = err;
    return {got, fn(err)};
  }

  [[gnu::noinline]] error Close() override {
    golab::glue::Locked guard(mu_);
    if (closed_) return nullptr;
    closed_ = true;
    if (rerr_ == io::EOF_) return nullptr;
    runtime::WorksFor nobody(runtime::WorksFor::kNobody);  // what it sends is no result
    waitForBodyRead_.send(false);
    eofc_.recv();
    return nullptr;
  }

 private:
  // Requires: mu_ is locked.
  [[gnu::noinline]] error fn(const error& err) {
    if (told_) return err;
    told_ = true;
    const bool at_end = err == io::EOF_;
    runtime::WorksFor nobody(runtime::WorksFor::kNobody);
    waitForBodyRead_.send(at_end);
    if (at_end) {
      eofc_.recv();
      return err;
    }
    const error canceled = pc_->canceled();
    return canceled != nullptr ? canceled : err;
  }

  io::ReadCloser body_;
  std::shared_ptr<persistConn> pc_;
  SendChan<bool> waitForBodyRead_;
  RecvChan<Empty> eofc_;

  sync::Mutex mu_;  // guards what follows
  bool closed_ = false;
  bool told_ = false;
  error rerr_;  // of the Read that ended it
};

}  // namespace

io::ReadCloser new_body(std::shared_ptr<persistConn> pc, int64_t length, bool chunked) {
  return io::ReadCloser(std::make_shared<body>(std::move(pc), length, chunked));
}

io::ReadCloser new_body_eof_signal(io::ReadCloser body, std::shared_ptr<persistConn> pc,
                                   SendChan<bool> waitForBodyRead, RecvChan<Empty> eofc) {
  return io::ReadCloser(std::make_shared<bodyEOFSignal>(
      std::move(body), std::move(pc), std::move(waitForBodyRead), std::move(eofc)));
}

}  // namespace net::http
}  // namespace golab
