// time.cpp: instants and the calendar.
//
// A Time counts seconds since the year 1. The calendar counts days since 1 March of the year 0, so
// the leap day is the last day of a year, and every month starts at a fixed offset.
#include "runtime/time/time.h"

#include <algorithm>
#include <ctime>
#include <limits>
#include <map>

#include "runtime/sched/bubble.h"
#include "runtime/sched/clock.h"
#include "runtime/die/panic.h"
#include "runtime/fmt/fmt.h"
#include "runtime/sync/mutex.h"

namespace golab::time {

namespace {

constexpr int64_t kSecondsPerDay = 86'400;
constexpr int64_t kUnixToInternal = 62'135'596'800;  // from year 1 to 1970
constexpr int64_t kMarchToInternal = 306;            // days from 0000-03-01 to 0001-01-01

const Location kUTC{"UTC"};
const Location kLocal{"Local", true, 0};

constexpr int64_t kMaxNs = std::numeric_limits<int64_t>::max();
constexpr int64_t kMinNs = std::numeric_limits<int64_t>::min();

// Where Go's sums stop at the ends of the range, and where they wrap around.
int64_t add_saturated(int64_t a, int64_t b) {
  int64_t sum;
  if (!__builtin_add_overflow(a, b, &sum)) return sum;
  return b > 0 ? kMaxNs : -kMaxNs;
}
int64_t sub_saturated(int64_t a, int64_t b) {
  int64_t difference;
  if (!__builtin_sub_overflow(a, b, &difference)) return difference;
  return a > b ? kMaxNs : kMinNs;
}
int64_t add_wrapped(int64_t a, int64_t b) {
  return static_cast<int64_t>(static_cast<uint64_t>(a) + static_cast<uint64_t>(b));
}
int64_t mul_wrapped(int64_t a, int64_t b) {
  return static_cast<int64_t>(static_cast<uint64_t>(a) * static_cast<uint64_t>(b));
}

int64_t floor_div(int64_t a, int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }
int64_t floor_mod(int64_t a, int64_t b) { return a % b + (a % b < 0 ? b : 0); }

struct CalendarDay {
  int64_t year;
  int64_t month;  // 1 to 12; the input of `date` may have any month and day
  int64_t day;
};

// From days since 0001-01-01.
CalendarDay calendar_day(int64_t days) {
  int64_t d = days + kMarchToInternal;
  int64_t era = floor_div(d, 146'097);  // 400 years
  int64_t in_era = d - era * 146'097;
  int64_t year = (in_era - in_era / 1'460 + in_era / 36'524 - in_era / 146'096) / 365;
  int64_t in_year = in_era - (365 * year + year / 4 - year / 100);
  int64_t m = (5 * in_year + 2) / 153;  // 0 is March
  int64_t day = in_year - (153 * m + 2) / 5 + 1;
  int64_t month = m < 10 ? m + 3 : m - 9;
  return {year + era * 400 + (month <= 2), month, day};
}

int64_t days_of(int64_t year, int64_t month, int64_t day) {
  year += floor_div(month - 1, 12);
  month = floor_mod(month - 1, 12) + 1;
  int64_t y = month <= 2 ? year - 1 : year;
  int64_t era = floor_div(y, 400);
  int64_t of_era = y - era * 400;
  int64_t m = month > 2 ? month - 3 : month + 9;
  int64_t in_year = (153 * m + 2) / 5;
  return era * 146'097 + of_era * 365 + of_era / 4 - of_era / 100 + in_year + day - 1 -
         kMarchToInternal;
}

constexpr std::string_view kMonths[] = {"January",   "February", "March",    "April",
                                        "May",       "June",     "July",     "August",
                                        "September", "October",  "November", "December"};
constexpr std::string_view kDays[] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                      "Thursday", "Friday", "Saturday"};

// Offset and abbreviation at that Unix second on this machine.
std::pair<std::string, int> local_zone(int64_t unix_seconds) {
  auto t = static_cast<time_t>(unix_seconds);
  tm parts{};
  if (::localtime_r(&t, &parts) == nullptr) return {"UTC", 0};
  return {parts.tm_zone != nullptr ? parts.tm_zone : "", static_cast<int>(parts.tm_gmtoff)};
}

Time date(CalendarDay on, int hour, int min, int sec, int nsec, const Location* loc) {
  const int64_t wall = days_of(on.year, on.month, on.day) * kSecondsPerDay + int64_t{hour} * 3600 +
                       int64_t{min} * 60 + sec - kUnixToInternal;
  // The offset depends on the instant, and the instant on the offset: guess, then correct once.
  int64_t offset = loc->local ? local_zone(wall).second : loc->offset;
  if (loc->local) offset = local_zone(wall - offset).second;
  return Unix(wall - offset, nsec).In(loc);
}

}  // namespace

const Location* const UTC = &kUTC;
const Location* const Local = &kLocal;

// Zones are never freed, because times point to them; equal ones are shared.
const Location* FixedZone(std::string_view name, int seconds_east) {
  static auto& mu = *new sync::Mutex;
  static auto& zones = *new std::map<std::pair<std::string, int>, Location>;
  glue::Locked lock(mu);
  Location zone{std::string(name), false, seconds_east};
  return &zones.try_emplace({std::string(name), seconds_east}, std::move(zone)).first->second;
}

std::string Month::String() const {
  if (m_ < 1 || m_ > 12) return fmt::Sprintf("%%!Month(%d)", m_);
  return std::string(kMonths[m_ - 1]);
}

std::string Weekday::String() const {
  if (d_ < 0 || d_ > 6) return fmt::Sprintf("%%!Weekday(%d)", d_);
  return std::string(kDays[d_]);
}

// In a bubble there is no monotonic reading: it would mean nothing outside.
Time Now() {
  if (const runtime::Bubble* b = runtime::current_bubble()) [[unlikely]]
    return Unix(0, b->now.load());
  const timespec ts = runtime::program_walltime();
  Time t;
  t.sec_ = ts.tv_sec + kUnixToInternal;
  t.nsec_ = static_cast<int32_t>(ts.tv_nsec);
  t.has_mono_ = true;
  t.mono_ = runtime::program_time();
  t.loc_ = Local;
  return t;
}

Time Unix(int64_t sec, int64_t nsec) {
  Time t;
  t.sec_ = add_wrapped(add_wrapped(sec, floor_div(nsec, 1'000'000'000)), kUnixToInternal);
  t.nsec_ = static_cast<int32_t>(floor_mod(nsec, 1'000'000'000));
  t.loc_ = Local;
  return t;
}
Time UnixMilli(int64_t ms) { return Unix(floor_div(ms, 1'000), floor_mod(ms, 1'000) * 1'000'000); }
Time UnixMicro(int64_t us) {
  return Unix(floor_div(us, 1'000'000), floor_mod(us, 1'000'000) * 1'000);
}

Duration Since(const Time& t) {
  if (t.has_mono_ && runtime::current_bubble() == nullptr)
    return sub_saturated(runtime::program_time(), t.mono_);
  return Now().Sub(t);
}
Duration Until(const Time& t) {
  if (t.has_mono_ && runtime::current_bubble() == nullptr)
    return sub_saturated(t.mono_, runtime::program_time());
  return t.Sub(Now());
}

int Time::Compare(const Time& u) const {
  auto three_way = [](int64_t a, int64_t b) { return a < b ? -1 : a > b ? 1 : 0; };
  if (has_mono_ && u.has_mono_) return three_way(mono_, u.mono_);
  return sec_ != u.sec_ ? three_way(sec_, u.sec_) : three_way(nsec_, u.nsec_);
}
bool Time::After(const Time& u) const { return Compare(u) > 0; }
bool Time::Before(const Time& u) const { return Compare(u) < 0; }
bool Time::Equal(const Time& u) const { return Compare(u) == 0; }

Time Time::Add(Duration d) const {
  Time t = *this;
  int64_t nsec = nsec_ + d.Nanoseconds() % 1'000'000'000;
  const int64_t sec = d.Nanoseconds() / 1'000'000'000 + floor_div(nsec, 1'000'000'000);
  t.sec_ = add_saturated(sec_, sec);
  t.nsec_ = static_cast<int32_t>(floor_mod(nsec, 1'000'000'000));
  if (has_mono_ && __builtin_add_overflow(mono_, d.Nanoseconds(), &t.mono_)) t.has_mono_ = false;
  return t;
}

Duration Time::Sub(const Time& u) const {
  if (has_mono_ && u.has_mono_) return sub_saturated(mono_, u.mono_);
  // 128 bits hold every Time in nanoseconds.
  const __int128 ns = (static_cast<__int128>(sec_) - u.sec_) * 1'000'000'000 + (nsec_ - u.nsec_);
  return static_cast<int64_t>(std::clamp<__int128>(ns, kMinNs, kMaxNs));
}

Time Time::AddDate(int years, int months, int days) const {
  auto [year, month, day] = Date();
  auto [hour, min, sec] = Clock();
  return date({int64_t{year} + years, int64_t{month} + months, int64_t{day} + days}, hour, min, sec,
              nsec_, Location());
}

// The remainder of this time above a multiple of d since the year 1. Requires d > 0.
Duration Time::above_multiple(Duration d) const {
  const __int128 ns = static_cast<__int128>(sec_) * 1'000'000'000 + nsec_;
  const __int128 rest = ns % d.Nanoseconds();
  return static_cast<int64_t>(rest < 0 ? rest + d.Nanoseconds() : rest);
}

Time Time::Truncate(Duration d) const {
  Time t = *this;
  t.has_mono_ = false;
  return d <= 0 ? t : t.Add(-above_multiple(d));
}

Time Time::Round(Duration d) const {
  Time t = *this;
  t.has_mono_ = false;
  if (d <= 0) return t;
  const Duration rest = above_multiple(d);
  return rest < d - rest ? t.Add(-rest) : t.Add(d - rest);
}

int64_t Time::Unix() const { return add_wrapped(sec_, -kUnixToInternal); }
int64_t Time::UnixMilli() const {
  return add_wrapped(mul_wrapped(Unix(), 1'000), nsec_ / 1'000'000);
}
int64_t Time::UnixMicro() const {
  return add_wrapped(mul_wrapped(Unix(), 1'000'000), nsec_ / 1'000);
}
int64_t Time::UnixNano() const { return add_wrapped(mul_wrapped(Unix(), 1'000'000'000), nsec_); }

Time Time::In(const time::Location* loc) const {
  if (loc == nullptr) panic("time: missing Location in call to Time.In");
  Time t = *this;
  t.has_mono_ = false;
  t.loc_ = loc == time::UTC ? nullptr : loc;
  return t;
}
const Location* Time::Location() const { return loc_ == nullptr ? time::UTC : loc_; }

std::pair<std::string, int> Time::Zone() const {
  if (loc_ == nullptr) return {"UTC", 0};
  if (loc_->local) return local_zone(Unix());
  return {loc_->name, static_cast<int>(loc_->offset)};
}

int64_t Time::local_seconds() const {
  return loc_ == nullptr ? sec_ : add_wrapped(sec_, Zone().second);
}

std::tuple<int, Month, int> Time::Date() const {
  CalendarDay day = calendar_day(floor_div(local_seconds(), kSecondsPerDay));
  return {static_cast<int>(day.year), time::Month(static_cast<int>(day.month)),
          static_cast<int>(day.day)};
}
std::tuple<int, int, int> Time::Clock() const {
  auto s = static_cast<int>(floor_mod(local_seconds(), kSecondsPerDay));
  return {s / 3600, s / 60 % 60, s % 60};
}
int Time::Year() const { return std::get<0>(Date()); }
Month Time::Month() const { return std::get<1>(Date()); }
int Time::Day() const { return std::get<2>(Date()); }
int Time::Hour() const { return std::get<0>(Clock()); }
int Time::Minute() const { return std::get<1>(Clock()); }
int Time::Second() const { return std::get<2>(Clock()); }
Weekday Time::Weekday() const {
  // 1 January of the year 1 was a Monday.
  int64_t day = floor_div(local_seconds(), kSecondsPerDay);
  return time::Weekday(static_cast<int>(floor_mod(day + 1, 7)));
}
int Time::YearDay() const {
  int64_t day = floor_div(local_seconds(), kSecondsPerDay);
  return static_cast<int>(day - days_of(calendar_day(day).year, 1, 1)) + 1;
}

std::pair<int, int> Time::ISOWeek() const {
  // A week belongs to the year of its Thursday.
  const int64_t day = floor_div(local_seconds(), kSecondsPerDay);
  const int64_t thursday = day - floor_mod(day, 7) + 3;  // day 0 was a Monday
  const int64_t year = calendar_day(thursday).year;
  return {static_cast<int>(year), static_cast<int>((thursday - days_of(year, 1, 1)) / 7 + 1)};
}

Time Date(int year, Month month, int day, int hour, int min, int sec, int nsec,
          const Location* loc) {
  if (loc == nullptr) panic("time: missing Location in call to Date");
  return date({year, month, day}, hour, min, sec, nsec, loc);
}

}  // namespace golab::time
