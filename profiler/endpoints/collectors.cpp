// collectors.cpp: runtime/metrics and /proc as families of metrics.
#include "profiler/endpoints/collectors.h"

#include <sys/resource.h>
#include <unistd.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <sstream>
#include <string>
#include <system_error>
#include <utility>

#include "runtime/metrics/metrics.h"
#include "runtime/sched/proc.h"
#include "runtime/sched/sched.h"

namespace golab::profiler {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

constexpr double kInf = std::numeric_limits<double>::infinity();

MetricFamily gauge(std::string name, std::string help, double value) {
  ClientMetric m;
  m.gauge.value = value;
  return {std::move(name), std::move(help), MetricType::Gauge, {std::move(m)}};
}

MetricFamily counter(std::string name, std::string help, double value) {
  ClientMetric m;
  m.counter.value = value;
  return {std::move(name), std::move(help), MetricType::Counter, {std::move(m)}};
}

// ---- go_… ----

// "/sched/goroutines-created:goroutines" is go_sched_goroutines_created_goroutines_total.
std::string prometheus_name(const metrics::Description& d) {
  std::string name = "go" + d.Name;
  for (char& c : name) {
    if (c == '/' || c == '-' || c == ':') c = '_';
  }
  return d.Cumulative && d.Kind != metrics::KindFloat64Histogram ? name + "_total" : name;
}

// client_golang's rule: of the bounds it keeps the first above 0, then each that is at least ten
// times the last one, up to a second. Prometheus' bounds belong to the range below them, those of
// runtime/metrics to the range above: so each is the next smaller number. The sum is not known;
// each sample is taken as the lower end of its range.
ClientMetric histogram_of(const metrics::Float64Histogram& h) {
  ClientMetric m;
  uint64_t count = 0;
  double next = std::numeric_limits<double>::min();
  for (size_t i = 0; i < h.Counts.size(); i++) {
    count += h.Counts[i];
    if (h.Counts[i] > 0) m.histogram.sample_sum += h.Buckets[i] * static_cast<double>(h.Counts[i]);
    const double bound = h.Buckets[i + 1];
    if (bound < next || bound > 1) continue;
    m.histogram.bucket.push_back({count, std::nextafter(bound, -kInf)});
    next = bound * 10;
  }
  m.histogram.bucket.push_back({count, kInf});
  m.histogram.sample_count = count;
  return m;
}

MetricFamily family_of(const metrics::Description& d, const metrics::Value& value) {
  std::string name = prometheus_name(d), help = d.Description + " Sourced from " + d.Name + ".";
  if (d.Kind == metrics::KindFloat64Histogram) {
    return {std::move(name),
            std::move(help),
            MetricType::Histogram,
            {histogram_of(*value.Float64Histogram())}};
  }
  auto make = d.Cumulative ? counter : gauge;
  return make(std::move(name), std::move(help), static_cast<double>(value.Uint64()));
}

MetricFamily go_info() {
  MetricFamily info = gauge("go_info", "What runs the goroutines: this is no Go program.", 1);
  info.metric[0].label.push_back({"version", "golab"});
  return info;
}

// ---- process_… ----

// The fields of /proc/self/stat from the third on, as proc(5) counts them: the second is a name in
// parentheses, which may have any character in it.
class ProcessStat {
 public:
  ProcessStat() {
    std::ifstream in("/proc/self/stat");
    std::string text;
    std::getline(in, text);
    const size_t end = text.rfind(')');
    if (end != text.npos) fields_.str(text.substr(end + 1));
  }
  // 0: it is not there. Requires: in ascending order.
  double field(int number) {
    std::string word = "0";
    while (at_ < number && fields_ >> word) at_++;
    return std::strtod(word.c_str(), nullptr);
  }

 private:
  std::istringstream fields_;
  int at_ = 2;
};

double boot_time_seconds() {
  std::ifstream in("/proc/stat");
  std::string word;
  while (in >> word) {
    if (word == "btime" && in >> word) return std::strtod(word.c_str(), nullptr);
  }
  return 0;
}

double cpu_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

// -1: /proc does not say.
double open_fds() {
  std::error_code err;
  std::filesystem::directory_iterator fds("/proc/self/fd", err);
  if (err) return -1;
  int n = -1;  // this look has one open
  for (; !err && fds != std::filesystem::directory_iterator(); fds.increment(err)) n++;
  return err ? -1 : n;
}

double limit(decltype(RLIMIT_NOFILE) resource) {
  rlimit l{};
  ::getrlimit(resource, &l);
  return static_cast<double>(l.rlim_cur);
}

}  // namespace

Families go_collector() {
  const std::vector<metrics::Description> all = metrics::All();
  std::vector<metrics::Sample> samples;
  for (const metrics::Description& d : all) samples.push_back({d.Name, {}});
  metrics::Read(samples);
  Families families;
  for (size_t i = 0; i < all.size(); i++) families.push_back(family_of(all[i], samples[i].Value));
  families.push_back(gauge("go_goroutines", "Goroutines that exist, without the runtime's own.",
                           runtime::NumGoroutine()));
  families.push_back(
      gauge("go_threads", "Threads that the runtime has made.", runtime::sched.mcount.load()));
  families.push_back(go_info());
  return families;
}

Families process_collector() {
  Families families = {
      counter("process_cpu_seconds_total", "CPU time of this process, user and system.",
              cpu_seconds()),
      gauge("process_max_fds", "How many file descriptors it may have open.", limit(RLIMIT_NOFILE)),
      gauge("process_virtual_memory_max_bytes", "How much address space it may have.",
            limit(RLIMIT_AS)),
  };
  if (double n = open_fds(); n >= 0) {
    families.push_back(gauge("process_open_fds", "File descriptors that it has open.", n));
  }
  ProcessStat stat;
  const double started = stat.field(22), virtual_bytes = stat.field(23), pages = stat.field(24);
  if (pages == 0) return families;  // there is no /proc
  const double page_bytes = static_cast<double>(::sysconf(_SC_PAGESIZE));
  static const double start_time =
      boot_time_seconds() + started / static_cast<double>(::sysconf(_SC_CLK_TCK));
  families.push_back(gauge("process_start_time_seconds",
                           "When it was started, in seconds since 1970.", start_time));
  families.push_back(gauge("process_virtual_memory_bytes",
                           "Its address space; most of it is reserved for stacks and not in use.",
                           virtual_bytes));
  families.push_back(
      gauge("process_resident_memory_bytes", "Its memory that is in RAM.", pages * page_bytes));
  return families;
}

}  // namespace golab::profiler
