// conn_reader.cpp: the reader of a connection, a request's body, and its context.
#include <algorithm>

#include "runtime/net/http/conn.h"
#include "runtime/sched/go.h"
#include "runtime/sched/request.h"

namespace golab::net::http {

namespace poll = golab::internal::poll;
using golab::glue::Locked;

[[gnu::noinline]] io_result connReader::Read(void* p, size_t n) {
  if (n > 0 && hasByte_) {
    // Without the lock: serve reads only while there is no background reader.
    *static_cast<char*>(p) = byteBuf_[0];
    hasByte_ = false;
    return {1, 0};
  }
  return conn_->rwc->Read(p, n);
}

[[gnu::noinline]] void connReader::startBackgroundRead(const std::shared_ptr<conn>& self) {
  {
    Locked guard(mu_);
    if (hasByte_) return;
    if (inRead_) {
      // The background reader of the last request was stopped before it began. It goes on.
      aborted_ = false;
      return;
    }
    inRead_ = true;
    started_ = false;
    aborted_ = false;
  }
  conn_->clear_read_deadline();  // it was for the request, which has been read
  runtime::WorksFor nobody(runtime::WorksFor::kNobody);  // a handler may be running
  go(&connReader::backgroundRead, std::shared_ptr<connReader>(self, this));
}

[[gnu::noinline]] void connReader::backgroundRead() {
  {
    Locked guard(mu_);
    if (aborted_) {
      inRead_ = false;
      return;
    }
    started_ = true;
  }
  io_result got = conn_->rwc->Read(byteBuf_, 1);
  Locked guard(mu_);
  if (got.n == 1) hasByte_ = true;
  // The deadline of abortPendingRead does not mean that the client is gone.
  const bool gone = got.err != 0 && !(aborted_ && got.err == poll::kErrDeadlineExceeded);
  if (gone) conn_->cancelCtx();  // DOC: client-gone
  inRead_ = false;
  cond_.Broadcast();
}

void connReader::abortPendingRead() {
  Locked guard(mu_);
  if (!inRead_) return;
  aborted_ = true;
  if (!started_) return;  // it sees aborted_ when it begins
  conn_->rwc->set_deadline(-1, 'r');
  while (inRead_) cond_.Wait();
  conn_->rwc->set_deadline(0, 'r');
}

// ---- The body of a request ----

void body::start(int64_t length, bool expect_continue) {
  chunked_ = length < 0;
  if (chunked_) chunks_.start();
  left_ = length;
  at_end_ = length == 0;
  expect_continue_ = expect_continue;
  closed_ = failed_ = cut_short_ = false;
}

void body::finish() {
  at_end_ = true;
  conn_->r.startBackgroundRead(conn_->self);
}

std::pair<int, error> body::Read(char* p, size_t n) {
  if (closed_) return {0, ErrBodyReadAfterClose};
  if (at_end_) return {0, io::EOF_};
  if (n == 0) return {0, nullptr};
  if (expect_continue_) {
    expect_continue_ = false;
    conn_->put("HTTP/1.1 100 Continue\r\n\r\n");
    conn_->flush();
  }
  if (!chunked_) {
    n = std::min<size_t>(n, static_cast<size_t>(left_));
    io_result got = conn_->bufr.Read(p, n);
    if (got.err != 0) {
      failed_ = true;
      cut_short_ = got.err == poll::kEOF;
      if (cut_short_) return {0, io::ErrUnexpectedEOF};
      return {0, code_error(got.err)};
    }
    left_ -= got.n;
    if (left_ == 0) finish();
    return {static_cast<int>(got.n), left_ == 0 ? io::EOF_ : error()};
  }
  auto [got, err] = chunks_.Read(p, n);
  if (err == io::EOF_) {
    finish();
  } else if (err != nullptr) {
    failed_ = true;
  }
  return {got, err};
}

bool body::discard() {
  if (at_end_) return true;
  if (expect_continue_ || failed_) return false;
  if (!chunked_ && left_ > kMostDiscarded) return false;
  const bool was_closed = closed_;
  closed_ = false;
  auto scratch = std::make_unique<char[]>(4096);
  int64_t total = 0;
  while (!at_end_ && total < kMostDiscarded) {
    auto [n, err] = Read(scratch.get(), 4096);
    total += n;
    if (err != nullptr) break;
  }
  closed_ = was_closed;
  return at_end_;
}

error body::Close() {
  closed_ = true;
  return nullptr;
}

// ---- The context of a request ----

context::Context request_context::get(const context::Context& parent) {
  Locked guard(mu_);
  if (ctx_ == nullptr) {
    std::tie(ctx_, cancel_) = context::WithCancel(parent);
    if (cancelled_) cancel_();  // the request is over
  }
  return ctx_;
}

void request_context::cancel() {
  Locked guard(mu_);
  cancelled_ = true;
  if (cancel_ != nullptr) cancel_();
}

void request_context::reset() {
  Locked guard(mu_);
  ctx_ = nullptr;
  cancel_ = nullptr;
  cancelled_ = false;
}

}  // namespace golab::net::http
