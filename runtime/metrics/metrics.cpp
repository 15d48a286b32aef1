// metrics.cpp: each metric with its description and its reader.
#include "runtime/metrics/metrics.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <string_view>

#include "runtime/die/panic.h"
#include "runtime/sched/sched.h"

namespace golab::runtime::metrics {
namespace {

// What one call of Read has looked up.
class Look {
 public:
  const GoroutineStates& states() {
    if (!states_) states_ = goroutine_states();
    return *states_;
  }

 private:
  std::optional<GoroutineStates> states_;
};

struct Metric {
  std::string_view name;
  std::string_view description;
  ValueKind kind;
  bool cumulative;
  Value (*read)(Look& look);
};

std::vector<double> bounds_in_seconds() {
  constexpr double kInf = std::numeric_limits<double>::infinity();
  std::vector<double> bounds = {-kInf};
  for (uint32_t i = 0; i < TimeHistogram::kRanges; i++) {
    bounds.push_back(static_cast<double>(TimeHistogram::begin_ns(i)) / 1e9);
  }
  bounds.push_back(kInf);
  return bounds;
}

Value value_of(const TimeHistogram& times) {
  static const std::vector<double> bounds = bounds_in_seconds();
  Float64Histogram h{{0}, bounds};  // none took less than no time
  for (uint32_t i = 0; i < TimeHistogram::kRanges; i++) h.Counts.push_back(times.count(i));
  return Value(std::move(h));
}

Value count(int32_t n) { return Value(static_cast<uint64_t>(n)); }

Value time_to_run(Look&) {
  sched.tracksTimeToRun.store(true, std::memory_order_relaxed);
  return value_of(sched.timeToRun);
}

// By name.
constexpr Metric kMetrics[] = {
    {"/sched/gomaxprocs:threads",
     "How many threads may run goroutines at the same time: GOMAXPROCS.", KindUint64, false,
     [](Look&) { return count(GOMAXPROCS(0)); }},
    {"/sched/goroutines-created:goroutines",
     "Goroutines that were started since the program began.", KindUint64, true,
     [](Look&) { return Value(goroutinesCreated()); }},
    {"/sched/goroutines/not-in-go:goroutines",
     "Goroutines in a system call, or in a library that may block; counted in a pass.", KindUint64,
     false, [](Look& look) { return Value(look.states().not_in_go); }},
    {"/sched/goroutines/runnable:goroutines",
     "Goroutines that could run and wait for their turn; counted in a pass.", KindUint64, false,
     [](Look& look) { return Value(look.states().runnable); }},
    {"/sched/goroutines/running:goroutines", "Goroutines that run; counted in a pass.", KindUint64,
     false, [](Look& look) { return Value(look.states().running); }},
    {"/sched/goroutines/waiting:goroutines",
     "Goroutines that wait for a channel, a lock, a timer or the network; counted in a pass.",
     KindUint64, false, [](Look& look) { return Value(look.states().waiting); }},
    {"/sched/goroutines:goroutines", "Goroutines that are alive, the runtime's own among them.",
     KindUint64, false, [](Look&) { return count(gcount(true)); }},
    {"/sched/latencies:seconds",
     "How long goroutines that could run waited for their turn. Each 8th time is measured, from the "
     "first reading on.",
     KindFloat64Histogram, true, time_to_run},
    {"/sched/pauses/stopping/other:seconds",
     "How long it took to stop the world, for each stop: until all threads stood.",
     KindFloat64Histogram, true, [](Look&) { return value_of(sched.stwStoppingTimeOther); }},
    {"/sched/pauses/total/other:seconds",
     "How long the world was stopped, for each stop, with the time that it took to stop it.",
     KindFloat64Histogram, true, [](Look&) { return value_of(sched.stwTotalTimeOther); }},
    {"/sched/threads/total:threads", "Threads of the runtime.", KindUint64, false,
     [](Look&) { return count(sched.mcount.load(std::memory_order_relaxed)); }},
};

}  // namespace

uint64_t Value::Uint64() const {
  const auto* n = std::get_if<uint64_t>(&held_);
  if (n == nullptr) panic("called Uint64 on non-uint64 metric value");
  return *n;
}

double Value::Float64() const {
  const auto* x = std::get_if<double>(&held_);
  if (x == nullptr) panic("called Float64 on non-float64 metric value");
  return *x;
}

std::shared_ptr<const metrics::Float64Histogram> Value::Float64Histogram() const {
  const auto* h = std::get_if<std::shared_ptr<const metrics::Float64Histogram>>(&held_);
  if (h == nullptr) panic("called Float64Histogram on non-Float64Histogram metric value");
  return *h;
}

std::vector<Description> All() {
  std::vector<Description> all;
  for (const Metric& m : kMetrics) {
    all.push_back({std::string(m.name), std::string(m.description), m.kind, m.cumulative});
  }
  return all;
}

void Read(std::span<Sample> samples) {
  Look look;
  for (Sample& sample : samples) {
    const auto* m = std::ranges::find(kMetrics, sample.Name, &Metric::name);
    sample.Value = m != std::end(kMetrics) ? m->read(look) : Value();
  }
}

}  // namespace golab::runtime::metrics
