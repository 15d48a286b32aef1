// conn_reader.cpp: the reader of a connection, a request's body, and its context.
#include <algorithm>

#include "runtime/sched/go.h"
#include "runtime/sched/request.h"
#include "runtime/sched/sema.h"
#include "runtime/net/http/conn.h"

namespace golab::net::http {

namespace poll = golab::internal::poll;

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
    locked guard(&mu_);
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
    locked guard(&mu_);
    if (aborted_) {
      inRead_ = false;
      return;
    }
    started_ = true;
  }
  io_result got = conn_->rwc->Read(byteBuf_, 1);
  bool gone = false;
  bool wake = false;
  {
    locked guard(&mu_);
    if (got.n == 1) hasByte_ = true;
    // The deadline of abortPendingRead does not mean that the client is gone.
    gone = got.err != 0 && !(aborted_ && got.err == poll::kErrDeadlineExceeded);
    inRead_ = false;
    wake = waiting_;
    waiting_ = false;
  }
  if (gone) conn_->cancelCtx();  // DOC: client-gone
  if (wake) runtime::semrelease1(&sema_);
}

void connReader::abortPendingRead() {
  bool wait = false;
  {
    locked guard(&mu_);
    if (!inRead_) return;
    aborted_ = true;
    wait = waiting_ = started_;
  }
  if (!wait) return;  // it sees aborted_ when it begins
  conn_->rwc->set_deadline(-1, 'r');
  runtime::semacquire1(&sema_, false, runtime::WaitReason::SyncCondWait);
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
  {
    locked guard(&mu_);
    if (ctx_ != nullptr) return ctx_;
  }
  auto [ctx, cancel] = context::WithCancel(parent);
  bool cancelled = false;
  context::Context answer;
  {
    locked guard(&mu_);
    if (ctx_ == nullptr) {
      ctx_ = ctx;
      cancel_ = cancel;
    }
    answer = ctx_;
    cancelled = cancelled_;
  }
  if (cancelled || answer != ctx) cancel();  // the request is over, or another goroutine was first
  return answer;
}

void request_context::cancel() {
  context::CancelFunc cancel;
  {
    locked guard(&mu_);
    cancelled_ = true;
    cancel = cancel_;
  }
  if (cancel != nullptr) cancel();
}

void request_context::reset() {
  context::Context old;
  context::CancelFunc old_cancel;
  locked guard(&mu_);
  std::swap(old, ctx_);
  std::swap(old_cancel, cancel_);
  cancelled_ = false;
}

}  // namespace golab::net::http
