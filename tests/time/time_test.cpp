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
      {time::Kitchen, "12:04AM"}};
  for (auto [layout, value] : cases) {
    auto [t, err] = time::Parse(layout, value);
    fmt::Fprintln(out, t, err);
  }
}

}  // namespace

TEST_CASE("the Go program about durations and dates prints the same here", "[time]") {
  std::string out;
  durations(out);
  layouts(out);
  parsing(out);
  using namespace time;
  fmt::Fprintln(out, (1500 * Millisecond).Round(1 * Second),
                (-1500 * Millisecond).Round(1 * Second), (1700 * Millisecond).Truncate(1 * Second),
                Duration(kMax).Round(1 * Hour), (-5 * Second).Abs());
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
