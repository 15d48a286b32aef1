// response.cpp: turns a handler's writes into bytes on the wire.
//
// A head tells the length of its body, but is sent before it. So up to kHold bytes are held back.
// If the handler writes more, the body goes out in chunks (RFC 9112 section 7.1). Head and body lie
// behind each other in the connection's buffer: a short response is one write.
#include <charconv>
#include <cstdio>

#include "runtime/die/panic.h"
#include "runtime/net/http/conn.h"

namespace golab::net::http {

namespace {

void put_status_line(std::string* out, const Request& req, int code) {
  out->append(req.ProtoAtLeast(1, 1) ? "HTTP/1.1 " : "HTTP/1.0 ");
  const std::string number = std::to_string(code);
  out->append(number).append(" ");
  const std::string_view reason = StatusText(code);
  if (reason.empty()) out->append("status code ").append(number);
  out->append(reason).append("\r\n");
}

void put_field(std::string* out, std::string_view name, std::string_view value) {
  out->append(name).append(": ");
  // With a line break in it, a value could add fields of its own.
  for (char c : value) out->push_back(c == '\r' || c == '\n' ? ' ' : c);
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

bool response::body_allowed() const {
  return !(status_ >= 100 && status_ <= 199) && status_ != StatusNoContent &&
         status_ != StatusNotModified;
}

void response::WriteHeader(int code) {
  if (wroteHeader_) {
    server_log(conn_->server,
               "http: superfluous response.WriteHeader call from " + relevant_caller());
    return;
  }
  if (code < 100 || code > 999) {
    golab::panic("invalid WriteHeader code " + std::to_string(code));
  }
  if (code >= 100 && code <= 199 && code != StatusSwitchingProtocols) {
    // An informational response (103 Early Hints) comes before the real one, and changes nothing.
    std::string& out = conn_->out;
    put_status_line(&out, conn_->req, code);
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
      server_log(conn_->server, "http: invalid Content-Length of " + url::quote(*length));
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
  send_held();
  conn_->flush();
}

// Sends the head, if it is not sent, and what is held back.
void response::send_held() {
  if (!wroteHeader_) WriteHeader(StatusOK);
  write_chunk(held_);
  held_.clear();
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
  const bool identity = encoding != nullptr && *encoding == "identity";
  if (encoding != nullptr && contentLength_ != -1 && !identity) {
    server_log(conn_->server, "http: WriteHeader called with both Transfer-Encoding of " +
                                  url::quote(*encoding) + " and a Content-Length of " +
                                  std::to_string(contentLength_));
    header_.Del("Content-Length");
    contentLength_ = -1;
  }
  if (encoding != nullptr) header_.Del("Transfer-Encoding");
  if (req.Method == "HEAD" || !body_allowed() || contentLength_ != -1) return;
  chunking_ = req.ProtoAtLeast(1, 1) && !identity;
  if (chunking_) {
    header_.Del("Content-Length");
  } else {
    closeAfterReply_ = true;
  }
}

void response::write_head(std::string_view first) {
  sentHead_ = true;
  const Request& req = conn_->req;
  const bool head = req.Method == "HEAD";
  const bool keep_alives = conn_->server->state->keep_alives();

  const bool own_length = handlerDone_ && body_allowed() && contentLength_ == -1 &&
                          (!head || !first.empty()) && !header_.has("Transfer-Encoding");
  if (own_length) contentLength_ = static_cast<int64_t>(first.size());
  const std::string* connection = header_.find("Connection");
  std::string_view say;  // the server's own Connection field
  if (wants10KeepAlive_ && keep_alives && (head || contentLength_ != -1 || !body_allowed())) {
    if (connection == nullptr) say = "keep-alive";
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
  if (closeAfterReply_ &&
      (!keep_alives || connection == nullptr || !has_token(*connection, "close"))) {
    header_.Del("Connection");
    say = req.ProtoAtLeast(1, 1) ? "close" : "";
  }
  put_head(first, own_length);
  std::string& out = conn_->out;
  if (!say.empty()) put_field(&out, "Connection", say);
  if (chunking_) out.append("Transfer-Encoding: chunked\r\n");
  out.append("\r\n");
}

// Go's order: status, the handler's fields by name, Date, length, a guessed type.
void response::put_head(std::string_view first, bool own_length) {
  std::string& out = conn_->out;
  put_status_line(&out, conn_->req, status_);
  if (header_.size() > 1) header_.sort();
  for (const auto& [name, value] : header_) {
    if (name.find_first_of("\r\n: ") != std::string::npos) continue;  // not a field's name
    put_field(&out, name, value);
  }
  if (!header_.has("Date")) put_field(&out, "Date", conn_->http_date());
  if (own_length) put_field(&out, "Content-Length", std::to_string(contentLength_));
  const std::string* encoding = header_.find("Content-Encoding");
  const bool encoded = encoding != nullptr && !encoding->empty();
  if (!header_.has("Content-Type") && !encoded && body_allowed() && !first.empty()) {
    put_field(&out, "Content-Type", DetectContentType(first));
  }
}

void response::finishRequest() {
  handlerDone_ = true;
  send_held();
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
