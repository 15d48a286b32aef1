// format.cpp: Format and Parse: Go's layouts, which show how the reference time would be written.
//
// A layout is cut into literal text and elements such as "2006" or "_2". The longest element that
// fits at a place counts, so the list below has longer ones first.
#include <strings.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <iterator>
#include <memory>

#include "runtime/fmt/fmt.h"
#include "runtime/sched/clock.h"
#include "runtime/time/quote.h"
#include "runtime/time/time.h"

namespace golab::time {

namespace {

// What an element shows.
enum class Field {
  None,
  // Numbers.
  Year,
  YearOfCentury,
  YearDay,
  Month,
  Day,
  Hour,
  Hour12,
  Minute,
  Second,
  // Others.
  MonthName,
  DayName,
  Noon,
  ZoneName,
  Offset,
  Fraction
};

struct Element {
  std::string_view text;
  Field field = Field::None;
  int width = 1;    // of a number: at least so many digits; of a name: so many letters
  char fill = '0';  // before a number that is shorter
};

constexpr int kWholeName = 9;  // no month or day has more letters
constexpr Element kElements[] = {{"January", Field::MonthName, kWholeName},
                                 {"Jan", Field::MonthName, 3},
                                 {"Monday", Field::DayName, kWholeName},
                                 {"Mon", Field::DayName, 3},
                                 {"MST", Field::ZoneName},
                                 {"2006", Field::Year, 4},
                                 {"__2", Field::YearDay, 3, ' '},
                                 {"002", Field::YearDay, 3},
                                 {"_2", Field::Day, 2, ' '},
                                 {"01", Field::Month, 2},
                                 {"02", Field::Day, 2},
                                 {"03", Field::Hour12, 2},
                                 {"04", Field::Minute, 2},
                                 {"05", Field::Second, 2},
                                 {"06", Field::YearOfCentury, 2},
                                 {"15", Field::Hour, 2},
                                 {"PM", Field::Noon},
                                 {"pm", Field::Noon},
                                 {"-07:00:00", Field::Offset},
                                 {"-07:00", Field::Offset},
                                 {"-070000", Field::Offset},
                                 {"-0700", Field::Offset},
                                 {"-07", Field::Offset},
                                 {"Z07:00:00", Field::Offset},
                                 {"Z07:00", Field::Offset},
                                 {"Z070000", Field::Offset},
                                 {"Z0700", Field::Offset},
                                 {"Z07", Field::Offset},
                                 {"1", Field::Month},
                                 {"2", Field::Day},
                                 {"3", Field::Hour12},
                                 {"4", Field::Minute},
                                 {"5", Field::Second}};

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_separator(char c) { return c == '.' || c == ','; }

// What "PM" and "pm" are before noon.
std::string_view before_noon(std::string_view pm) { return pm == "PM" ? "AM" : "am"; }

// How an offset is written: with 'Z' for zero, with colons, without minutes, with seconds.
bool has_z(std::string_view offset) { return offset[0] == 'Z'; }
bool has_colon(std::string_view offset) { return offset.ends_with(":00"); }
bool has_minutes(std::string_view offset) { return offset.size() > 3; }
bool has_seconds(std::string_view offset) { return offset.size() > 6; }

// A fraction of a second: a separator and zeros, or nines (which drop zeros at the end), not
// followed by a digit.
Element fraction_at(std::string_view s) {
  if (s.size() < 2 || !is_separator(s[0]) || (s[1] != '0' && s[1] != '9')) return {};
  const size_t end = std::min(s.find_first_not_of(s[1], 1), s.size());
  if (end < s.size() && is_digit(s[end])) return {};
  return {s.substr(0, end), Field::Fraction};
}

Element element_at(std::string_view s) {
  if (Element e = fraction_at(s); e.field != Field::None) return e;
  if (s.starts_with("_2006")) return {};  // an underscore and a year
  for (const Element& e : kElements) {
    if (!s.starts_with(e.text)) continue;
    // "Month" is not "Mon", "Janet" is not "Jan".
    const bool word = e.text == "Jan" || e.text == "Mon";
    if (word && s.size() > 3 && s[3] >= 'a' && s[3] <= 'z') continue;
    return e;
  }
  return {};
}

struct Chunk {
  std::string_view prefix;  // literal text before the element
  Element element;
};

Chunk next_chunk(std::string_view* layout) {
  for (size_t i = 0; i < layout->size(); i++) {
    const Element e = element_at(layout->substr(i));
    if (e.field == Field::None) continue;
    const Chunk c{layout->substr(0, i), e};
    layout->remove_prefix(i + e.text.size());
    return c;
  }
  return {std::exchange(*layout, {}), {}};
}

void append_number(std::string& to, int64_t n, int width, char fill = '0') {
  std::string text = std::to_string(n < 0 ? -n : n);
  if (n < 0) to += '-';
  if (text.size() < static_cast<size_t>(width))
    to.append(static_cast<size_t>(width) - text.size(), fill);
  to += text;
}

void append_offset(std::string& to, int seconds, std::string_view how) {
  if (has_z(how) && seconds == 0) {
    to += 'Z';
    return;
  }
  int minutes = seconds / 60;
  to += minutes < 0 ? '-' : '+';
  if (minutes < 0) {
    minutes = -minutes;
    seconds = -seconds;
  }
  append_number(to, minutes / 60, 2);
  if (has_colon(how)) to += ':';
  if (has_minutes(how)) append_number(to, minutes % 60, 2);
  if (!has_seconds(how)) return;
  if (has_colon(how)) to += ':';
  append_number(to, seconds % 60, 2);
}

void append_fraction(std::string& to, int nsec, std::string_view how) {
  std::string text = std::to_string(nsec);
  text.insert(0, 9 - text.size(), '0');
  text.resize(std::min<size_t>(how.size() - 1, 9));
  if (how[1] == '9') text.erase(text.find_last_not_of('0') + 1);
  if (!text.empty()) to += how[0] + text;
}

int number_of(const Time& t, Field field) {
  switch (field) {
    case Field::Year:
      return t.Year();
    case Field::YearOfCentury:
      return std::abs(t.Year()) % 100;
    case Field::YearDay:
      return t.YearDay();
    case Field::Month:
      return t.Month();
    case Field::Day:
      return t.Day();
    case Field::Hour:
      return t.Hour();
    case Field::Hour12:
      return (t.Hour() + 11) % 12 + 1;
    case Field::Minute:
      return t.Minute();
    default:
      return t.Second();
  }
}

void append_element(std::string& out, const Time& t, const Element& e) {
  switch (e.field) {
    case Field::None:
      return;
    case Field::MonthName:
      out += t.Month().String().substr(0, static_cast<size_t>(e.width));
      return;
    case Field::DayName:
      out += t.Weekday().String().substr(0, static_cast<size_t>(e.width));
      return;
    case Field::Noon:
      out += t.Hour() >= 12 ? e.text : before_noon(e.text);
      return;
    case Field::ZoneName: {
      auto [name, offset] = t.Zone();
      if (!name.empty())
        out += name;
      else
        append_offset(out, offset, "-0700");
      return;
    }
    case Field::Offset:
      return append_offset(out, t.Zone().second, e.text);
    case Field::Fraction:
      return append_fraction(out, t.Nanosecond(), e.text);
    default:
      return append_number(out, number_of(t, e.field), e.width, e.fill);
  }
}

}  // namespace

std::string Time::Format(std::string_view layout) const {
  std::string out;
  while (!layout.empty()) {
    Chunk c = next_chunk(&layout);
    out += c.prefix;
    append_element(out, *this, c.element);
  }
  return out;
}

std::string Time::String() const {
  std::string s = Format("2006-01-02 15:04:05.999999999 -0700 MST");
  if (has_mono_) {
    // Go counts from the start of the process.
    static const int64_t start = runtime::program_time();
    int64_t d = mono_ - start;
    s += d < 0 ? " m=-" : " m=+";
    if (d < 0) d = -d;
    s += fmt::Sprintf("%d.%09d", d / 1'000'000'000, d % 1'000'000'000);
  }
  return s;
}

// ---- Parse --------------------------------------------------------------------------------------

std::string ParseError::Error() const {
  if (!Message.empty()) return "parsing time " + quote(Value) + Message;
  return "parsing time " + quote(Value) + " as " + quote(Layout) + ": cannot parse " +
         quote(ValueElem) + " as " + quote(LayoutElem);
}

namespace {

bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }

bool has_digit(std::string_view s, size_t i) { return i < s.size() && is_digit(s[i]); }

// Reads all of s, perhaps with a sign (or, as in Go, nothing else). False: it is no number.
bool whole_number(std::string_view s, int* to) {
  const bool negative = s.starts_with('-');
  if (negative || s.starts_with('+')) s.remove_prefix(1);
  if (s.size() > 9 || !std::all_of(s.begin(), s.end(), is_digit)) return false;
  int n = 0;
  for (char c : s) n = n * 10 + (c - '0');
  *to = negative ? -n : n;
  return true;
}

// The length of a sign and an hour up to 23 at the beginning of s; 0 if there is none.
size_t signed_hour(std::string_view s) {
  if (s.empty() || (s[0] != '+' && s[0] != '-')) return 0;
  const size_t end = std::min(s.find_first_not_of("0123456789", 1), s.size());
  int hour = 0;
  for (char c : s.substr(1, end - 1)) hour = std::min(hour * 10 + (c - '0'), 24);
  return end > 1 && hour <= 23 ? end : 0;
}

// The length of what looks like the abbreviation of a zone at the beginning of s; 0 if nothing
// does. It is three letters, or four or five that end in T; or GMT+3; or +03, for a zone without a
// name.
size_t zone_name_length(std::string_view s) {
  if (s.size() < 3) return 0;
  if (s.starts_with("ChST") || s.starts_with("MeST")) return 4;
  if (s.starts_with("GMT")) return 3 + signed_hour(s.substr(3));
  if (s[0] == '+' || s[0] == '-') return signed_hour(s);
  size_t letters = 0;
  while (letters < std::min<size_t>(s.size(), 6) && is_upper(s[letters])) letters++;
  if (letters == 3) return 3;
  if (letters == 4 || letters == 5)
    return s[letters - 1] == 'T' || s.starts_with("WITA") ? letters : 0;
  return 0;
}

struct Parser {
  std::string_view value;
  int year = 0, month = -1, day = -1, year_day = -1;
  int hour = 0, minute = 0, second = 0, nsec = 0;
  bool pm = false, am = false;
  bool utc = false;
  bool offset_set = false;
  int offset = 0;
  std::string_view zone_name;
  const char* out_of_range = nullptr;

  std::string_view take(size_t n) {
    const std::string_view taken = value.substr(0, n);
    value.remove_prefix(taken.size());
    return taken;
  }
  // A run of blanks in a layout stands for any number of them.
  bool literal(std::string_view text) {
    while (!text.empty()) {
      if (text[0] == ' ') {
        if (!value.empty() && value[0] != ' ') return false;
        text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
        value.remove_prefix(std::min(value.find_first_not_of(' '), value.size()));
        continue;
      }
      if (value.empty() || value[0] != text[0]) return false;
      text.remove_prefix(1);
      value.remove_prefix(1);
    }
    return true;
  }
  bool number(int* to, size_t min_digits, size_t max_digits) {
    size_t n = 0;
    int v = 0;
    while (n < max_digits && has_digit(value, n)) v = v * 10 + (value[n++] - '0');
    if (n < min_digits) return false;
    value.remove_prefix(n);
    *to = v;
    return true;
  }
  void check(const char* what, int v, int low, int high) {
    if (v < low || v > high) out_of_range = what;
  }
  // Takes the name of a Month or a Weekday, in any case. Returns which one it is; -1: none.
  template <typename Named>
  int name(int first, int last, int letters) {
    for (int i = first; i <= last; i++) {
      const std::string want = Named(i).String().substr(0, static_cast<size_t>(letters));
      const std::string have(value.substr(0, want.size()));
      if (::strcasecmp(have.c_str(), want.c_str()) != 0) continue;
      value.remove_prefix(want.size());
      return i;
    }
    return -1;
  }
  bool years(const Element& e);
  bool numeric(const Element& e);
  bool fraction(size_t bytes);
  bool zone_offset(std::string_view how);
  bool element(const Element& e, std::string_view rest_of_layout);
  const char* settle_day();
  Time time(const time::Location* none, const time::Location* local) const;
};

// Where a number goes, how many digits it has at most, and its range, if that is checked at once.
struct Number {
  Field field;
  int Parser::*to;
  size_t digits_max = 2;
  const char* what = nullptr;
  int low = 0, high = 0;
};
constexpr Number kNumbers[] = {{Field::YearDay, &Parser::year_day, 3},
                               {Field::Month, &Parser::month, 2, "month", 1, 12},
                               {Field::Day, &Parser::day},
                               {Field::Hour, &Parser::hour, 2, "hour", 0, 23},
                               {Field::Hour12, &Parser::hour, 2, "hour", 0, 12},
                               {Field::Minute, &Parser::minute, 2, "minute", 0, 59},
                               {Field::Second, &Parser::second, 2, "second", 0, 59}};

// Years have exactly two or four digits. (Go reads a sign before the last of two, and so do we.)
bool Parser::years(const Element& e) {
  const auto digits = static_cast<size_t>(e.width);
  if (value.size() < digits || (digits == 4 && !is_digit(value[0]))) return false;
  if (!whole_number(take(digits), &year)) return false;
  if (digits == 2) year += year >= 69 ? 1900 : 2000;
  return true;
}

bool Parser::numeric(const Element& e) {
  const Number* n = std::find_if(std::begin(kNumbers), std::end(kNumbers),
                                 [&](const Number& x) { return x.field == e.field; });
  const bool blanks = e.fill == ' ';
  for (int i = 1; blanks && i < e.width; i++) {
    if (value.starts_with(' ')) value.remove_prefix(1);
  }
  int& to = this->*n->to;
  const bool fixed = !blanks && e.field != Field::Hour;
  if (!number(&to, fixed ? static_cast<size_t>(e.width) : 1, n->digits_max)) return false;
  if (n->what != nullptr) check(n->what, to, n->low, n->high);
  return true;
}

// A separator and digits, so many bytes in all. Digits after the ninth do not count.
bool Parser::fraction(size_t bytes) {
  if (value.size() < bytes || !is_separator(value[0])) return false;
  const std::string_view digits = take(bytes).substr(1, 9);
  if (!whole_number(digits, &nsec)) return false;
  if (nsec < 0) out_of_range = "fractional second";
  for (size_t i = digits.size(); i < 9; i++) nsec *= 10;
  return true;
}

bool Parser::zone_offset(std::string_view how) {
  if (has_z(how) && value.starts_with('Z')) {
    value.remove_prefix(1);
    utc = true;
    return true;
  }
  // As long as `how`: a sign, then two digits each of hours and perhaps of minutes and seconds.
  if (value.size() < how.size()) return false;
  Parser text;
  text.value = take(how.size());
  for (size_t colon = 3; has_colon(how) && colon < how.size(); colon += 3) {
    if (text.value[colon] != ':') return false;
  }
  const char sign = text.take(1)[0];
  // People do write offsets of 24 hours, 60 minutes, 60 seconds.
  const auto part = [&](const char* what, int most, int* to) {
    if (has_colon(how) && text.value.starts_with(':')) text.take(1);
    if (!text.number(to, 2, 2)) return false;
    check(what, *to, 0, most);
    return true;
  };
  int h = 0, m = 0, s = 0;
  if (!part("time zone offset hour", 24, &h)) return false;
  if (has_minutes(how) && !part("time zone offset minute", 60, &m)) return false;
  if (has_seconds(how) && !part("time zone offset second", 60, &s)) return false;
  offset_set = true;
  offset = (h * 60 + m) * 60 + s;
  if (sign == '-') offset = -offset;
  return sign == '-' || sign == '+';
}

bool Parser::element(const Element& e, std::string_view rest_of_layout) {
  switch (e.field) {
    case Field::None:
      return true;
    case Field::Year:
    case Field::YearOfCentury:
      return years(e);
    case Field::MonthName:
      return (month = name<Month>(1, 12, e.width)) > 0;
    case Field::DayName:
      return name<Weekday>(0, 6, e.width) >= 0;
    case Field::Second: {
      if (!numeric(e)) return false;
      if (out_of_range != nullptr) return true;
      // The value may have a fraction that the layout does not have.
      if (value.empty() || !is_separator(value[0]) || !has_digit(value, 1)) return true;
      if (next_chunk(&rest_of_layout).element.field == Field::Fraction) return true;
      return fraction(std::min(value.find_first_not_of("0123456789", 1), value.size()));
    }
    case Field::Noon: {
      const std::string_view half = take(2);
      pm |= half == e.text;
      am |= half == before_noon(e.text);
      return half == e.text || half == before_noon(e.text);
    }
    case Field::ZoneName: {
      if (value.starts_with("UTC")) {
        take(3);
        utc = true;
        return true;
      }
      const size_t n = zone_name_length(value);
      zone_name = take(n);
      return n > 0;
    }
    case Field::Offset:
      return zone_offset(e.text);
    case Field::Fraction:
      if (e.text[1] == '0') return fraction(e.text.size());
      if (value.empty() || !is_separator(value[0]) || !has_digit(value, 1)) return true;
      return fraction(std::min(value.find_first_not_of("0123456789", 1), value.size()));
    default:
      return numeric(e);
  }
}

int days_in(int month, int year) {
  const auto last = std::chrono::year(year) / month / std::chrono::last;
  return static_cast<int>(static_cast<unsigned>(last.day()));
}

// Month and day of the month, from what was read. Returns what is wrong with them, or null.
const char* Parser::settle_day() {
  if (year_day >= 0) {
    const int in_year = std::chrono::year(year).is_leap() ? 366 : 365;
    if (year_day < 1 || year_day > in_year) return ": day-of-year out of range";
    int m = 1, d = year_day;
    while (d > days_in(m, year)) d -= days_in(m++, year);
    if (month >= 0 && month != m) return ": day-of-year does not match month";
    if (day >= 0 && day != d) return ": day-of-year does not match day";
    month = m;
    day = d;
  }
  if (month < 0) month = 1;
  if (day < 0) day = 1;
  return day < 1 || day > days_in(month, year) ? ": day out of range" : nullptr;
}

// `none`: the location of a time without zone. `local`: the one whose abbreviations count.
Time Parser::time(const time::Location* none, const time::Location* local) const {
  const auto at = [&](const time::Location* loc) {
    return Date(year, month, day, hour, minute, second, nsec, loc);
  };
  if (utc) return at(UTC);
  if (offset_set) {
    const Time t = at(UTC).Add(-Duration(offset) * Second);
    auto [name, seconds] = t.In(local).Zone();
    if (seconds == offset && (zone_name.empty() || name == zone_name)) return t.In(local);
    return t.In(FixedZone(zone_name, offset));
  }
  if (zone_name.empty()) return at(none);
  // Known here at that time? Else a zone of that name, whose offset is not known.
  const Time t = at(local);
  if (t.Zone().first == zone_name) return t;
  int hours = 0;
  if (zone_name.size() > 3 && zone_name.starts_with("GMT"))
    whole_number(zone_name.substr(3), &hours);
  return at(UTC).In(FixedZone(zone_name, hours * 3600));
}

std::pair<Time, error> parse(std::string_view layout, std::string_view value,
                             const Location* none, const Location* local) {
  Parser p;
  p.value = value;
  std::string_view rest = layout;
  auto failed = [&](std::string_view element, std::string_view at, std::string message = "") {
    return std::pair(Time(), error(std::make_shared<ParseError>(
                                 ParseError{std::string(layout), std::string(value),
                                            std::string(element), std::string(at), message})));
  };
  for (;;) {
    const Chunk c = next_chunk(&rest);
    if (!p.literal(c.prefix)) return failed(c.prefix, p.value);
    if (c.element.field == Field::None) break;
    const std::string_view at = p.value;
    const bool good = p.element(c.element, rest);
    if (p.out_of_range != nullptr)
      return failed(c.element.text, p.value, std::string(": ") + p.out_of_range + " out of range");
    if (!good) return failed(c.element.text, at);
  }
  if (!p.value.empty()) return failed("", p.value, ": extra text: " + quote(p.value));
  if (p.pm && p.hour < 12)
    p.hour += 12;
  else if (p.am && p.hour == 12)
    p.hour = 0;
  if (const char* wrong = p.settle_day()) return failed("", value, wrong);
  return {p.time(none, local), nullptr};
}

}  // namespace

std::pair<Time, error> Parse(std::string_view layout, std::string_view value) {
  return parse(layout, value, UTC, Local);
}

std::pair<Time, error> ParseInLocation(std::string_view layout, std::string_view value,
                                       const Location* loc) {
  return parse(layout, value, loc, loc);
}

}  // namespace golab::time
