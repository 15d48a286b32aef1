// httptest.cpp: a recorder of responses, requests without a connection, and a server for one test.
#include "runtime/net/http/httptest/httptest.h"

#include <algorithm>
#include <charconv>
#include <cstring>

#include "runtime/chan/chan.h"
#include "runtime/die/panic.h"
#include "runtime/fmt/fmt.h"
#include "runtime/log/log.h"
#include "runtime/net/http/conn.h"
#include "runtime/net/http/trailer.h"
#include "runtime/sched/go.h"

namespace golab::net::http::httptest {

using golab::glue::Locked;

// ---- ResponseRecorder ----

void ResponseRecorder::WriteHeader(int code) {
  if (wroteHeader_) return;
  check_write_header_code(code);
  Code = code;
  wroteHeader_ = true;
  snapHeader_ = HeaderMap;
}

std::pair<int, error> ResponseRecorder::Write(std::string_view data) {
  if (!wroteHeader_) {
    if (!HeaderMap.has("Content-Type") && HeaderMap.Get("Transfer-Encoding").empty()) {
      HeaderMap.Set("Content-Type", DetectContentType(data));
    }
    WriteHeader(StatusOK);
  }
  Body.append(data);
  if (!body_allowed_for_status(Code)) return {0, ErrBodyNotAllowed};
  return {static_cast<int>(data.size()), nullptr};
}

error ResponseRecorder::FlushError() {
  WriteHeader(StatusOK);
  Flushed = true;
  return nullptr;
}

std::shared_ptr<Response> ResponseRecorder::Result() {
  if (result_ != nullptr) return result_;
  if (!wroteHeader_) snapHeader_ = HeaderMap;
  result_ = std::make_shared<Response>();
  result_->Proto = "HTTP/1.1";
  result_->StatusCode = Code;
  result_->Status = std::to_string(Code) + " " + std::string(StatusText(Code));
  result_->Header = snapHeader_;
  result_->Body = io::NopCloser(Body);
  if (const std::string* length = snapHeader_.find("Content-Length")) {
    int64_t n = 0;
    const char* end = length->data() + length->size();
    auto [at, ec] = std::from_chars(length->data(), end, n);
    if (ec == std::errc() && at == end && n >= 0) result_->ContentLength = n;
  }
  for (const std::string& list : snapHeader_.Values("Trailer")) {
    for (std::string_view word : golab::glue::list_elements(list)) {
      const std::string key = CanonicalHeaderKey(word);
      if (!golab::glue::valid_trailer_field(key)) continue;
      result_->Trailer.Del(key);
      for (const std::string& value : HeaderMap.Values(key)) result_->Trailer.Add(key, value);
    }
  }
  for (const auto& [name, value] : HeaderMap) {
    if (!name.starts_with(TrailerPrefix)) continue;
    result_->Trailer.Add(name.substr(TrailerPrefix.size()), value);
  }
  return result_;
}

std::shared_ptr<ResponseRecorder> NewRecorder() { return std::make_shared<ResponseRecorder>(); }

// ---- NewRequest ----

namespace {

struct text_source final : bufio::source {
  explicit text_source(std::string_view from) : text(from) {}
  bufio::io_result Read(void* p, size_t n) override {
    n = std::min(n, text.size());
    if (n == 0) return {0, golab::internal::poll::kEOF};
    std::memcpy(p, text.data(), n);
    text.remove_prefix(n);
    return {static_cast<ssize_t>(n), 0};
  }
  std::string_view text;
};

}  // namespace

std::shared_ptr<Request> NewRequest(std::string_view method, std::string_view target,
                                    std::string body) {
  return NewRequestWithContext(context::Background(), method, target, std::move(body));
}

std::shared_ptr<Request> NewRequestWithContext(context::Context ctx, std::string_view method,
                                               std::string_view target, std::string body) {
  if (ctx == nullptr) golab::panic("nil context");
  // HTTP/1.0, because that needs no Host field.
  const std::string head = (method.empty() ? "GET" : std::string(method)) + " " +
                           std::string(target) + " HTTP/1.0\r\n\r\n";
  text_source from(head);
  bufio::Reader buffered(&from);
  textproto::Reader lines(&buffered);
  auto r = std::make_shared<Request>();
  const request_head got = readRequestLimit(&lines, INT64_MAX, r.get());
  if (got.fault != head_fault::none) {
    const error err = got.err != nullptr ? got.err : io::ErrUnexpectedEOF;
    golab::panic("invalid NewRequest arguments; " + err.Error());
  }
  r->Proto = "HTTP/1.1";
  r->ProtoMinor = 1;
  r->Close = false;
  r->ctx = std::move(ctx);
  r->ContentLength = static_cast<int64_t>(body.size());
  r->Body = body.empty() ? NoBody : io::NopCloser(std::move(body));
  r->RemoteAddr = "192.0.2.1:1234";
  if (r->Host.empty()) r->Host = "example.com";
  return r;
}

// ---- Server ----

Server::Server(Handler handler) : client_{.Transport = NewTransport()} {
  Config.Handler = std::move(handler);
  error err;
  std::tie(Listener, err) = net::Listen("tcp", "127.0.0.1:0");
  if (err != nullptr) std::tie(Listener, err) = net::Listen("tcp6", "[::1]:0");
  if (err != nullptr) golab::panic("httptest: failed to listen on a port: " + err.Error());
}

void Server::Start() {
  if (!URL.empty()) golab::panic("Server already started");
  URL = "http://" + Listener.Addr().String();
  wrap();
  goServe();
}

[[gnu::noinline]] void Server::goServe() {
  wg_.Add(1);
  go([this] {
    Defer done{[this] { wg_.Done(); }};
    Config.Serve(Listener);
  });
}

// Keeps count of the connections, by a hook in front of the test's own.
void Server::wrap() {
  Config.ConnState = [this, user = Config.ConnState](net::Conn c, ConnState state) {
    bool gone = false;
    {
      Locked guard(mu_);
      const net::conn* key = c.impl().get();
      auto known = conns_.find(key);
      if (state == StateNew) {
        if (known != conns_.end()) golab::panic("invalid state transition");
        wg_.Add(1);
        conns_[key] = {c, state};
        if (closed_) c.Close();
      } else if (known != conns_.end() && (state == StateActive || state == StateIdle)) {
        known->second.second = state;
        if (closed_ && state == StateIdle) c.Close();
      } else if (known != conns_.end()) {
        conns_.erase(known);
        gone = true;
      }
    }
    // Close must not return before the test's hook has.
    Defer done{[this, gone] {
      if (gone) wg_.Done();
    }};
    if (user != nullptr) user(c, state);
  };
}

[[gnu::noinline]] void Server::Close() {
  {
    Locked guard(mu_);
    if (!closed_) {
      closed_ = true;
      Listener.Close();
      Config.SetKeepAlivesEnabled(false);
      for (auto& [key, known] : conns_) {
        // Those have no request; an active one may end its own.
        if (known.second == StateIdle || known.second == StateNew) known.first.Close();
      }
    }
  }
  auto timer = time::AfterFunc(5 * time::Second, [this] { logCloseHangDebugInfo(); });
  Defer stopped{[&timer] { timer.Stop(); }};
  DefaultTransport->CloseIdleConnections();
  client_.CloseIdleConnections();
  wg_.Wait();
}

void Server::logCloseHangDebugInfo() {
  std::string text =
      "httptest.Server blocked in Close after 5 seconds, waiting for connections:\n";
  Locked guard(mu_);
  for (const auto& [key, known] : conns_) {
    text += fmt::Sprintf("  *net.TCPConn %p %s in state %s\n", key,
                         known.first.RemoteAddr().String(), known.second.String());
  }
  log::Print(text);
}

void Server::CloseClientConnections() {
  Chan<Empty> done;
  size_t n;
  {
    Locked guard(mu_);
    n = conns_.size();
    done = make_chan<Empty>(static_cast<int>(n));
    for (const auto& [key, known] : conns_) {
      go(&Server::closeConnChan, this, known.first, SendChan<Empty>(done));
    }
  }
  auto timer = time::NewTimer(5 * time::Second);
  Defer stop{[&timer] { timer.Stop(); }};
  for (; n > 0; n--) {
    if (select({recv(done), recv(timer.C)}) == 1) return;  // too slow
  }
}

void Server::closeConnChan(const net::Conn& c, const SendChan<Empty>& done) {
  c.Close();
  done.send({});
}

std::shared_ptr<Server> NewServer(Handler handler) {
  auto srv = NewUnstartedServer(std::move(handler));
  srv->Start();
  return srv;
}

std::shared_ptr<Server> NewUnstartedServer(Handler handler) {
  return std::make_shared<Server>(std::move(handler));
}

}  // namespace golab::net::http::httptest
