// profile_bench.cpp: the cost of a goroutine profile: the twin of go/profile.go.
//
// N goroutines are parked on a channel, eight frames deep. Each name ends in N: profile-pb/1000.
// README.md has a table of the rows, and says why the waits are measured in this way.
#include "tests/bench/profile_bench.h"

#include <malloc.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cinttypes>
#include <cmath>
#include <fstream>

#include "profiler/endpoints/pprof.h"
#include "runtime/golab.h"
#include "runtime/stop/stop.h"

std::atomic<int> arrived;

[[gnu::noinline]] void leaf(Chan<int> c) {
  arrived.fetch_add(1);
  c.recv();
  asm volatile("");  // not a tail call
}

[[gnu::noinline]] void descend(Chan<int> c, int depth) {
  if (depth > 0) {
    descend(c, depth - 1);
  } else {
    leaf(c);
  }
  asm volatile("");
}

namespace bench {
namespace {

double status(const char* key) {
  std::ifstream in("/proc/self/status");
  for (std::string line; std::getline(in, line);) {
    if (line.rfind(std::string(key) + ":", 0) == 0) {
      return 1024 * std::atof(line.c_str() + std::strlen(key) + 1);
    }
  }
  return 0;
}

// Includes the page tables, since each parked goroutine needs a part of them.
double resident() { return status("VmRSS") + status("VmPTE"); }

int areas() {
  std::ifstream in("/proc/self/maps");
  int count = 0;
  for (std::string line; std::getline(in, line);) ++count;
  return count;
}

// Measurements, counted by size: 64 sizes for each doubling, so a quantile is right within 1 %. The
// counts stay in a few pages. A growing list would touch new pages, and wait for them.
class Histogram {
 public:
  void add(double ns) {
    int exponent = 0;
    double mantissa = std::frexp(std::max(ns, 1.0), &exponent);  // from a half to 1
    counts_[exponent * kSizes + static_cast<int>((mantissa - 0.5) * 2 * kSizes)]++;
    n_++;
  }
  size_t size() const { return n_; }
  // Returns the value that `share` of them do not exceed, 0 if there are none.
  double quantile(double share) const {
    auto rest = static_cast<uint64_t>(share * static_cast<double>(n_));
    for (size_t i = 0; n_ > 0; i++) {
      if (rest < counts_[i]) {
        return std::ldexp(0.5 + (static_cast<double>(i % kSizes) + 0.5) / (2 * kSizes),
                          static_cast<int>(i / kSizes));
      }
      rest -= counts_[i];
    }
    return 0;
  }

 private:
  static constexpr int kSizes = 64, kDoublings = 64;
  uint64_t n_ = 0;
  std::array<uint32_t, kSizes * kDoublings> counts_{};
};

enum Phase { kQuiet, kProfiles };

// A goroutine that only reads the clock. A gap between two reads is a time in which the program
// could not answer. It keeps the longest gap of each window of time, and the longest of each
// profile.
//
// A gap counts in one window, however long it is. (If it counted in each window that it covers, one
// long pause of the host would decide the result.) So p99.9 of the windows hides a long gap in each
// long profile, and the longest gap of each profile is kept as well.
class Ticker {
 public:
  // The longest gap of each profile goes into `stalls`.
  explicit Ticker(Histogram* stalls) : stalls_(*stalls) {
    go([this] { run(); });
  }
  // Changes from quiet to profiles or back.
  void change_turns() { turn_++; }
  int turn() const { return turn_; }
  // The next profile begins.
  void next_profile() { profile_++; }
  void end() {
    over_ = true;
    ended_.recv();
  }
  // Returns the gap that one window in a thousand exceeds. Requires: end() was called.
  double p999(Phase phase) const { return gaps_[phase].quantile(0.999); }

 private:
  static constexpr std::chrono::microseconds kWindow{100};

  void run() {
    bool yield = runtime::GOMAXPROCS(0) == 1;
    int turn = turn_;
    Clock::time_point last = Clock::now(), window = last;
    double longest = 0, stall = 0;
    int profile = 0;
    while (!over_) {
      if (yield) runtime::Gosched();
      Clock::time_point now = Clock::now();
      double gap = std::chrono::duration<double, std::nano>(now - last).count();
      last = now;
      longest = std::max(longest, gap);
      if (phase_of(turn_) == kProfiles) stall = std::max(stall, gap);
      if (int current = profile_; current != profile) {
        if (profile != 0) stalls_.add(stall);
        profile = current;
        stall = gap;  // the new profile may have begun at any time in this gap
      }
      if (now - window < kWindow) continue;
      // A window counts for profiles if it begins in their turn, or spans it. A window in which
      // quiet ends is not counted.
      int next = turn_;
      if (phase_of(turn) == kProfiles || next >= turn + 2) {
        gaps_[kProfiles].add(longest);
      } else if (next == turn) {
        gaps_[kQuiet].add(longest);
      }
      turn = next;
      window = now;
      longest = 0;
    }
    if (profile != 0) stalls_.add(stall);
    ended_.send(true);
  }

  static Phase phase_of(int turn) { return turn % 2 == 0 ? kQuiet : kProfiles; }

  std::atomic<int> turn_{0};
  std::atomic<bool> over_{false};
  std::atomic<int> profile_{0};  // the number of the present profile, 0 before the first
  Chan<bool> ended_ = make_chan<bool>();
  Histogram gaps_[2];
  Histogram& stalls_;
};

// Keeps a processor as busy as profiles do, and yields as they do. Otherwise the kernel and other
// programs would have a processor to themselves in quiet turns only.
void compute(double ns) {
  for (Clock::time_point start = Clock::now(); since(start) < ns;) runtime::yield_if_others_wait();
}

// Profiles and quiet take turns, so that both get the same share of what else the machine does. The
// turns are short, because slow times of the machine come in spells: one may end in the middle of a
// dump. Their lengths differ, because the kernel's threads come at regular intervals.
class Turns {
 public:
  explicit Turns(Ticker* ticker) : ticker_(*ticker) { begin(); }
  // Called during profiles: if the turn is over, takes a turn of quiet of the same length.
  void change_if_due() {
    double lasted = since(begun_);
    if (lasted < length_ns()) return;
    profiles_ns_ += lasted;
    Clock::time_point start = Clock::now();
    ticker_.change_turns();
    compute(lasted);
    quiet_ns_ += since(start);
    begin();
  }
  double profiles_ns() const { return profiles_ns_; }
  double quiet_ns() const { return quiet_ns_; }

 private:
  void begin() {
    ticker_.change_turns();
    begun_ = Clock::now();
  }
  double length_ns() const {
    constexpr double kGoldenRatio = 0.6180339887;
    return 5e6 + 10e6 * std::fmod(ticker_.turn() * kGoldenRatio, 1);
  }

  Ticker& ticker_;
  Clock::time_point begun_;
  double profiles_ns_ = 0, quiet_ns_ = 0;
};

// Returns the size. `turns` may change in the middle.
size_t take_profile(int debug, Turns* turns) {
  size_t size = 0;
  runtime::pprof::Lookup("goroutine")
      ->WriteTo(
          [&](std::string_view piece) {
            size += piece.size();
            if (turns != nullptr) turns->change_if_due();
            return error();
          },
          debug);
  return size;
}

void report(const std::string& what, int goroutines, const char* unit, double value, int n) {
  print(what + "/" + std::to_string(goroutines), runtime::GOMAXPROCS(0), unit, value, n);
}

// The measurements of all profiles of a form.
struct Sample {
  Histogram took, pauses, stalls;
};

// Takes profiles in turns with quiet, and reports the gaps in each of the two.
void measure_wait(int n, int debug, const std::string& form, int at_least, double enough_ns,
                  Sample* sample) {
  Ticker ticker(&sample->stalls);
  Turns turns(&ticker);
  int count = 0;
  for (; count < at_least || turns.profiles_ns() < enough_ns; ++count) {
    ticker.next_profile();
    runtime::StopStats stops = runtime::stop_stats();
    Clock::time_point start = Clock::now();
    double quiet = turns.quiet_ns();
    take_profile(debug, &turns);
    sample->took.add(since(start) - (turns.quiet_ns() - quiet));
    runtime::StopStats now = runtime::stop_stats();
    if (now.stops > stops.stops) {
      sample->pauses.add(static_cast<double>(now.total_ns - stops.total_ns) /
                         static_cast<double>(now.stops - stops.stops));
    }
    turns.change_if_due();
  }
  ticker.end();
  report("gap-" + form, n, "ns", ticker.p999(kProfiles), count);
  report("quiet-" + form, n, "ns", ticker.p999(kQuiet), count);
}

void profile_form(int n, int debug, const std::string& form) {
  std::ofstream("/proc/self/clear_refs") << "5";  // resets VmHWM
  ::malloc_trim(0);                               // memory of the last form must not be reused
  double before = status("VmRSS");
  Clock::time_point first = Clock::now();
  size_t size = take_profile(debug, nullptr);
  report("first-" + form, n, "ns", since(first), 1);
  report("memory-" + form, n, "bytes", status("VmHWM") - before, 1);
  report("size-" + form, n, "bytes", static_cast<double>(size), 1);

  // The wait has a goal for the binary form and for dumps. One measurement varies by a fifth, so
  // there are three, for a median. Binary profiles of a million have one long measurement instead,
  // as long as Go's: Go takes three of them in 7 s.
  Sample sample;
  if (debug == 1 || n == 10'000) {
    measure_wait(n, debug, form, 20, 0.5e9, &sample);
  } else if (debug == 0 && n == 1'000'000) {
    measure_wait(n, debug, form, 20, 7.5e9, &sample);
  } else {
    for (int i = 0; i < 3; ++i) measure_wait(n, debug, form, 7, debug == 0 ? 2.5e9 : 1e9, &sample);
  }
  int count = static_cast<int>(sample.took.size());
  report("profile-" + form, n, "ns", sample.took.quantile(0.5), count);
  report("stall-" + form, n, "ns", sample.stalls.quantile(0.5), count);
  if (sample.pauses.size() > 0)
    report("pause-" + form, n, "ns", sample.pauses.quantile(0.5), count);
}

void profile_of(int n, bool only_park) {
  auto c = make_chan<int>();
  arrived = 0;
  double before = resident();
  Clock::time_point start = Clock::now();
  for (int i = 0; i < n; ++i) go(descend, c, 6);
  while (arrived != n) runtime::Gosched();
  report("park", n, "ns_per_op", since(start) / n, n);
  time::Sleep(10 * time::Millisecond);  // the last one may not be parked yet
  report("rss", n, "bytes_per_goroutine", (resident() - before) / n, n);
  report("areas", n, "count", areas(), n);
  if (!only_park) {
    profile_form(n, 0, "pb");
    profile_form(n, 1, "debug1");
    profile_form(n, 2, "debug2");
  }
  close(c);
  while (runtime::NumGoroutine() > 1) runtime::Gosched();
}

}  // namespace

int profile(const Flags& flags) {
  for (int n : {1'000, 10'000, 100'000, 1'000'000}) {
    if (flags.wants(std::to_string(n))) profile_of(n, flags.mode == "park");
  }
  return 0;
}

int serve() {
  http::HandleFunc("/hello", [](http::ResponseWriter& w, http::Request*) { w.Write("hello\n"); });
  auto [listener, err] = net::Listen("tcp", "127.0.0.1:0");
  if (err != nullptr) {
    std::fprintf(stderr, "bench: %s\n", err.Error().c_str());
    return 1;
  }
  std::printf("{\"listening\": \"%s\"}\n", listener.Addr().String().c_str());
  std::fflush(stdout);
  std::fprintf(stderr, "bench: %s\n", http::Serve(listener, nullptr).Error().c_str());
  return 1;
}

}  // namespace bench
