// utf8.h: UTF-8, as Go's package unicode/utf8 reads and writes it.
//
//   auto [r, size] = utf8::DecodeRuneInString(s);   // r, size := utf8.DecodeRuneInString(s)
//   utf8::AppendRune(out, r);                       // out = utf8.AppendRune(out, r)
//   utf8::ValidString(s)                            // utf8.ValidString(s)
//
// A byte that begins no rune is RuneError with size 1. So are overlong forms, surrogates and values
// above MaxRune. U+FFFD itself has size 3. Nothing here parks or panics.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace golab::utf8 {

inline constexpr char32_t RuneError = 0xFFFD;
inline constexpr char32_t MaxRune = 0x10FFFF;

// The first rune of s and its size in bytes. {RuneError, 0} if s is empty.
std::pair<char32_t, size_t> DecodeRuneInString(std::string_view s);
// Appends r, or U+FFFD if r is not a rune (a surrogate, or above MaxRune).
void AppendRune(std::string& to, char32_t r);
size_t RuneCountInString(std::string_view s);  // a bad byte counts as one rune
bool ValidRune(char32_t r);
bool ValidString(std::string_view s);

// ---- Ours ----

// Calls f(rune, bytes) for each rune of s. A bad byte comes as RuneError with that one byte.
template <typename F>
void each_rune(std::string_view s, F f) {
  while (!s.empty()) {
    auto [r, size] = DecodeRuneInString(s);
    f(r, s.substr(0, size));
    s.remove_prefix(size);
  }
}

// A copy of s with U+FFFD in place of each bad byte. (Go's strings.ToValidUTF8 replaces a run of
// bad bytes by one.)
std::string to_valid(std::string_view s);

}  // namespace golab::utf8
