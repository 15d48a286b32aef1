// response.cpp: turns a handler's writes into bytes on the wire.
//
// A head tells the length of its body, but is sent before it. So up to kHold bytes are held back.
// If the handler writes more, the body goes out in chunks (RFC 9112 section 7.1). Head and body lie
// behind each other in the connection's buffer: a short response is one write.
#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstring>

#include "runtime/die/panic.h"
#include "runtime/net/http/conn.h"

namespace golab::net::http {

namespace {

bool body_allowed_for(int status) {
  return !(status >= 100 && status <= 199) && status != StatusNoContent &&
         status != StatusNotModified;
}

void put_number(std::string* out, int64_t n) {
  char digits[24];
  auto [end, ec] = std::to_chars(digits, digits + sizeof digits, n);
  out->append(digits, static_cast<size_t>(end - digits));
}

void put_field(std::string* out, std::string_view name, std::string_view value) {
  out->append(name);
  out->append(": ");
  const size_t from = out->size();
  out->append(value);
  // With a line break in it, a value could add fields of its own.
  for (size_t i = from; i < out->size(); i++) {
    if ((*out)[i] == '\r' || (*out)[i] == '\n') (*out)[i] = ' ';
  }
  out->append("\r\n");
}

}  // namespace

void response::start() {
  header_.clear();
  late_valid_ = false;
  held_.clear();
  status_ = 0;
  wroteHeader_ = sentHead_ = handlerDone_ = chunking_ = body_left_ = false;
  contentLength_ = -1;
  written_ = 0;
  const Request& req = conn_->req;
  const std::string* connection = req.Header.find("Connection");
  wants10KeepAlive_ =
      !req.ProtoAtLeast(1, 1) && connection != nullptr && has_token(*connection, "keep-alive");
  closeAfterReply_ = req.Close || !req.ProtoAtLeast(1, 1);
}

http::Header& response::Header() {
  if (!wroteHeader_) return header_;
  // The header is fixed. The handler gets a copy, and changes have no effect.
  if (!late_valid_) late_ = header_;
  late_valid_ = true;
  return late_;
}

bool response::body_allowed() const { return body_allowed_for(status_); }

void response::WriteHeader(int code) {
  if (wroteHeader_) {
    conn_->logf("http: superfluous response.WriteHeader call from " + relevant_caller());
    return;
  }
  if (code < 100 || code > 999) {
    golab::panic("invalid WriteHeader code " + std::to_string(code));
  }
  if (code >= 100 && code <= 199 && code != StatusSwitchingProtocols) {
    // An informational response (103 Early Hints) comes before the real one, and changes nothing.
    std::string& out = conn_->out;
    out.append("HTTP/1.1 ");
    put_number(&out, code);
    out.append(" ").append(StatusText(code)).append("\r\n");
    http::Header fields = header_;
    fields.sort();
    for (const auto& [name, value] : fields) {
      if (name != "Content-Length" && name != "Transfer-Encoding") put_field(&out, name, value);
    }
    out.append("\r\n");
    conn_->flush();
    return;
  }
  wroteHeader_ = true;
  status_ = code;
  if (header_.empty()) return;
  if (const std::string* length = header_.find("Content-Length")) {
    int64_t value = -1;
    auto [end, ec] = std::from_chars(length->data(), length->data() + length->size(), value);
    if (ec == std::errc() && end == length->data() + length->size() && value >= 0) {
      contentLength_ = value;
    } else {
      conn_->logf("http: invalid Content-Length of " + url::quote(*length));
      header_.Del("Content-Length");
    }
  }
}

[[gnu::noinline]] std::pair<int, error> response::Write(std::string_view data) {
  if (!wroteHeader_) WriteHeader(StatusOK);
  if (data.empty()) return {0, nullptr};
  if (!body_allowed()) return {0, ErrBodyNotAllowed};
  written_ += static_cast<int64_t>(data.size());
  if (contentLength_ != -1 && written_ > contentLength_) return {0, ErrContentLength};
  const auto n = static_cast<int>(data.size());
  // As a buffered writer of kHold bytes: fills the buffer and sends it; long data bypasses it.
  while (data.size() > kHold - held_.size()) {
    if (held_.empty()) {
      write_chunk(data);
      data = {};
      break;
    }
    const size_t room = kHold - held_.size();
    held_.append(data.substr(0, room));
    data.remove_prefix(room);
    write_chunk(held_);
    held_.clear();
  }
  held_.append(data);
  if (conn_->werr != 0) return {0, code_error(conn_->werr)};
  return {n, nullptr};
}

void response::Flush() {
  if (!wroteHeader_) WriteHeader(StatusOK);
  if (!held_.empty()) {
    write_chunk(held_);
    held_.clear();
  } else if (!sentHead_) {
    write_head({});
  }
  conn_->flush();
}

error response::SetReadDeadline(const time::Time& t) {
  conn_->read_deadline = true;
  return golab::glue::net_conn(conn_->rwc).SetReadDeadline(t);
}

error response::SetWriteDeadline(const time::Time& t) {
  conn_->write_deadline = true;
  return golab::glue::net_conn(conn_->rwc).SetWriteDeadline(t);
}

void response::write_chunk(std::string_view data) {
  if (!sentHead_) write_head(data);
  if (conn_->req.Method == "HEAD" || data.empty()) return;
  if (!chunking_) {
    conn_->put(data);
    return;
  }
  char size[24];
  int len = std::snprintf(size, sizeof size, "%zx\r\n", data.size());
  conn_->put(std::string_view(size, static_cast<size_t>(len)));
  conn_->put(data);
  conn_->put("\r\n");
}

// The rest of the request's body, which the handler did not read, stands before the next request.
// A short rest is read here; with a long one the connection ends after this response.
void response::settle_request_body() {
  http::body& body = conn_->body;
  if (conn_->req.ContentLength == 0 || body.at_end() || closeAfterReply_) return;
  if (body.cut_short()) return;
  if (body.expects_continue()) {
    closeAfterReply_ = true;  // no "100 Continue" was sent, so the body may come or not
  } else if (!body.discard()) {
    closeAfterReply_ = true;
    body_left_ = true;
    header_.Del("Connection");
  }
}

void response::request_too_large() {
  closeAfterReply_ = true;
  body_left_ = true;
  if (!wroteHeader_) header_.Set("Connection", "close");
}

// Decides what tells the body's end: its length, chunks, or the end of the connection.
void response::settle_framing() {
  const Request& req = conn_->req;
  const std::string* encoding = header_.find("Transfer-Encoding");
  if (encoding != nullptr && contentLength_ != -1 && *encoding != "identity") {
    conn_->logf("http: WriteHeader called with both Transfer-Encoding of " + url::quote(*encoding) +
                " and a Content-Length of " + std::to_string(contentLength_));
    header_.Del("Content-Length");
    contentLength_ = -1;
    encoding = header_.find("Transfer-Encoding");
  }
  if (req.Method == "HEAD" || !body_allowed() || contentLength_ != -1) {
    if (encoding != nullptr) header_.Del("Transfer-Encoding");
  } else if (req.ProtoAtLeast(1, 1)) {
    const bool identity = encoding != nullptr && *encoding == "identity";
    chunking_ = !identity;
    if (identity) closeAfterReply_ = true;
    if (encoding != nullptr) header_.Del("Transfer-Encoding");
  } else {
    closeAfterReply_ = true;
    if (encoding != nullptr) header_.Del("Transfer-Encoding");
  }
  if (chunking_) header_.Del("Content-Length");
}

void response::write_head(std::string_view first) {
  sentHead_ = true;
  const Request& req = conn_->req;
  const bool head = req.Method == "HEAD";
  const bool keep_alives = conn_->server->state->keep_alives();

  bool own_length = false;
  if (handlerDone_ && body_allowed() && contentLength_ == -1 && (!head || !first.empty()) &&
      !header_.has("Transfer-Encoding")) {
    contentLength_ = static_cast<int64_t>(first.size());
    own_length = true;
  }
  const std::string* connection = header_.find("Connection");
  if (wants10KeepAlive_ && keep_alives && contentLength_ != -1 && !own_length &&
      connection != nullptr && *connection == "keep-alive") {
    closeAfterReply_ = false;
  }
  bool say_keep_alive = false;
  if (wants10KeepAlive_ && keep_alives && (head || contentLength_ != -1 || !body_allowed())) {
    say_keep_alive = connection == nullptr;
    closeAfterReply_ = false;
  }
  if (!keep_alives || (connection != nullptr && *connection == "close")) closeAfterReply_ = true;
  settle_request_body();
  if (!body_allowed()) {
    header_.Del("Content-Length");
    header_.Del("Transfer-Encoding");
    if (status_ == StatusNotModified) header_.Del("Content-Type");
  }
  settle_framing();

  connection = header_.find("Connection");
  bool say_close = false;
  if (closeAfterReply_ &&
      (!keep_alives || connection == nullptr || !has_token(*connection, "close"))) {
    if (connection != nullptr) header_.Del("Connection");
    say_close = req.ProtoAtLeast(1, 1);
    say_keep_alive = false;
  }
  put_head(first, own_length);
  std::string& out = conn_->out;
  if (say_close) out.append("Connection: close\r\n");
  if (say_keep_alive) out.append("Connection: keep-alive\r\n");
  if (chunking_) out.append("Transfer-Encoding: chunked\r\n");
  out.append("\r\n");
}

// Go's order: status, the handler's fields by name, Date, length, a guessed type.
void response::put_head(std::string_view first, bool own_length) {
  std::string& out = conn_->out;
  const Request& req = conn_->req;
  if (status_ == StatusOK) {
    out.append(req.ProtoAtLeast(1, 1) ? "HTTP/1.1 200 OK\r\n" : "HTTP/1.0 200 OK\r\n");
  } else {
    out.append(req.ProtoAtLeast(1, 1) ? "HTTP/1.1 " : "HTTP/1.0 ");
    put_number(&out, status_);
    std::string_view reason = StatusText(status_);
    out.append(" ");
    if (reason.empty()) {
      out.append("status code ");
      put_number(&out, status_);
    }
    out.append(reason).append("\r\n");
  }
  if (header_.size() > 1) header_.sort();
  bool have_type = false;
  bool have_date = false;
  bool have_encoding = false;
  for (const auto& [name, value] : header_) {
    have_type |= name == "Content-Type";
    have_date |= name == "Date";
    have_encoding |= name == "Content-Encoding" && !value.empty();
    if (name.find_first_of("\r\n: ") != std::string::npos) continue;  // not a field's name
    put_field(&out, name, value);
  }
  if (!have_date) {
    out.append("Date: ");
    out.append(conn_->http_date(), 29);
    out.append("\r\n");
  }
  if (own_length) {
    out.append("Content-Length: ");
    put_number(&out, contentLength_);
    out.append("\r\n");
  }
  if (!have_type && !have_encoding && body_allowed() && !first.empty()) {
    out.append("Content-Type: ").append(DetectContentType(first)).append("\r\n");
  }
}

void response::finishRequest() {
  handlerDone_ = true;
  if (!wroteHeader_) WriteHeader(StatusOK);
  if (!held_.empty()) {
    write_chunk(held_);
    held_.clear();
  } else if (!sentHead_) {
    write_head({});
  }
  if (chunking_ && conn_->req.Method != "HEAD") conn_->put("0\r\n\r\n");
  conn_->flush();
  if (!conn_->body.at_end() && !conn_->body.expects_continue() && !conn_->body.discard()) {
    body_left_ = true;
  }
}

bool response::shouldReuseConnection() const {
  if (closeAfterReply_ || conn_->werr != 0 || body_left_ || conn_->body.failed()) return false;
  if (!conn_->body.at_end()) return false;
  // A handler that declared more than it wrote: the end of the connection ends the client's wait.
  return conn_->req.Method == "HEAD" || contentLength_ == -1 || !body_allowed() ||
         contentLength_ == written_;
}

}  // namespace golab::net::http
