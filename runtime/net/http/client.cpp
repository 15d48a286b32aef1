// client.cpp: http::Get and its like: requests, redirects, timeouts, and errors that say what was
// asked for.
#include <algorithm>

#include "runtime/log/log.h"
#include "runtime/net/http/transport.h"

namespace golab::net::http {

const error ErrUseLastResponse = errors::New("net/http: use last response");
const error ErrNoLocation = errors::New("http: no Location header in response");

std::pair<url::URL, error> Response::Location() const {
  const std::string* location = Header.find("Location");
  if (location == nullptr || location->empty()) return {url::URL{}, ErrNoLocation};
  return Request != nullptr ? Request->URL.Parse(*location) : url::Parse(*location);
}

// ---- Requests ----

std::pair<Request, error> NewRequestWithContext(context::Context ctx, std::string_view method,
                                                std::string_view url, io::ReadCloser body) {
  Request req;
  req.Method = method.empty() ? "GET" : std::string(method);
  if (!valid_field_name(req.Method)) {  // a token, too
    return {Request{}, errors::New("net/http: invalid method " + url::quote(req.Method))};
  }
  if (ctx == nullptr) return {Request{}, errors::New("net/http: nil Context")};
  auto [u, err] = url::Parse(url);
  if (err != nullptr) return {Request{}, err};
  req.URL = std::move(u);
  if (req.URL.Host.ends_with(':')) req.URL.Host.pop_back();
  req.Host = req.URL.Host;
  req.ctx = std::move(ctx);
  req.Body = std::move(body);
  return {std::move(req), nullptr};
}

std::pair<Request, error> NewRequestWithContext(context::Context ctx, std::string_view method,
                                                std::string_view url, std::nullptr_t) {
  return NewRequestWithContext(std::move(ctx), method, url, io::ReadCloser());
}

std::pair<Request, error> NewRequestWithContext(context::Context ctx, std::string_view method,
                                                std::string_view url, std::string body) {
  auto out = NewRequestWithContext(std::move(ctx), method, url, io::ReadCloser());
  if (out.second != nullptr || body.empty()) return out;
  Request& req = out.first;
  req.ContentLength = static_cast<int64_t>(body.size());
  req.Body = io::NopCloser(body);
  req.GetBody = [text = std::move(body)]() -> std::pair<io::ReadCloser, error> {
    return {io::NopCloser(text), nullptr};
  };
  return out;
}

std::pair<Request, error> NewRequest(std::string_view method, std::string_view url,
                                     std::string body) {
  return NewRequestWithContext(context::Background(), method, url, std::move(body));
}

std::pair<Request, error> NewRequest(std::string_view method, std::string_view url,
                                     io::ReadCloser body) {
  return NewRequestWithContext(context::Background(), method, url, std::move(body));
}

std::pair<Request, error> NewRequest(std::string_view method, std::string_view url,
                                     std::nullptr_t) {
  return NewRequestWithContext(context::Background(), method, url, io::ReadCloser());
}

// ---- Timeouts ----

namespace {

constexpr size_t kRedirectsMax = 10;
constexpr int64_t kSlurpBytesMax = 2 << 10;  // of a redirect's body, to keep its connection

// A Client's Timeout, counted from the call on. It lies in the context of the requests.
class Deadline {
 public:
  explicit Deadline(time::Duration timeout) {
    if (timeout > 0) at_ = time::Now().Add(timeout);
  }
  bool set() const { return !at_.IsZero(); }
  bool passed() const { return set() && !time::Now().Before(at_); }
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
    if (!passed()) return err;
    return timeoutError{err.Error() + " (Client.Timeout " + what + ")"};
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

// ---- One request ----

using Answer = golab::glue::http_answer;

void close_body(const Request& req) {
  if (req.Body != nullptr) req.Body.Close();
}

[[gnu::noinline]] Answer send(const std::shared_ptr<Request>& req, const RoundTripper& rt,
                              Deadline* deadline) {
  if (!req->RequestURI.empty()) {
    close_body(*req);
    return {nullptr, errors::New("http: Request.RequestURI can't be set in client requests")};
  }
  context::CancelFunc stop;
  auto sent = req;
  auto fork = [&] {
    if (sent == req) sent = std::make_shared<Request>(*req);
  };
  if (const auto& user = req->URL.User; user != nullptr && !req->Header.has("Authorization")) {
    fork();
    sent->SetBasicAuth(user->Username(), user->Password().first);
  }
  if (deadline->set()) {
    fork();
    stop = deadline->put_into(sent.get());
  }
  auto [resp, err] = rt.RoundTrip(sent);
  if (err != nullptr) {
    if (stop != nullptr) stop();
    if (resp != nullptr) {
      log::Printf("RoundTripper returned a response & error; ignoring response");
    }
    return {nullptr, err};
  }
  if (resp == nullptr) {
    return {nullptr, errors::New("http: RoundTripper implementation returned a nil *Response with "
                                 "a nil error")};
  }
  if (resp->Body == nullptr) resp->Body = NoBody;
  if (stop != nullptr) {
    resp->Body = io::ReadCloser(
        std::make_shared<cancelTimerBody>(std::move(resp->Body), *deadline, std::move(stop)));
  }
  return {std::move(resp), nullptr};
}

// ---- Redirects ----

struct redirect_behavior {
  std::string method;
  bool follow = false;
  bool include_body = false;
};

redirect_behavior redirectBehavior(const std::string& method, int code, const Request& first) {
  if (code >= 301 && code <= 303) {
    return {method == "GET" || method == "HEAD" || method.empty() ? method : "GET", true, false};
  }
  if (code == 307 || code == 308) {
    return {method, first.GetBody != nullptr || outgoingLength(first) == 0, true};
  }
  return {};
}

std::string small_letters(std::string s) {
  for (char& c : s) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c | 0x20);
  }
  return s;
}

bool isDomainOrSubdomain(std::string_view sub, std::string_view parent) {
  if (sub == parent) return true;
  if (sub.find_first_of(":%") != sub.npos || !sub.ends_with(parent)) return false;
  return sub[sub.size() - parent.size() - 1] == '.';
}

// Secrets go to the same host and below it only. Once one was left out, none is sent any more.
bool shouldCopyHeaderOnRedirect(const url::URL& first, const url::URL& to) {
  return isDomainOrSubdomain(small_letters(to.Hostname()), small_letters(first.Hostname()));
}

bool among(std::string_view name, std::initializer_list<std::string_view> names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

void copy_headers(const Request& first, bool strip_secrets, bool strip_body, Request* to) {
  for (const auto& [name, value] : first.Header) {
    const bool secret = among(name, {"Authorization", "Www-Authenticate", "Cookie", "Cookie2",
                                     "Proxy-Authorization", "Proxy-Authenticate"});
    const bool about_body = among(
        name, {"Content-Encoding", "Content-Language", "Content-Location", "Content-Type"});
    if (!(secret && strip_secrets) && !(about_body && strip_body)) to->Header.Add(name, value);
  }
}

// Where the last request went, without a user; nothing on the way out of TLS.
std::string refererForURL(const url::URL& last, const url::URL& next,
                          const std::string& explicit_one) {
  if (last.Scheme == "https" && next.Scheme == "http") return "";
  if (!explicit_one.empty()) return explicit_one;
  url::URL shown = last;
  shown.User = nullptr;
  return shown.String();
}

std::string stripPassword(const url::URL& u) {
  if (u.User == nullptr || !u.User->Password().second) return u.String();
  std::string text = u.String();
  const std::string info = u.User->String() + "@";
  const size_t at = text.find(info);
  return at == text.npos ? text : text.replace(at, info.size(), u.User->Username() + ":***@");
}

// "GET" -> "Get": a client's errors begin with it, as in Go.
std::string urlErrorOp(const std::string& method) {
  return method.empty() ? "Get" : method[0] + small_letters(method.substr(1));
}

// So that the connection can be used for what follows, if that is little.
void slurp(const Response& resp) {
  char scratch[512];
  const bool little = resp.ContentLength <= kSlurpBytesMax;
  for (int64_t left = little ? kSlurpBytesMax : 0; left > 0;) {
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
      : deadline_(c.Timeout), check_(c.CheckRedirect), transport_(c.Transport) {
    if (transport_ == nullptr) transport_ = DefaultTransport;
  }

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
  [[gnu::noinline]] Answer Post(std::string_view url, std::string_view type, io::ReadCloser body) {
    auto [req, err] = NewRequest("POST", url, std::move(body));
    req.Header.Set("Content-Type", type);
    return err != nullptr ? Answer{nullptr, err} : Do(req);
  }

 private:
  [[gnu::noinline]] Answer do_(const Request& first);
  [[gnu::noinline]] Answer send(const std::shared_ptr<Request>& req) {
    return http::send(req, transport_, &deadline_);
  }
  error checkRedirect(Request* req, const std::vector<std::shared_ptr<Request>>& via) {
    if (check_ != nullptr) return check_(req, via);
    if (via.size() < kRedirectsMax) return nullptr;
    return errors::New("stopped after " + std::to_string(kRedirectsMax) + " redirects");
  }

  Deadline deadline_;
  decltype(golab::glue::http_client::CheckRedirect) check_;
  RoundTripper transport_;
};

Answer Client::do_(const Request& first) {
  std::vector<std::shared_ptr<Request>> reqs;
  auto req = std::make_shared<Request>(first);
  std::shared_ptr<Response> resp;
  redirect_behavior next;
  bool include_body = true;
  bool strip_secrets = false;
  auto uerr = [&](const error& err) {
    const bool has = resp != nullptr && resp->Request != nullptr;
    return url::Error_{urlErrorOp(first.Method),
                       stripPassword(has ? resp->Request->URL : req->URL), err};
  };
  for (;;) {
    if (!reqs.empty()) {
      const std::string location = resp->Header.Get("Location");
      if (location.empty()) return {resp, nullptr};
      auto [u, err] = req->URL.Parse(location);
      if (err != nullptr) {
        resp->Body.Close();
        return {nullptr, uerr(errors::New("failed to parse Location header " +
                                          url::quote(location) + ": " + err.Error()))};
      }
      // A Host of the caller's own goes on as long as the redirects are relative.
      std::string host;
      if (!req->Host.empty() && req->Host != req->URL.Host) {
        auto [ref, bad] = url::Parse(location);
        if (bad == nullptr && !ref.IsAbs()) host = req->Host;
      }
      auto then = std::make_shared<Request>();
      then->Method = next.method;
      then->Response = resp;
      then->URL = std::move(u);
      then->Host = std::move(host);
      then->ctx = first.ctx;
      if (include_body && first.GetBody != nullptr) {
        std::tie(then->Body, err) = first.GetBody();
        if (err != nullptr) {
          resp->Body.Close();
          return {nullptr, uerr(err)};
        }
        then->GetBody = first.GetBody;
        then->ContentLength = first.ContentLength;
      }
      if (first.URL.Host != then->URL.Host && !shouldCopyHeaderOnRedirect(first.URL, then->URL)) {
        strip_secrets = true;
      }
      copy_headers(first, strip_secrets, !include_body, then.get());
      const std::string referer =
          refererForURL(reqs.back()->URL, then->URL, then->Header.Get("Referer"));
      if (!referer.empty()) then->Header.Set("Referer", referer);
      req = then;
      err = checkRedirect(req.get(), reqs);
      if (err == ErrUseLastResponse) return {resp, nullptr};
      slurp(*resp);
      if (err != nullptr) {
        url::Error_ failed = uerr(err);
        failed.URL = location;
        return {resp, failed};
      }
    }
    reqs.push_back(req);
    auto [got, err] = send(req);
    if (err != nullptr) {
      resp = nullptr;
      return {nullptr, uerr(deadline_.explain(err, "exceeded while awaiting headers"))};
    }
    resp = got;
    next = redirectBehavior(req->Method, resp->StatusCode, first);
    if (!next.follow) return {resp, nullptr};
    include_body = include_body && next.include_body;
    close_body(*req);
  }
}

using FramesOfClient = Client;  // outside of this namespace Client is the public one

}  // namespace

golab::glue::http_client* const DefaultClient = new golab::glue::http_client;

[[gnu::noinline]] Answer Get(std::string_view url) {
  return FramesOfClient(*DefaultClient).Get(url);
}

[[gnu::noinline]] Answer Head(std::string_view url) {
  return FramesOfClient(*DefaultClient).Head(url);
}

[[gnu::noinline]] Answer Post(std::string_view url, std::string_view type, std::string body) {
  return FramesOfClient(*DefaultClient).Post(url, type, std::move(body));
}

[[gnu::noinline]] Answer Post(std::string_view url, std::string_view type, io::ReadCloser body) {
  return FramesOfClient(*DefaultClient).Post(url, type, std::move(body));
}

[[gnu::noinline]] Answer Post(std::string_view url, std::string_view type, std::nullptr_t) {
  return FramesOfClient(*DefaultClient).Post(url, type, io::ReadCloser());
}

[[gnu::noinline]] Answer PostForm(std::string_view url, const url::Values& data) {
  return Post(url, "application/x-www-form-urlencoded", data.Encode());
}

}  // namespace golab::net::http

namespace golab::glue {

using net::http::FramesOfClient;

http_answer http_client::Do(const net::http::Request& req) const {
  return FramesOfClient(*this).Do(req);
}

http_answer http_client::Get(std::string_view url) const { return FramesOfClient(*this).Get(url); }

http_answer http_client::Head(std::string_view url) const {
  return FramesOfClient(*this).Head(url);
}

http_answer http_client::Post(std::string_view url, std::string_view type,
                              std::string body) const {
  return FramesOfClient(*this).Post(url, type, std::move(body));
}

http_answer http_client::Post(std::string_view url, std::string_view type,
                              io::ReadCloser body) const {
  return FramesOfClient(*this).Post(url, type, std::move(body));
}

http_answer http_client::Post(std::string_view url, std::string_view type, std::nullptr_t) const {
  return FramesOfClient(*this).Post(url, type, io::ReadCloser());
}

http_answer http_client::PostForm(std::string_view url, const net::url::Values& data) const {
  return Post(url, "application/x-www-form-urlencoded", data.Encode());
}

void http_client::CloseIdleConnections() const {
  if (Transport != nullptr) return Transport.CloseIdleConnections();
  net::http::DefaultTransport->CloseIdleConnections();
}

}  // namespace golab::glue
