// Goal: text is quoted, decoded and counted as Go's strconv and unicode/utf8 do it.
#include "runtime/strconv/strconv.h"

#include <cmath>
#include <limits>

#include "runtime/fmt/fmt.h"
#include "runtime/strconv/utf8.h"
#include "tests/golden_lines.h"

using namespace golab;

namespace {

std::string with_rune(char32_t r) {
  std::string s;
  utf8::AppendRune(s, r);
  return s;
}

// The hash of golden.go: FNV-1a over "printable or not", rune by rune.
void print_all_of_unicode(std::string& out) {
  uint64_t hash = 14695981039346656037u;
  int count = 0;
  for (char32_t r = 0; r <= utf8::MaxRune; r++) {
    bool printable = strconv::IsPrint(r);
    count += printable;
    hash = (hash ^ static_cast<uint64_t>(printable)) * 1099511628211u;
  }
  fmt::Fprintf(out, "%d printable runes, %016x\n", count, hash);
}

void print_runes(std::string& out) {
  constexpr char32_t kRunes[] = {
      0,       7,       0x1f,    ' ',     '"',     '\'',    '\\',     '~',     0x7f,    0x80,
      0xa0,    0xa1,    0xad,    0xe9,    0x300,   0x378,   0x5ff,    0x600,   0x1680,  0x180b,
      0x180e,  0x2000,  0x200b,  0x200d,  0x2028,  0x202e,  0x205f,   0x2190,  0x3000,  0x3042,
      0x4e2d,  0xa7cb,  0xd7ff,  0xd800,  0xdfff,  0xe000,  0xf8ff,   0xfe0f,  0xfeff,  0xfff9,
      0xfffc,  0xfffd,  0xfffe,  0xffff,  0x1000c, 0x1d173, 0x1f600,  0x1faff, 0x20000, 0x2a6e0,
      0x323b0, 0xe0001, 0xe0100, 0xe01ef, 0xe01f0, 0xf0000, 0x10ffff, 0x110000};
  for (char32_t r : kRunes) {
    std::string s = with_rune(r);
    fmt::Fprintln(out, strconv::Quote(s), strconv::QuoteToASCII(s), strconv::QuoteRune(r),
                  strconv::QuoteRuneToASCII(r), strconv::IsPrint(r));
  }
}

void print_strings(std::string& out) {
  const std::string kStrings[] = {"",
                                  "a\"b\\c'd",
                                  std::string("\a\b\f\n\r\t\v\0", 8),
                                  "\x7f\x80\xff",
                                  "\xc0\x80",
                                  "\xc1\xbf",
                                  "\xc2",
                                  "\xc2x",
                                  "\xe0\x80\x80",
                                  "\xe0\x9f\xbf",
                                  "\xe0\xa0\x80",
                                  "\xe2\x82",
                                  "\xe2\x82x",
                                  "\xed\x9f\xbf",
                                  "\xed\xa0\x80",
                                  "\xef\xbf\xbd",
                                  "\xf0\x80\x80\x80",
                                  "\xf0\x8f\xbf\xbf",
                                  "\xf0\x90\x80\x80",
                                  "\xf0\x9f\x98",
                                  "\xf4\x8f\xbf\xbf",
                                  "\xf4\x90\x80\x80",
                                  "\xf5\x80\x80\x80",
                                  "\xfe",
                                  "é\u0301中\U0001f600"};
  for (const std::string& s : kStrings) {
    auto [r, size] = utf8::DecodeRuneInString(s);
    fmt::Fprintln(out, strconv::Quote(s), strconv::QuoteToASCII(s), utf8::ValidString(s),
                  utf8::RuneCountInString(s), static_cast<int>(r), size);
  }
}

void print_numbers(std::string& out) {
  constexpr double kInf = std::numeric_limits<double>::infinity();
  const double kNumbers[] = {0.0,  1.0,   -1.5,        0.1,
                             1e5,  1e6,   123456,      1234567,
                             1e-4, 1e-5,  5e-324,      std::numeric_limits<double>::max(),
                             kInf, -kInf, std::nan("")};
  for (double f : kNumbers) {
    for (char verb : std::string_view("eEfgG")) {
      out +=
          strconv::FormatFloat(f, verb, -1, 64) + " " + strconv::FormatFloat(f, verb, 3, 64) + " ";
    }
    fmt::Fprintln(out, strconv::FormatFloat(f, 'g', -1, 32));
  }
  fmt::Fprintln(out, strconv::FormatFloat(1, 'f', 5000, 64).size());
}

}  // namespace

TEST_CASE("the Go program about runes, bytes and numbers prints the same here", "[strconv]") {
  std::string out;
  print_all_of_unicode(out);
  print_runes(out);
  print_strings(out);
  print_numbers(out);
  compare_with_golden("strconv/golden.txt", out);
}

TEST_CASE("what was quoted reads back as it was", "[strconv]") {
  std::string bytes;
  for (int b = 0; b < 256; b++) bytes += static_cast<char>(b);
  for (char32_t r : {0xe9u, 0x378u, 0xfffdu, 0x1f600u, 0xe0001u}) utf8::AppendRune(bytes, r);
  for (const std::string& quoted : {strconv::Quote(bytes), strconv::QuoteToASCII(bytes)}) {
    std::string text = quoted + "rest";
    std::string_view rest = text;
    CHECK(strconv::take_quoted(rest) == bytes);
    CHECK(rest == "rest");
  }
  for (std::string_view bad : {"\"\\ud800\"", "\"\\x1g\"", "\"\\U00110000\"", "\"open"}) {
    std::string_view rest = bad;
    CHECK_FALSE(strconv::take_quoted(rest).has_value());
    CHECK(rest == bad);
  }
}

TEST_CASE("each bad byte becomes one replacement", "[strconv]") {
  CHECK(utf8::to_valid("a\xff\xfe"
                       "b\xe2\x82") == "a\uFFFD\uFFFDb\uFFFD\uFFFD");
  CHECK(utf8::to_valid("é中") == "é中");
}
