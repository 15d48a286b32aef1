// netip.cpp: reads "1.2.3.4" and "fe80::1%eth0", with Go's word for each fault.
//
// The C library's inet_pton accepts what Go accepts, but says only that a text is wrong.
#include "runtime/net/netip.h"

#include <algorithm>

#include "runtime/strconv/strconv.h"

namespace golab::net::netip {

namespace {

struct fault {
  std::string what;
  std::string_view at;  // the rest of the text, from where it is wrong
};

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char small = static_cast<char>(c | 0x20);
  return small >= 'a' && small <= 'f' ? small - 'a' + 10 : -1;
}

// Reads four numbers with dots between them, to `out`. Returns what is wrong, or an empty fault.
fault parse_four(std::string_view s, uint8_t* out) {
  int value = 0;
  int digits = 0;
  int field = 0;
  for (size_t i = 0; i < s.size(); i++) {
    if (s[i] >= '0' && s[i] <= '9') {
      if (digits == 1 && value == 0) return {"IPv4 field has octet with leading zero", {}};
      value = value * 10 + (s[i] - '0');
      digits++;
      if (value > 255) return {"IPv4 field has value >255", {}};
    } else if (s[i] != '.') {
      return {"unexpected character", s.substr(i)};
    } else {
      if (digits == 0 || i + 1 == s.size()) {
        return {"IPv4 field must have at least one digit", s.substr(i)};
      }
      if (field == 3) return {"IPv4 address too long", {}};
      out[field++] = static_cast<uint8_t>(value);
      value = digits = 0;
    }
  }
  if (field < 3) return {"IPv4 address too short", {}};
  out[3] = static_cast<uint8_t>(value);
  return {};
}

// The 16 bytes are filled from the front. `gap` is where "::" stands among them; what comes behind
// it moves to the end at last.
fault parse_sixteen(std::string_view s, std::array<uint8_t, 16>* out) {
  size_t used = 0;
  size_t gap = 17;  // none
  if (s.starts_with("::")) {
    gap = 0;
    s.remove_prefix(2);
    if (s.empty()) return {};
  }
  while (used < 16) {
    size_t digits = 0;
    uint32_t value = 0;
    for (; digits < s.size() && hex_digit(s[digits]) >= 0; digits++) {
      if (digits == 4) return {"each group must have 4 or less digits", s};
      value = value << 4 | static_cast<uint32_t>(hex_digit(s[digits]));
    }
    if (digits == 0) return {"each colon-separated field must have at least one digit", s};
    if (digits < s.size() && s[digits] == '.') {
      if (gap > 16 && used != 12) {
        return {"embedded IPv4 address must replace the final 2 fields of the address", s};
      }
      if (used > 12) {
        return {"too many hex fields to fit an embedded IPv4 at the end of the address", s};
      }
      if (fault f = parse_four(s, out->data() + used); !f.what.empty()) return f;
      used += 4;
      s = {};
      break;
    }
    (*out)[used++] = static_cast<uint8_t>(value >> 8);
    (*out)[used++] = static_cast<uint8_t>(value);
    s.remove_prefix(digits);
    if (s.empty()) break;
    if (s[0] != ':') return {"unexpected character, want colon", s};
    if (s.size() == 1) return {"colon must be followed by more characters", s};
    s.remove_prefix(1);
    if (s[0] == ':') {
      if (gap <= 16) return {"multiple :: in address", s};
      gap = used;
      s.remove_prefix(1);
      if (s.empty()) break;
    }
  }
  if (!s.empty()) return {"trailing garbage after address", s};
  if (used == 16) {
    return gap > 16 ? fault{} : fault{"the :: must expand to at least one field of zeros", {}};
  }
  if (gap > 16) return {"address string too short", {}};
  std::rotate(out->begin() + static_cast<long>(gap), out->begin() + static_cast<long>(used),
              out->end());
  return {};
}

fault parse(std::string_view text, Addr* out) {
  const size_t mark = text.find_first_of(".:%");
  if (mark == text.npos) return {"unable to parse IP", {}};
  if (text[mark] == '%') return {"missing IPv6 address", {}};
  if (text[mark] == '.') {
    out->is4 = true;
    return parse_four(text, out->bytes.data());
  }
  if (const size_t percent = text.find('%'); percent != text.npos) {
    out->zone = text.substr(percent + 1);
    if (out->zone.empty()) return {"zone must be a non-empty string", {}};
    text = text.substr(0, percent);
  }
  return parse_sixteen(text, &out->bytes);
}

struct parseAddrError {
  std::string text;
  std::string Error() const { return text; }
};

}  // namespace

std::pair<Addr, error> ParseAddr(std::string_view text) {
  Addr addr;
  const fault f = parse(text, &addr);
  if (f.what.empty()) return {std::move(addr), nullptr};
  std::string say = "ParseAddr(" + strconv::Quote(text) + "): " + f.what;
  if (!f.at.empty()) say += " (at " + strconv::Quote(f.at) + ")";
  return {Addr{}, parseAddrError{std::move(say)}};
}

}  // namespace golab::net::netip
