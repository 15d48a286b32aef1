// transport.cpp: one request and its response over a connection, new or kept.
#include "runtime/net/http/transport.h"

#include <errno.h>
#include <sys/socket.h>

#include <algorithm>
#include <charconv>

#include "runtime/errors/injected.h"
#include "runtime/sched/proc.h"
#include "runtime/net/http/chunked.h"
#include "runtime/net/http/conn.h"

namespace golab::net::http {

namespace poll = golab::internal::poll;

namespace {

// The error of a request that times out. Its text tells what the caller waited for.
struct timeout_error {
  std::string text;
  error cause;
  std::string Error() const { return text; }
  error Unwrap() const { return cause; }
  bool Timeout() const { return true; }
};

error timed_out(const char* what) {
  return timeout_error{"context deadline exceeded (Client.Timeout " + std::string(what) + ")",
                       context::DeadlineExceeded};
}

// Why a connection failed, as the caller should read it.
error failure(const round& r, const net::conn& c, const char* op, int code, const char* waiting) {
  if (r.ctx != nullptr && r.ctx.Err() != nullptr) return r.ctx.Err();
  if (code == poll::kErrDeadlineExceeded && r.deadline != 0) return timed_out(waiting);
  if (code == poll::kEOF) return io::EOF_;
  error inner = code < 0 ? code_error(code) : error(os::SyscallError{op, syscall::Errno{code}});
  return OpError{op, "tcp", c.fd.laddr.String(), c.fd.raddr.String(), inner};
}

// As long as it exists, the end of ctx ends the connection's reads and writes.
class watch {
 public:
  watch(const context::Context& ctx, std::shared_ptr<net::conn> c) {
    if (ctx == nullptr || ctx.Done() == nullptr) return;
    stop_ = context::AfterFunc(ctx, [c] { c->set_deadline(-1, 'r' + 'w'); });
  }
  // False if ctx has ended the connection, or is just doing so.
  bool release() {
    if (stop_ == nullptr) return true;
    const bool stopped = stop_();
    stop_ = nullptr;
    return stopped;
  }
  ~watch() { release(); }
  watch(const watch&) = delete;
  watch& operator=(const watch&) = delete;

 private:
  golab::glue::Func<bool()> stop_;
};

// The body of a response. At its end the connection goes back to the pool, if it is still good.
class response_body final : public golab::glue::reader {
 public:
  response_body(const round& r, std::shared_ptr<Transport> t, std::shared_ptr<persistConn> pc,
                int64_t length, bool chunked, bool reuse)
      : transport_(std::move(t)),
        pc_(std::move(pc)),
        chunks_(&pc_->br),
        left_(length),
        chunked_(chunked),
        reuse_(reuse) {
    round_.ctx = r.ctx;
    round_.deadline = r.deadline;
    watch_ = std::make_unique<watch>(r.ctx, pc_->socket);
  }
  ~response_body() override { end(false); }

  std::pair<int, error> Read(char* p, size_t n) override {
    if (closed_) return {0, errors::New("http: read on closed response body")};
    if (pc_ == nullptr) return {0, io::EOF_};
    if (n == 0) return {0, nullptr};
    if (chunked_) return read_chunked(p, n);
    if (left_ > 0) n = std::min(n, static_cast<size_t>(left_));
    io_result got = pc_->br.Read(p, n);
    if (got.err == poll::kEOF && left_ < 0) {  // the end of the connection is the end of the body
      end(false);
      return {0, io::EOF_};
    }
    if (got.err != 0) return {0, fail(got.err)};
    if (left_ > 0) left_ -= got.n;
    if (left_ == 0) end(true);
    return {static_cast<int>(got.n), left_ == 0 ? io::EOF_ : error()};
  }

  error Close() override {
    closed_ = true;
    end(false);
    return nullptr;
  }

 private:
  std::pair<int, error> read_chunked(char* p, size_t n) {
    auto [got, err] = chunks_.Read(p, n);
    if (err == nullptr) return {got, nullptr};
    if (chunks_.code() != 0) return {got, fail(chunks_.code())};
    end(err == io::EOF_);
    return {got, err};
  }

  error fail(int code) {
    error err = code == poll::kEOF ? io::ErrUnexpectedEOF
                                   : failure(round_, *pc_->socket, "read", code,
                                             "or context cancellation while reading body");
    end(false);
    return err;
  }

  void end(bool complete) {
    if (pc_ == nullptr) return;
    const bool good = watch_->release();
    std::shared_ptr<persistConn> pc = std::move(pc_);
    if (complete && reuse_ && good) {
      transport_->put_idle(std::move(pc));
    } else {
      pc->socket->Close();
    }
  }

  round round_;
  std::shared_ptr<Transport> transport_;
  std::shared_ptr<persistConn> pc_;
  internal::chunkedReader chunks_;
  std::unique_ptr<watch> watch_;
  int64_t left_;  // < 0: until the end of the connection
  bool chunked_;
  bool reuse_;
  bool closed_ = false;
};

std::string request_text(const Request& req, const std::string& body) {
  std::string out = req.Method.empty() ? "GET" : req.Method;
  out += " " + req.URL.RequestURI() + " HTTP/1.1\r\nHost: ";
  out += req.Host.empty() ? req.URL.Host : req.Host;
  out += "\r\n";
  if (!req.Header.has("User-Agent")) out += "User-Agent: golab-http-client/1.1\r\n";
  const bool sends = req.Method == "POST" || req.Method == "PUT" || req.Method == "PATCH";
  if (!body.empty() || sends) out += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  http::Header fields = req.Header;
  fields.sort();
  for (const auto& [name, value] : fields) {
    if (name == "Host" || name == "Content-Length" || name == "Transfer-Encoding") continue;
    out += name + ": " + value + "\r\n";
  }
  if (req.Close) out += "Connection: close\r\n";
  return out + "\r\n" + body;
}

}  // namespace

bool persistConn::usable() const {
  if (!br.buffered().empty()) return false;
  char byte;
  ssize_t n;
  do n = ::recv(socket->fd.pfd.Sysfd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  while (n < 0 && errno == EINTR);
  return n < 0 && errno == EAGAIN;
}

std::shared_ptr<persistConn> Transport::get_idle(const std::string& key) {
  for (;;) {
    std::shared_ptr<persistConn> pc;
    {
      locked guard(&mu_);
      auto at = idle_.find(key);
      if (at == idle_.end() || at->second.empty()) return nullptr;
      pc = std::move(at->second.back());
      at->second.pop_back();
    }
    const int64_t age = runtime::nanotime() - pc->idle_since;
    const bool fresh = IdleConnTimeout == 0 || age < IdleConnTimeout.Nanoseconds();
    if (fresh && pc->usable()) return pc;
    pc->socket->Close();
  }
}

void Transport::put_idle(std::shared_ptr<persistConn> pc) {
  pc->socket->set_deadline(0, 'r' + 'w');
  pc->idle_since = runtime::nanotime();
  {
    locked guard(&mu_);
    auto& all = idle_[pc->key];
    if (all.size() < static_cast<size_t>(std::max(MaxIdleConnsPerHost, 0))) {
      all.push_back(std::move(pc));
      return;
    }
  }
  pc->socket->Close();
}

void Transport::CloseIdleConnections() {
  std::map<std::string, std::vector<std::shared_ptr<persistConn>>> all;
  {
    locked guard(&mu_);
    all.swap(idle_);
  }
  for (auto& [key, list] : all) {
    for (auto& pc : list) pc->socket->Close();
  }
}

std::pair<std::shared_ptr<persistConn>, error> Transport::dial(const round& r,
                                                               const std::string& key) {
  std::unique_ptr<watch> watching;
  auto [c, err] =
      dial_until("tcp", key, r.deadline, [&](const std::shared_ptr<net::conn>& started) {
        watching = nullptr;
        if (r.ctx != nullptr && r.ctx.Err() != nullptr) return false;
        watching = std::make_unique<watch>(r.ctx, started);
        return true;
      });
  if (r.ctx != nullptr && r.ctx.Err() != nullptr) return {nullptr, r.ctx.Err()};
  if (err != nullptr && r.deadline != 0 && runtime::nanotime() >= r.deadline) {
    return {nullptr, timed_out("exceeded while awaiting headers")};
  }
  if (err != nullptr) return {nullptr, err};
  return {std::make_shared<persistConn>(key, c.impl()), nullptr};
}

// Writes the request, and reads the response's header.
std::pair<std::shared_ptr<Response>, error> Transport::exchange(
    const round& r, const std::shared_ptr<persistConn>& pc, bool* nothing_came) {
  constexpr const char* kAwaiting = "exceeded while awaiting headers";
  constexpr size_t kMostHeaderBytes = 1 << 20;
  *nothing_came = true;
  net::conn& c = *pc->socket;
  watch watching(r.ctx, pc->socket);
  if (r.deadline != 0) c.set_deadline(r.deadline, 'r' + 'w');
  std::string text = request_text(*r.req, r.body);
  if (io_result put = c.Write(text.data(), text.size()); put.err != 0) {
    return {nullptr, failure(r, c, "write", put.err, kAwaiting)};
  }
  const bool head = r.req->Method == "HEAD";
  auto resp = std::make_shared<Response>();
  pc->parser.start(resp.get(), head);
  size_t taken = 0;
  for (;;) {
    std::string_view have = pc->br.buffered();
    size_t used = 0;
    parse answer = have.empty() ? parse::more : pc->parser.header(have.data(), have.size(), &used);
    if (answer != parse::more && answer != parse::ok) {
      const std::string_view line = have.substr(used);  // the one that is wrong
      return {nullptr, errors::New("net/http: HTTP/1.x transport connection broken: malformed HTTP "
                                   "response " +
                                   url::quote(line.substr(0, line.find('\r'))))};
    }
    pc->br.discard(used);
    taken += used;
    if (answer == parse::ok && (resp->StatusCode >= 200 || resp->StatusCode == 101)) break;
    if (answer == parse::ok) {  // "100 Continue" and its like: the real answer follows
      *resp = Response{};
      pc->parser.start(resp.get(), head);
      continue;
    }
    if (taken + pc->br.buffered().size() > kMostHeaderBytes) {
      return {nullptr,
              errors::New("net/http: server response headers exceeded 1048576 bytes; aborted")};
    }
    if (int err = pc->br.fill()) return {nullptr, failure(r, c, "read", err, kAwaiting)};
    *nothing_came = false;
  }
  pc->br.shrink();
  const bool no_body = head || resp->StatusCode == 204 || resp->StatusCode == 304;
  const int64_t length = no_body ? 0 : pc->parser.content_length();
  const bool chunked = !no_body && pc->parser.chunked() && resp->ProtoMinor > 0;
  resp->ContentLength = chunked ? -1 : head ? pc->parser.content_length() : length;
  if (chunked) {
    resp->TransferEncoding.assign(1, "chunked");
  }
  if (pc->parser.chunked()) resp->Header.Del("Transfer-Encoding");
  const bool ends = !chunked && length < 0;
  const bool reuse = !ends && !r.req->Close && (no_body || pc->parser.keep_alive());
  const std::string* connection = resp->Header.find("Connection");
  resp->Close = !reuse || (connection != nullptr && *connection == "close");
  const bool good = watching.release();
  if (!good) return {nullptr, r.ctx.Err()};
  if (no_body || (!chunked && length == 0)) {
    resp->Body = NoBody;
    if (!resp->Close) {
      put_idle(pc);
    } else {
      pc->socket->Close();
    }
  } else {
    resp->Body = io::ReadCloser(
        std::make_shared<response_body>(r, shared_from_this(), pc, length, chunked, !resp->Close));
  }
  return {std::move(resp), nullptr};
}

std::pair<std::shared_ptr<Response>, error> Transport::RoundTrip(const round& r) {
  if (error err = errors::injected("http.RoundTrip"); err != nullptr) return {nullptr, err};
  const Request& req = *r.req;
  if (req.URL.Scheme != "http") {
    return {nullptr, errors::New("unsupported protocol scheme " + url::quote(req.URL.Scheme))};
  }
  if (req.URL.Host.empty()) return {nullptr, errors::New("http: no Host in request URL")};
  for (const auto& [name, value] : req.Header) {
    if (!valid_field_name(name)) {
      return {nullptr, errors::New("net/http: invalid header field name " + url::quote(name))};
    }
    if (!valid_field_value(value)) {
      return {nullptr, errors::New("net/http: invalid header field value for " + url::quote(name))};
    }
  }
  std::string key = req.URL.Host;
  if (req.URL.Port().empty()) key = JoinHostPort(req.URL.Hostname(), "80");
  for (;;) {
    if (r.ctx != nullptr && r.ctx.Err() != nullptr) return {nullptr, r.ctx.Err()};
    std::shared_ptr<persistConn> pc = get_idle(key);
    const bool reused = pc != nullptr;
    if (!reused) {
      error err;
      std::tie(pc, err) = dial(r, key);
      if (err != nullptr) return {nullptr, err};
    }
    bool nothing_came = false;
    auto answer = exchange(r, pc, &nothing_came);
    if (answer.second == nullptr) return answer;
    pc->socket->Close();
    // The server may close a kept connection just when it is used again. If no byte of a response
    // has come, a request that may be repeated is sent again.
    const bool repeatable = req.Method.empty() || req.Method == "GET" || req.Method == "HEAD" ||
                            req.Method == "OPTIONS" || req.Method == "TRACE";
    const bool in_time = !answer.second.Timeout() && (r.ctx == nullptr || r.ctx.Err() == nullptr);
    if (!(reused && nothing_came && repeatable && in_time)) return answer;
  }
}

}  // namespace golab::net::http
