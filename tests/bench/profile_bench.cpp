// profile_bench.cpp: what a goroutine profile costs: the twin of go/profile.go, under the same
// names.
//
// N goroutines are parked on a channel, eight frames deep. Names end in their number:
// profile-pb/1000 is the binary form of a thousand. Measured are the time of a profile, the memory
// it adds at its peak, how long the world stood still, and what another goroutine noticed of it.
// The first of a form has a line of its own (first-pb): later ones know stacks and names already.
#include "tests/bench/profile_bench.h"

#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cinttypes>
#include <cmath>
#include <fstream>
#include <system_error>

#include "profiler/endpoints/pprof.h"
#include "runtime/core/stop.h"
#include "runtime/golab.h"

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

enum Phase { kProfiles, kWork, kQuiet, kOver };

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
  Ticker() {
    go([this] { run(); });
  }
  void enter(Phase phase) {
    profile_ = 0;
    phase_ = phase;
  }
  // The next profile begins, the one before has ended.
  void next_profile() { profile_ = ++profiles_; }
  void end() {
    phase_ = kOver;
    ended_.recv();
  }
  // After its end: the gap that one window in a thousand exceeds.
  double p999(Phase phase) const { return gaps_[phase].quantile(0.999); }
  // The longest gap beside a profile, median.
  double stall() const { return stalls_.quantile(0.5); }

 private:
  static constexpr std::chrono::microseconds kWindow{100};

  void run() {
    bool yield = runtime::GOMAXPROCS(0) == 1;
    Phase phase = phase_;
    Clock::time_point last = Clock::now(), window = last;
    double longest = 0, stall = 0;
    int profile = 0;
    while (phase != kOver) {
      if (yield) runtime::Gosched();
      Clock::time_point now = Clock::now();
      double gap = std::chrono::duration<double, std::nano>(now - last).count();
      last = now;
      longest = std::max(longest, gap);
      stall = std::max(stall, gap);
      if (int current = profile_; current != profile) {
        if (profile != 0) stalls_.add(stall);
        profile = current;
        stall = gap;  // the new one may have begun at any time in it
      }
      if (now - window < kWindow) continue;
      // The last gap of a profile may end in what comes after it; of other phases it is not
      // counted.
      Phase next = phase_;
      if (phase == kProfiles || next == phase) gaps_[phase].add(longest);
      phase = next;
      window = now;
      longest = 0;
    }
    ended_.send(true);
  }

  std::atomic<Phase> phase_{kQuiet};
  std::atomic<int> profile_{0};  // the number of the one that is being taken, 0 if none is
  int profiles_ = 0;
  Chan<bool> ended_ = make_chan<bool>();
  Histogram gaps_[3], stalls_;
};

// Keeps a processor as busy as profiles do, and makes way as they do. Without it there would be one
// to spare for the kernel's and other programs' work, and none while profiles are taken.
void compute(double ns) {
  for (Clock::time_point start = Clock::now(); since(start) < ns;) runtime::yield_if_others_wait();
}

// The same, and reads memory as it goes, as whatever else a program does would: 64 pages, far from
// each other. A binary profile of a thousand touches some 150. Under a hypervisor that is what most
// gaps come from, whoever does it (README.md, "What the host takes"): beside this one can see what
// is the profiles' own. The goal stays quiet.
class Work {
 public:
  Work() {
    void* at = ::mmap(nullptr, kPages * kApart, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (at == MAP_FAILED) throw std::system_error(errno, std::generic_category(), "mmap");
    ::madvise(at, kPages * kApart, MADV_HUGEPAGE);
    memory_ = static_cast<volatile char*>(at);
    for (size_t i = 0; i < kPages; i++) memory_[i * kApart] = 1;
  }
  ~Work() { ::munmap(const_cast<char*>(memory_), kPages * kApart); }
  Work(const Work&) = delete;
  Work& operator=(const Work&) = delete;

  void run(double ns) {
    Clock::time_point start = Clock::now();
    for (size_t i = 0; since(start) < ns; i = (i + 1) % kPages) {
      (void)memory_[i * kApart];
      runtime::yield_if_others_wait();
    }
  }

 private:
  static constexpr size_t kPages = 64, kApart = 2 << 20;
  volatile char* memory_;
};

size_t take_profile(int debug) {
  size_t size = 0;
  runtime::pprof::Lookup("goroutine")
      ->WriteTo(
          [&size](std::string_view piece) {
            size += piece.size();
            return error();
          },
          debug);
  return size;
}

// Profiles, work and quiet take turns, so that all have the same of what else goes on in the
// machine. No two turns are of one length: the kernel's threads come at round intervals, and with
// turns of 50 ms all of them came in the one or all in the other.
double turn_ns(int i) {
  constexpr double kGoldenRatio = 0.6180339887;
  return 30e6 + 40e6 * std::fmod(i * kGoldenRatio, 1);
}

void report(const std::string& what, int goroutines, const char* unit, double value, int n) {
  print(what + "/" + std::to_string(goroutines), runtime::GOMAXPROCS(0), unit, value, n);
}

void profile_form(int n, int debug, const std::string& form, Work& work) {
  std::ofstream("/proc/self/clear_refs") << "5";  // sets the high-water mark back
  ::malloc_trim(0);  // what the last form left would be there for this one's profile to use
  double before = status("VmRSS");
  Clock::time_point first = Clock::now();
  size_t size = take_profile(debug);
  report("first-" + form, n, "ns", since(first), 1);
  report("memory-" + form, n, "bytes", status("VmHWM") - before, 1);
  report("size-" + form, n, "bytes", static_cast<double>(size), 1);

  Histogram took, pauses;
  Ticker ticker;
  // The wait has a goal for the binary form and for dumps; a few seconds, so that what exceeds one
  // window in a thousand is more than a few events.
  double enough = debug != 1 && n != 10'000 ? 4e9 : 1e9, profiling = 0;
  for (int i = 0; took.size() < 20 || profiling < enough; ++i) {
    ticker.enter(kProfiles);
    Clock::time_point turn = Clock::now();
    do {
      ticker.next_profile();
      runtime::StopStats stops = runtime::stopStats();
      Clock::time_point start = Clock::now();
      take_profile(debug);
      took.add(since(start));
      runtime::StopStats now = runtime::stopStats();
      if (now.stops > stops.stops) {
        pauses.add(static_cast<double>(now.total_ns - stops.total_ns) /
                   static_cast<double>(now.stops - stops.stops));
      }
    } while (since(turn) < turn_ns(i));
    double lasted = since(turn);
    profiling += lasted;
    ticker.enter(kWork);
    work.run(lasted);
    ticker.enter(kQuiet);
    compute(lasted);
  }
  ticker.end();
  int count = static_cast<int>(took.size());
  report("profile-" + form, n, "ns", took.quantile(0.5), count);
  report("gap-" + form, n, "ns", ticker.p999(kProfiles), count);
  report("work-" + form, n, "ns", ticker.p999(kWork), count);
  report("quiet-" + form, n, "ns", ticker.p999(kQuiet), count);
  report("stall-" + form, n, "ns", ticker.stall(), count);
  if (pauses.size() > 0) report("pause-" + form, n, "ns", pauses.quantile(0.5), count);
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
    Work work;
    profile_form(n, 0, "pb", work);
    profile_form(n, 1, "debug1", work);
    profile_form(n, 2, "debug2", work);
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
