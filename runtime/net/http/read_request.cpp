// read_request.cpp: the request line, the fields, and what they say about the body.
#include "runtime/net/http/read_request.h"

#include <strings.h>

#include <algorithm>
#include <charconv>

#include "runtime/net/http/trailer.h"
#include "runtime/net/netfd.h"

namespace golab::net::http {

namespace poll = golab::internal::poll;

namespace {

request_head bad(std::string_view what, std::string_view text) {
  return {head_fault::bad, 0, errors::New(std::string(what) + " " + url::quote(text))};
}

// "HTTP/1.1". Any other version of that form counts as well; the server refuses what it does not
// speak.
bool ParseHTTPVersion(std::string_view v, int* major, int* minor) {
  auto digit = [](char c) { return c >= '0' && c <= '9'; };
  if (v.size() != 8 || !v.starts_with("HTTP/") || v[6] != '.') return false;
  if (!digit(v[5]) || !digit(v[7])) return false;
  *major = v[5] - '0';
  *minor = v[7] - '0';
  return true;
}

// METHOD SP TARGET SP VERSION.
request_head read_request_line(std::string_view line, Request* r) {
  const size_t first = line.find(' ');
  const size_t second = first == line.npos ? line.npos : line.find(' ', first + 1);
  if (second == line.npos) return bad("malformed HTTP request", line);
  r->Method.assign(line.substr(0, first));
  r->RequestURI.assign(line.substr(first + 1, second - first - 1));
  r->Proto.assign(line.substr(second + 1));
  if (!valid_field_name(r->Method)) return bad("invalid method", r->Method);
  if (!ParseHTTPVersion(r->Proto, &r->ProtoMajor, &r->ProtoMinor)) {
    return bad("malformed HTTP version", r->Proto);
  }
  const bool authority = r->Method == "CONNECT" && !r->RequestURI.starts_with('/');
  auto [u, err] = url::ParseRequestURI(authority ? "http://" + r->RequestURI : r->RequestURI);
  if (err != nullptr) return {head_fault::bad, 0, err};
  r->URL = std::move(u);
  if (authority) r->URL.Scheme.clear();
  return {};
}

// Handlers read Cache-Control; HTTP/1.0 clients send Pragma.
void fixPragmaCacheControl(Header* h) {
  const std::string* pragma = h->find("Pragma");
  if (pragma == nullptr || *pragma != "no-cache" || h->has("Cache-Control")) return;
  h->Add("Cache-Control", "no-cache");
}

bool shouldClose(const Request& r) {
  if (r.ProtoMajor < 1) return true;
  const bool has_close = header_values_contain(r.Header, "Connection", "close");
  if (r.ProtoMajor > 1 || r.ProtoMinor > 0) return has_close;
  return has_close || !header_values_contain(r.Header, "Connection", "keep-alive");
}

std::string_view trim_space(std::string_view s) {
  const size_t begin = s.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos) return {};
  return s.substr(begin, s.find_last_not_of(" \t\r\n") - begin + 1);
}

// One field that says "chunked", and nothing else: readers that differ about where a body ends let
// one request hide in another.
head_fault parseTransferEncoding(Request* r, bool* chunked) {
  const int fields = r->Header.count("Transfer-Encoding");
  if (fields == 0) return head_fault::none;
  const std::string coding = *r->Header.find("Transfer-Encoding");
  r->Header.remove("Transfer-Encoding");
  if (!r->ProtoAtLeast(1, 1)) return head_fault::none;  // HTTP/1.0 has no such field
  if (fields > 1 || strcasecmp(coding.c_str(), "chunked") != 0 ||
      coding.size() != std::string_view("chunked").size()) {
    return head_fault::unsupported;
  }
  *chunked = true;
  return head_fault::none;
}

// All Content-Length fields must agree; the number must fit into 63 bits.
bool fixLength(Request* r, bool chunked) {
  const int fields = r->Header.count("Content-Length");
  r->ContentLength = chunked ? -1 : 0;
  if (fields == 0) return true;
  const std::string first(trim_space(*r->Header.find("Content-Length")));
  for (const auto& [name, value] : r->Header) {
    if (name == "Content-Length" && trim_space(value) != first) return false;
  }
  int64_t length = 0;
  const char* end = first.data() + first.size();
  if (first.empty() || first.find_first_not_of("0123456789") != first.npos) return false;
  auto [at, ec] = std::from_chars(first.data(), end, length);
  if (ec != std::errc() || at != end) return false;
  if (fields > 1) r->Header.Set("Content-Length", first);
  if (chunked) {
    r->Header.remove("Content-Length");
  } else {
    r->ContentLength = length;
  }
  return true;
}

// The names that a "Trailer" field announces. Without chunks there is no trailer.
head_fault fixTrailer(Request* r, int64_t maxHeaders) {
  if (!r->Header.has("Trailer") || r->ContentLength >= 0) return head_fault::none;
  head_fault fault = head_fault::none;
  for (const auto& [name, value] : r->Header) {
    if (name != "Trailer") continue;
    maxHeaders -= std::count(value.begin(), value.end(), ',') + 1;
    if (maxHeaders < 0) return head_fault::too_large;
    for (std::string_view word : golab::glue::list_elements(value)) {
      const std::string key = CanonicalHeaderKey(word);
      if (key == "Transfer-Encoding" || key == "Trailer" || key == "Content-Length") {
        fault = head_fault::bad;
      }
    }
  }
  r->Header.remove("Trailer");
  return fault;
}

}  // namespace

bool header_values_contain(const Header& h, std::string_view name, std::string_view token) {
  for (const auto& [key, value] : h) {
    if (key == name && has_token(value, token)) return true;
  }
  return false;
}

[[gnu::noinline]] request_head readRequestLimit(textproto::Reader* tp, int64_t maxHeaders,
                                                Request* r) {
  std::string_view line;
  if (int code = tp->ReadLine(&line)) return {head_fault::nothing, code};
  request_head head = read_request_line(line, r);
  if (head.fault != head_fault::none) return head;

  const textproto::outcome got = readMIMEHeader(tp, maxHeaders, &r->Header);
  if (got.code != 0) return {head_fault::io, got.code};
  if (got.err == textproto::errMessageTooLarge) return {head_fault::too_large};
  if (got.err != nullptr) return {head_fault::bad, 0, got.err};

  head.hosts = r->Header.count("Host");
  if (head.hosts > 1) return {head_fault::bad, 0, errors::New("too many Host headers")};
  head.h2_upgrade = r->Method == "PRI" && r->Header.empty() && r->URL.Path == "*" &&
                    r->Proto == "HTTP/2.0";
  if (head.hosts == 1) {
    head.host = *r->Header.find("Host");
    r->Header.remove("Host");
  }
  r->Host = r->URL.Host.empty() ? head.host : r->URL.Host;

  fixPragmaCacheControl(&r->Header);
  r->Close = shouldClose(*r);
  bool chunked = false;
  head.fault = parseTransferEncoding(r, &chunked);
  if (head.fault == head_fault::none && !fixLength(r, chunked)) head.fault = head_fault::bad;
  if (head.fault == head_fault::none) head.fault = fixTrailer(r, maxHeaders);
  if (head.fault == head_fault::bad) head.err = errors::New("malformed HTTP request");
  if (chunked) r->TransferEncoding.assign(1, "chunked");
  if (head.h2_upgrade) r->Close = true;
  return head;
}

}  // namespace golab::net::http
