// collectors.h: this process in Prometheus' terms: families of metrics, under the names that the
// collectors of client_golang give them.
#pragma once

#include <prometheus/metric_family.h>

#include <vector>

namespace golab::profiler {

using Families = std::vector<prometheus::MetricFamily>;

// go_…: what runtime/metrics/metrics.h has, and three names older than that package. Requires: on a
// goroutine.
Families go_collector();
// process_…: what the kernel says. Reads files of /proc, so it takes a stack of a thread's size. A
// number that the kernel does not say is left out.
Families process_collector();

}  // namespace golab::profiler
