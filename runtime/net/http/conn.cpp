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

// Chooses the handler: the server's own, else the default mux. Go's stacks have this frame.
struct serverHandler {
  Server* srv;
  [[gnu::noinline]] void ServeHTTP(ResponseWriter& w, Request* r) const {
    if (r->RequestURI == "*" && r->Method == "OPTIONS") {
      w.Header().Set("Content-Length", "0");  // "OPTIONS *" asks about the server as a whole
    } else if (srv->Handler == nullptr) {
      DefaultServeMux->ServeHTTP(w, r);
    } else {
      srv->Handler.ServeHTTP(w, r);
    }
  }
};

int64_t deadline_after(time::Duration d) { return d > 0 ? time::when_real(d) : 0; }

// The characters of a Host field (RFC 3986 section 3.2, as Go checks it).
bool valid_host(std::string_view host) {
  constexpr std::string_view kAllowed =
      "!$%&()*+,-.:;=[]'_~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
  return host.find_first_not_of(kAllowed) == std::string_view::npos;
}

// Go's text if the malformed line is a field whose name has a blank; else "".
std::string_view bad_field_name(std::string_view line) {
  line = line.substr(0, line.find_first_of("\r\n"));
  const size_t colon = line.find(':');
  if (colon == std::string_view::npos || line.find(" HTTP/") < colon) return "";
  std::string_view name = line.substr(0, colon);
  if (name.empty() || name.starts_with(' ') || name.starts_with('\t')) return "";
  return name.find(' ') != std::string_view::npos ? "invalid header name" : "";
}

// Handlers read Cache-Control; HTTP/1.0 clients send Pragma.
void fix_pragma(Header* h) {
  const std::string* pragma = h->find("Pragma");
  if (pragma == nullptr || *pragma != "no-cache" || h->has("Cache-Control")) return;
  h->Add("Cache-Control", "no-cache");
}

// Does the request line end with an HTTP version other than 1.0 and 1.1?
bool names_a_version(std::string_view line) {
  line = line.substr(0, line.find('\n'));
  if (line.ends_with('\r')) line.remove_suffix(1);
  const size_t at = line.rfind(" HTTP/");
  if (at == std::string_view::npos) return false;
  std::string_view v = line.substr(at + 6);
  if (v == "1.0" || v == "1.1") return false;  // something else is wrong
  return v.size() == 3 && v[0] >= '0' && v[0] <= '9' && v[1] == '.' && v[2] >= '0' && v[2] <= '9';
}

}  // namespace

conn::conn(Server* srv, std::shared_ptr<Server> owner, std::shared_ptr<net::conn> socket,
           context::Context base)
    : server(srv),
      server_owner(std::move(owner)),
      rwc(std::move(socket)),
      base_ctx(std::move(base)) {
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

void conn::put(std::string_view data) {
  constexpr size_t kSendAt = 4096;
  if (out.size() + data.size() > kSendAt && !out.empty() && data.size() >= kSendAt) flush();
  if (data.size() >= 16 * kSendAt) {  // not worth a copy
    if (werr == 0) werr = rwc->Write(data.data(), data.size()).err;
    if (werr != 0) cancelCtx();
    return;
  }
  out.append(data);
  if (out.size() >= kSendAt) flush();
}

void conn::flush() {
  if (!out.empty() && werr == 0) {
    werr = rwc->Write(out.data(), out.size()).err;
    if (werr != 0) cancelCtx();
  }
  out.clear();
}

void conn::setState(ConnState state) {
  if (state == ConnState::StateNew) server->state->track(this, true);
  if (state == ConnState::StateClosed) server->state->track(this, false);
  const auto seconds = static_cast<uint64_t>(runtime::nanotime_coarse() / 1'000'000'000);
  curState = seconds << 8 | static_cast<uint64_t>(state);
}

// The client may still be sending. After a close, that leads to a reset, and the client's kernel
// drops the response. So only the server's half is closed first.
void conn::closeWriteAndWait() {
  flush();
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

// The client gets time to read the answer, because it may still be sending.
conn::outcome conn::fail_too_large() {
  linger_ = true;
  return fail(StatusRequestHeaderFieldsTooLarge, "");
}

[[gnu::noinline]] conn::outcome conn::readRequest() {
  const time::Duration header_timeout =
      server->ReadHeaderTimeout != 0 ? server->ReadHeaderTimeout : server->ReadTimeout;
  const int64_t header_deadline = deadline_after(header_timeout);
  const int64_t whole_deadline = deadline_after(server->ReadTimeout);
  if (header_deadline != 0 || read_deadline) rwc->set_deadline(header_deadline, 'r');
  read_deadline = header_deadline != 0 || whole_deadline != 0;

  const size_t limit =
      4096 + static_cast<size_t>(server->MaxHeaderBytes > 0 ? server->MaxHeaderBytes
                                                            : DefaultMaxHeaderBytes);
  parser.start(&req);
  size_t taken = 0;
  for (;;) {
    std::string_view have = bufr.buffered();
    size_t used = 0;
    parse answer = have.empty() ? parse::more : parser.header(have.data(), have.size(), &used);
    if (answer == parse::bad_version) {
      return names_a_version(have)
                 ? fail(StatusHTTPVersionNotSupported, "unsupported protocol version")
                 : fail(StatusBadRequest, "");
    }
    if (answer == parse::bad) return fail(StatusBadRequest, bad_field_name(have.substr(used)));
    if (answer == parse::unsupported) {
      return fail(StatusNotImplemented, "Unsupported transfer encoding");
    }
    bufr.discard(used);
    taken += used;
    if (answer == parse::ok) break;
    if (taken + bufr.buffered().size() >= limit) return fail_too_large();
    if (int err = bufr.fill()) {
      // A client that leaves in the middle of a request gets a 400; one that sent nothing does not.
      const bool nothing = taken == 0 && bufr.buffered().empty();
      return err == poll::kEOF && !nothing ? fail(StatusBadRequest, "") : outcome::closed;
    }
  }
  if (taken > limit) return fail_too_large();
  bufr.shrink();
  if (header_deadline != whole_deadline) rwc->set_deadline(whole_deadline, 'r');
  write_deadline = server->WriteTimeout > 0;
  if (write_deadline) rwc->set_deadline(deadline_after(server->WriteTimeout), 'w');
  return check_request();
}

// Checks what a well-formed header says, and prepares the request's body and response.
conn::outcome conn::check_request() {
  const bool connect = req.Method == "CONNECT";
  const bool authority = connect && !req.RequestURI.starts_with('/');
  auto [u, err] = url::ParseRequestURI(authority ? "http://" + req.RequestURI : req.RequestURI);
  if (err != nullptr) return fail(StatusBadRequest, "");
  req.URL = std::move(u);
  if (authority) req.URL.Scheme.clear();
  if (parser.hosts() > 1) return fail(StatusBadRequest, "");
  if (req.ProtoAtLeast(1, 1) && parser.hosts() == 0 && !connect) {
    return fail(StatusBadRequest, "missing required Host header");
  }
  if (!valid_host(req.Host)) return fail(StatusBadRequest, "malformed Host header");
  if (!req.URL.Host.empty()) req.Host = req.URL.Host;

  const bool chunked = parser.chunked() && req.ProtoAtLeast(1, 1);
  req.ContentLength = chunked ? -1 : std::max<int64_t>(parser.content_length(), 0);
  if (chunked) req.TransferEncoding.assign(1, "chunked");
  if (parser.chunked()) req.Header.Del("Transfer-Encoding");
  fix_pragma(&req.Header);
  // HTTP/1.0 has no chunks, so the end of such a body is unknown.
  req.Close = !parser.keep_alive() || (parser.chunked() && !chunked);
  req.RemoteAddr = remoteAddr;
  req.lazy_ctx = &request_ctx;
  req.ctx = base_ctx;

  bool expect_continue = false;
  resp.start();
  if (const std::string* expect = req.Header.find("Expect")) {
    if (has_token(*expect, "100-continue")) {
      expect_continue = req.ProtoAtLeast(1, 1) && req.ContentLength != 0;
    } else if (!expect->empty()) {
      resp.Header().Set("Connection", "close");
      resp.WriteHeader(StatusExpectationFailed);
      resp.finishRequest();
      return outcome::closed;
    }
  }
  body.start(req.ContentLength, expect_continue);
  // A handle that does not own the body: it is valid as long as the Request.
  req.Body =
      req.ContentLength == 0
          ? NoBody
          : io::ReadCloser(std::shared_ptr<golab::glue::reader>(std::shared_ptr<void>(), &body));
  return outcome::ok;
}

// Some clients send a line end after a body, beyond its length (RFC 9112 section 2.2).
void conn::skip_line_ends() {
  const std::string_view first = bufr.buffered().substr(0, 4);
  bufr.discard(std::min(first.find_first_not_of("\r\n"), first.size()));
}

void conn::reset_request() {
  req.Header.clear();
  req.Body = nullptr;
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

[[gnu::noinline]] void conn::serve(std::shared_ptr<conn> me) {
  self = std::move(me);
  // Also closes the connection if the handler calls Goexit.
  Defer closing([this] {
    cancelCtx();
    r.abortPendingRead();
    rwc->Close();
    setState(ConnState::StateClosed);
    reset_request();
    // Destroyed last: this may be the last handle, and everything above belongs to it.
    std::shared_ptr<conn> last = std::move(self);
  });
  for (;;) {
    outcome got = readRequest();
    if (bufr.buffered().size() > 0 || got != outcome::closed) setState(ConnState::StateActive);
    if (got == outcome::closed) return;
    if (got == outcome::reply) {
      put(refusal_);
      flush();
      if (linger_) closeWriteAndWait();
      return;
    }
    if (req.ContentLength == 0) r.startBackgroundRead(self);

    // Called in this frame, so that a profile shows the handler directly above serve.
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
    r.abortPendingRead();
    resp.finishRequest();
    r.abortPendingRead();  // finishRequest may have read the body to its end
    clear_write_deadline();
    if (!next_request()) return;
    // An idle connection waits here, before the next request is set up.
    if (bufr.Peek(4) != 0) return;
    if (req.Method == "POST") skip_line_ends();
  }
}

// Called after the response. Returns true if the connection may have another request.
bool conn::next_request() {
  cancelCtx();
  if (!resp.shouldReuseConnection()) {
    if (resp.closedRequestBodyEarly()) closeWriteAndWait();
    return false;
  }
  reset_request();
  setState(ConnState::StateIdle);
  if (!server->state->keep_alives()) return false;
  const time::Duration idle = server->IdleTimeout != 0 ? server->IdleTimeout : server->ReadTimeout;
  if (idle > 0) {
    rwc->set_deadline(deadline_after(idle), 'r');
    read_deadline = true;
  } else {
    clear_read_deadline();
  }
  constexpr size_t kKeptBytes = 16 << 10;
  if (out.capacity() > kKeptBytes) out.shrink_to_fit();
  return true;
}

}  // namespace golab::net::http
