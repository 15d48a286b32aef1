//go:build ignore

// Prints what Go makes of sums that do not fit: go run extremes.go > extremes.txt
package main

import (
	"fmt"
	"time"
)

func main() {
	durations := []time.Duration{1<<63 - 1, -1 << 63, 1<<63 - 2, 1 << 62, -1 << 62, time.Hour, -time.Hour, 1, -1, 0}
	times := []time.Time{
		{}, time.Unix(0, 0), time.Unix(0, 999999999), time.Date(9999, 12, 31, 23, 59, 59, 5, time.UTC),
		time.Date(1678, 1, 1, 0, 0, 0, 0, time.UTC), time.Unix(1<<62, 0), time.Unix(-1<<62, 5),
		time.Unix(1<<63-1, 999999999), time.Unix(-1<<63, 0), time.Unix(9223372036, 854775807),
		time.Unix(-9223372037, 145224192), time.Unix(5, 1<<63-1), time.Unix(5, -1<<63)}
	for _, d := range durations {
		fmt.Println(int64(d), int64(d.Abs()))
		for _, m := range durations {
			fmt.Println(int64(d+m), int64(d-m), int64(d*m), int64(d.Round(m)), int64(d.Truncate(m)))
			if m != 0 {
				fmt.Println(int64(d/m), int64(d%m))
			}
		}
	}
	for _, t := range times {
		fmt.Println(t.Unix(), t.UnixMilli(), t.UnixMicro(), t.UnixNano(), t.Nanosecond())
		for _, u := range times {
			fmt.Println(int64(t.Sub(u)), t.Before(u), t.Compare(u))
		}
		for _, d := range durations {
			a, r, c := t.Add(d), t.Round(d), t.Truncate(d)
			fmt.Println(a.Unix(), a.Nanosecond(), r.Unix(), r.Nanosecond(), c.Unix(), c.Nanosecond())
		}
	}
	for _, n := range []int{1<<31 - 1, -1 << 31} {
		t := time.Date(2000, 2, 29, 0, 0, 0, 0, time.UTC)
		fmt.Println(t.AddDate(n, 0, 0).Unix(), t.AddDate(0, n, 0).Unix(), t.AddDate(0, 0, n).Unix(), t.AddDate(n, n, n).Unix())
	}
	now := time.Now()
	for _, d := range durations[:5] {
		t := now.Add(d)
		fmt.Println(t.After(now), time.Until(t) > 0, time.Since(t) > 0)
	}
	far := now.Add(-1 << 62).Add(-1 << 62)
	fmt.Println(far.Before(now), time.Until(far) < 0, time.Since(far) > 0)
}
