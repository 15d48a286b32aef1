// read_response.cpp: reads the header of an answer, and finds out where its body ends.
//
// A client takes what servers send, also what breaks the rules in a harmless way: lines that end
// with LF alone, a status without a reason. What would make two readers see different ends of a
// body is refused, as Go refuses it.
#include <charconv>
#include <limits>

#include "runtime/fmt/fmt.h"
#include "runtime/net/http/trailer.h"
#include "runtime/net/http/transport.h"

namespace golab::net::http {

namespace poll = golab::internal::poll;

namespace {

error quoted(const char* what, std::string_view text) {
  return errors::New(std::string(what) + " " + url::quote(text));
}

std::string_view trimmed(std::string_view s) {
  s.remove_prefix(std::min(s.find_first_not_of(" \t"), s.size()));
  return s.substr(0, s.find_last_not_of(" \t") + 1);
}

bool digit(char c) { return c >= '0' && c <= '9'; }

// "HTTP/1.1 200 OK"
error parse_status_line(std::string_view line, Response* resp) {
  const size_t space = line.find(' ');
  if (space == line.npos) return quoted("malformed HTTP response", line);
  const std::string_view proto = line.substr(0, space);
  std::string_view status = line.substr(space);
  status.remove_prefix(std::min(status.find_first_not_of(' '), status.size()));
  resp->Proto = proto;
  resp->Status = status;
  const std::string_view code = status.substr(0, status.find(' '));
  std::string_view digits = code;
  if (digits.starts_with('+')) digits.remove_prefix(1);  // Go's Atoi takes it
  const auto [end, ec] =
      std::from_chars(digits.data(), digits.data() + digits.size(), resp->StatusCode);
  const bool whole = ec == std::errc() && end == digits.data() + digits.size();
  if (code.size() != 3 || !whole || resp->StatusCode < 0) {
    return quoted("malformed HTTP status code", code);
  }
  if (proto.size() != 8 || !proto.starts_with("HTTP/") || !digit(proto[5]) || proto[6] != '.' ||
      !digit(proto[7])) {
    return quoted("malformed HTTP version", proto);
  }
  resp->ProtoMajor = proto[5] - '0';
  resp->ProtoMinor = proto[7] - '0';
  return nullptr;
}

bool has_word(const Header& h, std::string_view name, std::string_view word) {
  for (const auto& [key, value] : h) {
    if (key == name && has_token(value, word)) return true;
  }
  return false;
}

// Whether the connection ends after this answer. Takes "close" out of the header.
bool shouldClose(Response* resp) {
  if (resp->ProtoMajor < 1) return true;
  const bool close = has_word(resp->Header, "Connection", "close");
  if (resp->ProtoMajor == 1 && resp->ProtoMinor == 0) {
    return close || !has_word(resp->Header, "Connection", "keep-alive");
  }
  if (close) resp->Header.Del("Connection");
  return close;
}

std::string list_of(const std::vector<std::string>& values) {
  std::string out;
  for (const std::string& v : values) out += (out.empty() ? "" : " ") + url::quote(v);
  return "[" + out + "]";
}

error parse_transfer_encoding(Response* resp, bool* chunked) {
  *chunked = false;
  const std::vector<std::string> raw = resp->Header.Values("Transfer-Encoding");
  if (raw.empty()) return nullptr;
  resp->Header.Del("Transfer-Encoding");
  if (!resp->ProtoAtLeast(1, 1)) return nullptr;
  if (raw.size() != 1) return errors::New("too many transfer encodings: " + list_of(raw));
  std::string lower = raw[0];
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c | 0x20);
  }
  if (lower != "chunked") {
    return quoted("unsupported transfer encoding:", raw[0]);
  }
  *chunked = true;
  resp->TransferEncoding.assign(1, "chunked");
  return nullptr;
}

// The value of the Content-Length fields, -1 without one.
error parse_content_length(Response* resp, int64_t* length) {
  *length = -1;
  const std::vector<std::string> values = resp->Header.Values("Content-Length");
  if (values.empty()) return nullptr;
  const std::string text(trimmed(values[0]));
  for (const std::string& other : values) {
    if (trimmed(other) != text) {
      return errors::New("http: message cannot contain multiple Content-Length headers; got " +
                         list_of(values));
    }
  }
  if (values.size() > 1) resp->Header.Set("Content-Length", text);
  if (text.empty()) return quoted("invalid empty Content-Length", text);
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), *length);
  if (ec != std::errc() || end != text.data() + text.size() || !digit(text[0])) {
    return quoted("bad Content-Length", text);
  }
  return nullptr;
}

// The names that a Trailer field announces, without values.
error parse_trailer_names(Response* resp) {
  const std::vector<std::string> lists = resp->Header.Values("Trailer");
  resp->Header.Del("Trailer");
  for (const std::string& list : lists) {
    for (const std::string_view name : golab::glue::list_elements(list)) {
      const std::string key = CanonicalHeaderKey(name);
      if (key == "Transfer-Encoding" || key == "Trailer" || key == "Content-Length") {
        return quoted("bad trailer key", key);
      }
      if (!resp->Trailer.has(key)) resp->Trailer.Add(key, "");
    }
  }
  return nullptr;
}

// Sets the length, the body and whether the connection goes on.
error readTransfer(const std::shared_ptr<persistConn>& pc, const Request& req,
                   const std::shared_ptr<Response>& response) {
  Response* resp = response.get();
  resp->Close = shouldClose(resp);
  bool chunked = false;
  if (error err = parse_transfer_encoding(resp, &chunked); err != nullptr) return err;
  int64_t length = -1;
  if (error err = parse_content_length(resp, &length); err != nullptr) return err;
  const bool head = req.Method == "HEAD";
  const int code = resp->StatusCode;
  const bool may_have_body = code / 100 != 1 && code != 204 && code != 304;
  if (head) {
    resp->ContentLength = length;
  } else if (!may_have_body) {
    resp->ContentLength = 0;
  } else {
    resp->ContentLength = chunked ? -1 : length;
  }
  if (chunked && may_have_body && !head) resp->Header.Del("Content-Length");
  if (chunked) {
    if (error err = parse_trailer_names(resp); err != nullptr) return err;
  }
  if (!head && may_have_body && !chunked && length < 0) resp->Close = true;
  const bool none = head || !may_have_body || (!chunked && length == 0);
  resp->Body = none ? NoBody : new_body(pc, response, length, chunked);
  return nullptr;
}

}  // namespace

[[gnu::noinline]] std::pair<std::shared_ptr<Response>, error> ReadResponse(
    const std::shared_ptr<persistConn>& pc, const Request& req) {
  auto failed = [&pc](int code) {
    return code == poll::kEOF ? io::ErrUnexpectedEOF : pc->read_error(code);
  };
  textproto::Reader lines(&pc->br);
  auto resp = std::make_shared<Response>();
  std::string_view line;
  if (int code = lines.ReadLine(&line)) return {nullptr, failed(code)};
  if (error err = parse_status_line(line, resp.get()); err != nullptr) return {nullptr, err};
  const textproto::outcome got =
      readMIMEHeader(&lines, std::numeric_limits<int64_t>::max(), &resp->Header);
  if (got.code != 0) return {nullptr, failed(got.code)};
  if (got.err != nullptr) return {nullptr, got.err};
  if (resp->Header.Get("Pragma") == "no-cache" && !resp->Header.has("Cache-Control")) {
    resp->Header.Set("Cache-Control", "no-cache");
  }
  if (error err = readTransfer(pc, req, resp); err != nullptr) return {nullptr, err};
  return {std::move(resp), nullptr};
}

}  // namespace golab::net::http
