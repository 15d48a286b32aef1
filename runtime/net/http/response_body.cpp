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

const error errReadOnClosedResBody = errors::New("http: read on closed response body");

namespace {

// Finds the end of a body: by its length, by its last chunk, or by the end of the connection.
class body final : public golab::glue::reader {
 public:
  body(std::shared_ptr<persistConn> pc, const std::shared_ptr<Response>& resp, int64_t length,
       bool chunked)
      : pc_(std::move(pc)),
        resp_(resp),
        chunks_(&pc_->br),
        limited_(&pc_->br, length),
        chunked_(chunked),
        until_close_(length < 0) {}

  // Locked, because after an early Close another goroutine reads what is left.
  [[gnu::noinline]] std::pair<int, error> Read(char* p, size_t n) override {
    golab::glue::Locked guard(mu_);
    if (n == 0) return {0, nullptr};
    return readLocked(p, n);
  }
  error Close() override { return nullptr; }

 private:
  [[gnu::noinline]] std::pair<int, error> readLocked(char* p, size_t n) {
    if (end_ != nullptr) return {0, end_};
    if (chunked_) {
      auto [got, err] = chunks_.Read(p, n);
      const int code = chunks_.code();
      if (code != 0 && code != poll::kEOF) err = pc_->read_error(code);
      if (err == io::EOF_) err = end_ = readTrailer();
      return {got, err};
    }
    const bufio::io_result got = until_close_ ? pc_->br.Read(p, n) : limited_.Read(p, n);
    if (got.err == poll::kEOF) return {0, until_close_ ? io::EOF_ : io::ErrUnexpectedEOF};
    if (got.err != 0) return {0, pc_->read_error(got.err)};
    if (!until_close_ && limited_.N == 0) end_ = io::EOF_;
    return {static_cast<int>(got.n), end_};
  }

  // The fields go into the response, if somebody still has it.
  [[gnu::noinline]] error readTrailer() {
    const auto resp = resp_.lock();
    const error err = golab::glue::read_trailer(&pc_->br, INT64_MAX,
                                                resp != nullptr ? &resp->Trailer : nullptr);
    return err == nullptr ? io::EOF_ : err;
  }

  sync::Mutex mu_;
  std::shared_ptr<persistConn> pc_;
  std::weak_ptr<Response> resp_;
  internal::chunkedReader chunks_;
  io::LimitedReader limited_;
  error end_;  // what every further Read returns
  const bool chunked_;
  const bool until_close_;
};

// Tells readLoop once, before the Read or Close that finds the end returns. At io::EOF_ it waits
// until readLoop has put the connection back, so that the caller's next request finds it there.
class bodyEOFSignal final : public golab::glue::reader {
 public:
  bodyEOFSignal(io::ReadCloser body, std::shared_ptr<persistConn> pc, SendChan<error> done,
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
    if (rerr_ != nullptr) return nullptr;
    runtime::WorksFor nobody(runtime::WorksFor::kNobody);  // what it sends is no result
    told_ = true;
    waitForBodyRead_.send(errClosedEarly);
    eofc_.recv();
    return nullptr;
  }

 private:
  // Requires: mu_ is locked.
  [[gnu::noinline]] error fn(const error& err) {
    if (told_) return err;
    told_ = true;
    runtime::WorksFor nobody(runtime::WorksFor::kNobody);
    waitForBodyRead_.send(err);
    if (err == io::EOF_) {
      eofc_.recv();
      return err;
    }
    const error canceled = pc_->canceled();
    return canceled != nullptr ? canceled : err;
  }

  io::ReadCloser body_;
  std::shared_ptr<persistConn> pc_;
  SendChan<error> waitForBodyRead_;
  RecvChan<Empty> eofc_;

  sync::Mutex mu_;  // guards what follows
  bool closed_ = false;
  bool told_ = false;
  error rerr_;  // of the Read that ended it
};

class upgraded final : public golab::glue::reader {
 public:
  explicit upgraded(std::shared_ptr<persistConn> pc) : pc_(std::move(pc)) {}
  std::pair<int, error> Read(char* p, size_t n) override {
    const bufio::io_result got = pc_->br.Read(p, n);
    if (got.err == poll::kEOF) return {0, io::EOF_};
    return {static_cast<int>(got.n), got.err == 0 ? error() : pc_->read_error(got.err)};
  }
  error Close() override { return pc_->conn.Close(); }

 private:
  std::shared_ptr<persistConn> pc_;
};

}  // namespace

io::ReadCloser new_upgraded(std::shared_ptr<persistConn> pc) {
  return io::ReadCloser(std::make_shared<upgraded>(std::move(pc)));
}

const error errClosedEarly = errors::New("net/http: response body closed early");

io::ReadCloser new_body(std::shared_ptr<persistConn> pc, const std::shared_ptr<Response>& resp,
                        int64_t length, bool chunked) {
  return io::ReadCloser(std::make_shared<body>(std::move(pc), resp, length, chunked));
}

io::ReadCloser new_body_eof_signal(io::ReadCloser body, std::shared_ptr<persistConn> pc,
                                   SendChan<error> waitForBodyRead, RecvChan<Empty> eofc) {
  return io::ReadCloser(std::make_shared<bodyEOFSignal>(
      std::move(body), std::move(pc), std::move(waitForBodyRead), std::move(eofc)));
}

}  // namespace net::http
}  // namespace golab
