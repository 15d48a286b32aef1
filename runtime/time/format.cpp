// format.cpp: Format and Parse: Go's layouts, which show how the reference time would be written.
//
// A layout is cut into literal text and elements such as "2006" or "_2". The longest element that
// fits at a place counts, so the list below has longer ones first.
#include <strings.h>

#include <algorithm>
#include <chrono>
#include <iterator>

#include "runtime/fmt/fmt.h"
#include "runtime/sched/clock.h"
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
                                 {"-07:00", Field::Offset},
                                 {"-0700", Field::Offset},
                                 {"-07", Field::Offset},
                                 {"Z07:00", Field::Offset},
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

// How an offset is written: with 'Z' for zero, with a colon, without minutes.
bool has_z(std::string_view offset) { return offset[0] == 'Z'; }
bool has_colon(std::string_view offset) { return offset.ends_with(":00"); }
bool has_minutes(std::string_view offset) { return offset.size() > 3; }

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
  if (minutes < 0) minutes = -minutes;
  append_number(to, minutes / 60, 2);
  if (has_colon(how)) to += ':';
  if (has_minutes(how)) append_number(to, minutes % 60, 2);
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
      return (t.Year() % 100 + 100) % 100;
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

namespace {

struct Parser {
  std::string_view value;
  int year = 0, month = -1, day = -1, year_day = -1;
  int hour = 0, minute = 0, second = 0, nsec = 0;
  bool pm = false, pm_set = false;
  bool zone_set = false;
  int offset = 0;
  std::string zone_name;
  std::string_view out_of_range;

  bool take(std::string_view text) {
    if (!value.starts_with(text)) return false;
    value.remove_prefix(text.size());
    return true;
  }
  bool number(int* to, int min_digits, int max_digits) {
    size_t n = 0;
    int v = 0;
    while (n < value.size() && n < static_cast<size_t>(max_digits) && is_digit(value[n])) {
      v = v * 10 + (value[n++] - '0');
    }
    if (n < static_cast<size_t>(min_digits)) return false;
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
  bool numeric(const Element& e);
  bool fraction(int digits);
  bool zone_offset(std::string_view how);
  bool element(const Element& e, std::string_view rest_of_layout);
};

// Where a number goes, how many digits it has at most, and its range, if that is checked at once.
struct Number {
  Field field;
  int Parser::*to;
  int digits_max = 2;
  const char* what = nullptr;
  int low = 0, high = 0;
};
constexpr Number kNumbers[] = {{Field::Year, &Parser::year, 4},
                               {Field::YearOfCentury, &Parser::year},
                               {Field::YearDay, &Parser::year_day, 3},
                               {Field::Month, &Parser::month, 2, "month", 1, 12},
                               {Field::Day, &Parser::day},
                               {Field::Hour, &Parser::hour, 2, "hour", 0, 23},
                               {Field::Hour12, &Parser::hour, 2, "hour", 0, 12},
                               {Field::Minute, &Parser::minute, 2, "minute", 0, 59},
                               {Field::Second, &Parser::second, 2, "second", 0, 59}};

bool Parser::numeric(const Element& e) {
  const Number* n = std::find_if(std::begin(kNumbers), std::end(kNumbers),
                                 [&](const Number& x) { return x.field == e.field; });
  const bool blanks = e.fill == ' ';
  for (int i = 1; blanks && i < e.width; i++) take(" ");
  int& to = this->*n->to;
  if (!number(&to, blanks ? 1 : e.width, n->digits_max)) return false;
  if (n->what != nullptr) check(n->what, to, n->low, n->high);
  if (e.field == Field::YearOfCentury) year += year >= 69 ? 1900 : 2000;
  return true;
}

// A separator and so many digits. digits < 0: any number of them, or no fraction at all.
bool Parser::fraction(int digits) {
  if (value.empty() || !is_separator(value[0])) return digits < 0;
  const size_t end = std::min(value.find_first_not_of("0123456789", 1), value.size());
  if (digits >= 0 && end - 1 != static_cast<size_t>(digits)) return false;
  std::string nine(value.substr(1, std::min<size_t>(end - 1, 9)));
  nine.resize(9, '0');
  nsec = std::stoi(nine);
  value.remove_prefix(end);
  return true;
}

bool Parser::zone_offset(std::string_view how) {
  zone_set = true;
  if (has_z(how) && take("Z")) return true;
  const int sign = take("-") ? -1 : 1;
  if (sign == 1 && !take("+")) return false;
  int h = 0, m = 0;
  if (!number(&h, 2, 2)) return false;
  if (has_colon(how) && !take(":")) return false;
  if (has_minutes(how) && !number(&m, 2, 2)) return false;
  check("time zone offset hour", h, 0, 24);
  check("time zone offset minute", m, 0, 60);
  offset = sign * (h * 3600 + m * 60);
  return true;
}

bool Parser::element(const Element& e, std::string_view rest_of_layout) {
  switch (e.field) {
    case Field::None:
      return true;
    case Field::MonthName:
      return (month = name<Month>(1, 12, e.width)) > 0;
    case Field::DayName:
      return name<Weekday>(0, 6, e.width) >= 0;
    case Field::Second: {
      if (!numeric(e)) return false;
      // The value may have a fraction that the layout does not have.
      const bool layout_has = !rest_of_layout.empty() && is_separator(rest_of_layout[0]);
      const bool has = value.size() > 1 && is_separator(value[0]) && is_digit(value[1]);
      return !has || layout_has || fraction(-1);
    }
    case Field::Noon:
      pm = take(e.text);
      pm_set = true;
      return pm || take(before_noon(e.text));
    case Field::ZoneName: {
      size_t n = 0;
      while (n < value.size() && value[n] >= 'A' && value[n] <= 'Z') n++;
      if (n < 3 || n > 5) return false;
      zone_name = std::string(value.substr(0, n));
      value.remove_prefix(n);
      return true;
    }
    case Field::Offset:
      return zone_offset(e.text);
    case Field::Fraction:
      return fraction(e.text[1] == '9' ? -1 : static_cast<int>(e.text.size()) - 1);
    default:
      return numeric(e);
  }
}

int days_in(int month, int year) {
  const auto last = std::chrono::year(year) / month / std::chrono::last;
  return static_cast<int>(static_cast<unsigned>(last.day()));
}

}  // namespace

std::pair<Time, error> Parse(std::string_view layout, std::string_view value) {
  Parser p;
  p.value = value;
  std::string_view rest = layout;
  while (!rest.empty()) {
    const Chunk c = next_chunk(&rest);
    auto failed = [&](std::string_view what, std::string_view at) {
      return std::pair(Time(), fmt::Errorf("parsing time %q as %q: cannot parse %q as %q", value,
                                           layout, at, what));
    };
    if (!p.take(c.prefix)) return failed(c.prefix, p.value);
    std::string_view at = p.value;
    if (!p.element(c.element, rest)) return failed(c.element.text, at);
    if (!p.out_of_range.empty()) {
      return {Time(), fmt::Errorf("parsing time %q: %s out of range", value, p.out_of_range)};
    }
  }
  if (!p.value.empty())
    return {Time(), fmt::Errorf("parsing time %q: extra text: %q", value, p.value)};
  if (p.pm_set) p.hour = p.hour % 12 + (p.pm ? 12 : 0);
  if (p.year_day > 0) {
    p.month = 1;
    p.day = p.year_day;
  } else {
    if (p.month < 0) p.month = 1;
    if (p.day < 0) p.day = 1;
    if (p.day < 1 || p.day > days_in(p.month, p.year)) {
      return {Time(), fmt::Errorf("parsing time %q: day out of range", value)};
    }
  }
  Time t = Date(p.year, p.month, p.day, p.hour, p.minute, p.second, p.nsec, UTC);
  if (p.zone_set) {
    t = t.Add(-Duration(p.offset) * Second);
    if (p.offset == 0) return {t, nullptr};
    if (t.Local().Zone().second == p.offset) return {t.Local(), nullptr};
    return {t.In(FixedZone(p.zone_name, p.offset)), nullptr};
  }
  if (!p.zone_name.empty() && p.zone_name != "UTC") {
    return {t.In(FixedZone(p.zone_name, 0)), nullptr};
  }
  return {t, nullptr};
}

}  // namespace golab::time
