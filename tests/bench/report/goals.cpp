// goals.cpp: the goals of `lab bench`, how a figure is judged by them, and rows in words.
#include "tests/bench/report/goals.h"

#include <algorithm>
#include <cmath>
#include <string_view>
#include <utility>

namespace bench {
namespace {

constexpr double kNear = 1.05;  // within 5 % of the goal
constexpr double kMiB = 1 << 20;

constexpr Goal kGoals[] = {
    {"chan-pingpong-roundtrip", Goal::kRatio, 0.40, 0.40},
    {"chan-buffered128-item", Goal::kRatio, 0.70, 0.70},
    {"chan-send+recv-uncontended", Goal::kRatio, 0.80, 0.80},
    {"spawn+exit", Goal::kRatio, 0.30, 0.60},
    {"spawn+join", Goal::kRatio, 0.40, 0.40},
    {"gosched-switch", Goal::kRatio, 0.30, 0.40},
    {"select3-recv", Goal::kRatio, 0.50, 0.50},
    {"workerpool16-ctx-task", Goal::kRatio, 0.50, 0.50},
    {"mutex8-lock", Goal::kRatio, 1.00, 0.80},
    {"pipeline100-hop", Goal::kRatio, 0.50, 0.50},
    {"time.After-create", Goal::kRatio, 0.50, 0.50},
    {"sleep1ms-goroutine", Goal::kRatio, 0.50, 0.50},
    {"http-hello", Goal::kAtLeast, 1.3, 1.3},
    {"http-pprof", Goal::kAtLeast, 3, 3},
    {"profile-pb/1000000", Goal::kRatio, 0.02, 0.02},
    {"memory-pb/1000000", Goal::kAbsolute, 64 * kMiB, 64 * kMiB},
    {"profile-debug2/100000", Goal::kRatio, 0.10, 0.10},
    {"areas/1000000", Goal::kAbsolute, 1000, 1000},
    {"rss/1000000", Goal::kAbsolute, 4.9 * 1024, 4.9 * 1024},
    {"rss-64k/1000000", Goal::kAbsolute, 4.5 * 1024, 4.5 * 1024},
    {"pause-pb/1000", Goal::kAbsolute, 100e3, 100e3},
    {"pause-debug1/1000", Goal::kAbsolute, 100e3, 100e3},
    {"pause-debug2/1000", Goal::kAbsolute, 100e3, 100e3},
    {"pause-pb/100000", Goal::kAbsolute, 100e3, 100e3},
    {"pause-debug1/100000", Goal::kAbsolute, 100e3, 100e3},
    {"pause-debug2/100000", Goal::kAbsolute, 100e3, 100e3},
    {"pause-pb/1000000", Goal::kAbsolute, 100e3, 100e3},
    {"pause-debug1/1000000", Goal::kAbsolute, 100e3, 100e3},
    {"pause-debug2/1000000", Goal::kAbsolute, 100e3, 100e3},
    {"stall-pb/1000", Goal::kRatio, 0.10, 1},
    {"stall-debug2/1000", Goal::kRatio, 0.10, 1},
    {"stall-pb/100000", Goal::kRatio, 0.10, 1},
    {"stall-debug2/100000", Goal::kRatio, 0.10, 1},
    {"stall-pb/1000000", Goal::kRatio, 0.10, 1},
    {"profile-beside-yield", Goal::kRatio, 3, 3},
    {"profile-beside-hand", Goal::kRatio, 3, 3},
    {"save-to-verdict", Goal::kAbsolute, 4e9, 4e9},
};

// A workload by its name; `%` in a text stands for the number after the slash.
constexpr std::pair<std::string_view, std::string_view> kWords[] = {
    {"chan-pingpong-roundtrip", "channel ping-pong, round trip"},
    {"chan-buffered128-item", "buffered channel, one item"},
    {"chan-send+recv-uncontended", "send and receive, nobody waits"},
    {"spawn+exit", "a goroutine begins and ends"},
    {"spawn+join", "a goroutine begins and is waited for"},
    {"gosched-switch", "switch of goroutines (Gosched)"},
    {"select3-recv", "select over three channels"},
    {"workerpool16-ctx-task", "pool of 16 workers, one task"},
    {"mutex8-lock", "Mutex wanted by eight, one lock"},
    {"pipeline100-hop", "pipeline of 100 stages, one hop"},
    {"time.After-create", "time.After, one timer"},
    {"sleep1ms-goroutine", "a goroutine that sleeps 1 ms"},
    {"http-hello", "HTTP, a small page, requests per second"},
    {"http-pprof", "HTTP, a goroutine profile, requests per second"},
    {"first-pb", "first binary profile of % goroutines"},
    {"profile-pb", "binary profile of % goroutines"},
    {"profile-debug1", "text profile of % goroutines"},
    {"profile-debug2", "dump of % goroutines"},
    {"memory-pb", "memory added by a binary profile, % goroutines"},
    {"areas", "lines in /proc/self/maps, % parked goroutines"},
    {"rss", "memory per goroutine, % parked"},
    {"rss-64k", "memory per goroutine, % parked, GOLAB_STACK=64k"},
    {"pause-pb", "stop of the world, binary profile of %"},
    {"pause-debug1", "stop of the world, text profile of %"},
    {"pause-debug2", "stop of the world, dump of %"},
    {"profile-beside-yield", "binary profile beside 40 that give way all the time"},
    {"profile-beside-hand", "binary profile beside 3 that start and hear one after the other"},
    {"stall-pb", "longest wait beside a binary profile of %"},
    {"stall-debug1", "longest wait beside a text profile of %"},
    {"stall-debug2", "longest wait beside a dump of %"},
    {"save-to-verdict", "a student's wait, from the save of exercise 02 to its verdict"},
};

}  // namespace

std::span<const Goal> bench_goals() { return kGoals; }

double Goal::excess(const BenchRow& row) const {
  // A median of nothing is NaN, and so is all that comes of it.
  switch (kind) {
    case kRatio:
      return row.ratio(kGo) / limit(row.procs);
    case kAtLeast:
      return limit(row.procs) / row.ratio(kGo);
    case kAbsolute:
      break;
  }
  return row.median(kOurs) / limit(row.procs);
}

Verdict verdict(double excess) {
  return excess <= 1 ? Verdict::kOk : excess <= kNear ? Verdict::kNear : Verdict::kMissed;
}

const char* verdict_name(Verdict verdict) {
  switch (verdict) {
    case Verdict::kOk:
      return "ok";
    case Verdict::kNear:
      return "near";
    case Verdict::kMissed:
      break;
  }
  return "MISSED";
}

std::string bench_words(const std::string& name) {
  size_t slash = std::min(name.find('/'), name.size());
  std::string number = name.substr(std::min(slash + 1, name.size()));
  for (size_t i = number.size(); i > 3;) number.insert(i -= 3, ",");
  for (auto [key, words] : kWords) {
    if (name.compare(0, slash, key) != 0) continue;
    std::string text(words);
    if (size_t at = text.find('%'); at != text.npos) text.replace(at, 1, number);
    return text;
  }
  return name;
}

}  // namespace bench
