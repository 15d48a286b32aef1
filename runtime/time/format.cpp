// format.cpp: Format and Parse: Go's layouts, which show how the reference time would be written.
//
// A layout is cut into literal text and elements such as "2006" or "_2". The longest element that
// fits at a place counts, so the list below has longer ones first.
#include <array>
#include <cstring>

#include "runtime/sched/clock.h"
#include "runtime/fmt/fmt.h"
#include "runtime/time/time.h"

namespace golab::time {

namespace {

enum class Std {
  None,
  LongMonth,
  ShortMonth,
  LongDay,
  ShortDay,
  LongYear,
  Year,
  YearDay,
  ZeroMonth,
  NumMonth,
  UnderDay,
  ZeroDay,
  NumDay,
  Hour24,
  ZeroHour12,
  Hour12,
  ZeroMinute,
  NumMinute,
  ZeroSecond,
  NumSecond,
  PM,
  Pm,
  TZ,
  IsoColonTZ,
  IsoTZ,
  IsoShortTZ,
  NumColonTZ,
  NumTZ,
  NumShortTZ,
  Frac
};

struct Element {
  std::string_view text;
  Std std;
};

constexpr Element kElements[] = {
    {"January", Std::LongMonth}, {"Jan", Std::ShortMonth}, {"Monday", Std::LongDay},
    {"Mon", Std::ShortDay},      {"MST", Std::TZ},         {"2006", Std::LongYear},
    {"__2", Std::YearDay},       {"002", Std::YearDay},    {"_2", Std::UnderDay},
    {"01", Std::ZeroMonth},      {"02", Std::ZeroDay},     {"03", Std::ZeroHour12},
    {"04", Std::ZeroMinute},     {"05", Std::ZeroSecond},  {"06", Std::Year},
    {"15", Std::Hour24},         {"PM", Std::PM},          {"pm", Std::Pm},
    {"-07:00", Std::NumColonTZ}, {"-0700", Std::NumTZ},    {"-07", Std::NumShortTZ},
    {"Z07:00", Std::IsoColonTZ}, {"Z0700", Std::IsoTZ},    {"Z07", Std::IsoShortTZ},
    {"1", Std::NumMonth},        {"2", Std::NumDay},       {"3", Std::Hour12},
    {"4", Std::NumMinute},       {"5", Std::NumSecond}};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

struct Chunk {
  std::string_view prefix;  // literal text before the element
  Std std = Std::None;
  int digits = 0;        // of a fraction
  bool nines = false;    // a fraction that drops zeros at its end
  char separator = '.';  // '.' or ','
};

// A fraction of a second: a separator and zeros or nines, not followed by a digit.
bool fraction_at(std::string_view s, Chunk* c) {
  if ((s[0] != '.' && s[0] != ',') || s.size() < 2 || (s[1] != '0' && s[1] != '9')) return false;
  size_t n = 1;
  while (n < s.size() && s[n] == s[1]) n++;
  if (n < s.size() && is_digit(s[n])) return false;
  c->std = Std::Frac;
  c->digits = static_cast<int>(n - 1);
  c->nines = s[1] == '9';
  c->separator = s[0];
  return true;
}

Chunk next_chunk(std::string_view* layout) {
  Chunk c;
  for (size_t i = 0; i < layout->size(); i++) {
    std::string_view rest = layout->substr(i);
    c.prefix = layout->substr(0, i);
    if (fraction_at(rest, &c)) {
      layout->remove_prefix(i + 1 + static_cast<size_t>(c.digits));
      return c;
    }
    // "_2006" is an underscore and a year.
    if (rest.starts_with("_2006")) continue;
    for (const Element& e : kElements) {
      if (!rest.starts_with(e.text)) continue;
      // "Month" is not "Mon", "Janet" is not "Jan".
      bool word = e.std == Std::ShortMonth || e.std == Std::ShortDay;
      if (word && rest.size() > 3 && rest[3] >= 'a' && rest[3] <= 'z') continue;
      c.std = e.std;
      layout->remove_prefix(i + e.text.size());
      return c;
    }
  }
  c.prefix = *layout;
  *layout = {};
  return c;
}

void append_number(std::string& to, int64_t n, int width, char fill = '0') {
  std::string text = std::to_string(n < 0 ? -n : n);
  if (n < 0) to += '-';
  if (text.size() < static_cast<size_t>(width))
    to.append(static_cast<size_t>(width) - text.size(), fill);
  to += text;
}

void append_offset(std::string& to, int seconds, Std std) {
  bool iso = std == Std::IsoColonTZ || std == Std::IsoTZ || std == Std::IsoShortTZ;
  if (iso && seconds == 0) {
    to += 'Z';
    return;
  }
  int minutes = seconds / 60;
  to += minutes < 0 ? '-' : '+';
  if (minutes < 0) minutes = -minutes;
  append_number(to, minutes / 60, 2);
  if (std == Std::NumColonTZ || std == Std::IsoColonTZ) to += ':';
  if (std != Std::NumShortTZ && std != Std::IsoShortTZ) append_number(to, minutes % 60, 2);
}

void append_fraction(std::string& to, int nsec, const Chunk& c) {
  std::string text = std::to_string(nsec);
  text.insert(0, 9 - text.size(), '0');
  text.resize(static_cast<size_t>(c.digits < 9 ? c.digits : 9));
  if (c.nines) text.erase(text.find_last_not_of('0') + 1);
  if (!text.empty()) to += c.separator + text;
}

// Layout elements up to NumDay.
void append_date(std::string& out, const Time& t, Std std) {
  auto [year, month, day] = t.Date();
  switch (std) {
    case Std::LongMonth:
      out += month.String();
      return;
    case Std::ShortMonth:
      out += month.String().substr(0, 3);
      return;
    case Std::LongDay:
      out += t.Weekday().String();
      return;
    case Std::ShortDay:
      out += t.Weekday().String().substr(0, 3);
      return;
    case Std::LongYear:
      append_number(out, year, 4);
      return;
    case Std::Year:
      append_number(out, (year % 100 + 100) % 100, 2);
      return;
    case Std::YearDay:
      append_number(out, t.YearDay(), 3);
      return;
    case Std::ZeroMonth:
      append_number(out, month, 2);
      return;
    case Std::NumMonth:
      append_number(out, month, 0);
      return;
    case Std::UnderDay:
      append_number(out, day, 2, ' ');
      return;
    case Std::ZeroDay:
      append_number(out, day, 2);
      return;
    case Std::NumDay:
      append_number(out, day, 0);
      return;
    default:
      return;
  }
}

void append_element(std::string& out, const Time& t, const Chunk& c) {
  if (c.std == Std::None) return;
  if (c.std <= Std::NumDay) return append_date(out, t, c.std);
  auto [hour, minute, second] = t.Clock();
  int hour12 = hour % 12 == 0 ? 12 : hour % 12;
  switch (c.std) {
    case Std::Hour24:
      append_number(out, hour, 2);
      return;
    case Std::ZeroHour12:
      append_number(out, hour12, 2);
      return;
    case Std::Hour12:
      append_number(out, hour12, 0);
      return;
    case Std::ZeroMinute:
      append_number(out, minute, 2);
      return;
    case Std::NumMinute:
      append_number(out, minute, 0);
      return;
    case Std::ZeroSecond:
      append_number(out, second, 2);
      return;
    case Std::NumSecond:
      append_number(out, second, 0);
      return;
    case Std::PM:
      out += hour >= 12 ? "PM" : "AM";
      return;
    case Std::Pm:
      out += hour >= 12 ? "pm" : "am";
      return;
    case Std::TZ: {
      auto [name, offset] = t.Zone();
      if (!name.empty())
        out += name;
      else
        append_offset(out, offset, offset % 3600 == 0 ? Std::NumShortTZ : Std::NumTZ);
      return;
    }
    case Std::Frac:
      append_fraction(out, t.Nanosecond(), c);
      return;
    default:
      append_offset(out, t.Zone().second, c.std);
      return;
  }
}

}  // namespace

std::string Time::Format(std::string_view layout) const {
  std::string out;
  while (!layout.empty()) {
    Chunk c = next_chunk(&layout);
    out += c.prefix;
    append_element(out, *this, c);
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
  // The index of the name that value starts with, compared by the first `letters` of it (0: all).
  template <typename Names>
  int name(const Names& names, size_t letters) {
    for (size_t i = 0; i < names.size(); i++) {
      std::string want = names[i];
      if (letters > 0) want.resize(letters);
      if (value.size() >= want.size() &&
          ::strncasecmp(value.data(), want.c_str(), want.size()) == 0) {
        value.remove_prefix(want.size());
        return static_cast<int>(i);
      }
    }
    return -1;
  }
  bool fraction(bool exact_digits, int digits);
  bool zone_offset(Std std);
  bool date(Std std);
  bool element(const Chunk& c, std::string_view rest_of_layout);
};

std::vector<std::string> month_names() {
  std::vector<std::string> names;
  for (int m = 1; m <= 12; m++) names.push_back(Month(m).String());
  return names;
}
std::vector<std::string> day_names() {
  std::vector<std::string> names;
  for (int d = 0; d <= 6; d++) names.push_back(Weekday(d).String());
  return names;
}

bool Parser::fraction(bool exact_digits, int digits) {
  if (value.empty() || (value[0] != '.' && value[0] != ',')) return !exact_digits;
  size_t n = 1;
  int64_t v = 0;
  int scale = 0;
  while (n < value.size() && is_digit(value[n])) {
    if (scale < 9) {
      v = v * 10 + (value[n] - '0');
      scale++;
    }
    n++;
  }
  if (exact_digits && n - 1 != static_cast<size_t>(digits)) return false;
  for (; scale < 9; scale++) v *= 10;
  nsec = static_cast<int>(v);
  value.remove_prefix(n);
  return true;
}

bool Parser::zone_offset(Std std) {
  bool iso = std == Std::IsoColonTZ || std == Std::IsoTZ || std == Std::IsoShortTZ;
  zone_set = true;
  if (iso && value.starts_with('Z')) {
    value.remove_prefix(1);
    return true;
  }
  if (value.empty() || (value[0] != '+' && value[0] != '-')) return false;
  int sign = value[0] == '-' ? -1 : 1;
  value.remove_prefix(1);
  int h = 0, m = 0;
  if (!number(&h, 2, 2)) return false;
  if (std == Std::NumColonTZ || std == Std::IsoColonTZ) {
    if (!value.starts_with(':')) return false;
    value.remove_prefix(1);
  }
  if (std != Std::NumShortTZ && std != Std::IsoShortTZ && !number(&m, 2, 2)) return false;
  check("time zone offset hour", h, 0, 24);
  check("time zone offset minute", m, 0, 60);
  offset = sign * (h * 3600 + m * 60);
  return true;
}

bool Parser::date(Std std) {
  switch (std) {
    case Std::LongMonth:
      return (month = name(month_names(), 0) + 1) > 0;
    case Std::ShortMonth:
      return (month = name(month_names(), 3) + 1) > 0;
    case Std::LongDay:
      return name(day_names(), 0) >= 0;
    case Std::ShortDay:
      return name(day_names(), 3) >= 0;
    case Std::LongYear:
      return number(&year, 4, 4);
    case Std::Year:
      if (!number(&year, 2, 2)) return false;
      year += year >= 69 ? 1900 : 2000;
      return true;
    case Std::YearDay:
      return number(&year_day, 3, 3);
    case Std::ZeroMonth:
    case Std::NumMonth:
      if (!number(&month, std == Std::ZeroMonth ? 2 : 1, 2)) return false;
      check("month", month, 1, 12);
      return true;
    case Std::UnderDay:
    case Std::ZeroDay:
    case Std::NumDay:
      if (std == Std::UnderDay && value.starts_with(' ')) value.remove_prefix(1);
      return number(&day, std == Std::ZeroDay ? 2 : 1, 2);
    default:
      return true;
  }
}

bool Parser::element(const Chunk& c, std::string_view rest_of_layout) {
  if (c.std <= Std::NumDay) return date(c.std);
  switch (c.std) {
    case Std::Hour24:
      if (!number(&hour, 2, 2)) return false;
      check("hour", hour, 0, 23);
      return true;
    case Std::ZeroHour12:
    case Std::Hour12:
      if (!number(&hour, c.std == Std::ZeroHour12 ? 2 : 1, 2)) return false;
      check("hour", hour, 0, 12);
      return true;
    case Std::ZeroMinute:
    case Std::NumMinute:
      if (!number(&minute, c.std == Std::ZeroMinute ? 2 : 1, 2)) return false;
      check("minute", minute, 0, 59);
      return true;
    case Std::ZeroSecond:
    case Std::NumSecond: {
      if (!number(&second, c.std == Std::ZeroSecond ? 2 : 1, 2)) return false;
      check("second", second, 0, 59);
      // The value may have a fraction that the layout does not have.
      bool layout_has =
          !rest_of_layout.empty() && (rest_of_layout[0] == '.' || rest_of_layout[0] == ',');
      bool has = value.size() > 1 && (value[0] == '.' || value[0] == ',') && is_digit(value[1]);
      return !has || layout_has || fraction(false, 0);
    }
    case Std::PM:
    case Std::Pm: {
      std::string_view am = c.std == Std::PM ? "AM" : "am",
                       pm_text = c.std == Std::PM ? "PM" : "pm";
      pm = value.starts_with(pm_text);
      pm_set = true;
      if (!pm && !value.starts_with(am)) return false;
      value.remove_prefix(2);
      return true;
    }
    case Std::TZ: {
      size_t n = 0;
      while (n < value.size() && value[n] >= 'A' && value[n] <= 'Z') n++;
      if (n < 3 || n > 5) return false;
      zone_name = std::string(value.substr(0, n));
      value.remove_prefix(n);
      return true;
    }
    case Std::Frac:
      return fraction(!c.nines, c.digits);
    default:
      return zone_offset(c.std);
  }
}

int days_in(int month, int year) {
  constexpr int kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  return kDays[month - 1] + (month == 2 && leap);
}

}  // namespace

std::pair<Time, error> Parse(std::string_view layout, std::string_view value) {
  Parser p;
  p.value = value;
  std::string_view rest = layout;
  while (!rest.empty()) {
    std::string_view before = rest;
    Chunk c = next_chunk(&rest);
    std::string_view element =
        before.substr(c.prefix.size(), before.size() - c.prefix.size() - rest.size());
    auto failed = [&](std::string_view what, std::string_view at) {
      return std::pair(Time(), fmt::Errorf("parsing time %q as %q: cannot parse %q as %q", value,
                                           layout, at, what));
    };
    if (!p.value.starts_with(c.prefix)) return failed(c.prefix, p.value);
    p.value.remove_prefix(c.prefix.size());
    std::string_view at = p.value;
    if (!p.element(c, rest)) return failed(element, at);
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
