// quote.h: runes, Go's quoting (strconv.Quote) and Go's floating point text, for fmt and panics.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace golab::glue {

void append_rune(std::string& to, char32_t r);        // UTF-8; U+FFFD if it is no rune
char32_t decode_rune(std::string_view s, size_t* i);  // moves *i on; U+FFFD for a bad byte
std::string_view truncate_runes(std::string_view s, size_t n);  // the first n runes
// "a\nb", 'x'. ascii: everything else is escaped.
std::string quote(std::string_view s, bool ascii = false);
std::string quote_rune(char32_t r, bool ascii = false);

// strconv.FormatFloat: verb e E f g G, prec -1 for the shortest text that reads back the same.
std::string format_float(double v, char verb, int prec, int bits);

}  // namespace golab::glue
