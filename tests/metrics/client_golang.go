//go:build ignore

// Prints what client_golang serves: its Go collector with the metrics of the scheduler, and its
// process collector. In a module of its own:
//
//	go mod init x && go get github.com/prometheus/client_golang@v1.25.0 && go run client_golang.go
//
// client_golang.txt has the # TYPE lines and bounds of that, without gc, mutexes and network.
package main

import (
	"net/http"
	"net/http/httptest"
	"os"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

func main() {
	registry := prometheus.NewRegistry()
	registry.MustRegister(
		collectors.NewGoCollector(
			collectors.WithGoCollectorMemStatsMetricsDisabled(),
			collectors.WithGoCollectorRuntimeMetrics(collectors.MetricsScheduler)),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	w := httptest.NewRecorder()
	promhttp.HandlerFor(registry, promhttp.HandlerOpts{}).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	w.Body.WriteTo(os.Stdout)
}
