// quote.cpp: Go's quoted strings, written and read.
#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <iterator>

#include "runtime/strconv/strconv.h"
#include "runtime/strconv/utf8.h"

namespace golab::strconv {
namespace {

struct Range {
  uint32_t first, last;
};
constexpr Range kPrintable[] = {
#include "runtime/strconv/isprint.inc"
};

// The letters of the one-letter escapes, and the bytes that they stand for.
constexpr std::string_view kLetters = "abfnrtv";
constexpr std::string_view kControls = "\a\b\f\n\r\t\v";

void append_hex(std::string& to, const char* format, char32_t value) {
  char text[16];
  std::snprintf(text, sizeof text, format, static_cast<unsigned>(value));
  to += text;
}

// `bytes` is r as it is in the text. RuneError with one byte is a byte that is not UTF-8.
void append_escaped(std::string& to, char32_t r, std::string_view bytes, char quote, bool ascii) {
  if (r == utf8::RuneError && bytes.size() == 1) {
    return append_hex(to, "\\x%02x", static_cast<unsigned char>(bytes[0]));
  }
  if (r == static_cast<char32_t>(quote) || r == U'\\') {
    to += '\\';
    to += static_cast<char>(r);
    return;
  }
  if (IsPrint(r) && (r < 0x80 || !ascii)) return utf8::AppendRune(to, r);
  const size_t letter = r < 0x80 ? kControls.find(static_cast<char>(r)) : std::string_view::npos;
  if (letter != std::string_view::npos) {
    to += '\\';
    to += kLetters[letter];
    return;
  }
  append_hex(to, r < 0x80 ? "\\x%02x" : r < 0x10000 ? "\\u%04x" : "\\U%08x", r);
}

std::string quoted(std::string_view s, bool ascii) {
  std::string out = "\"";
  utf8::each_rune(
      s, [&](char32_t r, std::string_view bytes) { append_escaped(out, r, bytes, '"', ascii); });
  return out + '"';
}

std::string quoted_rune(char32_t r, bool ascii) {
  std::string out = "'";
  append_escaped(out, utf8::ValidRune(r) ? r : utf8::RuneError, "", '\'', ascii);
  return out + '\'';
}

// Takes `digits` hex digits off the front of text.
std::optional<char32_t> take_hex(std::string_view& text, size_t digits) {
  if (text.size() < digits) return std::nullopt;
  uint32_t value = 0;
  const char* end = text.data() + digits;
  if (std::from_chars(text.data(), end, value, 16).ptr != end) return std::nullopt;
  text.remove_prefix(digits);
  return value;
}

// Takes the rest of an escape, after its backslash. False if Go has no such escape.
bool take_escape(std::string_view& text, std::string& out) {
  if (text.empty()) return false;
  const char kind = text[0];
  text.remove_prefix(1);
  if (kind == '\\' || kind == '"') {
    out += kind;
    return true;
  }
  if (size_t i = kLetters.find(kind); i != kLetters.npos) {
    out += kControls[i];
    return true;
  }
  const size_t digits = kind == 'x' ? 2 : kind == 'u' ? 4 : kind == 'U' ? 8 : 0;
  if (digits == 0) return false;
  const std::optional<char32_t> value = take_hex(text, digits);
  if (!value) return false;
  if (kind == 'x') {
    out += static_cast<char>(*value);
    return true;
  }
  if (!utf8::ValidRune(*value)) return false;
  utf8::AppendRune(out, *value);
  return true;
}

}  // namespace

bool IsPrint(char32_t r) {
  const Range* after = std::upper_bound(std::begin(kPrintable), std::end(kPrintable), r,
                                        [](char32_t x, const Range& y) { return x < y.first; });
  return after != std::begin(kPrintable) && r <= after[-1].last;
}

std::string Quote(std::string_view s) { return quoted(s, false); }
std::string QuoteToASCII(std::string_view s) { return quoted(s, true); }
std::string QuoteRune(char32_t r) { return quoted_rune(r, false); }
std::string QuoteRuneToASCII(char32_t r) { return quoted_rune(r, true); }

std::optional<std::string> take_quoted(std::string_view& text) {
  if (text.empty() || text[0] != '"') return std::nullopt;
  std::string_view rest = text.substr(1);
  std::string out;
  while (!rest.empty()) {
    const char c = rest[0];
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

}  // namespace golab::strconv
