// metrics.h: Go's package runtime/metrics: numbers about goroutines and the scheduler, by name.
//
//   std::vector<metrics::Sample> s(1);               // s := make([]metrics.Sample, 1)
//   s[0].Name = "/sched/goroutines:goroutines";      // s[0].Name = "/sched/goroutines:goroutines"
//   metrics::Read(s);                                // metrics.Read(s)
//   uint64_t n = s[0].Value.Uint64();                // n := s[0].Value.Uint64()
//
// Names, kinds and units are those of Go 1.27, as far as there is something to measure: nothing of
// memory and of garbage collection. All() lists them.
//
//   exact      gomaxprocs, goroutines, goroutines-created, threads; pauses: each stop of the world
//              is in both, of a profile as of GOMAXPROCS
//   a pass     goroutines in a state: one pass over all, without a lock. Each is counted in the
//              state that it had at its own moment, so the four need not add up to goroutines.
//   sampled    latencies: each 8th time that a goroutine becomes runnable, as in Go. Here the
//              sampling begins with the first Read of it: a program that never asks pays nothing.
//
// The runtime's own goroutines are counted, as in Go; runtime::NumGoroutine() leaves them out.
// More can be "running" than GOMAXPROCS allows: a goroutine that computes for more than 10 ms goes
// on without a P (sched/proc.h). "/sync/mutex/wait/total:seconds" is not here: waits for locks are
// noted on a clock that is up to 10 ms late, and most of them are shorter.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace golab::runtime::metrics {

enum class ValueKind { KindBad, KindUint64, KindFloat64, KindFloat64Histogram };
using enum ValueKind;

// Counts[i] samples lie in [Buckets[i], Buckets[i + 1]). The first bound may be -Inf, the last
// +Inf.
struct Float64Histogram {
  std::vector<uint64_t> Counts;
  std::vector<double> Buckets;
};

class Value {
 public:
  Value() = default;
  explicit Value(uint64_t n) : held_(n) {}
  explicit Value(double x) : held_(x) {}
  explicit Value(metrics::Float64Histogram h)
      : held_(std::make_shared<const metrics::Float64Histogram>(std::move(h))) {}

  ValueKind Kind() const { return static_cast<ValueKind>(held_.index()); }
  // Panic if Kind() is another.
  uint64_t Uint64() const;
  double Float64() const;
  std::shared_ptr<const metrics::Float64Histogram> Float64Histogram() const;

 private:
  // In the order of ValueKind.
  std::variant<std::monostate, uint64_t, double, std::shared_ptr<const metrics::Float64Histogram>>
      held_;
};

struct Description {
  std::string Name;  // "/path:unit"
  std::string Description;
  ValueKind Kind = KindBad;
  bool Cumulative = false;  // it never falls: its growth per second means something
};

// All metrics, by name.
std::vector<Description> All();

struct Sample {
  std::string Name;
  metrics::Value Value;
};

// Fills in each sample's Value; KindBad if there is no metric of its name. All that needs a pass
// over the goroutines shares one.
void Read(std::span<Sample> samples);

}  // namespace golab::runtime::metrics

namespace golab {
namespace metrics = runtime::metrics;
}
