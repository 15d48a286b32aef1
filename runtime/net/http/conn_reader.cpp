// conn_reader.cpp: the reader of a connection, and the context of a request.
#include <algorithm>

#include "runtime/die/panic.h"
#include "runtime/net/http/conn.h"
#include "runtime/sched/go.h"
#include "runtime/sched/request.h"

namespace golab::net::http {

namespace poll = golab::internal::poll;
using golab::glue::Locked;

[[gnu::noinline]] io_result connReader::Read(void* p, size_t n) {
  {
    Locked guard(mu_);
    if (!released_) {
      // A background reader that was stopped before it began does not read.
      if (inRead_ || (background_ && (started_ || !aborted_))) {
        golab::panic(conn_->hijacked
                         ? "invalid Body.Read call. After hijacked, the original Request must not "
                           "be used"
                         : "invalid concurrent Body.Read call");
      }
      if (hitReadLimit()) return {0, poll::kEOF};
      if (n == 0) return {0, 0};
      n = std::min<uint64_t>(n, static_cast<uint64_t>(remain_));
      if (hasByte_) {
        *static_cast<char*>(p) = byteBuf_[0];
        hasByte_ = false;
        return {1, 0};
      }
    }
    inRead_ = true;
  }
  const io_result got = conn_->rwc->Read(p, n);
  Locked guard(mu_);
  inRead_ = false;
  if (got.err != 0 && !released_) conn_->cancelCtx();
  remain_ -= got.n;
  cond_.Broadcast();
  return got;
}

[[gnu::noinline]] void connReader::startBackgroundRead(const std::shared_ptr<conn>& self) {
  {
    Locked guard(mu_);
    if (inRead_) golab::panic("invalid concurrent Body.Read call");
    if (hasByte_) return;
    if (background_) {
      // The background reader of the last request was stopped before it began. It goes on.
      aborted_ = false;
      return;
    }
    background_ = true;
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
      background_ = false;
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
  background_ = false;
  cond_.Broadcast();
}

void connReader::abortPendingRead() {
  Locked guard(mu_);
  if (background_) aborted_ = true;  // if it has not begun, it sees that when it begins
  if (!in_background() && !inRead_) return;
  conn_->rwc->set_deadline(-1, 'r');
  while (in_background() || inRead_) cond_.Wait();
  conn_->rwc->set_deadline(0, 'r');
}

void connReader::releaseConn() {
  Locked guard(mu_);
  released_ = true;
}

[[gnu::noinline]] io_result checkConnErrorWriter::Write(const void* p, size_t n) const {
  const io_result put = c->rwc->Write(p, n);
  if (put.err != 0 && c->werr == 0) {
    c->werr = put.err;
    c->cancelCtx();
  }
  return put;
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
