// duration.cpp: prints, reads and rounds a Duration.
#include "runtime/time/duration.h"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <limits>

#include "runtime/time/quote.h"

namespace golab::time {

// The whole units and the rest one by one: ns as a double could lose digits.
static double in_units(int64_t ns, int64_t unit) {
  return static_cast<double>(ns / unit) +
         static_cast<double>(ns % unit) / static_cast<double>(unit);
}
double Duration::Seconds() const { return in_units(ns_, Second.ns_); }
double Duration::Minutes() const { return in_units(ns_, Minute.ns_); }
double Duration::Hours() const { return in_units(ns_, Hour.ns_); }

Duration Duration::Abs() const {
  if (ns_ >= 0) return *this;
  return ns_ == std::numeric_limits<int64_t>::min() ? std::numeric_limits<int64_t>::max() : -ns_;
}

Duration Duration::Truncate(Duration m) const { return m.ns_ <= 0 ? *this : *this - *this % m; }

Duration Duration::Round(Duration m) const {
  if (m.ns_ <= 0) return *this;
  Duration r = *this % m;
  int64_t sign = ns_ < 0 ? -1 : 1;
  uint64_t rest = r.Abs().u();
  if (rest + rest < m.u()) return *this - r;
  Duration away = *this - r + m * sign;
  if ((away.ns_ < ns_) == (sign < 0)) return away;
  return sign < 0 ? std::numeric_limits<int64_t>::min() : std::numeric_limits<int64_t>::max();
}

namespace {

// v / 10^digits in decimal, without zeros at its end.
std::string fraction(uint64_t v, size_t digits) {
  std::string text = std::to_string(v);
  if (text.size() <= digits) text.insert(0, digits + 1 - text.size(), '0');
  text.insert(text.size() - digits, 1, '.');
  text.erase(text.find_last_not_of('0') + 1);
  if (text.ends_with('.')) text.pop_back();
  return text;
}

}  // namespace

std::string Duration::String() const {
  uint64_t v = ns_ < 0 ? 0 - u() : u();
  std::string text;
  if (v == 0) {
    text = "0s";
  } else if (v < 1'000) {
    text = std::to_string(v) + "ns";
  } else if (v < 1'000'000) {
    text = fraction(v, 3) + "µs";
  } else if (v < 1'000'000'000) {
    text = fraction(v, 6) + "ms";
  } else {
    uint64_t minutes = v / 60'000'000'000;
    text = fraction(v % 60'000'000'000, 9) + "s";
    if (minutes > 0) text = std::to_string(minutes % 60) + "m" + text;
    if (minutes >= 60) text = std::to_string(minutes / 60) + "h" + text;
  }
  return ns_ < 0 ? "-" + text : text;
}

namespace {

struct Unit {
  std::string_view name;
  uint64_t ns;
};
constexpr Unit kUnits[] = {
    {"ns", 1},         {"us", 1'000},        {"µs", 1'000},         {"μs", 1'000},
    {"ms", 1'000'000}, {"s", 1'000'000'000}, {"m", 60'000'000'000}, {"h", 3'600'000'000'000}};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

std::string quote(std::string_view s) {
  constexpr char kHex[] = "0123456789abcdef";
  std::string text = "\"";
  for (char c : s) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < ' ' || byte >= 0x80) {
      text += {'\\', 'x', kHex[byte >> 4], kHex[byte & 15]};
      continue;
    }
    if (c == '"' || c == '\\') text += '\\';
    text += c;
  }
  return text + '"';
}

std::pair<Duration, error> ParseDuration(std::string_view whole) {
  constexpr uint64_t kMax = uint64_t{1} << 63;
  auto wrong = [whole](std::string_view how) -> std::pair<Duration, error> {
    return {0, errors::New("time: " + std::string(how) + " duration " + quote(whole))};
  };
  std::string_view s = whole;
  const bool negative = s.starts_with('-');
  if (negative || s.starts_with('+')) s.remove_prefix(1);
  if (s == "0") return {0, nullptr};
  if (s.empty()) return wrong("invalid");
  uint64_t ns = 0;
  while (!s.empty()) {  // each time one "1.5h"
    uint64_t number = 0, part = 0;
    double scale = 1;
    auto [end, ec] = std::from_chars(s.data(), s.data() + s.size(), number);
    if (ec == std::errc::result_out_of_range || number > kMax) return wrong("invalid");
    auto i = static_cast<size_t>(end - s.data());
    bool any = i > 0;
    if (s.substr(i).starts_with('.')) {
      for (i++; i < s.size() && is_digit(s[i]); i++, any = true) {
        if (part > (kMax - 9) / 10) continue;  // far below a nanosecond
        part = part * 10 + static_cast<uint64_t>(s[i] - '0');
        scale *= 10;
      }
    }
    if (!any) return wrong("invalid");
    const size_t next = std::min(s.find_first_of(".0123456789", i), s.size());
    const std::string_view name = s.substr(i, next - i);
    s.remove_prefix(next);
    if (name.empty()) return wrong("missing unit in");
    const Unit* unit = std::find_if(std::begin(kUnits), std::end(kUnits),
                                    [name](const Unit& u) { return u.name == name; });
    if (unit == std::end(kUnits)) return wrong("unknown unit " + quote(name) + " in");
    if (number > kMax / unit->ns) return wrong("invalid");
    const double rest = static_cast<double>(part) * (static_cast<double>(unit->ns) / scale);
    const uint64_t v = number * unit->ns + static_cast<uint64_t>(rest);
    if (v > kMax || ns + v > kMax) return wrong("invalid");
    ns += v;
  }
  if (negative) return {static_cast<int64_t>(0 - ns), nullptr};
  if (ns == kMax) return wrong("invalid");
  return {static_cast<int64_t>(ns), nullptr};
}

}  // namespace golab::time
