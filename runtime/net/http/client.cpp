// client.cpp: http::Get and its like: requests, redirects, timeouts, and errors that say what was
// asked for.
#include <algorithm>
#include <cctype>

#include "runtime/net/http/transport.h"

namespace golab::net::http {

namespace {

constexpr int kRedirectsMax = 10;
constexpr int64_t kSlurpBytesMax = 2 << 10;  // of a redirect's body, to keep its connection

// "GET" -> "Get": a client's errors begin with it, as in Go.
std::string op_name(std::string_view method) {
  std::string op(method.empty() ? "GET" : method);
  std::transform(op.begin() + 1, op.end(), op.begin() + 1, ::tolower);
  return op;
}

bool is_redirect(int code) {
  return code == 301 || code == 302 || code == 303 || code == 307 || code == 308;
}

// Makes the request that a redirect asks for.
error follow(const Response& resp, std::shared_ptr<Request>* req, std::string* body) {
  const Request& last = **req;
  std::string location = resp.Header.Get("Location");
  auto [u, err] = url::ResolveReference(last.URL, location);
  if (err != nullptr) {
    return errors::New("failed to parse Location header " + url::quote(location) + ": " +
                       err.Error());
  }
  auto next = std::make_shared<Request>();
  next->Method = last.Method;
  if (resp.StatusCode <= 303) {
    if (next->Method != "GET" && next->Method != "HEAD" && !next->Method.empty()) {
      next->Method = "GET";
    }
    body->clear();
  }
  next->Header = last.Header;
  if (u.Host != last.URL.Host) {  // secrets are not sent to another host
    next->Header.Del("Authorization");
    next->Header.Del("Cookie");
  }
  if (body->empty()) next->Header.Del("Content-Type");
  next->URL = std::move(u);
  next->Close = last.Close;
  next->ctx = last.ctx;
  *req = std::move(next);
  return nullptr;
}

}  // namespace

std::pair<Request, error> NewRequestWithContext(context::Context ctx, std::string_view method,
                                                std::string_view url, std::string body) {
  Request req;
  if (ctx == nullptr) return {req, errors::New("net/http: nil Context")};
  req.Method = method.empty() ? "GET" : std::string(method);
  if (!valid_field_name(req.Method)) {  // a token, too
    return {Request{}, errors::New("net/http: invalid method " + url::quote(req.Method))};
  }
  auto [u, err] = url::Parse(url);
  if (err != nullptr) return {Request{}, err};
  req.URL = std::move(u);
  req.Host = req.URL.Host;
  req.ctx = std::move(ctx);
  req.ContentLength = static_cast<int64_t>(body.size());
  if (!body.empty()) req.Body = io::NopCloser(std::move(body));
  return {std::move(req), nullptr};
}

std::pair<Request, error> NewRequest(std::string_view method, std::string_view url,
                                     std::string body) {
  return NewRequestWithContext(context::Background(), method, url, std::move(body));
}

// ---- Timeouts ----

namespace {

// The error of a call that takes longer than Client.Timeout.
struct timeoutError {
  std::string text;
  error cause;
  std::string Error() const { return text; }
  error Unwrap() const { return cause; }
  bool Timeout() const { return true; }
};

// A Client's Timeout, counted from the call on. It lies in the context of the requests.
class Deadline {
 public:
  explicit Deadline(time::Duration timeout) {
    if (timeout > 0) at_ = time::Now().Add(timeout);
  }
  bool set() const { return !at_.IsZero(); }
  // Returns a function that lifts it again. An earlier deadline of the request's own wins.
  context::CancelFunc put_into(Request* req) {
    const context::Context parent = req->ctx == nullptr ? context::Background() : req->ctx;
    if (auto [own, has] = parent.Deadline(); has && !at_.Before(own)) at_ = time::Time();
    if (!set()) return [] {};
    auto [ctx, cancel] = context::WithDeadline(parent, at_);
    req->ctx = ctx;
    return cancel;
  }
  error explain(const error& err, const char* what) const {
    if (!set() || time::Now().Before(at_)) return err;
    return timeoutError{err.Error() + " (Client.Timeout " + what + ")", err};
  }

 private:
  time::Time at_;
};

// A body that is to be read before the deadline.
class cancelTimerBody final : public golab::glue::reader {
 public:
  cancelTimerBody(io::ReadCloser rc, Deadline deadline, context::CancelFunc stop)
      : rc_(std::move(rc)), deadline_(deadline), stop_(std::move(stop)) {}

  [[gnu::noinline]] std::pair<int, error> Read(char* p, size_t n) override {
    auto [got, err] = rc_.Read(p, n);
    if (err == nullptr || err == io::EOF_) return {got, err};
    return {got, deadline_.explain(err, "or context cancellation while reading body")};
  }
  [[gnu::noinline]] error Close() override {
    error err = rc_.Close();
    stop_();
    return err;
  }

 private:
  io::ReadCloser rc_;
  Deadline deadline_;
  context::CancelFunc stop_;
};

// ---- One call ----

using Answer = golab::glue::http_client::answer;

[[gnu::noinline]] Answer send(const std::shared_ptr<Request>& req, const std::string& body,
                              Transport* transport, Deadline* deadline) {
  context::CancelFunc stop;
  auto sent = req;
  if (deadline->set()) {
    sent = std::make_shared<Request>(*req);
    stop = deadline->put_into(sent.get());
  }
  auto treq = std::make_shared<transportRequest>();
  treq->Request = sent;
  treq->body = body;
  auto [resp, err] = transport->RoundTrip(treq);
  if (err != nullptr) {
    if (stop != nullptr) stop();
    return {nullptr, err};
  }
  resp->Request = req;
  if (stop != nullptr) {
    resp->Body = io::ReadCloser(
        std::make_shared<cancelTimerBody>(std::move(resp->Body), *deadline, std::move(stop)));
  }
  return {std::move(resp), nullptr};
}

// So that the connection can be used for what follows, if that is little.
void slurp(const Response& resp) {
  char scratch[512];
  for (int64_t left = resp.ContentLength <= kSlurpBytesMax ? kSlurpBytesMax : 0; left > 0;) {
    auto [n, err] = resp.Body.Read(scratch, sizeof scratch);
    left -= n;
    if (err != nullptr) break;
  }
  resp.Body.Close();
}

// http.Client as its frames show it: the public one is copied freely and is glue.
class Client {
 public:
  explicit Client(const golab::glue::http_client& c)
      : deadline_(c.Timeout), transport_(c.Transport != nullptr ? c.Transport : DefaultTransport) {}

  [[gnu::noinline]] Answer Do(const Request& req) { return do_(req); }
  [[gnu::noinline]] Answer Get(std::string_view url) {
    auto [req, err] = NewRequest("GET", url);
    return err != nullptr ? Answer{nullptr, err} : Do(req);
  }
  [[gnu::noinline]] Answer Head(std::string_view url) {
    auto [req, err] = NewRequest("HEAD", url);
    return err != nullptr ? Answer{nullptr, err} : Do(req);
  }
  [[gnu::noinline]] Answer Post(std::string_view url, std::string_view type, std::string body) {
    auto [req, err] = NewRequest("POST", url, std::move(body));
    req.Header.Set("Content-Type", type);
    return err != nullptr ? Answer{nullptr, err} : Do(req);
  }

 private:
  [[gnu::noinline]] Answer do_(const Request& first);
  [[gnu::noinline]] Answer send(const std::shared_ptr<Request>& req, const std::string& body) {
    return http::send(req, body, transport_.get(), &deadline_);
  }

  Deadline deadline_;
  std::shared_ptr<Transport> transport_;
};

Answer Client::do_(const Request& first) {
  auto req = std::make_shared<Request>(first);
  const std::string op = op_name(req->Method);
  auto fail = [&](const error& err) -> Answer {
    return {nullptr, url::Error_{op, req->URL.String(), err}};
  };
  std::string body;
  if (req->Body != nullptr) {
    auto [text, err] = io::ReadAll(req->Body);
    req->Body.Close();
    if (err != nullptr) return fail(err);
    body = std::move(text);
  }
  for (int redirects = 0;; redirects++) {
    auto [resp, err] = send(req, body);
    if (err != nullptr) return fail(deadline_.explain(err, "exceeded while awaiting headers"));
    if (!is_redirect(resp->StatusCode) || !resp->Header.has("Location")) return {resp, nullptr};
    slurp(*resp);
    if (error bad = follow(*resp, &req, &body); bad != nullptr) return fail(bad);
    if (redirects == kRedirectsMax - 1) {
      return fail(errors::New("stopped after " + std::to_string(kRedirectsMax) + " redirects"));
    }
  }
}

using FramesOfClient = Client;  // outside of this namespace Client is the public one

}  // namespace

[[gnu::noinline]] Answer Get(std::string_view url) {
  return FramesOfClient(golab::glue::http_client()).Get(url);
}

[[gnu::noinline]] Answer Head(std::string_view url) {
  return FramesOfClient(golab::glue::http_client()).Head(url);
}

[[gnu::noinline]] Answer Post(std::string_view url, std::string_view type, std::string body) {
  return FramesOfClient(golab::glue::http_client()).Post(url, type, std::move(body));
}

}  // namespace golab::net::http

namespace golab::glue {

using net::http::FramesOfClient;

http_client::answer http_client::Do(const net::http::Request& req) const {
  return FramesOfClient(*this).Do(req);
}

http_client::answer http_client::Get(std::string_view url) const {
  return FramesOfClient(*this).Get(url);
}

http_client::answer http_client::Head(std::string_view url) const {
  return FramesOfClient(*this).Head(url);
}

http_client::answer http_client::Post(std::string_view url, std::string_view type,
                                      std::string body) const {
  return FramesOfClient(*this).Post(url, type, std::move(body));
}

void http_client::CloseIdleConnections() const {
  (Transport != nullptr ? Transport : net::http::DefaultTransport)->CloseIdleConnections();
}

}  // namespace golab::glue
