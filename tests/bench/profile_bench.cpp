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

// A goroutine that does nothing but look at the clock. It notes the longest time between two looks
// during each profile: so long the program stood still.
class Ticker {
 public:
  explicit Ticker(Histogram* stalls) : stalls_(*stalls) {
    go([this] { run(); });
  }
  // The next profile begins; the one before has ended.
  void next_profile() { profile_++; }
  void end() {
    over_ = true;
    ended_.recv();
  }

 private:
  void run() {
    bool yield = runtime::GOMAXPROCS(0) == 1;
    Clock::time_point last = Clock::now();
    double stall = 0;
    int profile = 0;
    while (!over_) {
      if (yield) runtime::Gosched();
      Clock::time_point now = Clock::now();
      double gap = std::chrono::duration<double, std::nano>(now - last).count();
      last = now;
      stall = std::max(stall, gap);
      if (int current = profile_; current != profile) {
        if (profile != 0) stalls_.add(stall);
        profile = current;
        stall = gap;  // the new profile may have begun at any time in this gap
      }
    }
    if (profile != 0) stalls_.add(stall);
    ended_.send(true);
  }

  std::atomic<bool> over_{false};
  std::atomic<int> profile_{0};  // the number of the present profile, 0 before the first
  Chan<bool> ended_ = make_chan<bool>();
  Histogram& stalls_;
};

// Returns its size in bytes.
size_t take_profile(int debug) {
  size_t size = 0;
  runtime::pprof::Lookup("goroutine")
      ->WriteTo(
          [&](std::string_view piece) {
            size += piece.size();
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

// Takes at least so many profiles, for at least so long, beside a ticker.
void take_profiles(int debug, int at_least, double enough_ns, Sample* sample) {
  Ticker ticker(&sample->stalls);
  Clock::time_point begun = Clock::now();
  for (int count = 0; count < at_least || since(begun) < enough_ns; ++count) {
    ticker.next_profile();
    runtime::StopStats stops = runtime::stop_stats();
    Clock::time_point start = Clock::now();
    take_profile(debug);
    sample->took.add(since(start));
    runtime::StopStats now = runtime::stop_stats();
    if (now.stops > stops.stops) {
      sample->pauses.add(static_cast<double>(now.total_ns - stops.total_ns) /
                         static_cast<double>(now.stops - stops.stops));
    }
  }
  ticker.end();
}

void profile_form(int n, int debug, const std::string& form) {
  std::ofstream("/proc/self/clear_refs") << "5";  // resets VmHWM
  ::malloc_trim(0);                               // memory of the last form must not be reused
  double before = status("VmRSS");
  Clock::time_point first = Clock::now();
  size_t size = take_profile(debug);
  report("first-" + form, n, "ns", since(first), 1);
  report("memory-" + form, n, "bytes", status("VmHWM") - before, 1);
  report("size-" + form, n, "bytes", static_cast<double>(size), 1);

  Sample sample;
  take_profiles(debug, 20, 1e9, &sample);
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
