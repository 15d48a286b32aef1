// strconv.h: Go's quoted strings and floating point text, as package strconv writes and reads them.
//
//   strconv::Quote("a\n\xff")             // strconv.Quote("a\n\xff")   "a\n\xff", in quotes
//   strconv::QuoteToASCII("é")            // strconv.QuoteToASCII("é")  "\u00e9"
//   strconv::QuoteRune(U'x')              // strconv.QuoteRune('x')     'x'
//   strconv::IsPrint(r)                   // strconv.IsPrint(r)         letters, marks, ' ', …
//   strconv::FormatFloat(f, 'g', -1, 64)  // strconv.FormatFloat(f, 'g', -1, 64)
//
// A printable rune stays as it is. Any other becomes an escape, and so does a byte that is not
// UTF-8. What is printable is Go's table, rune by rune (isprint.inc). Nothing here parks or panics.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace golab::strconv {

bool IsPrint(char32_t r);

std::string Quote(std::string_view s);
std::string QuoteToASCII(std::string_view s);  // escapes every rune above 0x7f
// In single quotes. A value that is not a rune is quoted as U+FFFD.
std::string QuoteRune(char32_t r);
std::string QuoteRuneToASCII(char32_t r);

// The verb is e, E, f, g or G. A `prec` of -1 gives the shortest text that reads back as the same
// number of `bits` bits (32 or 64).
std::string FormatFloat(double f, char verb, int prec, int bits);

// ---- Ours ----

// Takes a double-quoted Go string off the front of `text` and returns what it stands for. Returns
// nothing, and leaves `text` alone, if `text` does not begin with one.
std::optional<std::string> take_quoted(std::string_view& text);

}  // namespace golab::strconv
