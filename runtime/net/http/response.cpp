// response.cpp: turns a handler's writes into bytes on the wire.
//
// A head tells the length of its body, but is sent before it. So 2048 bytes are held back. If the
// handler writes more, the body goes out in chunks (RFC 9112 section 7.1). A write passes
//
//   response     counts, checks                    ResponseWriter
//   w_           holds 2048 bytes back             bufio.Writer
//   chunkWriter  the head first, then chunks
//   conn.bufw    4096 bytes: a short response is one write to the socket
//   checkConnErrorWriter   notes that the client is gone
//
// as in Go: a goroutine that waits for its client to read shows just these.
#include <algorithm>
#include <charconv>
#include <cstdio>

#include "runtime/die/panic.h"
#include "runtime/net/http/conn.h"
#include "runtime/net/http/trailer.h"

namespace golab::net::http {

namespace {

void put_status_line(bufio::Writer* out, const Request& req, int code) {
  out->put(req.ProtoAtLeast(1, 1) ? "HTTP/1.1 " : "HTTP/1.0 ");
  const std::string number = std::to_string(code);
  out->put(number);
  out->put(" ");
  const std::string_view reason = StatusText(code);
  if (reason.empty()) {
    out->put("status code ");
    out->put(number);
  }
  out->put(reason);
  out->put("\r\n");
}

void put_field(bufio::Writer* out, std::string_view name, std::string_view value) {
  out->put(name);
  out->put(": ");
  if (value.find_first_of("\r\n") == std::string_view::npos) {
    const size_t begin = std::min(value.find_first_not_of(" \t"), value.size());
    out->put(value.substr(begin, value.find_last_not_of(" \t") + 1 - begin));
  } else {
    // With a line break in it, a value could add fields of its own.
    std::string line(value);
    std::replace_if(
        line.begin(), line.end(), [](char c) { return c == '\r' || c == '\n'; }, ' ');
    const size_t begin = std::min(line.find_first_not_of(" \t"), line.size());
    out->put(std::string_view(line).substr(begin, line.find_last_not_of(" \t") + 1 - begin));
  }
  out->put("\r\n");
}

// Fields by name. What is no field's name is dropped, and so are the marks of late trailers.
void put_fields(bufio::Writer* out, const http::Header& fields, bool without_framing = false) {
  for (const auto& [name, value] : fields) {
    if (!valid_field_name(name)) continue;
    if (without_framing && (name == "Content-Length" || name == "Transfer-Encoding")) continue;
    put_field(out, name, value);
  }
}

}  // namespace

bool body_allowed_for_status(int status) {
  return !(status >= 100 && status <= 199) && status != StatusNoContent &&
         status != StatusNotModified;
}

void check_write_header_code(int code) {
  if (code < 100 || code > 999) golab::panic("invalid WriteHeader code " + std::to_string(code));
}

// ---- response ----

void response::start() {
  header_.clear();
  late_valid_ = false;
  ecReader.reset();
  w_.reset();
  cw_.start();
  trailers_.clear();
  status_ = 0;
  wroteHeader_ = handlerDone_ = closeAfterReply_ = fullDuplex_ = requestBodyLimitHit_ = false;
  contentLength_ = -1;
  written_ = 0;
  const Request& req = conn_->req;
  const std::string* connection = req.Header.find("Connection");
  wants10KeepAlive_ = req.ProtoMajor == 1 && req.ProtoMinor == 0 && connection != nullptr &&
                      hasToken(*connection, "keep-alive");
  wantsClose_ = req.Close || (connection != nullptr && hasToken(*connection, "close"));
}

http::Header& response::Header() {
  if (!wroteHeader_) return header_;
  // The header is fixed. The handler gets a copy, where it may still set trailers.
  if (!late_valid_) late_ = header_;
  late_valid_ = true;
  return late_;
}

bool response::body_allowed() const { return body_allowed_for_status(status_); }

void response::disableWriteContinue(bool skip_drain) {
  if (ecReader != nullptr && ecReader->disable(skip_drain) && skip_drain) closeAfterReply_ = true;
}

void response::WriteHeader(int code) {
  if (conn_->hijacked) {
    return log_with_caller(conn_->server, "response.WriteHeader on hijacked connection");
  }
  if (wroteHeader_) return log_with_caller(conn_->server, "superfluous response.WriteHeader call");
  check_write_header_code(code);
  if (code == StatusContinue || code >= 200) disableWriteContinue(code >= 200);
  if (code >= 100 && code <= 199 && code != StatusSwitchingProtocols) {
    // An informational response (103 Early Hints) comes before the real one, and changes nothing.
    put_status_line(&conn_->bufw, conn_->req, code);
    http::Header fields = header_;
    fields.sort();
    put_fields(&conn_->bufw, fields, true);
    conn_->bufw.put("\r\n");
    conn_->bufw.Flush();
    return;
  }
  wroteHeader_ = true;
  status_ = code;
  if (header_.empty()) return;
  const std::string* length = header_.find("Content-Length");
  if (length == nullptr || length->empty()) return;
  int64_t value = -1;
  const char* digits = length->data() + (length->starts_with('+') && length->size() > 1 ? 1 : 0);
  auto [end, ec] = std::from_chars(digits, length->data() + length->size(), value);
  if (ec == std::errc() && end == length->data() + length->size() && value >= 0) {
    contentLength_ = value;
  } else {
    // It stays in the header, and goes when the body is sent in chunks.
    server_log(conn_->server, "http: invalid Content-Length of " + url::quote(*length));
  }
}

[[gnu::noinline]] std::pair<int, error> response::Write(std::string_view data) {
  return write(data);
}

[[gnu::noinline]] std::pair<int, error> response::write(std::string_view data) {
  if (conn_->hijacked) {
    if (!data.empty()) log_with_caller(conn_->server, "response.Write on hijacked connection");
    return {0, ErrHijacked};
  }
  if (ecReader != nullptr) disableWriteContinue(true);
  if (!wroteHeader_) WriteHeader(StatusOK);
  if (data.empty()) return {0, nullptr};
  if (!body_allowed()) return {0, ErrBodyNotAllowed};
  written_ += static_cast<int64_t>(data.size());
  if (contentLength_ != -1 && written_ > contentLength_) return {0, ErrContentLength};
  const io_result put = w_.Write(data);
  const auto n = static_cast<int>(put.n);
  return {n, put.err == 0 ? error() : socket_error(*conn_->rwc, "write", put.err)};
}

[[gnu::noinline]] void response::Flush() { FlushError(); }

[[gnu::noinline]] error response::FlushError() {
  if (!wroteHeader_) WriteHeader(StatusOK);
  if (conn_->hijacked) return ErrHijacked;
  int code = w_.Flush();
  const int second = cw_.flush();
  if (code == 0) code = second;
  return code == 0 ? error() : socket_error(*conn_->rwc, "write", code);
}

error response::SetReadDeadline(const time::Time& t) {
  conn_->read_deadline = true;
  return golab::glue::net_conn(conn_->rwc).SetReadDeadline(t);
}

error response::SetWriteDeadline(const time::Time& t) {
  conn_->write_deadline = true;
  return golab::glue::net_conn(conn_->rwc).SetWriteDeadline(t);
}

error response::EnableFullDuplex() {
  fullDuplex_ = true;
  return nullptr;
}

void response::requestTooLarge() {
  closeAfterReply_ = true;
  requestBodyLimitHit_ = true;
  if (!wroteHeader_) header_.Set("Connection", "close");
}

void response::sendExpectationFailed() {
  header_.Set("Connection", "close");
  WriteHeader(StatusExpectationFailed);
  finishRequest();
}

[[gnu::noinline]] void response::finishRequest() {
  handlerDone_ = true;
  if (!wroteHeader_) WriteHeader(StatusOK);
  w_.Flush();
  cw_.close();
  conn_->bufw.Flush();
  conn_->r.abortPendingRead();
  if (ecReader != nullptr) disableWriteContinue(true);
  if (conn_->reqBody != nullptr) {
    conn_->reqBody->watch_end(false);
    conn_->reqBody->Close();
  }
}

bool response::closedRequestBodyEarly() const {
  return conn_->reqBody != nullptr && conn_->reqBody->didEarlyClose();
}

bool response::shouldReuseConnection() const {
  if (closeAfterReply_) return false;
  // A handler that declared more than it wrote: the end of the connection ends the client's wait.
  if (conn_->req.Method != "HEAD" && contentLength_ != -1 && body_allowed() &&
      contentLength_ != written_) {
    return false;
  }
  return conn_->werr == 0 && !closedRequestBodyEarly();
}

// The trailers that were announced, and those that carry their mark.
void response::put_trailers() {
  const http::Header& from = late_valid_ ? late_ : header_;
  http::Header fields;
  for (const auto& [name, value] : from) {
    if (name.starts_with(TrailerPrefix)) fields.Add(name.substr(TrailerPrefix.size()), value);
  }
  for (const std::string& announced : trailers_) {
    for (const std::string& value : from.Values(announced)) fields.Add(announced, value);
  }
  fields.sort();
  put_fields(&conn_->bufw, fields);
}

// ---- chunkWriter ----

[[gnu::noinline]] io_result chunkWriter::Write(const void* p, size_t n) {
  const std::string_view data(static_cast<const char*>(p), n);
  bufio::Writer& out = res_->conn_->bufw;
  if (!wroteHeader_) writeHeader(data);
  if (res_->conn_->req.Method == "HEAD") return {static_cast<ssize_t>(n), 0};
  if (chunking_) {
    char size[24];
    int len = std::snprintf(size, sizeof size, "%zx\r\n", n);
    out.put(std::string_view(size, static_cast<size_t>(len)));
  }
  io_result put = out.Write(data);
  if (chunking_) out.put("\r\n");
  put.err = out.err();
  if (put.err != 0) res_->conn_->rwc->Close();
  return put;
}

[[gnu::noinline]] int chunkWriter::flush() {
  if (!wroteHeader_) writeHeader({});
  return res_->conn_->bufw.Flush();
}

[[gnu::noinline]] void chunkWriter::close() {
  if (!wroteHeader_) writeHeader({});
  if (!chunking_) return;
  res_->conn_->bufw.put("0\r\n");
  res_->put_trailers();
  res_->conn_->bufw.put("\r\n");
}

// The fields that the server adds.
struct chunkWriter::extraHeader {
  bool length = false;
  std::string contentType;
  std::string_view connection;
};

// The rest of the request's body, which the handler did not read, stands before the next request.
// A short rest is read here; with a long one the connection ends after this response. A client that
// sends all before it reads would wait forever for a server that begins to write. Returns true if
// the rest is to be read now.
bool chunkWriter::settle_request_body(extraHeader* set) {
  response& w = *res_;
  body* rest = w.conn_->reqBody.get();
  if (w.ecReader != nullptr && rest != nullptr && rest->bodyRemains()) w.closeAfterReply_ = true;
  if (w.conn_->lastMethod == "CONNECT") w.closeAfterReply_ = true;
  if (rest == nullptr || w.conn_->req.ContentLength == 0 || w.closeAfterReply_ || w.fullDuplex_) {
    return false;
  }
  switch (rest->before_response()) {
    case body::rest::none:
      break;
    case body::rest::closed_unread:
      w.closeAfterReply_ = true;
      break;
    case body::rest::read:
      return true;
    case body::rest::too_big:
      w.requestTooLarge();
      w.header_.Del("Connection");
      set->connection = "close";
      break;
  }
  return false;
}

// Decides what tells the body's end: its length, chunks, or the end of the connection.
void chunkWriter::settle_framing(extraHeader* set, bool has_length, bool is_connect) {
  response& w = *res_;
  http::Header& header = w.header_;
  const std::string* coding = header.find("Transfer-Encoding");
  const std::string te = coding != nullptr ? *coding : "";
  if (has_length && !te.empty() && te != "identity") {
    server_log(w.conn_->server, "http: WriteHeader called with both Transfer-Encoding of " +
                                    url::quote(te) + " and a Content-Length of " +
                                    std::to_string(w.contentLength_));
    header.remove("Content-Length");
    has_length = false;
  }
  const bool head = w.conn_->lastMethod == "HEAD";
  if (is_connect && w.status_ >= 200 && w.status_ < 300) {  // a tunnel from here on
    header.remove("Transfer-Encoding");
    header.remove("Content-Length");
    set->length = false;
  } else if (head || !w.body_allowed() || has_length) {
    header.remove("Transfer-Encoding");
  } else if (!w.conn_->req.ProtoAtLeast(1, 1) || te == "identity") {
    w.closeAfterReply_ = true;
    header.remove("Transfer-Encoding");
  } else {
    chunking_ = true;
    if (te == "chunked") header.remove("Transfer-Encoding");
    header.remove("Content-Length");
  }
}

[[gnu::noinline]] void chunkWriter::writeHeader(std::string_view first) {
  wroteHeader_ = true;
  response& w = *res_;
  http::Header& header = w.header_;
  const Request& req = w.conn_->req;
  const bool head = w.conn_->lastMethod == "HEAD";
  const bool keep_alives = w.conn_->server->state->keep_alives();
  extraHeader set;

  bool trailers = false;
  for (const auto& [name, value] : header) {
    if (name.starts_with(TrailerPrefix)) trailers = true;
    if (name != "Trailer") continue;
    trailers = true;
    for (std::string_view word : golab::glue::list_elements(value)) {
      const std::string key = CanonicalHeaderKey(word);
      if (golab::glue::valid_trailer_field(key)) w.trailers_.push_back(key);
    }
  }
  const std::string* coding = header.find("Transfer-Encoding");
  const bool has_coding = coding != nullptr && !coding->empty();
  if (w.handlerDone_ && !trailers && !has_coding && w.body_allowed() &&
      !header.has("Content-Length") && (!head || !first.empty())) {
    w.contentLength_ = static_cast<int64_t>(first.size());
    set.length = true;
  }

  const std::string* connection = header.find("Connection");
  const bool has_length = w.contentLength_ != -1;
  if (w.wants10KeepAlive_ && (head || has_length || !w.body_allowed())) {
    if (connection == nullptr) set.connection = "keep-alive";
  } else if (!req.ProtoAtLeast(1, 1) || w.wantsClose_) {
    w.closeAfterReply_ = true;
  }
  if (!keep_alives || (connection != nullptr && *connection == "close")) w.closeAfterReply_ = true;
  if (settle_request_body(&set)) {
    w.conn_->reqBody->Close();
    if (w.conn_->reqBody->didEarlyClose()) w.closeAfterReply_ = true;
  }

  if (w.body_allowed()) {
    const std::string* encoding = header.find("Content-Encoding");
    const bool encoded = encoding != nullptr && !encoding->empty();
    if (!encoded && !has_coding && !first.empty() && !header.has("Content-Type")) {
      set.contentType = DetectContentType(first);
    }
  } else {
    header.remove("Content-Length");
    header.remove("Transfer-Encoding");
    if (w.status_ == StatusNotModified) header.remove("Content-Type");
  }
  const bool is_connect = w.conn_->lastMethod == "CONNECT";
  settle_framing(&set, has_length, is_connect);

  connection = header.find("Connection");
  const bool upgrade = w.status_ == StatusSwitchingProtocols && !header.Get("Upgrade").empty() &&
                       header_values_contain(header, "Connection", "upgrade");
  if (w.closeAfterReply_ && !upgrade &&
      (!keep_alives || connection == nullptr || !hasToken(*connection, "close"))) {
    header.remove("Connection");
    const bool tunnel = is_connect && w.status_ >= 200 && w.status_ < 300;
    set.connection = req.ProtoAtLeast(1, 1) && !tunnel ? "close" : "";
  }
  put_head(set);
}

// Go's order: status, the handler's fields by name, Date, length, type, connection.
void chunkWriter::put_head(const extraHeader& set) {
  response& w = *res_;
  bufio::Writer* out = &w.conn_->bufw;
  put_status_line(out, w.conn_->req, w.status_);
  if (w.header_.size() > 1) w.header_.sort();
  put_fields(out, w.header_);
  if (!w.header_.has("Date")) put_field(out, "Date", w.conn_->http_date());
  if (set.length) put_field(out, "Content-Length", std::to_string(w.contentLength_));
  if (!set.contentType.empty()) put_field(out, "Content-Type", set.contentType);
  if (!set.connection.empty()) put_field(out, "Connection", set.connection);
  if (chunking_) out->put("Transfer-Encoding: chunked\r\n");
  out->put("\r\n");
}

}  // namespace golab::net::http
