// duration.cpp: prints, reads and rounds a Duration.
#include "runtime/time/duration.h"

#include <limits>

#include "runtime/fmt/fmt.h"

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
std::string fraction(uint64_t v, int digits) {
  uint64_t scale = 1;
  for (int i = 0; i < digits; i++) scale *= 10;
  std::string text = std::to_string(v / scale);
  uint64_t rest = v % scale;
  if (rest == 0) return text;
  std::string tail = std::to_string(rest);
  tail.insert(0, static_cast<size_t>(digits) - tail.size(), '0');
  tail.erase(tail.find_last_not_of('0') + 1);
  return text + "." + tail;
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

// Takes one "1.5h" off the front of s and adds it to *ns. Returns what is wrong, or "".
std::string parse_part(std::string_view whole, std::string_view& s, uint64_t* ns) {
  constexpr uint64_t kMax = uint64_t{1} << 63;
  std::string invalid = "time: invalid duration " + fmt::Sprintf("%q", whole);
  uint64_t number = 0, part = 0;
  double scale = 1;
  size_t i = 0;
  bool any = false;
  for (; i < s.size() && is_digit(s[i]); i++, any = true) {
    if (number > kMax / 10) return invalid;
    number = number * 10 + static_cast<uint64_t>(s[i] - '0');
    if (number > kMax) return invalid;
  }
  if (i < s.size() && s[i] == '.') {
    for (i++; i < s.size() && is_digit(s[i]); i++, any = true) {
      if (part > (kMax - 9) / 10) continue;  // far below a nanosecond
      part = part * 10 + static_cast<uint64_t>(s[i] - '0');
      scale *= 10;
    }
  }
  if (!any) return invalid;
  size_t start = i;
  while (i < s.size() && s[i] != '.' && !is_digit(s[i])) i++;
  std::string_view name = s.substr(start, i - start);
  if (name.empty()) return "time: missing unit in duration " + fmt::Sprintf("%q", whole);
  s.remove_prefix(i);
  for (const Unit& unit : kUnits) {
    if (unit.name != name) continue;
    if (number > kMax / unit.ns) return invalid;
    uint64_t v = number * unit.ns;
    if (part > 0) {
      v +=
          static_cast<uint64_t>(static_cast<double>(part) * (static_cast<double>(unit.ns) / scale));
    }
    if (v > kMax || *ns + v > kMax) return invalid;
    *ns += v;
    return "";
  }
  return fmt::Sprintf("time: unknown unit %q in duration %q", name, whole);
}

}  // namespace

std::pair<Duration, error> ParseDuration(std::string_view whole) {
  std::string_view s = whole;
  auto invalid = [&] { return fmt::Errorf("time: invalid duration %q", whole); };
  bool negative = false;
  if (!s.empty() && (s[0] == '-' || s[0] == '+')) {
    negative = s[0] == '-';
    s.remove_prefix(1);
  }
  if (s == "0") return {0, nullptr};
  if (s.empty()) return {0, invalid()};
  uint64_t ns = 0;
  while (!s.empty()) {
    std::string wrong = parse_part(whole, s, &ns);
    if (!wrong.empty()) return {0, errors::New(wrong)};
  }
  if (negative) return {static_cast<int64_t>(0 - ns), nullptr};
  if (ns > static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) return {0, invalid()};
  return {static_cast<int64_t>(ns), nullptr};
}

}  // namespace golab::time
