// Goal: durations, layouts and the calendar are Go's.
#include "runtime/time/time.h"

#include <limits>

#include "runtime/fmt/fmt.h"
#include "tests/golden_lines.h"

using namespace golab;

namespace {

using time::Duration;
constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
constexpr int64_t kMin = std::numeric_limits<int64_t>::min();

void durations(std::string& out) {
  using namespace time;
  for (Duration d : {Duration(0), Duration(1), Duration(1100), Duration(2200000),
                     Duration(3300000000), 4 * Minute + 5 * Second + 1, 1 * Hour,
                     5 * Hour + 6 * Minute + 7001 * Millisecond, Duration(kMax), Duration(kMin),
                     -1500 * Microsecond, Duration(999), Duration(1000), Duration(999999999)}) {
    fmt::Fprintf(out, "%v|%d|%s|%.3f\n", d, d, d, d.Seconds());
  }
  for (const char* s : {"1h15m30.5s", "-1.5h", "300ms", "1us", "1µs", "0", "+5s", "", ".", "1",
                        "1x", "3.", "1.0000000000001h", "9223372036854775807ns",
                        "9223372036854775808ns", "-9223372036854775808ns", "1h 2m"}) {
    auto [d, err] = ParseDuration(s);
    fmt::Fprintln(out, d, err);
  }
}

void layouts(std::string& out) {
  auto t = time::Date(2026, 11, 2, 3, 4, 5, 6007000, time::UTC);
  auto cet = time::FixedZone("CET", 3600 + 1800);
  for (std::string_view l :
       {time::Layout, time::ANSIC, time::UnixDate, time::RFC822, time::RFC850, time::RFC1123,
        time::RFC1123Z, time::RFC3339, time::RFC3339Nano, time::Kitchen, time::StampMicro,
        time::DateTime, std::string_view("2006/01/02 15:04:05.000000"),
        std::string_view("Monday January _2 2 02 1 06 3 03PM 4 5 pm .999 ,000 002 Z0700 Z07:00 "
                         "-07:00"),
        std::string_view("_2006 Janet Mond")}) {
    fmt::Fprintln(out, t.Format(l));
    fmt::Fprintln(out, t.In(cet).Format(l));
  }
  fmt::Fprintln(out, t, t.Weekday(), t.YearDay(), t.Unix(), t.UnixNano(), t.AddDate(0, 1, 31),
                t.Truncate(time::Hour), t.Round(time::Minute), time::Time{}, time::Time{}.IsZero());
  fmt::Fprintln(out, time::Date(2024, 14, 35, 25, 61, 61, 0, time::UTC),
                time::Date(-44, 3, 15, 0, 0, 0, 0, time::UTC),
                time::Date(2000, 2, 29, 0, 0, 0, 0, time::UTC).YearDay(), time::Unix(-1, -1).UTC());
}

void parsing(std::string& out) {
  const std::pair<std::string_view, const char*> cases[] = {
      {time::RFC3339, "2026-11-02T03:04:05Z"},
      {time::RFC3339, "2026-11-02T03:04:05.25+01:30"},
      {time::RFC1123, "Mon, 02 Nov 2026 03:04:05 GMT"},
      {time::DateOnly, "2026-02-30"},
      {time::DateOnly, "2026-13-01"},
      {time::DateOnly, "x"},
      {time::DateOnly, "2026-01-02 "},
      {time::Kitchen, "3:04AM"},
      {time::Kitchen, "12:04AM"},
      {"2006-01-02 15:04:05 -0700 MST", "2026-11-02 03:04:05 +0130 CET"},
      {"Monday, 02-Jan-06 15:04:05 MST", "monday, 02-NOV-68 03:04:05 UTC"},
      {"Jan _2 15:04:05", "feb  3 01:02:03"},
      {"January 2 2006", "May 31 2026"},
      {"January 2 2006", "Mai 3 2026"},
      {"2006-002", "2024-366"},
      {"2006 __2", "2026  45"},
      {"2006 __2", "2026   4"},
      {"06 1 2 3 4 5 pm", "69 7 8 9 1 2 pm"},
      {"06 1 2 3 4 5 pm", "68 12 31 12 59 59 am"},
      {"06-1-2", "26-1-"},
      {"2006", "206"},
      {"01", "1"},
      {"15:04:05", "03:04:05.5"},
      {"15:04:05", "03:04:05,123456789012"},
      {"15:04:05.000", "03:04:05.12"},
      {"15:04:05.000", "03:04:05.123"},
      {"15:04:05.999", "03:04:05"},
      {"15:04:05.999", "03:04:05.1234"},
      {"15:04", "24:00"},
      {"15:4", "23:60"},
      {"3PM", "13PM"},
      {"3PM", "3XM"},
      {"Mon", "Monday"},
      {"Z0700", "Z"},
      {"Z0700", "-0230"},
      {"-07", "+02"},
      {"-07:00", "+0200"},
      {"-0700", "+2500"},
      {"Z07:00", "x"},
      {"MST", "ABCDEF"},
      {"MST", "EST"},
      {"x2006y", "x2026y"},
      {"x2006y", "x2026z"}};
  for (auto [layout, value] : cases) {
    auto [t, err] = time::Parse(layout, value);
    fmt::Fprintln(out, t, err);
  }
}

// ---- What does not fit ----

const Duration kDurations[] = {Duration(kMax),
                               Duration(kMin),
                               Duration(kMax - 1),
                               Duration(int64_t{1} << 62),
                               Duration(-(int64_t{1} << 62)),
                               time::Hour,
                               -time::Hour,
                               Duration(1),
                               Duration(-1),
                               Duration(0)};

void extreme_durations(std::string& out) {
  auto n = [](Duration d) { return d.Nanoseconds(); };
  for (Duration d : kDurations) {
    fmt::Fprintln(out, n(d), n(d.Abs()));
    for (Duration m : kDurations) {
      fmt::Fprintln(out, n(d + m), n(d - m), n(d * m), n(d.Round(m)), n(d.Truncate(m)));
      if (m != 0) fmt::Fprintln(out, n(d / m), n(d % m));
    }
  }
}

void extreme_times(std::string& out) {
  const time::Time times[] = {time::Time(),
                              time::Unix(0, 0),
                              time::Unix(0, 999999999),
                              time::Date(9999, 12, 31, 23, 59, 59, 5, time::UTC),
                              time::Date(1678, 1, 1, 0, 0, 0, 0, time::UTC),
                              time::Unix(int64_t{1} << 62, 0),
                              time::Unix(-(int64_t{1} << 62), 5),
                              time::Unix(kMax, 999999999),
                              time::Unix(kMin, 0),
                              time::Unix(9223372036, 854775807),
                              time::Unix(-9223372037, 145224192),
                              time::Unix(5, kMax),
                              time::Unix(5, kMin)};
  for (const time::Time& t : times) {
    fmt::Fprintln(out, t.Unix(), t.UnixMilli(), t.UnixMicro(), t.UnixNano(), t.Nanosecond());
    for (const time::Time& u : times) {
      fmt::Fprintln(out, t.Sub(u).Nanoseconds(), t.Before(u), t.Compare(u));
    }
    for (Duration d : kDurations) {
      const time::Time a = t.Add(d), r = t.Round(d), c = t.Truncate(d);
      fmt::Fprintln(out, a.Unix(), a.Nanosecond(), r.Unix(), r.Nanosecond(), c.Unix(),
                    c.Nanosecond());
    }
  }
}

void extreme_dates(std::string& out) {
  for (int n : {std::numeric_limits<int>::max(), std::numeric_limits<int>::min()}) {
    const time::Time t = time::Date(2000, 2, 29, 0, 0, 0, 0, time::UTC);
    fmt::Fprintln(out, t.AddDate(n, 0, 0).Unix(), t.AddDate(0, n, 0).Unix(),
                  t.AddDate(0, 0, n).Unix(), t.AddDate(n, n, n).Unix());
  }
  const time::Time now = time::Now();
  for (size_t i = 0; i < 5; i++) {
    const time::Time t = now.Add(kDurations[i]);
    fmt::Fprintln(out, t.After(now), time::Until(t) > 0, time::Since(t) > 0);
  }
  const Duration back = -(int64_t{1} << 62);
  const time::Time far = now.Add(back).Add(back);
  fmt::Fprintln(out, far.Before(now), time::Until(far) < 0, time::Since(far) > 0);
}

}  // namespace

TEST_CASE("sums that do not fit end or wrap where Go's do", "[time][overflow]") {
  std::string out;
  extreme_durations(out);
  extreme_times(out);
  extreme_dates(out);
  compare_with_golden("time/extremes.txt", out);
}

TEST_CASE("the Go program about durations and dates prints the same here", "[time]") {
  std::string out;
  durations(out);
  layouts(out);
  parsing(out);
  using namespace time;
  fmt::Fprintln(out, (1500 * Millisecond).Round(1 * Second),
                (-1500 * Millisecond).Round(1 * Second), (1700 * Millisecond).Truncate(1 * Second),
                Duration(kMax).Round(1 * Hour), (-5 * Second).Abs());
  fmt::Fprintln(out, time::Date(2000, 1, 5, 0, 0, 0, 0, time::UTC).Format("x__2x002x"));
  fmt::Fprintln(out, time::May, time::Month(13), time::Sunday, time::Weekday(9));
  compare_with_golden("time/golden.txt", out);
}

TEST_CASE("times with a monotonic reading are compared by it", "[time]") {
  auto before = time::Now();
  auto after = time::Now();
  CHECK_FALSE(after.Before(before));
  CHECK(time::Since(before) >= 0);
  CHECK(before.Add(time::Hour).Sub(before) == time::Hour);
  CHECK(before.String().find(" m=") != std::string::npos);
  SECTION("Round(0) takes it away") {
    CHECK(before.Round(0).String().find(" m=") == std::string::npos);
    CHECK(before.Round(0).Equal(before.Round(0)));
  }
  CHECK(time::UnixMilli(1500).UnixMilli() == 1500);
  CHECK(time::Unix(5, 0).Sub(time::Unix(3, 0)) == 2 * time::Second);
}
