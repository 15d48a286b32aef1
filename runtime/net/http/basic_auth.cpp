// basic_auth.cpp: a user and a password in an Authorization field (RFC 7617).
#include <strings.h>

#include "runtime/net/http/basic_auth.h"

namespace golab::net::http {

namespace {

constexpr std::string_view kDigits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

std::string base64(std::string_view s) {
  std::string out;
  for (size_t i = 0; i < s.size(); i += 3) {
    uint32_t three = 0;
    for (size_t j = 0; j < 3; j++) {
      three = three << 8 | (i + j < s.size() ? static_cast<unsigned char>(s[i + j]) : 0u);
    }
    for (size_t j = 0; j < 4; j++) {
      out += i + j > s.size() ? '=' : kDigits[three >> (18 - 6 * j) & 63];
    }
  }
  return out;
}

// False if `s` is not base64 with its padding.
bool from_base64(std::string_view s, std::string* out) {
  if (s.size() % 4 != 0) return false;
  const size_t padding = s.ends_with("==") ? 2 : s.ends_with("=") ? 1 : 0;
  uint32_t bits = 0;
  for (size_t i = 0; i + padding < s.size(); i++) {
    const size_t digit = kDigits.find(s[i]);
    if (digit == kDigits.npos) return false;
    bits = bits << 6 | static_cast<uint32_t>(digit);
    if (i % 4 == 1) *out += static_cast<char>(bits >> 4);
    if (i % 4 == 2) *out += static_cast<char>(bits >> 2);
    if (i % 4 == 3) *out += static_cast<char>(bits);
  }
  return true;
}

}  // namespace

std::string basicAuth(std::string_view username, std::string_view password) {
  return "Basic " + base64(std::string(username) + ":" + std::string(password));
}

void Request::SetBasicAuth(std::string_view username, std::string_view password) {
  Header.Set("Authorization", basicAuth(username, password));
}

Request::Credentials Request::BasicAuth() const {
  constexpr std::string_view kBasic = "Basic ";
  const std::string field = Header.Get("Authorization");
  if (strncasecmp(field.c_str(), kBasic.data(), kBasic.size()) != 0) return {};
  std::string text;
  if (!from_base64(std::string_view(field).substr(kBasic.size()), &text)) return {};
  const size_t colon = text.find(':');
  if (colon == text.npos) return {};
  return {text.substr(0, colon), text.substr(colon + 1), true};
}

}  // namespace golab::net::http
