// quote.cpp: runes, quoting, floating point text.
#include "runtime/fmt/quote.h"

#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cwctype>

namespace golab::glue {

void append_rune(std::string& to, char32_t r) {
  if (r > 0x10FFFF || (r >= 0xD800 && r <= 0xDFFF)) r = 0xFFFD;
  auto put = [&](char32_t c) { to += static_cast<char>(c); };
  if (r < 0x80) {
    put(r);
  } else if (r < 0x800) {
    put(0xC0 | r >> 6);
    put(0x80 | (r & 63));
  } else if (r < 0x10000) {
    put(0xE0 | r >> 12);
    put(0x80 | (r >> 6 & 63));
    put(0x80 | (r & 63));
  } else {
    put(0xF0 | r >> 18);
    put(0x80 | (r >> 12 & 63));
    put(0x80 | (r >> 6 & 63));
    put(0x80 | (r & 63));
  }
}

char32_t decode_rune(std::string_view s, size_t* i) {
  auto byte = [&](size_t at) { return static_cast<unsigned char>(s[at]); };
  unsigned char c = byte((*i)++);
  if (c < 0x80) return c;
  int more = c >= 0xF0 ? 3 : c >= 0xE0 ? 2 : c >= 0xC2 ? 1 : 0;
  char32_t r = more == 3 ? c & 7 : more == 2 ? c & 15 : c & 31;
  if (more == 0 || *i + static_cast<size_t>(more) > s.size()) return 0xFFFD;
  for (int k = 0; k < more; k++) {
    unsigned char next = byte(*i + static_cast<size_t>(k));
    if ((next & 0xC0) != 0x80) return 0xFFFD;
    r = r << 6 | (next & 63);
  }
  bool overlong = (more == 2 && r < 0x800) || (more == 3 && r < 0x10000);
  if (overlong || r > 0x10FFFF || (r >= 0xD800 && r <= 0xDFFF)) return 0xFFFD;
  *i += static_cast<size_t>(more);
  return r;
}

std::string_view truncate_runes(std::string_view s, size_t n) {
  size_t i = 0;
  while (n-- > 0 && i < s.size()) decode_rune(s, &i);
  return s.substr(0, i);
}

namespace {

// One rune inside quotes. `raw` is what stood there, for bytes that are no UTF-8.
void quote_one(std::string& to, char32_t r, std::string_view raw, char quote_char, bool ascii) {
  char buf[16];
  if (r == 0xFFFD && raw.size() == 1) {
    snprintf(buf, sizeof buf, "\\x%02x", static_cast<unsigned char>(raw[0]));
    to += buf;
    return;
  }
  if (r == static_cast<char32_t>(quote_char) || r == U'\\') {
    to += '\\';
    to += static_cast<char>(r);
    return;
  }
  switch (r) {
    case 7:
      to += "\\a";
      return;
    case 8:
      to += "\\b";
      return;
    case 12:
      to += "\\f";
      return;
    case 10:
      to += "\\n";
      return;
    case 13:
      to += "\\r";
      return;
    case 9:
      to += "\\t";
      return;
    case 11:
      to += "\\v";
      return;
    default:
      break;
  }
  // Control, format and blank runes other than the plain space are not printable.
  bool hidden = r < 0x20 || (r >= 0x7f && r <= 0xa0) || r == 0xad || (r >= 0x2000 && r <= 0x200f) ||
                (r >= 0x2028 && r <= 0x202f) || (r >= 0x205f && r <= 0x206f) || r == 0x3000 ||
                r == 0xfeff || (r >= 0xe000 && r <= 0xf8ff) || r >= 0xe0000;
  if (!hidden && !(ascii && r >= 0x80)) {
    append_rune(to, r);
    return;
  }
  if (r < 0x80)
    snprintf(buf, sizeof buf, "\\x%02x", static_cast<unsigned>(r));
  else if (r < 0x10000)
    snprintf(buf, sizeof buf, "\\u%04x", static_cast<unsigned>(r));
  else
    snprintf(buf, sizeof buf, "\\U%08x", static_cast<unsigned>(r));
  to += buf;
}

}  // namespace

std::string quote(std::string_view s, bool ascii) {
  std::string out = "\"";
  for (size_t i = 0; i < s.size();) {
    size_t start = i;
    char32_t r = decode_rune(s, &i);
    quote_one(out, r, s.substr(start, i - start), '"', ascii);
  }
  return out + '"';
}

std::string quote_rune(char32_t r, bool ascii) {
  std::string out = "'";
  if (r > 0x10FFFF || (r >= 0xD800 && r <= 0xDFFF)) r = 0xFFFD;
  quote_one(out, r, "", '\'', ascii);
  return out + '\'';
}

std::string format_float(double v, char verb, int prec, int bits) {
  if (std::isnan(v)) return "NaN";
  if (std::isinf(v)) return v > 0 ? "Inf" : "-Inf";
  bool upper = verb == 'E' || verb == 'G';
  char kind = upper ? static_cast<char>(verb + 32) : verb;
  char buf[1600];
  auto print = [&](auto... how) {
    auto r = bits == 32 && sizeof...(how) == 1
                 ? std::to_chars(buf, buf + sizeof buf, static_cast<float>(v), how...)
                 : std::to_chars(buf, buf + sizeof buf, v, how...);
    return std::string(buf, r.ptr);
  };
  std::string text;
  if (kind == 'g' && prec < 0) {
    // Shortest digits; the form is chosen as if there were six.
    text = print(std::chars_format::scientific);
    int exponent = atoi(text.c_str() + text.find('e') + 1);
    if (exponent >= -4 && exponent < 6) text = print(std::chars_format::fixed);
  } else if (prec < 0) {
    text = print(kind == 'e' ? std::chars_format::scientific : std::chars_format::fixed);
  } else {
    auto form = kind == 'e'   ? std::chars_format::scientific
                : kind == 'f' ? std::chars_format::fixed
                              : std::chars_format::general;
    text = print(form, prec);
  }
  if (upper) {
    for (char& c : text) c = c == 'e' ? 'E' : c;
  }
  return text;
}

}  // namespace golab::glue
