//go:build ignore

// Prints Go's metrics of goroutines and scheduler, and the ranges of their times:
// go run golden.go > golden.txt
package main

import (
	"fmt"
	"runtime/metrics"
	"strings"
)

func main() {
	for _, d := range metrics.All() {
		if !strings.HasPrefix(d.Name, "/sched/") || strings.Contains(d.Name, "/gc:") {
			continue
		}
		kind := map[metrics.ValueKind]string{metrics.KindUint64: "uint64", metrics.KindFloat64Histogram: "histogram"}[d.Kind]
		fmt.Println(d.Name, kind, d.Cumulative)
	}
	s := []metrics.Sample{{Name: "/sched/latencies:seconds"}}
	metrics.Read(s)
	for _, bound := range s[0].Value.Float64Histogram().Buckets {
		fmt.Printf("%.17g\n", bound)
	}
}
