// time.h: Go's time: instants, Sleep, timers and tickers.
//
//   time::Sleep(100 * time::Millisecond);      // time.Sleep(100 * time.Millisecond)    parks: [sleep]
//   time::After(1 * time::Hour).recv();        // <-time.After(1 * time.Hour)
//   auto start = time::Now();                  // start := time.Now()
//   time::Since(start)                         // time.Since(start)       by the monotonic clock
//   auto t = time::NewTimer(d); t.C.recv();    // t := time.NewTimer(d); <-t.C
//   t.Stop();                                  // t.Stop()                copies name one timer
//   now.Format(time::RFC3339)                  // now.Format(time.RFC3339)
//
// Timers that send on a channel follow Go 1.23. The channel looks unbuffered. After Stop or Reset
// no earlier value can be received. A timer on whose channel nobody waits stands in no queue, so it
// hides no deadlock.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

#include "runtime/chan/chan.h"
#include "runtime/errors/errors.h"
#include "runtime/sched/timer.h"
#include "runtime/sync/func.h"
#include "runtime/time/duration.h"

namespace golab::glue {
struct FuncTimer;
}

namespace golab::time {

// ---- Instants ----

class Month {
 public:
  constexpr Month(int m = 1) : m_(m) {}
  constexpr operator int() const { return m_; }
  std::string String() const;

 private:
  int m_;
};
inline constexpr Month January = 1, February = 2, March = 3, April = 4, May = 5, June = 6, July = 7,
                       August = 8, September = 9, October = 10, November = 11, December = 12;

class Weekday {
 public:
  constexpr Weekday(int d = 0) : d_(d) {}
  constexpr operator int() const { return d_; }
  std::string String() const;

 private:
  int d_;
};
inline constexpr Weekday Sunday = 0, Monday = 1, Tuesday = 2, Wednesday = 3, Thursday = 4,
                         Friday = 5, Saturday = 6;

// A time zone: time::UTC, time::Local (the machine's), or a FixedZone. Never destroyed.
struct Location {
  std::string name;
  bool local = false;  // the C library knows offset and abbreviation
  int64_t offset = 0;  // otherwise: seconds east of UTC
  std::string String() const { return name; }
};
extern const Location* const UTC;
extern const Location* const Local;
const Location* FixedZone(std::string_view name, int seconds_east);

// Layouts for Format and Parse: Go's reference time, written in that form.
inline constexpr std::string_view Layout = "01/02 03:04:05PM '06 -0700";
inline constexpr std::string_view ANSIC = "Mon Jan _2 15:04:05 2006";
inline constexpr std::string_view UnixDate = "Mon Jan _2 15:04:05 MST 2006";
inline constexpr std::string_view RubyDate = "Mon Jan 02 15:04:05 -0700 2006";
inline constexpr std::string_view RFC822 = "02 Jan 06 15:04 MST";
inline constexpr std::string_view RFC822Z = "02 Jan 06 15:04 -0700";
inline constexpr std::string_view RFC850 = "Monday, 02-Jan-06 15:04:05 MST";
inline constexpr std::string_view RFC1123 = "Mon, 02 Jan 2006 15:04:05 MST";
inline constexpr std::string_view RFC1123Z = "Mon, 02 Jan 2006 15:04:05 -0700";
inline constexpr std::string_view RFC3339 = "2006-01-02T15:04:05Z07:00";
inline constexpr std::string_view RFC3339Nano = "2006-01-02T15:04:05.999999999Z07:00";
inline constexpr std::string_view Kitchen = "3:04PM";
inline constexpr std::string_view Stamp = "Jan _2 15:04:05";
inline constexpr std::string_view StampMilli = "Jan _2 15:04:05.000";
inline constexpr std::string_view StampMicro = "Jan _2 15:04:05.000000";
inline constexpr std::string_view StampNano = "Jan _2 15:04:05.000000000";
inline constexpr std::string_view DateTime = "2006-01-02 15:04:05";
inline constexpr std::string_view DateOnly = "2006-01-02";
inline constexpr std::string_view TimeOnly = "15:04:05";

// An instant. A Time from Now() also has a reading of the monotonic clock. If both times have one,
// comparisons and Sub use it, so setting the clock does not disturb them. The zero Time is midnight
// of 1 January of the year 1, UTC.
class Time {
 public:
  constexpr Time() = default;

  bool After(const Time& u) const;
  bool Before(const Time& u) const;
  bool Equal(const Time& u) const;  // the same instant; locations do not count
  int Compare(const Time& u) const;
  bool IsZero() const { return sec_ == 0 && nsec_ == 0; }
  Time Add(Duration d) const;
  Duration Sub(const Time& u) const;  // the largest or smallest Duration if it does not fit
  Time AddDate(int years, int months, int days) const;
  Time Truncate(Duration d) const;
  Time Round(Duration d) const;  // Round(0) strips the monotonic reading

  int64_t Unix() const;
  int64_t UnixMilli() const;
  int64_t UnixMicro() const;
  int64_t UnixNano() const;

  std::tuple<int, time::Month, int> Date() const;
  std::tuple<int, int, int> Clock() const;
  int Year() const;
  time::Month Month() const;
  int Day() const;
  int Hour() const;
  int Minute() const;
  int Second() const;
  int Nanosecond() const { return nsec_; }
  time::Weekday Weekday() const;
  int YearDay() const;
  std::pair<int, int> ISOWeek() const;  // the year that the week belongs to, and its number from 1

  // These three drop the monotonic reading. In panics "time: missing Location in call to Time.In".
  Time UTC() const { return In(time::UTC); }
  Time Local() const { return In(time::Local); }
  Time In(const time::Location* loc) const;
  const time::Location* Location() const;
  std::pair<std::string, int> Zone() const;  // abbreviation, seconds east of UTC

  std::string Format(std::string_view layout) const;
  std::string String() const;  // ends with " m=+0.500000000" if there is a monotonic reading

 private:
  friend Time Now();
  friend Time Unix(int64_t sec, int64_t nsec);
  friend Duration Since(const Time& t);
  friend Duration Until(const Time& t);
  Duration above_multiple(Duration d) const;
  int64_t local_seconds() const;  // sec_, as a wall clock at the location shows it

  int64_t sec_ = 0;  // since 1 January of the year 1, UTC
  int32_t nsec_ = 0;
  bool has_mono_ = false;
  int64_t mono_ = 0;                     // program_time
  const time::Location* loc_ = nullptr;  // null: UTC
};

Time Now();
Duration Since(const Time& t);
Duration Until(const Time& t);
Time Unix(int64_t sec, int64_t nsec);
Time UnixMilli(int64_t ms);
Time UnixMicro(int64_t us);
// Values out of range carry over: October 32 is November 1.
// Panics "time: missing Location in call to Date".
Time Date(int year, Month month, int day, int hour, int min, int sec, int nsec,
          const Location* loc);

// What Parse could not read. The error holds a pointer: errors::As<time::ParseError>(err).
struct ParseError {
  std::string Layout, Value;
  std::string LayoutElem, ValueElem;  // the element of the layout, and what stands at its place
  std::string Message;                // not empty: printed after Value, instead of the others
  std::string Error() const;
};
// A value without a zone is in UTC. An offset or an abbreviation that is in use on this machine
// then gives time::Local, another one a zone of its own; of an abbreviation that is not known here
// the offset is 0. The value may have a fraction of a second where the layout has none.
std::pair<Time, error> Parse(std::string_view layout, std::string_view value);
// The same with loc for UTC and for this machine.
std::pair<Time, error> ParseInLocation(std::string_view layout, std::string_view value,
                                       const Location* loc);

// ---- Waiting ----

// Parks for at least d. Returns at once if d <= 0.
void Sleep(Duration d);

// The channel on which the time is sent once d has passed.
[[nodiscard("After only makes a channel; Sleep waits")]] RecvChan<Time> After(Duration d);

// The channel of a ticker that cannot be stopped; nil if d <= 0.
[[nodiscard]] RecvChan<Time> Tick(Duration d);

// One event in the future.
class Timer {
 public:
  Timer() = default;
  Timer(const Timer& other) noexcept;
  Timer& operator=(Timer other);
  ~Timer();

  RecvChan<Time> C;  // nil for AfterFunc

  // Returns true if this call stopped the timer: it was running, or its value was not received yet.
  // For an AfterFunc: true if this call prevented a call of f.
  // Panics "time: Stop called on uninitialized Timer".
  bool Stop() const;
  // Starts it again: it expires after d. Returns what Stop would.
  // Panics "time: Reset called on uninitialized Timer".
  bool Reset(Duration d) const;

 private:
  friend Timer NewTimer(Duration d);
  friend Timer AfterFunc(Duration d, golab::glue::Func<void()> f);
  runtime::Timer* timer_ = nullptr;         // lies in the channel, or in func_
  golab::glue::FuncTimer* func_ = nullptr;  // counted
};
[[nodiscard]] Timer NewTimer(Duration d);
// Calls f in a goroutine of its own once d has passed.
Timer AfterFunc(Duration d, golab::glue::Func<void()> f);

// A tick every d. For a slow receiver one tick waits; others are dropped.
class Ticker {
 public:
  RecvChan<Time> C;
  // No tick comes after it. Does not close C.
  void Stop() const;
  // Panics "non-positive interval for Ticker.Reset", "time: Reset called on uninitialized Ticker".
  void Reset(Duration d) const;

 private:
  friend Ticker NewTicker(Duration d);
  runtime::Timer* timer_ = nullptr;
};
// Panics "non-positive interval for NewTicker".
[[nodiscard]] Ticker NewTicker(Duration d);

}  // namespace golab::time
