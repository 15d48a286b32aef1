// client.cpp: http.Client: requests, redirects, and errors that name the request.
#include "runtime/net/http/transport.h"
#include "runtime/time/when.h"

namespace golab::net::http {

namespace {

constexpr int kMostRedirects = 10;

const std::shared_ptr<Transport>& default_transport() {
  // Never destroyed: goroutines may use it until the process ends.
  static auto* transport = new std::shared_ptr<Transport>(std::make_shared<Transport>());
  return *transport;
}

// "GET" -> "Get": a client's errors begin with it, as in Go.
std::string op_name(std::string_view method) {
  if (method.empty()) return "Get";
  std::string op(method);
  for (size_t i = 1; i < op.size(); i++) {
    if (op[i] >= 'A' && op[i] <= 'Z') op[i] = static_cast<char>(op[i] + 0x20);
  }
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

std::shared_ptr<Transport> NewTransport() { return std::make_shared<Transport>(); }

std::pair<Request, error> NewRequestWithContext(context::Context ctx, std::string_view method,
                                                std::string_view url, std::string body) {
  Request req;
  if (ctx == nullptr) return {req, errors::New("net/http: nil Context")};
  req.Method = method.empty() ? "GET" : std::string(method);
  if (req.Method.find_first_of(" \t\r\n()<>@,;:\\\"/[]?={}") != std::string::npos) {
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

std::pair<std::shared_ptr<Response>, error> Client::Do(const http::Request& first) const {
  auto req = std::make_shared<http::Request>(first);
  const std::string op = op_name(req->Method);
  auto fail = [&](const error& err) -> std::pair<std::shared_ptr<Response>, error> {
    return {nullptr, url::Error_{op, req->URL.String(), err}};
  };
  round r;
  r.ctx = req->ctx;
  if (Timeout > 0) r.deadline = time::when(Timeout);
  if (r.ctx != nullptr) {
    // A context's deadline needs no timer here: the context's end ends the connection (watch).
    if (error err = r.ctx.Err(); err != nullptr) return fail(err);
  }
  if (req->Body != nullptr) {
    auto [text, err] = io::ReadAll(req->Body);
    req->Body.Close();
    if (err != nullptr) return fail(err);
    r.body = std::move(text);
  }
  const std::shared_ptr<http::Transport>& transport = Transport ? Transport : default_transport();
  for (int redirects = 0;; redirects++) {
    r.req = req.get();
    auto [resp, err] = transport->RoundTrip(r);
    if (err != nullptr) return fail(err);
    resp->Request = req;
    if (!is_redirect(resp->StatusCode) || !resp->Header.has("Location")) return {resp, nullptr};
    io::ReadAll(resp->Body);  // so that the next request can use the connection
    resp->Body.Close();
    if (error bad = follow(*resp, &req, &r.body); bad != nullptr) return fail(bad);
    if (redirects == kMostRedirects - 1) {
      return fail(errors::New("stopped after " + std::to_string(kMostRedirects) + " redirects"));
    }
  }
}

std::pair<std::shared_ptr<Response>, error> Client::Get(std::string_view url) const {
  auto [req, err] = NewRequest("GET", url);
  if (err != nullptr) return {nullptr, err};
  return Do(req);
}

std::pair<std::shared_ptr<Response>, error> Client::Head(std::string_view url) const {
  auto [req, err] = NewRequest("HEAD", url);
  if (err != nullptr) return {nullptr, err};
  return Do(req);
}

std::pair<std::shared_ptr<Response>, error> Client::Post(std::string_view url,
                                                         std::string_view type,
                                                         std::string body) const {
  auto [req, err] = NewRequest("POST", url, std::move(body));
  if (err != nullptr) return {nullptr, err};
  req.Header.Set("Content-Type", type);
  return Do(req);
}

void Client::CloseIdleConnections() const {
  (Transport ? Transport : default_transport())->CloseIdleConnections();
}

std::pair<std::shared_ptr<Response>, error> Get(std::string_view url) { return Client{}.Get(url); }

std::pair<std::shared_ptr<Response>, error> Head(std::string_view url) {
  return Client{}.Head(url);
}

std::pair<std::shared_ptr<Response>, error> Post(std::string_view url, std::string_view type,
                                                 std::string body) {
  return Client{}.Post(url, type, std::move(body));
}

}  // namespace golab::net::http
