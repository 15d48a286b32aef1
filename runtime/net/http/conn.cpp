// conn.cpp: (*conn).serve: the requests and responses of a connection, one after the other.
#include "runtime/net/http/conn.h"

#include <time.h>

#include <algorithm>

#include "runtime/die/panic.h"
#include "runtime/sched/go.h"
#include "runtime/sched/proc.h"
#include "runtime/sched/request.h"
#include "runtime/time/when.h"
#include "runtime/traceback/stack.h"

namespace golab::net::http {

namespace poll = golab::internal::poll;

namespace {

// Answers "OPTIONS *", which asks about the server as a whole.
struct globalOptionsHandler {
  [[gnu::noinline]] void ServeHTTP(ResponseWriter& w, Request* r) const {
    w.Header().Set("Content-Length", "0");
    if (r->ContentLength == 0) return;
    constexpr int64_t kMostOptionsBytes = 4 << 10;
    io::ReadAll(MaxBytesReader(w, r->Body, kMostOptionsBytes));
  }
};

// Chooses the handler: the server's own, else the default mux. Go's stacks have this frame.
struct serverHandler {
  Server* srv;
  [[gnu::noinline]] void ServeHTTP(ResponseWriter& w, Request* r) const {
    if (!srv->DisableGeneralOptionsHandler && r->RequestURI == "*" && r->Method == "OPTIONS") {
      globalOptionsHandler{}.ServeHTTP(w, r);
    } else if (srv->Handler == nullptr) {
      DefaultServeMux->ServeHTTP(w, r);
    } else {
      srv->Handler.ServeHTTP(w, r);
    }
  }
};

int64_t deadline_after(time::Duration d) { return d > 0 ? time::when_real(d) : 0; }

int64_t header_limit(const Server& srv) {
  constexpr int64_t kBufferBytes = 4096;
  return (srv.MaxHeaderBytes > 0 ? srv.MaxHeaderBytes : DefaultMaxHeaderBytes) + kBufferBytes;
}

int64_t header_values_max(const Server& srv) {
  return srv.MaxHeaderValueCount > 0 ? srv.MaxHeaderValueCount : DefaultMaxHeaderValueCount;
}

time::Duration read_header_timeout(const Server& srv) {
  return srv.ReadHeaderTimeout != 0 ? srv.ReadHeaderTimeout : srv.ReadTimeout;
}

// The characters of a Host field (RFC 3986 section 3.2, as Go checks it).
bool valid_host(std::string_view host) {
  constexpr std::string_view kAllowed =
      "!$%&()*+,-.:;=[]'_~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
  return host.find_first_not_of(kAllowed) == std::string_view::npos;
}

}  // namespace

// Words end at a blank or a comma.
bool hasToken(std::string_view list, std::string_view token) {
  std::string words(list);
  std::replace_if(
      words.begin(), words.end(), [](char c) { return c == ' ' || c == '\t'; }, ',');
  return has_token(words, token);
}

conn::conn(Server* srv, std::shared_ptr<Server> owner, std::shared_ptr<net::conn> socket,
           const context::Context& base)
    : server(srv),
      server_owner(std::move(owner)),
      rwc(std::move(socket)),
      base_ctx(context::WithValue(base, LocalAddrContextKey, any(rwc->fd.laddr))) {
  remoteAddr = rwc->fd.raddr.String();
}

void conn::clear_read_deadline() {
  if (read_deadline) rwc->set_deadline(0, 'r');
  read_deadline = false;
}

void conn::clear_write_deadline() {
  if (write_deadline) rwc->set_deadline(0, 'w');
  write_deadline = false;
}

[[gnu::noinline]] void conn::setState(ConnState state) {
  if (state == StateNew) server->state->track(this, true);
  if (state == StateHijacked || state == StateClosed) server->state->track(this, false);
  const auto seconds = static_cast<uint64_t>(runtime::nanotime_coarse() / 1'000'000'000);
  curState = seconds << 8 | static_cast<uint64_t>(int{state});
  if (server->ConnState != nullptr) server->ConnState(golab::glue::net_conn(rwc), state);
}

// The client may still be sending. After a close, that leads to a reset, and the client's kernel
// drops the response. So only the server's half is closed first.
[[gnu::noinline]] void conn::closeWriteAndWait() {
  bufw.Flush();
  rwc->fd.pfd.Shutdown(SHUT_WR);
  time::Sleep(500'000'000);
}

const std::string& conn::http_date() {
  timespec now;
  clock_gettime(CLOCK_REALTIME_COARSE, &now);
  if (now.tv_sec != date_second_) {
    date_second_ = now.tv_sec;
    date_ = time::Unix(now.tv_sec, 0).UTC().Format("Mon, 02 Jan 2006 15:04:05 GMT");
  }
  return date_;
}

// ---- Reading a request ----

// Makes the response to a malformed request. The connection ends after it.
conn::outcome conn::fail(int code, std::string_view text) {
  std::string what = std::to_string(code) + " " + std::string(StatusText(code));
  if (!text.empty() && code != StatusNotImplemented) what += ": " + std::string(text);
  refusal_ = "HTTP/1.1 " + what +
             "\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n" +
             (code == StatusNotImplemented ? std::string(text) : what);
  return outcome::reply;
}

conn::outcome conn::fail(const request_head& head) {
  // Whatever is wrong with a header that is cut by the limit, its size is.
  if (r.hitReadLimit() || head.fault == head_fault::too_large) {
    linger_ = true;  // the client may still be sending; it gets time to read the answer
    return fail(StatusRequestHeaderFieldsTooLarge, "");
  }
  if (head.fault == head_fault::unsupported) {
    return fail(StatusNotImplemented, "Unsupported transfer encoding");
  }
  // A client that leaves in the middle of a request gets a 400, one that is too slow does not.
  const bool ended = head.fault == head_fault::io && head.code == poll::kEOF;
  if (head.fault != head_fault::bad && !ended) return outcome::closed;
  return fail(StatusBadRequest, "");
}

[[gnu::noinline]] conn::outcome conn::readRequest() {
  const int64_t whole_deadline = deadline_after(server->ReadTimeout);
  r.setReadLimit(header_limit(*server));
  if (lastMethod == "POST") skip_line_ends();
  const request_head head = readRequestLimit(&lines_, header_values_max(*server), &req);
  outcome got = head.fault == head_fault::none ? check_request(head) : fail(head);
  if (got == outcome::ok && (whole_deadline != 0 || read_deadline)) {
    read_deadline = whole_deadline != 0;
    rwc->set_deadline(whole_deadline, 'r');
  }
  write_deadline = server->WriteTimeout > 0;
  if (write_deadline) rwc->set_deadline(deadline_after(server->WriteTimeout), 'w');
  return got;
}

// Checks what a well-formed header says, and prepares the request's body and response.
conn::outcome conn::check_request(const request_head& head) {
  const bool http2_preface = req.ProtoMajor == 2 && req.ProtoMinor == 0 && req.Method == "PRI" &&
                             req.RequestURI == "*";
  if (req.ProtoMajor != 1 && !http2_preface) {
    return fail(StatusHTTPVersionNotSupported, "unsupported protocol version");
  }
  lastMethod = req.Method;
  r.setInfiniteReadLimit();
  bufr.shrink();
  if (req.ProtoAtLeast(1, 1) && head.hosts == 0 && !head.h2_upgrade && req.Method != "CONNECT") {
    return fail(StatusBadRequest, "missing required Host header");
  }
  if (!valid_host(head.host)) return fail(StatusBadRequest, "malformed Host header");
  for (const auto& [name, value] : req.Header) {
    if (!valid_field_name(name)) return fail(StatusBadRequest, "invalid header name");
  }
  req.RemoteAddr = remoteAddr;
  req.lazy_ctx = &request_ctx;
  req.ctx = base_ctx;
  resp.start();
  start_body();
  if (head.h2_upgrade) req.ContentLength = -1;
  return outcome::ok;
}

void conn::start_body() {
  reqBody = nullptr;
  req.Body = NoBody;
  if (req.ContentLength == 0) return;
  if (spare_body_ == nullptr || spare_body_.use_count() > 1) {
    spare_body_ = std::make_shared<http::body>(this, &bufr);
  }
  std::atomic_thread_fence(std::memory_order_acquire);  // who let go of it has done so before
  reqBody = spare_body_;
  reqBody->start(req.ContentLength, req.Close, &req.Trailer, header_values_max(*server));
  req.Body = io::ReadCloser(reqBody);
}

// Some clients send a line end after a body, beyond its length (RFC 9112 section 2.2).
void conn::skip_line_ends() {
  bufr.Peek(4);
  const std::string_view first = bufr.buffered().substr(0, 4);
  bufr.discard(std::min(first.find_first_not_of("\r\n"), first.size()));
}

void conn::reset_request() {
  req.Header.clear();
  req.Trailer.clear();
  req.Body = nullptr;
  reqBody = nullptr;
  resp.ecReader.reset();
  req.TransferEncoding.clear();
  req.Host.clear();
  req.Pattern.clear();
  if (!req.Form.empty()) req.Form.clear();
  if (!req.PostForm.empty()) req.PostForm.clear();
  req.path_values.clear();
  req.form_parsed = false;
  req.ctx = nullptr;
  request_ctx.reset();
}

// ---- Serving ----

// Runs at the end of serve, also if the handler calls Goexit.
void conn::end() {
  cancelCtx();
  if (in_flight_) resp.disableWriteContinue(true);
  if (!hijacked) {
    if (in_flight_) {
      r.abortPendingRead();
      if (reqBody != nullptr) {
        reqBody->watch_end(false);
        reqBody->Close();
      }
    }
    r.abortPendingRead();
    bufw.Flush();
    rwc->Close();
    setState(StateClosed);
  }
  if (reqBody != nullptr) reqBody->detach();
  reset_request();
  // Destroyed last: this may be the last handle, and everything above belongs to it.
  std::shared_ptr<conn> last = std::move(self);
}

[[gnu::noinline]] void conn::serve(std::shared_ptr<conn> me) {
  self = std::move(me);
  Defer closing([this] { end(); });
  const time::Duration header_timeout = read_header_timeout(*server);
  if (header_timeout > 0) {
    rwc->set_deadline(deadline_after(header_timeout), 'r');
    read_deadline = true;
  }
  for (;;) {
    const outcome got = readRequest();
    if (r.has_read_since(header_limit(*server))) setState(StateActive);
    if (server->state->in_shutdown || got == outcome::closed) return;
    if (got == outcome::reply) {
      rwc->Write(refusal_.data(), refusal_.size());
      if (linger_) closeWriteAndWait();
      return;
    }
    const std::string* expect = req.Header.find("Expect");
    if (expect != nullptr && hasToken(*expect, "100-continue")) {
      if (req.ProtoAtLeast(1, 1) && reqBody != nullptr) {
        resp.ecReader = std::make_shared<expectContinueReader>(this, reqBody);
        req.Body = io::ReadCloser(resp.ecReader);
      }
    } else if (expect != nullptr && !expect->empty()) {
      resp.sendExpectationFailed();
      return;
    }
    if (reqBody != nullptr && reqBody->bodyRemains()) {
      reqBody->watch_end(true);
    } else {
      r.startBackgroundRead(self);
    }

    // Called in this frame, so that a profile shows the handler directly above serve.
    in_flight_ = true;
    try {
      runtime::WorksFor request(req.Method, req.RequestURI);
      serverHandler{server}.ServeHTTP(resp, &req);
    } catch (...) {
      Panic p = runtime::panic_caught();  // does not return for a Goexit
      const error* value = p.value<error>();
      if (value != nullptr && *value == ErrAbortHandler) return;
      server_log(server,
                 "http: panic serving " + remoteAddr + ": " + p.String() + "\n" + p.Stack());
      return;
    }
    in_flight_ = false;
    cancelCtx();
    if (hijacked) {
      r.releaseConn();
      return;
    }
    resp.finishRequest();
    clear_write_deadline();
    if (!next_request()) return;
    // An idle connection waits here, before the next request is set up.
    if (bufr.Peek(4) != 0) return;
    if (header_timeout > 0) {
      rwc->set_deadline(deadline_after(header_timeout), 'r');
      read_deadline = true;
    } else {
      clear_read_deadline();
    }
  }
}

// Called after the response. Returns true if the connection may have another request.
bool conn::next_request() {
  if (!resp.shouldReuseConnection()) {
    if (resp.requestBodyLimitHit() || resp.closedRequestBodyEarly()) closeWriteAndWait();
    return false;
  }
  reset_request();
  setState(StateIdle);
  if (!server->state->keep_alives()) return false;
  const time::Duration idle = server->IdleTimeout != 0 ? server->IdleTimeout : server->ReadTimeout;
  if (idle > 0) {
    rwc->set_deadline(deadline_after(idle), 'r');
    read_deadline = true;
  } else {
    clear_read_deadline();
  }
  return true;
}

}  // namespace golab::net::http
