// persist_conn.cpp: one connection of a client: its two loops, and the request that goes through
// them.
#include <algorithm>

#include "runtime/die/panic.h"
#include "runtime/fmt/fmt.h"
#include "runtime/log/log.h"
#include "runtime/net/http/transport.h"

namespace golab::net::http {

namespace poll = golab::internal::poll;
using golab::glue::Locked;

const error errServerClosedIdle = errors::New("http: server closed idle connection");

namespace {

const error errReadLoopExiting = errors::New("http: persistConn.readLoop exiting");
const error errRequestDone = errors::New("net/http: request completed");
const error errRequestCanceled = errors::New("net/http: request canceled");

constexpr size_t kHeaderBytesMax = 1 << 20;  // of an answer, with what comes before it

// How long an answer that came before the request was written waits for the end of the write.
constexpr time::Duration maxWriteWaitBeforeConnReuse = 50 * time::Millisecond;

bool replayable(const Request& req) {
  const std::string& m = req.Method;
  return m.empty() || m == "GET" || m == "HEAD" || m == "OPTIONS" || m == "TRACE" ||
         req.Header.has("Idempotency-Key") || req.Header.has("X-Idempotency-Key");
}

}  // namespace

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
  conn->Close();
  golab::close(closech);
}

void persistConn::cancelRequest(const error& why) {
  Locked guard(mu_);
  canceledErr_ = why;
  closeLocked(errRequestCanceled);
}

error persistConn::io_error(const char* op, int code) const {
  if (code == poll::kEOF) return io::EOF_;
  error inner = code < 0 ? code_error(code) : error(os::SyscallError{op, syscall::Errno{code}});
  return OpError{op, "tcp", conn->fd.laddr.String(), conn->fd.raddr.String(), inner};
}

[[gnu::noinline]] io_result persistConn::Read(void* p, size_t n) {
  const io_result got = conn->Read(p, n);
  if (got.err == poll::kEOF) sawEOF_ = true;
  return got;
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
    const int code = br.Peek(1);
    if (readLoopPeekFail(code)) return;
    const requestAndChan rc = reqch.recv();
    std::pair<std::shared_ptr<Response>, error> answer;
    if (code == 0) {
      answer = readResponse(*rc.treq);
    } else {
      answer.second = closeErr = transportReadFromServerError{io_error("read", code)};
    }
    auto& [resp, err] = answer;
    if (err != nullptr) {
      select({send(rc.ch, {nullptr, err}), recv(rc.callerGone)});
      return;
    }
    {
      Locked guard(mu_);
      numExpectedResponses_--;
    }
    alive = !resp->Close && !rc.treq->Request->Close && resp->StatusCode >= 200;
    const bool hasBody = !(resp->Body == NoBody);
    const auto waitForBodyRead = make_chan<bool>(2);  // a Read and a Close may both tell
    if (hasBody) {
      resp->Body = new_body_eof_signal(resp->Body, shared_from_this(), waitForBodyRead, eofc);
    } else {
      // Before the caller has the answer, so that the next request finds the connection.
      alive = alive && put_back();
    }
    if (select({send(rc.ch, {resp, nullptr}), recv(rc.callerGone)}) == 1) return;
    resp = nullptr;
    if (hasBody) {
      bool bodyEOF = false;
      // DOC: body-not-done
      switch (select({recv(waitForBodyRead, bodyEOF), recv(rc.treq->ctx.Done()), recv(closech)})) {
        case 0:
          alive = alive && bodyEOF && put_back();
          if (bodyEOF) eofc.send({});
          break;
        case 1:
          alive = false;
          cancelRequest(context::Cause(rc.treq->ctx));
          break;
        case 2:
          alive = false;
      }
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
  const error err = code == 0 ? error() : io_error("read", code);
  if (!unasked.empty()) {
    log::Printf("Unsolicited response received on idle HTTP channel starting with %q; err=%v",
                unasked, err);
  }
  closeLocked(code == poll::kEOF ? errServerClosedIdle
                                 : fmt::Errorf("readLoopPeekFailLocked: %w", err));
  return true;
}

// Reads headers until one is the answer's, not "100 Continue" and its like. Parks.
error persistConn::read_header(Response* resp, bool head) {
  parser_.start(resp, head);
  for (size_t taken = 0;;) {
    const std::string_view have = br.buffered();
    size_t used = 0;
    const parse got = have.empty() ? parse::more : parser_.header(have.data(), have.size(), &used);
    if (got != parse::more && got != parse::ok) {
      const std::string_view line = have.substr(used);  // the one that is wrong
      return errors::New("malformed HTTP response " + url::quote(line.substr(0, line.find('\r'))));
    }
    br.discard(used);
    taken += used;
    if (got == parse::ok && (resp->StatusCode >= 200 || resp->StatusCode == 101)) return nullptr;
    if (got == parse::ok) {
      *resp = Response{};
      parser_.start(resp, head);
      continue;
    }
    if (taken + br.buffered().size() > kHeaderBytesMax) {
      return fmt::Errorf("net/http: server response headers exceeded %d bytes; aborted",
                         kHeaderBytesMax);
    }
    const int code = br.fill();
    if (code == poll::kEOF) return io::ErrUnexpectedEOF;
    if (code != 0) return io_error("read", code);
  }
}

// Where the body ends, and whether the connection is good for another request afterwards.
void persistConn::settle_framing(Response* resp, bool head) {
  const bool no_body =
      head || resp->StatusCode < 200 || resp->StatusCode == 204 || resp->StatusCode == 304;
  const bool chunked = parser_.chunked() && resp->ProtoMinor > 0;
  const int64_t length = parser_.content_length();
  resp->ContentLength = chunked ? -1 : no_body && !head ? 0 : length;
  if (chunked) resp->TransferEncoding.assign(1, "chunked");
  if (parser_.chunked()) resp->Header.Del("Transfer-Encoding");
  const bool until_close = !no_body && !chunked && length < 0;
  const std::string* connection = resp->Header.find("Connection");
  resp->Close = until_close || (!no_body && !parser_.keep_alive()) ||
                (connection != nullptr && *connection == "close");
  resp->Body =
      no_body || (!chunked && length == 0) ? NoBody : new_body(shared_from_this(), length, chunked);
}

[[gnu::noinline]] std::pair<std::shared_ptr<Response>, error> persistConn::readResponse(
    const transportRequest& treq) {
  const bool head = treq.Request->Method == "HEAD";
  auto resp = std::make_shared<Response>();
  if (error err = read_header(resp.get(), head); err != nullptr) return {nullptr, err};
  br.shrink();
  settle_framing(resp.get(), head);
  return {std::move(resp), nullptr};
}

// ---- The writing side ----

[[gnu::noinline]] void persistConn::writeLoop() {
  Defer leave([&] { golab::close(writeLoopDone); });
  for (;;) {
    writeRequest wr;
    if (select({recv(writech, wr), recv(closech)}) == 1) return;
    const std::string text = request_text(*wr.req, !t->DisableKeepAlives);
    const io_result put = conn->Write(text.data(), text.size());
    nwrite_ += std::max<int64_t>(put.n, 0);
    error err = put.err == 0 ? error() : io_error("write", put.err);
    if (err != nullptr && put.n <= 0) err = nothingWrittenError{err};
    writeErrCh.send(err);
    wr.ch.send(err);
    if (err == nullptr) continue;
    close(err);
    return;
  }
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
  const auto gone = make_chan<Empty>();
  Defer leave([&] { golab::close(gone); });
  const int64_t startBytesWritten = nwrite_;
  const auto wrote = make_chan<error>(1);
  const auto resc = make_chan<responseAndError>();
  writech.send({treq, wrote});
  reqch.send({treq, resc, gone});
  responseAndError re;
  for (RecvChan<Empty> ctxDone = treq->ctx.Done();;) {
    error err;
    switch (select({recv(wrote, err), recv(closech), recv(resc, re), recv(ctxDone)})) {
      case 0:
        if (err == nullptr) continue;
        close(fmt::Errorf("write error: %w", err));
        return {nullptr, mapRoundTripError(startBytesWritten, err)};
      case 1:
        // The answer may have come together with the end of the connection.
        if (select({recv(resc, re), otherwise}) == 0) break;
        return {nullptr, mapRoundTripError(startBytesWritten, nullptr)};
      case 2:
        break;
      case 3:
        if (select({recv(resc, re), otherwise}) == 0) break;
        cancelRequest(context::Cause(treq->ctx));
        ctxDone = {};
        continue;
    }
    if (re.err != nullptr) return {nullptr, mapRoundTripError(startBytesWritten, re.err)};
    return {std::move(re.res), nullptr};
  }
}

// What the caller shall read of err, or of the end of the connection if err is nil.
// Requires: the connection is closed, or readLoop is about to close it.
error persistConn::mapRoundTripError(int64_t startBytesWritten, const error& err) {
  writeLoopDone.recv();
  Locked guard(mu_);
  if (canceledErr_ != nullptr) return canceledErr_;
  const error why = err != nullptr ? err : closed_;
  if (why == errServerClosedIdle) return why;
  if (nwrite_ == startBytesWritten) return nothingWrittenError{why};
  if (why.get<transportReadFromServerError>() != nullptr) return why;
  return fmt::Errorf("net/http: HTTP/1.x transport connection broken: %w", why);
}

// A server may close a kept connection just when it is used again. Then the request goes over
// another one, if that cannot do harm.
bool persistConn::shouldRetryRequest(const http::Request& req, const error& err) {
  if (!reused) return false;
  if (err.get<nothingWrittenError>() != nullptr) return true;
  if (!replayable(req)) return false;
  return err == errServerClosedIdle || err.get<transportReadFromServerError>() != nullptr;
}

std::string request_text(const transportRequest& treq, bool keep_alive) {
  const Request& req = *treq.Request;
  std::string out = req.Method.empty() ? "GET" : req.Method;
  out += " " + req.URL.RequestURI() + " HTTP/1.1\r\nHost: ";
  out += req.Host.empty() ? req.URL.Host : req.Host;
  out += "\r\n";
  if (!req.Header.has("User-Agent")) out += "User-Agent: golab-http-client/1.1\r\n";
  const bool sends = req.Method == "POST" || req.Method == "PUT" || req.Method == "PATCH";
  if (!treq.body.empty() || sends) {
    out += "Content-Length: " + std::to_string(treq.body.size()) + "\r\n";
  }
  http::Header fields = req.Header;
  fields.sort();
  for (const auto& [name, value] : fields) {
    if (name == "Host" || name == "Content-Length" || name == "Transfer-Encoding") continue;
    out += name + ": " + value + "\r\n";
  }
  if (req.Close || !keep_alive) out += "Connection: close\r\n";
  return out + "\r\n" + treq.body;
}

}  // namespace golab::net::http
