// html.cpp: text that is safe between tags and in a quoted attribute.
#include "runtime/net/http/html.h"

namespace golab::html {

std::string EscapeString(std::string_view s) {
  constexpr std::string_view kSpecial = "&<>\"'";
  constexpr const char* kEscaped[] = {"&amp;", "&lt;", "&gt;", "&#34;", "&#39;"};
  std::string out;
  for (char c : s) {
    const size_t i = kSpecial.find(c);
    out += i == kSpecial.npos ? std::string(1, c) : kEscaped[i];
  }
  return out;
}

}  // namespace golab::html
