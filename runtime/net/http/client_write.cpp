// client_write.cpp: a request as it goes over the wire: its header, and its body as it is read.
//
// The functions are cut as Go's are, because a goroutine that waits for the reader of a body, or for
// a server that does not read, shows them.
#include <algorithm>

#include "runtime/fmt/fmt.h"
#include "runtime/net/http/transport.h"
#include "runtime/sched/go.h"

namespace golab {

namespace glue {
namespace {

// What a body is copied from, and to. Here, so that a stack shows only what they call.
struct source {
  virtual std::pair<int, error> read(char* p, size_t n) = 0;

 protected:
  ~source() = default;
};
struct sink {
  virtual error write(std::string_view data) = 0;

 protected:
  ~sink() = default;
};

template <typename T>
struct source_of final : source {
  explicit source_of(T* t) : from(t) {}
  std::pair<int, error> read(char* p, size_t n) override { return from->Read(p, n); }
  T* from;
};

// T's Write returns 0 or a code; then the connection knows the error.
template <typename T>
struct code_sink final : sink {
  code_sink(T* t, const net::http::persistConn* pc) : to(t), conn(pc) {}
  error write(std::string_view data) override {
    return to->Write(data) == 0 ? error() : conn->write_error();
  }
  T* to;
  const net::http::persistConn* conn;
};

struct discard final : sink {
  error write(std::string_view) override { return nullptr; }
};

}  // namespace
}  // namespace glue

namespace io {
namespace {

// Reads at most N bytes.
class LimitedReader {
 public:
  LimitedReader(glue::source* r, int64_t n) : N(n), r_(r) {}
  [[gnu::noinline]] std::pair<int, error> Read(char* p, size_t n) {
    if (N <= 0) return {0, EOF_};
    auto got = r_->read(p, std::min<uint64_t>(n, static_cast<uint64_t>(N)));
    N -= got.first;
    return got;
  }
  int64_t N;

 private:
  glue::source* r_;
};

struct copied {
  int64_t n = 0;
  error err;
  bool of_reader = false;  // err is the reader's
};

[[gnu::noinline]] copied copyBuffer(glue::sink* sink, glue::source* source, std::string* buf) {
  copied out;
  for (;;) {
    auto [n, err] = source->read(buf->data(), buf->size());
    if (n > 0) {
      out.err = sink->write({buf->data(), static_cast<size_t>(n)});
      if (out.err != nullptr) return out;
      out.n += n;
    }
    if (err == io::EOF_) return out;
    if (err != nullptr) {
      out.err = err;
      out.of_reader = true;
      return out;
    }
  }
}

[[gnu::noinline]] copied CopyBuffer(glue::sink* sink, glue::source* source, std::string* buf) {
  return copyBuffer(sink, source, buf);
}

}  // namespace
}  // namespace io

namespace net::http {

namespace internal {
namespace {

// Each Write is a chunk, and sent at once.
class chunkedWriter {
 public:
  explicit chunkedWriter(bufio::Writer* w) : w_(w) {}
  [[gnu::noinline]] int Write(std::string_view data) {
    if (data.empty()) return 0;
    w_->Write(fmt::Sprintf("%x\r\n", data.size()));
    w_->Write(data);
    w_->Write("\r\n");
    return w_->Flush();
  }
  int Close() { return w_->Write("0\r\n").err; }

 private:
  bufio::Writer* w_;
};

}  // namespace
}  // namespace internal

[[gnu::noinline]] std::pair<int, error> readTrackingBody::Read(char* p, size_t n) {
  didRead = true;
  return body.Read(p, n);
}

error readTrackingBody::Close() { return didClose.exchange(true) ? error() : body.Close(); }

int64_t outgoingLength(const Request& req) {
  if (req.Body == nullptr || req.Body == NoBody) return 0;
  return req.ContentLength != 0 ? req.ContentLength : -1;
}

namespace {

// The result of the first read of a body that may be empty.
struct readResult {
  int n = 0;
  char b = 0;
  error err;
};

struct finishAsyncByteRead {
  Chan<readResult> first;
  [[gnu::noinline]] readResult Read() const { return first.recv(); }
};

}  // namespace
}  // namespace net::http

namespace glue {
namespace {

struct plainWriter {
  bufio::Writer* w;
  int Write(std::string_view data) { return w->Write(data).err; }
};

// A body, with what was read for a probe in front of it.
struct probed_body {
  std::pair<int, error> Read(char* p, size_t n) {
    if (!(first == nullptr)) {  // the probe still goes on
      probed = net::http::finishAsyncByteRead{first}.Read();
      first = {};
      has_probed = true;
    }
    if (has_probed) {
      has_probed = false;
      if (probed.n == 1) {
        *p = probed.b;
        return {1, nullptr};
      }
    }
    if (probed.err != nullptr) return {0, probed.err};
    return body->Read(p, n);
  }
  const io::ReadCloser* body = nullptr;
  Chan<net::http::readResult> first;
  net::http::readResult probed;
  bool has_probed = false;
};

}  // namespace
}  // namespace glue

namespace net::http {
namespace {

using golab::glue::plainWriter;
using golab::glue::probed_body;

// These methods seldom have a body. If one of them has a reader of unknown length, a first byte is
// read, to see whether to send chunks or nothing.
bool requestMethodUsuallyLacksBody(std::string_view method) {
  for (std::string_view m : {"GET", "HEAD", "DELETE", "OPTIONS", "PROPFIND", "SEARCH"}) {
    if (method == m) return true;
  }
  return false;
}

class transferWriter {
 public:
  transferWriter(const Request& req, transfer* t)
      : Method(req.Method.empty() ? "GET" : req.Method),
        Body(t->treq->body != nullptr ? t->treq->body->body : req.Body),
        BodyCloser(req.Body),
        ContentLength(outgoingLength(req)),
        req_(req),
        t_(t) {}

  [[gnu::noinline]] error start() {
    if (req_.ContentLength != 0 && BodyCloser == nullptr) {
      return fmt::Errorf("http: Request.ContentLength=%d with nil Body", req_.ContentLength);
    }
    chunked_ = !req_.TransferEncoding.empty() && req_.TransferEncoding[0] == "chunked";
    if (ContentLength < 0 && req_.TransferEncoding.empty()) {
      chunked_ = shouldSendChunkedRequestBody();
    }
    // A text goes out together with the header. A reader may take its time.
    if (ContentLength != 0 && req_.GetBody == nullptr) FlushHeaders = true;
    if (Body == nullptr) chunked_ = false;
    if (chunked_) {
      ContentLength = -1;
    } else if (Body == nullptr) {
      ContentLength = 0;
    }
    return nullptr;
  }

  error writeHeader(bufio::Writer* w) const {
    const std::string* connection = req_.Header.find("Connection");
    if (req_.Close && (connection == nullptr || !has_token(*connection, "close"))) {
      w->Write("Connection: close\r\n");
    }
    if (shouldSendContentLength()) {
      w->Write("Content-Length: " + std::to_string(ContentLength) + "\r\n");
    } else if (chunked_) {
      w->Write("Transfer-Encoding: chunked\r\n");
    }
    if (!chunked_ || req_.Trailer.empty()) return nullptr;
    http::Header sorted = req_.Trailer;
    sorted.sort();
    std::string names;
    for (const auto& [name, value] : sorted) {
      if (name == "Transfer-Encoding" || name == "Trailer" || name == "Content-Length") {
        return errors::New("invalid Trailer key " + url::quote(name));
      }
      if (!names.empty() && has_token(names, name)) continue;
      names += (names.empty() ? "" : ",") + name;
    }
    w->Write("Trailer: " + names + "\r\n");
    return nullptr;
  }

  // Closes the body.
  [[gnu::noinline]] error writeBody(bufio::Writer* w) {
    int64_t ncopy = 0;
    error err;
    if (Body != nullptr) {
      golab::glue::source_of<probed_body> whole(&body_);
      plainWriter plain{w};
      golab::glue::code_sink<plainWriter> to(&plain, t_->pc);
      body_.body = &Body;
      if (chunked_) {
        internal::chunkedWriter chunks(w);
        golab::glue::code_sink<internal::chunkedWriter> to_chunks(&chunks, t_->pc);
        err = doBodyCopy(&to_chunks, &whole, nullptr);
        if (err == nullptr) err = failed(chunks.Close());
      } else if (ContentLength < 0) {
        err = doBodyCopy(&to, &whole, &ncopy);
      } else {
        io::LimitedReader limited(&whole, ContentLength);
        golab::glue::source_of<io::LimitedReader> part(&limited);
        err = doBodyCopy(&to, &part, &ncopy);
        int64_t more = 0;
        golab::glue::discard nowhere;
        if (err == nullptr) err = doBodyCopy(&nowhere, &whole, &more);
        ncopy += more;
      }
    }
    if (BodyCloser != nullptr) {
      const error close_err = BodyCloser.Close();
      if (err == nullptr) err = close_err;
    }
    if (err != nullptr) return err;
    if (!chunked_ && ContentLength >= 0 && ContentLength != ncopy) {
      return fmt::Errorf("http: ContentLength=%d with Body length %d", ContentLength, ncopy);
    }
    if (chunked_) {
      http::Header trailer = req_.Trailer;
      trailer.sort();
      for (const auto& [name, value] : trailer) w->Write(name + ": " + value + "\r\n");
      err = failed(w->Write("\r\n").err);
    }
    return err;
  }

  const std::string Method;
  io::ReadCloser Body;        // nil: nothing is sent
  io::ReadCloser BodyCloser;
  int64_t ContentLength;      // -1: unknown
  bool FlushHeaders = false;  // before the body
  error bodyReadError;

 private:
  bool shouldSendContentLength() const {
    if (chunked_ || ContentLength < 0) return false;
    if (ContentLength > 0) return true;
    if (Method == "POST" || Method == "PUT" || Method == "PATCH") return true;
    const auto& te = req_.TransferEncoding;
    return te.size() == 1 && te[0] == "identity" && Method != "GET" && Method != "HEAD";
  }

  bool shouldSendChunkedRequestBody() {
    if (Method == "CONNECT") return false;
    if (!requestMethodUsuallyLacksBody(Method)) return true;
    probeRequestBody();
    return Body != nullptr;
  }

  [[gnu::noinline]] void probeRequestBody() {
    body_.first = make_chan<readResult>(1);
    go([from = BodyCloser, to = body_.first] {
      readResult got;
      std::tie(got.n, got.err) = from.Read(&got.b, 1);
      to.send(got);
      golab::close(to);
    });
    const time::Timer timer = time::NewTimer(200 * time::Millisecond);
    if (select({recv(body_.first, body_.probed), recv(timer.C)}) == 1) {
      FlushHeaders = true;  // later, then
      return;
    }
    timer.Stop();
    body_.first = {};
    body_.has_probed = true;
    if (body_.probed.n == 0 && body_.probed.err == io::EOF_) {
      Body = nullptr;
      ContentLength = 0;
    }
  }

  [[gnu::noinline]] error doBodyCopy(golab::glue::sink* to, golab::glue::source* from,
                                     int64_t* n) {
    std::string buf(32 << 10, '\0');
    const io::copied got = io::CopyBuffer(to, from, &buf);
    if (n != nullptr) *n = got.n;
    if (got.of_reader) bodyReadError = got.err;
    return got.err;
  }

  error failed(int code) const { return code == 0 ? error() : t_->pc->write_error(); }

  const Request& req_;
  transfer* const t_;
  bool chunked_ = false;
  probed_body body_;
};

// "[fe80::1%eth0]:80" without its zone, which means nothing to others.
std::string without_zone(const std::string& host) {
  if (!host.starts_with('[')) return host;
  const size_t end = host.rfind(']');
  const size_t zone = host.rfind('%', end);
  if (end == host.npos || zone == host.npos) return host;
  return host.substr(0, zone) + host.substr(end);
}

std::string trimmed(std::string value) {
  std::replace(value.begin(), value.end(), '\n', ' ');
  std::replace(value.begin(), value.end(), '\r', ' ');
  value.erase(0, std::min(value.find_first_not_of(" \t"), value.size()));
  value.erase(value.find_last_not_of(" \t") + 1);
  return value;
}

bool valid_host(std::string_view host) {
  return host.find_first_of(" \t\r\n\"<>\\^`{|}/?#@") == host.npos;
}

void write_fields(bufio::Writer* w, http::Header fields) {
  fields.sort();
  for (const auto& [name, value] : fields) w->Write(name + ": " + trimmed(value) + "\r\n");
}

}  // namespace

// The order of the fields is Go's: Host, User-Agent, those that say where the body ends, the
// caller's by name, those of the Transport.
[[gnu::noinline]] error Request::write(transfer* t) {
  bufio::Writer* w = &t->pc->bw;
  bool closed = false;
  Defer close_body([&] {
    if (!closed && Body != nullptr) Body.Close();
  });
  std::string host = Host.empty() ? URL.Host : Host;
  host = valid_host(host) ? without_zone(host) : "";
  std::string target = URL.RequestURI();
  if (Method == "CONNECT" && URL.Path.empty()) target = URL.Opaque.empty() ? host : URL.Opaque;
  for (char c : target) {
    if (static_cast<unsigned char>(c) < ' ' || c == 0x7f) {
      return errors::New("net/http: can't write control character in Request.URL");
    }
  }
  w->Write((Method.empty() ? "GET" : Method) + " " + target + " HTTP/1.1\r\nHost: " + host +
           "\r\n");
  const std::string* agent = Header.find("User-Agent");
  const std::string user_agent = agent == nullptr ? "golab-http-client/1.1" : trimmed(*agent);
  if (!user_agent.empty()) w->Write("User-Agent: " + user_agent + "\r\n");
  transferWriter tw(*this, t);
  if (error err = tw.start(); err != nullptr) return err;
  if (error err = tw.writeHeader(w); err != nullptr) return err;
  http::Header own = Header;
  for (const char* name :
       {"Host", "User-Agent", "Content-Length", "Transfer-Encoding", "Trailer"}) {
    own.Del(name);
  }
  write_fields(w, std::move(own));
  write_fields(w, t->treq->extra);
  if (w->Write("\r\n").err != 0) return t->pc->write_error();
  if (t->waitForContinue != nullptr) {
    if (w->Flush() != 0) return t->pc->write_error();
    if (!t->waitForContinue()) return nullptr;
  }
  if (tw.FlushHeaders && w->Flush() != 0) return t->pc->write_error();
  closed = true;
  error err = tw.writeBody(w);
  if (err != nullptr && err == tw.bodyReadError) err = requestBodyReadError{err};
  return err;
}

}  // namespace net::http
}  // namespace golab
