// ftoa.cpp: floating point numbers as text, in Go's forms.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>

#include "runtime/strconv/strconv.h"

namespace golab::strconv {
namespace {

// The exponent of a number written as 1.5e+20.
int exponent_of(const std::string& scientific) {
  return atoi(scientific.c_str() + scientific.find('e') + 1);
}

// The same digits without an exponent, for a number that has no fraction: 1.5e+3 is 1500.
std::string without_exponent(const std::string& scientific) {
  const size_t sign = scientific[0] == '-';
  std::string text = scientific.substr(0, scientific.find('e'));
  text.erase(std::remove(text.begin(), text.end(), '.'), text.end());
  text.resize(sign + static_cast<size_t>(exponent_of(scientific)) + 1, '0');
  return text;
}

}  // namespace

std::string FormatFloat(double f, char verb, int prec, int bits) {
  if (bits == 32) f = static_cast<float>(f);
  if (std::isnan(f)) return "NaN";
  if (std::isinf(f)) return f > 0 ? "+Inf" : "-Inf";
  const bool upper = verb == 'E' || verb == 'G';
  const char kind = upper ? static_cast<char>(verb + 32) : verb;
  // Room for the longest number without an exponent, and for the digits after the point.
  std::string buf(400 + static_cast<size_t>(std::max(prec, 0)), '\0');
  auto print = [&](auto... how) {
    char *begin = buf.data(), *end = begin + buf.size();
    auto r = bits == 32 && sizeof...(how) == 1
                 ? std::to_chars(begin, end, static_cast<float>(f), how...)
                 : std::to_chars(begin, end, f, how...);
    return buf.substr(0, static_cast<size_t>(r.ptr - begin));
  };
  std::string text;
  if (prec < 0) {
    text = print(std::chars_format::scientific);
    const int exponent = exponent_of(text);
    // For g, the form is chosen as if there were six digits.
    if (kind == 'f' || (kind == 'g' && exponent >= -4 && exponent < 6)) {
      text = std::trunc(f) == f ? without_exponent(text) : print(std::chars_format::fixed);
    }
  } else {
    auto form = kind == 'e'   ? std::chars_format::scientific
                : kind == 'f' ? std::chars_format::fixed
                              : std::chars_format::general;
    text = print(form, prec);
  }
  if (upper) std::replace(text.begin(), text.end(), 'e', 'E');
  return text;
}

}  // namespace golab::strconv
