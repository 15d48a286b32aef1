// profile_bench.cpp: what a goroutine profile costs: the twin of go/profile.go, under the same
// names.
//
// N goroutines are parked on a channel, eight frames deep. Names end in their number:
// profile-pb/1000 is the binary form of a thousand. Measured are the time of a profile, the memory
// it adds at its peak, how long the world stood still, and what another goroutine noticed of it.
// The first of a form has a line of its own (first-pb): later ones know stacks and names already.
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

// Counts the page tables too: a parked goroutine needs a part of those.
double resident() { return status("VmRSS") + status("VmPTE"); }

int areas() {
  std::ifstream in("/proc/self/maps");
  int count = 0;
  for (std::string line; std::getline(in, line);) ++count;
  return count;
}

// Measurements, counted by size: 64 sizes to each doubling, so one comes back within 1 %.
//
// In a few pages that are always warm. A list would come to another page all the time, more often
// beside profiles, and the more often the faster they are; and under some hypervisors a page that
// has not been touched for long takes more than 100 µs.
class Histogram {
 public:
  void add(double ns) {
    int exponent = 0;
    double mantissa = std::frexp(std::max(ns, 1.0), &exponent);  // from a half to 1
    counts_[exponent * kSizes + static_cast<int>((mantissa - 0.5) * 2 * kSizes)]++;
    n_++;
  }
  size_t size() const { return n_; }
  // What `share` of them do not exceed, 0 if there are none.
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

// A goroutine that does nothing but look at the clock. It notes the longest gap between two looks
// in every window of time, that is how long the program could not answer, and the longest beside
// each profile.
//
// A window is a tenth of a millisecond, so one in a thousand is ten in a second: more often than
// the kernel's own threads come by, which is one to five times. (With windows of a millisecond it
// was as often, and the result by luck that of the program or theirs.)
//
// A gap counts once, however many windows it covers. For Go that hides what it does: at two
// processors a profile of a million takes it two seconds, and a wait of 4 ms is one window of
// 20,000. To count a gap in every window that it covers was tried: then one time out of the host's,
// 30 ms once in ten seconds, is the result, for everybody. So the longest gap beside one profile,
// median of all profiles, is told as well.
class Ticker {
 public:
  // The longest gap beside each profile goes into `stalls`.
  explicit Ticker(Histogram* stalls) : stalls_(*stalls) {
    go([this] { run(); });
  }
  // From quiet to profiles or back.
  void change_turns() { turn_++; }
  int turn() const { return turn_; }
  // The next profile begins, the one before has ended.
  void next_profile() { profile_++; }
  void end() {
    over_ = true;
    ended_.recv();
  }
  // After its end: the gap that one window in a thousand exceeds.
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
        stall = gap;  // the new one may have begun at any time in it
      }
      if (now - window < kWindow) continue;
      // The last gap of a profile may end in the quiet after it, and one may be longer than a turn
      // of profiles; quiet that ends is not counted.
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
  std::atomic<int> profile_{0};  // the number of the last that has begun, 0 before the first
  Chan<bool> ended_ = make_chan<bool>();
  Histogram gaps_[2];
  Histogram& stalls_;
};

// Keeps a processor as busy as profiles do, and makes way as they do. Without it there would be one
// to spare for the kernel's and other programs' work, and none while profiles are taken.
void compute(double ns) {
  for (Clock::time_point start = Clock::now(); since(start) < ns;) runtime::yield_if_others_wait();
}

// Profiles and quiet take turns, so that both have the same of what else goes on in the machine.
//
// Turns are short, and one ends in the middle of a dump as well: gaps come in spells of a tenth to
// half of a second, hundreds in each. With turns of 30 to 70 ms, and of the 0.6 s that a dump of a
// million takes, whole spells fell into the one or the other, and p99.9 beside profiles and in
// quiet differed by a factor of two to three either way, run by run. No two turns are of one
// length: the kernel's threads come at round intervals, and with turns of 50 ms all of them came in
// the one or all in the other.
class Turns {
 public:
  explicit Turns(Ticker* ticker) : ticker_(*ticker) { begin(); }
  // Called beside profiles: gives quiet its turn if it is due, as long as the one that has ended.
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

// Its size. `turns` may come in the middle.
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

// What is taken together of all profiles of a form.
struct Sample {
  Histogram took, pauses, stalls;
};

// Takes profiles in turns with quiet, and says how long others waited beside each of the two.
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
  std::ofstream("/proc/self/clear_refs") << "5";  // sets the high-water mark back
  ::malloc_trim(0);  // what the last form left would be there for this one's profile to use
  double before = status("VmRSS");
  Clock::time_point first = Clock::now();
  size_t size = take_profile(debug, nullptr);
  report("first-" + form, n, "ns", since(first), 1);
  report("memory-" + form, n, "bytes", status("VmHWM") - before, 1);
  report("size-" + form, n, "bytes", static_cast<double>(size), 1);

  // The wait has a goal for the binary form and for dumps. Wait over quiet of some seconds differs
  // by a fifth from one measurement to the next, however calm it is, so there are three: median.
  // (A measurement of one second: by two fifths; it is about the ten longest gaps.) But what is
  // compared should be of one length, and Go needs 7 s for the three profiles of a million that it
  // takes, in one measurement: a wait of 4 ms in each would not count in one of a single profile.
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
  time::Sleep(10 * time::Millisecond);  // the last one may be on its way to sleep
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
