// metrics.h: numbers for Prometheus: including this serves /metrics on DefaultServeMux.
//
//   #include "profiler/endpoints/metrics.h"            // http.Handle("/metrics",
//                                                      //     promhttp.Handler())
//
// A monitoring system asks for this page every few seconds and keeps the numbers: how many
// goroutines there are, over weeks. It has the names and the form of Prometheus' library for Go
// (client_golang with its Go and process collectors), so dashboards and alerts for Go services
// work:
//
//   go_goroutines, go_threads, go_info                 as each Go service has them
//   go_sched_…                                         each metric of runtime/metrics/metrics.h
//   process_…                                          CPU seconds, memory, descriptors, start
//
// Not there: memory by kind and garbage collection, as nothing here has a collector; and
// process_network_…, which are the whole host's bytes and not the process's.
//
// The form is text (version 0.0.4), packed with gzip if the request accepts that. What a look
// costs: one pass over all goroutines and some files of /proc. It does not stop the world.
//
// The exercises are built with it, as with live.h.
#pragma once

#include "runtime/net/http/http.h"

namespace golab::promhttp {

http::Handler Handler();  // for another mux or another path

}  // namespace golab::promhttp

namespace golab::glue {

void register_metrics_handler();
struct MetricsRegistration {
  MetricsRegistration() { register_metrics_handler(); }
};
inline const MetricsRegistration metrics_registration;

}  // namespace golab::glue
