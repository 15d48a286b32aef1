// Goal: each row of table.txt, which real Go printed, comes out the same: texts of durations and
// times, and what is read from texts, with the errors.
#include <sstream>

#include "runtime/die/panic.h"
#include "runtime/strconv/strconv.h"
#include "runtime/time/time.h"
#include "tests/golden_lines.h"

using namespace golab;

namespace {

// The words of a row's input: quoted texts and numbers.
class Words {
 public:
  explicit Words(std::string_view row) : rest_(row) {}

  std::string text() {
    skip();
    return strconv::take_quoted(rest_).value();
  }
  std::string word() {
    skip();
    std::string w(rest_.substr(0, rest_.find(' ')));
    rest_.remove_prefix(w.size());
    return w;
  }
  int64_t number() { return std::stoll(word()); }

 private:
  void skip() {
    if (rest_.starts_with(' ')) rest_.remove_prefix(1);
  }
  std::string_view rest_;
};

std::string parsed_duration(const std::string& text) {
  auto [d, err] = time::ParseDuration(text);
  return err != nullptr ? strconv::Quote(err.Error()) : std::to_string(d.Nanoseconds());
}

std::string formatted(Words row) {
  const int64_t sec = row.number(), nsec = row.number();
  const std::string zone = row.text();
  const auto offset = static_cast<int>(row.number());
  const time::Location* loc =
      zone == "UTC" && offset == 0 ? time::UTC : time::FixedZone(zone, offset);
  return strconv::Quote(time::Unix(sec, nsec).In(loc).Format(row.text()));
}

std::string parsed(Words row) {
  const std::string layout = row.text(), text = row.text();
  auto [t, err] = time::Parse(layout, text);
  if (err != nullptr) return strconv::Quote(err.Error());
  auto [zone, offset] = t.Zone();
  std::ostringstream out;
  out << t.Unix() << ' ' << t.Nanosecond() << ' ' << offset << ' ' << strconv::Quote(zone) << ' '
      << strconv::Quote(t.String());
  return out.str();
}

std::string result(const std::string& input) {
  Words row(input);
  const std::string what = row.word();
  if (what == "string") return strconv::Quote(time::Duration(row.number()).String());
  if (what == "parse") return parsed_duration(row.text());
  if (what == "format") return formatted(row);
  if (what == "week") {
    auto [year, week] = time::Unix(row.number(), 0).UTC().ISOWeek();
    return std::to_string(year) + " " + std::to_string(week);
  }
  return parsed(row);
}

}  // namespace

TEST_CASE("two thousand texts of times and durations are written and read as in Go",
          "[time][table]") {
  auto [table, err] = os::ReadFile(GOLAB_SOURCE_DIR "/tests/time/table.txt");
  REQUIRE(err == nullptr);
  int rows = 0, wrong = 0;
  for (const std::string& line : lines_of(table)) {
    const size_t tab = line.find('\t');
    const std::string input = line.substr(0, tab), want = line.substr(tab + 1);
    rows++;
    const std::string got = result(input);
    if (got == want || wrong++ >= 20) continue;
    INFO(input);
    CHECK(got == want);
  }
  CHECK(rows > 2000);
  CHECK(wrong == 0);
}

TEST_CASE("what could not be read can be asked for", "[time]") {
  auto [t, err] = time::Parse(time::DateOnly, "2026-1x-02");
  auto* wrong = errors::As<time::ParseError>(err);
  REQUIRE(wrong != nullptr);
  CHECK(wrong->Layout == time::DateOnly);
  CHECK(wrong->Value == "2026-1x-02");
  CHECK(wrong->LayoutElem == "01");
  CHECK(wrong->ValueElem == "1x-02");
}

TEST_CASE("a time without zone is of the location that ParseInLocation is given", "[time]") {
  const time::Location* cet = time::FixedZone("CET", 3600);
  auto [t, err] = time::ParseInLocation(time::DateTime, "2026-01-02 03:04:05", cet);
  CHECK(t.String() == "2026-01-02 03:04:05 +0100 CET");
  auto [u, err2] = time::ParseInLocation("15:04 MST", "03:04 CET", cet);
  CHECK(u.Zone().second == 3600);
}

TEST_CASE("another location drops the monotonic reading", "[time]") {
  auto monotonic = [](const time::Time& t) { return t.String().find(" m=") != std::string::npos; };
  const time::Time now = time::Now();
  CHECK(monotonic(now));
  CHECK(monotonic(now.Add(time::Hour)));
  for (const time::Time& t : {now.UTC(), now.Local(), now.In(time::UTC), now.Round(0),
                              now.Truncate(0), now.AddDate(0, 0, 1)}) {
    CHECK_FALSE(monotonic(t));
  }
  CHECK_THROWS_AS(now.In(nullptr), Panic);
}
