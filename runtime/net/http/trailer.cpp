// trailer.cpp: the fields behind a body in chunks.
#include "runtime/net/http/trailer.h"

#include <algorithm>

#include "runtime/net/http/textproto.h"

namespace golab {

namespace net::http {
namespace {

// A trailer must fit into the buffer: so its size is bounded.
[[gnu::noinline]] bool seeUpcomingDoubleCRLF(bufio::Reader* r) {
  for (size_t n = 4; n <= bufio::Reader::kBytes;) {
    if (r->Peek(n) != 0) return false;
    const std::string_view have = r->buffered().substr(0, bufio::Reader::kBytes);
    if (have.find("\r\n\r\n") != std::string_view::npos) return true;
    n = have.size() + 1;
  }
  return false;
}

}  // namespace
}  // namespace net::http

namespace glue {

error read_trailer(bufio::Reader* r, int64_t max_fields, net::http::Header* into) {
  if (r->Peek(2) != 0) return errors::New("http: unexpected EOF reading trailer");
  if (r->buffered().starts_with("\r\n")) {
    r->discard(2);
    return nullptr;
  }
  if (!net::http::seeUpcomingDoubleCRLF(r)) {
    return errors::New("http: suspiciously long trailer after chunked body");
  }
  net::textproto::Reader lines(r);
  net::http::Header fields;
  const net::textproto::outcome got = readMIMEHeader(&lines, max_fields, &fields);
  if (got.code != 0) return errors::New("http: unexpected EOF reading trailer");
  if (got.err != nullptr || into == nullptr) return got.err;
  for (const auto& [name, value] : fields) into->Del(name);
  for (const auto& [name, value] : fields) into->Add(name, value);
  return nullptr;
}

bool valid_trailer_field(std::string_view name) {
  constexpr std::string_view kRefused[] = {
      "Authorization",       "Cache-Control",    "Connection",         "Content-Encoding",
      "Content-Length",      "Content-Range",    "Content-Type",       "Expect",
      "Host",                "Keep-Alive",       "Max-Forwards",       "Pragma",
      "Proxy-Authenticate",  "Proxy-Connection", "Proxy-Authorization", "Range",
      "Realm",               "Te",               "Trailer",            "Transfer-Encoding",
      "Www-Authenticate"};
  return !name.starts_with("If-") &&
         std::find(std::begin(kRefused), std::end(kRefused), name) == std::end(kRefused);
}

std::vector<std::string_view> list_elements(std::string_view list) {
  std::vector<std::string_view> out;
  while (!list.empty()) {
    const size_t comma = std::min(list.find(','), list.size());
    std::string_view word = list.substr(0, comma);
    list.remove_prefix(std::min(comma + 1, list.size()));
    word.remove_prefix(std::min(word.find_first_not_of(" \t\r\n"), word.size()));
    word = word.substr(0, word.find_last_not_of(" \t\r\n") + 1);
    if (!word.empty()) out.push_back(word);
  }
  return out;
}

}  // namespace glue
}  // namespace golab
