// utf8.cpp: decodes and encodes runes.
#include "runtime/strconv/utf8.h"

namespace golab::utf8 {

bool ValidRune(char32_t r) { return r <= MaxRune && (r < 0xD800 || r > 0xDFFF); }

std::pair<char32_t, size_t> DecodeRuneInString(std::string_view s) {
  constexpr std::pair<char32_t, size_t> kBad{RuneError, 1};
  if (s.empty()) return {RuneError, 0};
  auto byte = [&](size_t i) -> char32_t { return static_cast<unsigned char>(s[i]); };
  const char32_t lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  // 0x80 to 0xC1 continue a rune or begin an overlong form. Above 0xF4, all is above MaxRune.
  const size_t size = lead < 0xC2 ? 0 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : lead < 0xF5 ? 4 : 0;
  if (size == 0 || size > s.size()) return kBad;
  char32_t r = lead & (0xFFu >> (size + 1));
  for (size_t i = 1; i < size; i++) {
    if ((byte(i) & 0xC0) != 0x80) return kBad;
    r = r << 6 | (byte(i) & 0x3F);
  }
  constexpr char32_t kLeast[] = {0, 0, 0x80, 0x800, 0x10000};  // by size: below it, r is overlong
  if (r < kLeast[size] || !ValidRune(r)) return kBad;
  return {r, size};
}

void AppendRune(std::string& to, char32_t r) {
  if (!ValidRune(r)) r = RuneError;
  auto put = [&to](char32_t byte) { to += static_cast<char>(byte); };
  if (r < 0x80) return put(r);
  if (r < 0x800) {
    put(0xC0 | r >> 6);
    return put(0x80 | (r & 0x3F));
  }
  if (r < 0x10000) {
    put(0xE0 | r >> 12);
  } else {
    put(0xF0 | r >> 18);
    put(0x80 | (r >> 12 & 0x3F));
  }
  put(0x80 | (r >> 6 & 0x3F));
  put(0x80 | (r & 0x3F));
}

size_t RuneCountInString(std::string_view s) {
  size_t n = 0;
  each_rune(s, [&n](char32_t, std::string_view) { n++; });
  return n;
}

bool ValidString(std::string_view s) {
  while (!s.empty()) {
    auto [r, size] = DecodeRuneInString(s);
    if (r == RuneError && size == 1) return false;
    s.remove_prefix(size);
  }
  return true;
}

std::string to_valid(std::string_view s) {
  std::string out;
  out.reserve(s.size());
  each_rune(s, [&out](char32_t r, std::string_view) { AppendRune(out, r); });
  return out;
}

}  // namespace golab::utf8
