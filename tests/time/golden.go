//go:build ignore

// Prints what Go says of durations, layouts and the calendar: go run golden.go > golden.txt
package main

import (
	"fmt"
	"time"
)

func main() {
	for _, d := range []time.Duration{0, 1, 1100, 2200000, 3300000000, 4*time.Minute + 5*time.Second + 1, time.Hour, 5*time.Hour + 6*time.Minute + 7001*time.Millisecond, 1<<63 - 1, -1 << 63, -1500 * time.Microsecond, 999, 1000, 999999999} {
		fmt.Printf("%v|%d|%s|%.3f\n", d, d, d, d.Seconds())
	}
	for _, s := range []string{"1h15m30.5s", "-1.5h", "300ms", "1us", "1µs", "0", "+5s", "", ".", "1", "1x", "3.", "1.0000000000001h", "9223372036854775807ns", "9223372036854775808ns", "-9223372036854775808ns", "1h 2m"} {
		d, err := time.ParseDuration(s)
		fmt.Println(d, err)
	}
	t := time.Date(2026, 11, 2, 3, 4, 5, 6007000, time.UTC)
	for _, l := range []string{time.Layout, time.ANSIC, time.UnixDate, time.RFC822, time.RFC850, time.RFC1123, time.RFC1123Z, time.RFC3339, time.RFC3339Nano, time.Kitchen, time.StampMicro, time.DateTime, "2006/01/02 15:04:05.000000", "Monday January _2 2 02 1 06 3 03PM 4 5 pm .999 ,000 002 Z0700 Z07:00 -07:00", "_2006 Janet Mond"} {
		fmt.Println(t.Format(l))
		fmt.Println(t.In(time.FixedZone("CET", 3600+1800)).Format(l))
	}
	fmt.Println(t, t.Weekday(), t.YearDay(), t.Unix(), t.UnixNano(), t.AddDate(0, 1, 31), t.Truncate(time.Hour), t.Round(time.Minute), time.Time{}, time.Time{}.IsZero())
	fmt.Println(time.Date(2024, 14, 35, 25, 61, 61, 0, time.UTC), time.Date(-44, 3, 15, 0, 0, 0, 0, time.UTC), time.Date(2000, 2, 29, 0, 0, 0, 0, time.UTC).YearDay(), time.Unix(-1, -1).UTC())
	for _, p := range [][2]string{{time.RFC3339, "2026-11-02T03:04:05Z"}, {time.RFC3339, "2026-11-02T03:04:05.25+01:30"}, {time.RFC1123, "Mon, 02 Nov 2026 03:04:05 GMT"}, {time.DateOnly, "2026-02-30"}, {time.DateOnly, "2026-13-01"}, {time.DateOnly, "x"}, {time.DateOnly, "2026-01-02 "}, {time.Kitchen, "3:04AM"}, {time.Kitchen, "12:04AM"}, {"2006-01-02 15:04:05 -0700 MST", "2026-11-02 03:04:05 +0130 CET"}, {"Monday, 02-Jan-06 15:04:05 MST", "monday, 02-NOV-68 03:04:05 UTC"}, {"Jan _2 15:04:05", "feb  3 01:02:03"}, {"January 2 2006", "May 31 2026"}, {"January 2 2006", "Mai 3 2026"}, {"2006-002", "2024-366"}, {"2006 __2", "2026  45"}, {"2006 __2", "2026   4"}, {"06 1 2 3 4 5 pm", "69 7 8 9 1 2 pm"}, {"06 1 2 3 4 5 pm", "68 12 31 12 59 59 am"}, {"06-1-2", "26-1-"}, {"2006", "206"}, {"01", "1"}, {"15:04:05", "03:04:05.5"}, {"15:04:05", "03:04:05,123456789012"}, {"15:04:05.000", "03:04:05.12"}, {"15:04:05.000", "03:04:05.123"}, {"15:04:05.999", "03:04:05"}, {"15:04:05.999", "03:04:05.1234"}, {"15:04", "24:00"}, {"15:4", "23:60"}, {"3PM", "13PM"}, {"3PM", "3XM"}, {"Mon", "Monday"}, {"Z0700", "Z"}, {"Z0700", "-0230"}, {"-07", "+02"}, {"-07:00", "+0200"}, {"-0700", "+2500"}, {"Z07:00", "x"}, {"MST", "ABCDEF"}, {"MST", "EST"}, {"x2006y", "x2026y"}, {"x2006y", "x2026z"}} {
		x, err := time.Parse(p[0], p[1])
		fmt.Println(x, err)
	}
	fmt.Println((1500 * time.Millisecond).Round(time.Second), (-1500 * time.Millisecond).Round(time.Second), (1700 * time.Millisecond).Truncate(time.Second), time.Duration(1<<63-1).Round(time.Hour), (-5 * time.Second).Abs())
	fmt.Println(time.Date(2000, 1, 5, 0, 0, 0, 0, time.UTC).Format("x__2x002x"))
	fmt.Println(time.May, time.Month(13), time.Sunday, time.Weekday(9))
}
