// quote.cpp: Go's quoting, both ways.
#include "profiler/formats/quote.h"

#include <cstdint>
#include <cstdio>

namespace golab::profiler {
namespace {

constexpr uint32_t kBad = UINT32_MAX;

// Decodes one code point at text[at] and says how many bytes it took; kBad and 1 for a byte that
// begins none (also: overlong forms, surrogates, anything past U+10FFFF).
uint32_t decode(std::string_view text, size_t at, size_t& length) {
  length = 1;
  auto byte = [&](size_t i) -> uint32_t { return static_cast<unsigned char>(text[at + i]); };
  uint32_t lead = byte(0);
  if (lead < 0x80) return lead;
  size_t want = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc2 ? 2 : 0;
  if (want == 0 || lead > 0xf4 || at + want > text.size()) return kBad;
  uint32_t rune = lead & (0xffu >> (want + 1));
  for (size_t i = 1; i < want; i++) {
    if ((byte(i) & 0xc0) != 0x80) return kBad;
    rune = rune << 6 | (byte(i) & 0x3f);
  }
  static constexpr uint32_t kLeast[] = {0, 0, 0x80, 0x800, 0x10000};
  if (rune < kLeast[want] || rune > 0x10ffff || (rune >= 0xd800 && rune <= 0xdfff)) return kBad;
  length = want;
  return rune;
}

void encode(uint32_t rune, std::string& out) {
  auto put = [&out](uint32_t byte) { out += static_cast<char>(byte); };
  if (rune < 0x80) return put(rune);
  if (rune < 0x800) return put(0xc0 | rune >> 6), put(0x80 | (rune & 0x3f));
  if (rune < 0x10000) {
    put(0xe0 | rune >> 12), put(0x80 | (rune >> 6 & 0x3f)), put(0x80 | (rune & 0x3f));
    return;
  }
  put(0xf0 | rune >> 18), put(0x80 | (rune >> 12 & 0x3f));
  put(0x80 | (rune >> 6 & 0x3f)), put(0x80 | (rune & 0x3f));
}

struct Range {
  uint32_t first, last;
};

// The blocks of Unicode in which nothing is printable: controls, blanks other than ' ', marks
// without a shape, private use, noncharacters. Code points that Unicode has not assigned are taken
// for printable: the full tables would be longer than everything else in this folder.
constexpr Range kUnprintable[] = {
    {0x00, 0x1f},     {0x7f, 0xa0},     {0xad, 0xad},       {0x600, 0x605},     {0x61c, 0x61c},
    {0x6dd, 0x6dd},   {0x70f, 0x70f},   {0x1680, 0x1680},   {0x180e, 0x180e},   {0x2000, 0x200f},
    {0x2028, 0x202f}, {0x205f, 0x206f}, {0x3000, 0x3000},   {0xd800, 0xf8ff},   {0xfeff, 0xfeff},
    {0xfff0, 0xfffb}, {0xfffe, 0xffff}, {0x1d173, 0x1d17a}, {0xe0000, 0xe00ff}, {0xe01f0, 0x10ffff},
};

bool printable(uint32_t rune) {
  for (const Range& range : kUnprintable) {
    if (rune >= range.first && rune <= range.last) return false;
  }
  return true;
}

void escape(uint32_t rune, std::string& out) {
  static constexpr std::string_view kNamed = "\a\b\f\n\r\t\v", kLetters = "abfnrtv";
  if (size_t i = rune < 0x80 ? kNamed.find(static_cast<char>(rune)) : kNamed.npos;
      i != kNamed.npos) {
    out += '\\';
    out += kLetters[i];
    return;
  }
  char text[16];
  const char* form = rune < 0x80 ? "\\x%02x" : rune < 0x10000 ? "\\u%04x" : "\\U%08x";
  std::snprintf(text, sizeof text, form, rune);
  out += text;
}

// The text with what is not printable escaped, a backslash before each character of `marked`, and
// those of `kept` as they are.
void append_escaped(std::string_view text, std::string_view marked, std::string_view kept,
                    std::string& out) {
  auto is_one_of = [](std::string_view set, uint32_t rune) {
    return rune < 0x80 && set.find(static_cast<char>(rune)) != set.npos;
  };
  for (size_t at = 0, length = 0; at < text.size(); at += length) {
    uint32_t rune = decode(text, at, length);
    if (rune == kBad) {
      char hex[8];
      std::snprintf(hex, sizeof hex, "\\x%02x", static_cast<unsigned char>(text[at]));
      out += hex;
    } else if (printable(rune) || is_one_of(kept, rune)) {
      if (is_one_of(marked, rune)) out += '\\';
      out += text.substr(at, length);
    } else {
      escape(rune, out);
    }
  }
}

// Reads `digits` hex digits, or kBad.
uint32_t take_hex(std::string_view& text, size_t digits) {
  if (text.size() < digits) return kBad;
  uint32_t value = 0;
  for (size_t i = 0; i < digits; i++) {
    char c = text[i];
    uint32_t digit = c >= '0' && c <= '9'   ? static_cast<uint32_t>(c - '0')
                     : c >= 'a' && c <= 'f' ? static_cast<uint32_t>(c - 'a' + 10)
                     : c >= 'A' && c <= 'F' ? static_cast<uint32_t>(c - 'A' + 10)
                                            : 16;
    if (digit == 16) return kBad;
    value = value << 4 | digit;
  }
  text.remove_prefix(digits);
  return value;
}

// What follows a backslash. False if it is nothing that Go writes.
bool take_escape(std::string_view& text, std::string& out) {
  if (text.empty()) return false;
  char kind = text[0];
  text.remove_prefix(1);
  static constexpr std::string_view kLetters = "abfnrtv\\\"", kStand = "\a\b\f\n\r\t\v\\\"";
  if (size_t i = kLetters.find(kind); i != kLetters.npos) {
    out += kStand[i];
    return true;
  }
  size_t digits = kind == 'x' ? 2 : kind == 'u' ? 4 : kind == 'U' ? 8 : 0;
  if (digits == 0) return false;
  uint32_t value = take_hex(text, digits);
  if (value == kBad || value > 0x10ffff) return false;
  if (kind == 'x') {
    out += static_cast<char>(value);
  } else {
    encode(value, out);
  }
  return true;
}

}  // namespace

std::string go_quote(std::string_view text) {
  std::string out = "\"";
  append_escaped(text, "\"\\", "", out);
  return out + "\"";
}

std::string shown(std::string_view text) {
  std::string out;
  append_escaped(text, "", "", out);
  return out;
}

std::string shown_lines(std::string_view text) {
  std::string out;
  append_escaped(text, "", "\n\t", out);
  return out;
}

std::optional<std::string> take_go_quoted(std::string_view& text) {
  if (text.empty() || text[0] != '"') return std::nullopt;
  std::string_view rest = text.substr(1);
  std::string out;
  while (!rest.empty()) {
    char c = rest[0];
    rest.remove_prefix(1);
    if (c == '"') {
      text = rest;
      return out;
    }
    if (c != '\\') {
      out += c;
    } else if (!take_escape(rest, out)) {
      return std::nullopt;
    }
  }
  return std::nullopt;
}

bool is_valid_utf8(std::string_view text) {
  for (size_t at = 0, length = 0; at < text.size(); at += length) {
    if (decode(text, at, length) == kBad) return false;
  }
  return true;
}

std::string valid_utf8(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t at = 0, length = 0; at < text.size(); at += length) {
    if (decode(text, at, length) == kBad) {
      out += "\xef\xbf\xbd";
    } else {
      out += text.substr(at, length);
    }
  }
  return out;
}

}  // namespace golab::profiler
