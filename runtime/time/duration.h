// duration.h: time.Duration: a span of time in nanoseconds; prints as in Go (1h15m0.5s).
//
//   1 * time::Hour + 15 * time::Minute       // 1*time.Hour + 15*time.Minute
//   time::Duration(n) * time::Millisecond    // time.Duration(n) * time.Millisecond
//   d.Seconds(), d.Milliseconds(), d < time::Second, d / 2
//
// As in Go, an integer converts to a Duration (nanoseconds), a floating point number does not, and
// a Duration divided by a Duration is a Duration: int64_t(d / time::Second) is the number.
#pragma once

#include <compare>
#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "runtime/errors/errors.h"

namespace golab::time {

class Duration {
 public:
  constexpr Duration() = default;
  constexpr Duration(std::integral auto ns) : ns_(static_cast<int64_t>(ns)) {}
  explicit constexpr Duration(std::floating_point auto ns) : ns_(static_cast<int64_t>(ns)) {}

  constexpr int64_t Nanoseconds() const { return ns_; }
  constexpr int64_t Microseconds() const { return ns_ / 1'000; }
  constexpr int64_t Milliseconds() const { return ns_ / 1'000'000; }
  double Seconds() const;
  double Minutes() const;
  double Hours() const;
  Duration Truncate(Duration m) const;  // towards zero, to a multiple of m
  Duration Round(Duration m) const;     // to the nearest multiple of m, halves away from zero
  Duration Abs() const;
  std::string String() const;

  explicit constexpr operator int64_t() const { return ns_; }
  explicit constexpr operator double() const { return static_cast<double>(ns_); }

  friend constexpr Duration operator+(Duration a, Duration b) { return wrap(a.u() + b.u()); }
  friend constexpr Duration operator-(Duration a, Duration b) { return wrap(a.u() - b.u()); }
  friend constexpr Duration operator*(Duration a, Duration b) { return wrap(a.u() * b.u()); }
  friend constexpr Duration operator/(Duration a, Duration b) {
    return b.ns_ == -1 ? -a : Duration(a.ns_ / b.ns_);  // the processor traps on min / -1
  }
  friend constexpr Duration operator%(Duration a, Duration b) {
    return b.ns_ == -1 ? Duration() : Duration(a.ns_ % b.ns_);
  }
  constexpr Duration operator-() const { return wrap(-u()); }
  constexpr Duration& operator+=(Duration d) { return *this = *this + d; }
  constexpr Duration& operator-=(Duration d) { return *this = *this - d; }
  constexpr Duration& operator*=(Duration d) { return *this = *this * d; }
  constexpr Duration& operator/=(Duration d) { return *this = *this / d; }
  friend constexpr auto operator<=>(Duration, Duration) = default;

 private:
  // Go's integers wrap around, so sums use unsigned ones.
  constexpr uint64_t u() const { return static_cast<uint64_t>(ns_); }
  static constexpr Duration wrap(uint64_t ns) { return static_cast<int64_t>(ns); }
  int64_t ns_ = 0;
};

inline constexpr Duration Nanosecond = 1;
inline constexpr Duration Microsecond = 1000 * Nanosecond;
inline constexpr Duration Millisecond = 1000 * Microsecond;
inline constexpr Duration Second = 1000 * Millisecond;
inline constexpr Duration Minute = 60 * Second;
inline constexpr Duration Hour = 60 * Minute;

// Reads what String prints: "300ms", "-1.5h", "2h45m". Error: `time: invalid duration "x"`.
std::pair<Duration, error> ParseDuration(std::string_view s);

}  // namespace golab::time
