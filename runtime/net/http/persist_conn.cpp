// persist_conn.cpp: one connection of a client: its two loops, and the request that goes through
// them.
#include <strings.h>

#include <algorithm>
#include <limits>

#include "runtime/die/panic.h"
#include "runtime/fmt/fmt.h"
#include "runtime/log/log.h"
#include "runtime/net/http/transport.h"
#include "runtime/sched/go.h"

namespace golab::net::http {

namespace poll = golab::internal::poll;
using golab::glue::Locked;

const error errServerClosedIdle = errors::New("http: server closed idle connection");

namespace {

const error errReadLoopExiting = errors::New("http: persistConn.readLoop exiting");
const error errRequestDone = errors::New("net/http: request completed");
const error errRequestCanceled = errors::New("net/http: request canceled");

// How long an answer that came before the request was written waits for the end of the write.
constexpr time::Duration maxWriteWaitBeforeConnReuse = 50 * time::Millisecond;

// What is read of a body that is closed before its end, so that its connection can be used again.
constexpr int64_t maxPostCloseReadBytes = 256 << 10;
constexpr time::Duration maxPostCloseReadTime = 50 * time::Millisecond;

const error errTimeout = timeoutError{"net/http: timeout awaiting response headers"};
const error errCallerOwnsConn =
    errors::New("read loop ending; caller owns writable underlying conn");

bool replayable(const Request& req) {
  if (outgoingLength(req) != 0 && req.GetBody == nullptr) return false;
  const std::string& m = req.Method;
  return m.empty() || m == "GET" || m == "HEAD" || m == "OPTIONS" || m == "TRACE" ||
         req.Header.has("Idempotency-Key") || req.Header.has("X-Idempotency-Key");
}

bool has_word(const Header& h, std::string_view name, std::string_view word) {
  const std::string* value = h.find(name);
  return value != nullptr && has_token(*value, word);
}

// After "101 Switching Protocols" the connection is the caller's.
bool isProtocolSwitch(const Response& resp) {
  return resp.StatusCode == StatusSwitchingProtocols && resp.Header.has("Upgrade") &&
         has_word(resp.Header, "Connection", "upgrade");
}

// Reads what is left of a body. True if that was its end.
[[gnu::noinline]] bool maybeDrainBody(const io::ReadCloser& body) {
  const auto drained = make_chan<bool>(1);
  go([body, drained] {
    std::string scratch(32 << 10, '\0');
    error err;
    for (int64_t left = maxPostCloseReadBytes + 1; err == nullptr && left > 0;) {
      const size_t most = std::min<size_t>(scratch.size(), static_cast<size_t>(left));
      int n = 0;
      std::tie(n, err) = body.Read(scratch.data(), most);
      left -= n;
    }
    drained.send(err == io::EOF_);
  });
  bool at_end = false;
  const time::Timer timer = time::NewTimer(maxPostCloseReadTime);
  Defer stop([&] { timer.Stop(); });
  return select({recv(drained, at_end), recv(timer.C)}) == 0 && at_end;
}

}  // namespace

void transportRequest::setError(const error& err) {
  Locked guard(mu_);
  if (err_ == nullptr) err_ = err;
}

error transportRequest::body_error() {
  Locked guard(mu_);
  return err_;
}

// ---- State ----

bool persistConn::isBroken() {
  Locked guard(mu_);
  return closed_ != nullptr;
}

error persistConn::canceled() {
  Locked guard(mu_);
  return canceledErr_;
}

void persistConn::close(const error& why) {
  Locked guard(mu_);
  closeLocked(why);
}

void persistConn::closeLocked(const error& why) {
  if (closed_ != nullptr) return;
  closed_ = why;
  t->decConnsPerHost(cacheKey);
  if (!(why == errCallerOwnsConn)) conn.Close();
  golab::close(closech);
}

void persistConn::cancelRequest(const error& why) {
  Locked guard(mu_);
  canceledErr_ = why;
  closeLocked(errRequestCanceled);
}

error persistConn::read_error(int code) const {
  return code == kFailed ? read_err_ : code_error(code);
}

[[gnu::noinline]] io_result persistConn::Read(void* p, size_t n) {
  if (readLimit_ <= 0) {
    read_err_ = fmt::Errorf("read limit of %d bytes exhausted", t->maxHeaderResponseSize());
    return {0, kFailed};
  }
  n = std::min(n, static_cast<size_t>(readLimit_));
  auto [got, err] = conn.Read(static_cast<char*>(p), n);
  readLimit_ -= got;
  if (err == nullptr || got > 0) return {got, 0};
  if (err == io::EOF_) {
    sawEOF_ = true;
    return {0, poll::kEOF};
  }
  read_err_ = err;
  return {0, kFailed};
}

[[gnu::noinline]] io_result persistConnWriter::Write(const void* p, size_t n) const {
  auto [put, err] = pc->conn.Write({static_cast<const char*>(p), n});
  pc->nwrite_ += put;
  if (err == nullptr) return {put, 0};
  pc->write_err_ = err;
  return {put, persistConn::kFailed};
}

// ---- The reading side ----

[[gnu::noinline]] void persistConn::readLoop() {
  error closeErr = errReadLoopExiting;
  Defer leave([&] {
    close(closeErr);
    t->removeIdleConn(this);
  });
  const auto eofc = make_chan<Empty>();
  Defer unblock([&] { golab::close(eofc); });  // wakes a reader of the body when this ends

  auto put_back = [this, &closeErr] {
    if (sawEOF_ || !wroteRequest()) return false;
    const error err = t->tryPutIdleConn(shared_from_this());
    if (err != nullptr) closeErr = err;
    return err == nullptr;
  };
  for (bool alive = true; alive;) {
    readLimit_ = t->maxHeaderResponseSize();
    const int code = br.Peek(1);
    if (readLoopPeekFail(code)) return;
    const requestAndChan rc = reqch.recv();
    const Request& req = *rc.treq->Request;
    std::pair<std::shared_ptr<Response>, error> answer;
    if (code == 0) {
      answer = readResponse(rc);
    } else {
      answer.second = closeErr = transportReadFromServerError{read_error(code)};
    }
    auto& [resp, err] = answer;
    if (err != nullptr) {
      if (readLimit_ <= 0) {
        err = fmt::Errorf("net/http: server response headers exceeded %d bytes; aborted",
                          t->maxHeaderResponseSize());
      }
      select({send(rc.ch, {nullptr, err}), recv(rc.callerGone)});
      return;
    }
    readLimit_ = std::numeric_limits<int64_t>::max();
    {
      Locked guard(mu_);
      numExpectedResponses_--;
    }
    const bool switched = isProtocolSwitch(*resp);
    alive = !resp->Close && !req.Close && resp->StatusCode > 199 && req.Method != "CONNECT";
    if (req.Method == "HEAD" || resp->ContentLength == 0 || switched) {
      // Before the caller has the answer, so that the next request finds the connection.
      alive = alive && put_back();
      if (switched) closeErr = errCallerOwnsConn;
      if (select({send(rc.ch, {resp, nullptr}), recv(rc.callerGone)}) == 1) return;
      rc.treq->cancel(errRequestDone);
      continue;
    }
    const auto waitForBodyRead = make_chan<error>(1);
    const io::ReadCloser body = resp->Body;
    const int64_t length = resp->ContentLength;
    resp->Body = new_body_eof_signal(body, shared_from_this(), waitForBodyRead, eofc);
    if (rc.addedGzip && strcasecmp(resp->Header.Get("Content-Encoding").c_str(), "gzip") == 0) {
      resp->Body = new_gzip_reader(std::move(resp->Body));
      resp->Header.Del("Content-Encoding");
      resp->Header.Del("Content-Length");
      resp->ContentLength = -1;
      resp->Uncompressed = true;
    }
    if (select({send(rc.ch, {resp, nullptr}), recv(rc.callerGone)}) == 1) return;
    resp = nullptr;
    error end;
    // DOC: body-not-done
    switch (select({recv(waitForBodyRead, end), recv(rc.treq->ctx.Done()), recv(closech)})) {
      case 0:
        if (end == io::EOF_) {
          alive = alive && put_back();
          eofc.send({});
        } else if (end == errClosedEarly) {
          eofc.send({});
          alive = alive && length <= maxPostCloseReadBytes && maybeDrainBody(body) && put_back();
        } else {
          alive = false;
        }
        break;
      case 1:
        alive = false;
        cancelRequest(context::Cause(rc.treq->ctx));
        break;
      case 2:
        alive = false;
    }
    rc.treq->cancel(errRequestDone);
  }
}

// Whether something came, or failed, that no request waits for. Then the connection is closed.
bool persistConn::readLoopPeekFail(int code) {
  Locked guard(mu_);
  if (numExpectedResponses_ > 0) return false;
  if (closed_ != nullptr) return true;
  const std::string_view unasked = br.buffered();
  if (unasked.starts_with("HTTP/1.") && unasked.substr(8).starts_with(" 408")) {
    closeLocked(errServerClosedIdle);  // the server's farewell to a connection that idled too long
    return true;
  }
  const error err = code == 0 ? error() : read_error(code);
  if (!unasked.empty()) {
    log::Printf("Unsolicited response received on idle HTTP channel starting with %q; err=%v",
                unasked, err);
  }
  closeLocked(code == poll::kEOF ? errServerClosedIdle
                                 : fmt::Errorf("readLoopPeekFailLocked: %w", err));
  return true;
}

// Reads headers until one is the answer's, not "100 Continue" and its like. Parks.
[[gnu::noinline]] std::pair<std::shared_ptr<Response>, error> persistConn::readResponse(
    const requestAndChan& rc) {
  Chan<Empty> continueCh = rc.continueCh;
  for (;;) {
    auto [resp, err] = ReadResponse(shared_from_this(), *rc.treq->Request);
    if (err != nullptr) return {nullptr, err};
    const int code = resp->StatusCode;
    if (!(continueCh == nullptr) && code == StatusContinue) {
      continueCh.send({});
      continueCh = {};
    }
    if (code >= 100 && code <= 199 && code != StatusSwitchingProtocols) continue;
    if (isProtocolSwitch(*resp)) resp->Body = new_upgraded(shared_from_this());
    if (!(continueCh == nullptr)) {
      if (resp->Close || rc.treq->Request->Close) {
        golab::close(continueCh);  // the body is not sent; the connection ends
      } else {
        continueCh.send({});
      }
    }
    br.shrink();
    return {std::move(resp), nullptr};
  }
}

// ---- The writing side ----

[[gnu::noinline]] void persistConn::writeLoop() {
  Defer leave([&] { golab::close(writeLoopDone); });
  for (;;) {
    writeRequest wr;
    if (select({recv(writech, wr), recv(closech)}) == 1) return;
    const int64_t startBytesWritten = nwrite_;
    transfer how{this, wr.req.get(), waitForContinue(wr.continueCh)};
    error err = wr.req->Request->write(&how);
    if (auto* bad = err.get<requestBodyReadError>()) {
      err = error(bad->cause);
      wr.req->setError(err);
    }
    if (err == nullptr && bw.Flush() != 0) err = write_err_;
    if (err != nullptr && nwrite_ == startBytesWritten) err = nothingWrittenError{err};
    writeErrCh.send(err);
    wr.ch.send(err);
    if (err == nullptr) continue;
    close(err);
    return;
  }
}

golab::glue::Func<bool()> persistConn::waitForContinue(const RecvChan<Empty>& continueCh) {
  if (continueCh == nullptr) return nullptr;
  return [this, continueCh] {
    const time::Timer timer = time::NewTimer(t->ExpectContinueTimeout);
    Defer stop([&] { timer.Stop(); });
    Empty word;
    bool ok = false;
    const int got = select({recv(continueCh, word, ok), recv(timer.C), recv(closech)});
    return got == 1 || (got == 0 && ok);
  };
}

// Whether the request of the answer that was just read is written. The server may have answered
// before it had all of it.
[[gnu::noinline]] bool persistConn::wroteRequest() {
  error err;
  if (select({recv(writeErrCh, err), otherwise}) == 0) return err == nullptr;
  const time::Timer timer = time::NewTimer(maxWriteWaitBeforeConnReuse);
  Defer stop([&] { timer.Stop(); });
  return select({recv(writeErrCh, err), recv(timer.C)}) == 0 && err == nullptr;
}

// ---- A request ----

[[gnu::noinline]] std::pair<std::shared_ptr<Response>, error> persistConn::roundTrip(
    const std::shared_ptr<transportRequest>& treq) {
  {
    Locked guard(mu_);
    numExpectedResponses_++;
  }
  const Request& req = *treq->Request;
  treq->extra.clear();
  const bool asks_gzip = !t->DisableCompression && req.Header.Get("Accept-Encoding").empty() &&
                         req.Header.Get("Range").empty() && req.Method != "HEAD";
  if (asks_gzip) treq->extra.Set("Accept-Encoding", "gzip");
  Chan<Empty> continueCh;
  if (req.Body != nullptr && has_word(req.Header, "Expect", "100-continue")) {
    continueCh = make_chan<Empty>(1);
  }
  const bool wants_close = req.Close || has_word(req.Header, "Connection", "close");
  if (t->DisableKeepAlives && !wants_close && !has_word(req.Header, "Connection", "upgrade")) {
    treq->extra.Set("Connection", "close");
  }
  const auto gone = make_chan<Empty>();
  Defer leave([&] { golab::close(gone); });
  const int64_t startBytesWritten = nwrite_;
  const auto wrote = make_chan<error>(1);
  const auto resc = make_chan<responseAndError>();
  writech.send({treq, wrote, continueCh});
  reqch.send({treq, resc, asks_gzip, continueCh, gone});
  time::Timer header_timer;
  RecvChan<time::Time> too_late;
  Defer stop([&] {
    if (!(too_late == nullptr)) header_timer.Stop();
  });
  for (responseAndError re;;) {
    error err;
    bool answered = false;
    switch (select({recv(wrote, err), recv(closech), recv(too_late), recv(resc, re),
                    recv(treq->ctx.Done())})) {
      case 0:
        if (err != nullptr) {
          close(fmt::Errorf("write error: %w", err));
          return {nullptr, mapRoundTripError(treq.get(), startBytesWritten, err)};
        }
        if (t->ResponseHeaderTimeout > 0) {
          header_timer = time::NewTimer(t->ResponseHeaderTimeout);
          too_late = header_timer.C;
        }
        continue;
      case 1:
        // The answer may have come together with the end of the connection.
        answered = select({recv(resc, re), otherwise}) == 0;
        if (!answered) re.err = closed_;
        break;
      case 2:
        close(errTimeout);
        return {nullptr, errTimeout};
      case 3:
        answered = true;
        break;
      case 4:
        answered = select({recv(resc, re), otherwise}) == 0;
        if (answered) break;
        cancelRequest(context::Cause(treq->ctx));
        re.err = closed_;
        break;
    }
    if (re.err == nullptr) return {std::move(re.res), nullptr};
    return {nullptr, mapRoundTripError(treq.get(), startBytesWritten, re.err)};
  }
}

// What the caller shall read of err.
// Requires: the connection is closed, or readLoop is about to close it.
error persistConn::mapRoundTripError(transportRequest* treq, int64_t startBytesWritten,
                                     const error& err) {
  writeLoopDone.recv();
  if (error why = canceled(); why != nullptr) return why;
  if (error why = treq->body_error(); why != nullptr) return why;
  if (err == errServerClosedIdle) return err;
  const bool unwritten = nwrite_ == startBytesWritten;
  if (err.get<transportReadFromServerError>() != nullptr) {
    return unwritten ? error(nothingWrittenError{err}) : err;
  }
  if (!isBroken()) return err;
  if (unwritten) return nothingWrittenError{err};
  return fmt::Errorf("net/http: HTTP/1.x transport connection broken: %w", err);
}

// A server may close a kept connection just when it is used again. Then the request goes over
// another one, if that cannot do harm.
bool persistConn::shouldRetryRequest(const http::Request& req, const error& err) {
  if (!reused) return false;
  if (err.get<nothingWrittenError>() != nullptr) {
    return outgoingLength(req) == 0 || req.GetBody != nullptr;
  }
  if (!replayable(req)) return false;
  return err == errServerClosedIdle || err.get<transportReadFromServerError>() != nullptr;
}

}  // namespace golab::net::http
