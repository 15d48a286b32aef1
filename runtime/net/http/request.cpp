// request.cpp: the methods of a Request (context, forms, wildcards), and ready-made responses.
#include <algorithm>

#include "runtime/fmt/fmt.h"
#include "runtime/net/http/conn.h"
#include "runtime/net/http/html.h"
#include "runtime/net/http/mime.h"

namespace golab::net::http {

const io::ReadCloser NoBody = io::NopCloser("");

const error ErrServerClosed = errors::New("http: Server closed");
const error ErrAbortHandler = errors::New("net/http: abort Handler");
const error ErrContentLength = errors::New("http: wrote more than the declared Content-Length");
const error ErrBodyNotAllowed =
    errors::New("http: request method or response status code does not allow body");
const error ErrBodyReadAfterClose = errors::New("http: invalid Read on closed Body");

const error ErrHandlerTimeout = errors::New("http: Handler timeout");
const error ErrHijacked = errors::New("http: connection has been hijacked");
const error ErrNotSupported = std::make_shared<ProtocolError>(ProtocolError{"feature not supported"});

[[gnu::noinline]] void HandlerFunc::ServeHTTP(ResponseWriter& w, Request* r) const { f_(w, r); }

context::Context Request::Context() const {
  if (lazy_ctx != nullptr) return lazy_ctx->get(ctx);
  return ctx == nullptr ? context::Background() : ctx;
}

Request Request::WithContext(context::Context other) const {
  if (other == nullptr) golab::panic("nil context");
  Request copy = *this;
  copy.ctx = std::move(other);
  copy.lazy_ctx = nullptr;
  return copy;
}

namespace {

class maxBytesReader final : public golab::glue::reader {
 public:
  maxBytesReader(ResponseWriter& w, io::ReadCloser body, int64_t n)
      : w_(&w), body_(std::move(body)), most_(n), left_(n) {}

  [[gnu::noinline]] std::pair<int, error> Read(char* p, size_t n) override {
    if (err_ != nullptr) return {0, err_};
    if (n == 0) return {0, nullptr};
    // Reads up to one byte more than allowed, to see whether the body is too long.
    n = std::min(n, static_cast<size_t>(left_) + 1);
    auto [got, err] = body_.Read(p, n);
    if (got <= left_) {
      left_ -= got;
      err_ = err;
      return {got, err};
    }
    got = static_cast<int>(left_);
    left_ = 0;
    err_ = std::make_shared<MaxBytesError>(MaxBytesError{most_});
    if (auto* resp = dynamic_cast<response*>(w_)) resp->requestTooLarge();
    return {got, err_};
  }
  error Close() override { return body_.Close(); }

 private:
  ResponseWriter* w_;  // not touched once the body is closed, which is at the end of the request
  io::ReadCloser body_;
  int64_t most_;
  int64_t left_;
  error err_;
};

std::pair<url::Values, error> parsePostForm(const Request& r) {
  if (r.Body == nullptr) return {{}, errors::New("missing form body")};
  const std::string type = r.Header.Get("Content-Type");
  auto [media, params, err] =
      mime::ParseMediaType(type.empty() ? "application/octet-stream" : type);
  if (media != "application/x-www-form-urlencoded") return {{}, err};
  constexpr size_t kMostFormBytes = 10 << 20;
  const bool limited = dynamic_cast<maxBytesReader*>(r.Body.impl().get()) != nullptr;
  std::string text;
  char buf[4096];
  for (error read_err; read_err == nullptr;) {
    int n;
    std::tie(n, read_err) = r.Body.Read(buf, sizeof buf);
    text.append(buf, static_cast<size_t>(n));
    if (!limited && text.size() > kMostFormBytes) {
      return {{}, errors::New("http: POST too large")};
    }
    if (read_err != nullptr && !(read_err == io::EOF_)) {
      return {{}, err != nullptr ? err : read_err};
    }
  }
  auto [values, query_err] = url::ParseQuery(text);
  return {std::move(values), err != nullptr ? err : query_err};
}

}  // namespace

error Request::ParseForm() {
  if (form_parsed) return nullptr;
  form_parsed = true;
  error first;
  if (Method == "POST" || Method == "PUT" || Method == "PATCH") {
    std::tie(PostForm, first) = parsePostForm(*this);
  }
  auto [query, err] = url::ParseQuery(URL.RawQuery);
  Form = PostForm;
  for (auto& [key, values] : query) {
    auto& all = Form[key];
    all.insert(all.end(), values.begin(), values.end());
  }
  return first != nullptr ? first : err;
}

std::string Request::FormValue(std::string_view key) {
  ParseForm();
  return Form.Get(key);
}

std::string Request::PostFormValue(std::string_view key) {
  ParseForm();
  return PostForm.Get(key);
}

std::string Request::PathValue(std::string_view name) const {
  for (const auto& [key, value] : path_values) {
    if (key == name) return value;
  }
  return "";
}

void Request::SetPathValue(std::string_view name, std::string_view value) {
  for (auto& [key, old] : path_values) {
    if (key == name) {
      old = value;
      return;
    }
  }
  path_values.emplace_back(name, value);
}

// ---- Ready-made responses ----

void Error(ResponseWriter& w, std::string_view text, int code) {
  http::Header& h = w.Header();
  // It may have been set for a response that is now not sent.
  h.Del("Content-Length");
  h.Set("Content-Type", "text/plain; charset=utf-8");
  h.Set("X-Content-Type-Options", "nosniff");
  w.WriteHeader(code);
  std::string line(text);
  line += '\n';
  w.Write(line);
}

void NotFound(ResponseWriter& w, Request*) { Error(w, "404 page not found", StatusNotFound); }

Handler NotFoundHandler() { return HandlerFunc(NotFound); }

namespace {

// A Location has only ASCII characters.
std::string ascii_url(std::string_view s) {
  std::string out;
  for (char c : s) {
    const auto byte = static_cast<unsigned char>(c);
    out += byte < 0x80 ? std::string(1, c) : fmt::Sprintf("%%%02x", byte);
  }
  return out;
}

}  // namespace

void Redirect(ResponseWriter& w, Request* r, std::string_view target, int code) {
  std::string to(target);
  auto [u, err] = url::Parse(to);
  if (err == nullptr && u.Scheme.empty() && u.Host.empty()) {
    std::string from = r->URL.EscapedPath();
    if (from.empty()) from = "/";
    if (to.empty() || to[0] != '/') to = from.substr(0, from.rfind('/') + 1) + to;
    std::string query;
    if (const size_t mark = to.find('?'); mark != std::string::npos) {
      query = to.substr(mark);
      to.resize(mark);
    }
    to = url::clean_path(to) + query;
  }
  http::Header& h = w.Header();
  const bool has_type = h.has("Content-Type");
  h.Set("Location", ascii_url(to));
  const bool shows = r->Method == "GET" || r->Method == "HEAD";
  if (!has_type && shows) h.Set("Content-Type", "text/html; charset=utf-8");
  w.WriteHeader(code);
  if (!has_type && r->Method == "GET") {
    w.Write("<a href=\"" + html::EscapeString(to) + "\">" + std::string(StatusText(code)) +
            "</a>.\n\n");
  }
}

Handler RedirectHandler(std::string_view url, int code) {
  return HandlerFunc(
      [to = std::string(url), code](ResponseWriter& w, Request* r) { Redirect(w, r, to, code); });
}

// In Go the three below hand a copy of the Request on. Here they change it for the time of the call.

Handler StripPrefix(std::string_view prefix, Handler h) {
  if (prefix.empty()) return h;
  return HandlerFunc([prefix = std::string(prefix), h](ResponseWriter& w, Request* r) {
    const bool raw = !r->URL.RawPath.empty();
    if (!r->URL.Path.starts_with(prefix) || (raw && !r->URL.RawPath.starts_with(prefix))) {
      return NotFound(w, r);
    }
    const std::string path = r->URL.Path;
    const std::string raw_path = r->URL.RawPath;
    r->URL.Path.erase(0, prefix.size());
    if (raw) r->URL.RawPath.erase(0, prefix.size());
    h.ServeHTTP(w, r);
    r->URL.Path = path;
    r->URL.RawPath = raw_path;
  });
}

Handler AllowQuerySemicolons(Handler h) {
  return HandlerFunc([h](ResponseWriter& w, Request* r) {
    const std::string query = r->URL.RawQuery;
    std::replace(r->URL.RawQuery.begin(), r->URL.RawQuery.end(), ';', '&');
    h.ServeHTTP(w, r);
    r->URL.RawQuery = query;
  });
}

Handler MaxBytesHandler(Handler h, int64_t n) {
  return HandlerFunc([h, n](ResponseWriter& w, Request* r) {
    const io::ReadCloser body = r->Body;
    r->Body = MaxBytesReader(w, body, n);
    h.ServeHTTP(w, r);
    r->Body = body;
  });
}

io::ReadCloser MaxBytesReader(ResponseWriter& w, io::ReadCloser body, int64_t n) {
  return io::ReadCloser(
      std::make_shared<maxBytesReader>(w, std::move(body), std::max<int64_t>(n, 0)));
}

}  // namespace golab::net::http
