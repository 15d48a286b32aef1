//go:build ignore

// Prints rows of what goes into package time and what comes out, for time_table_test.cpp:
// TZ=UTC GOTOOLCHAIN=go1.27.3 go run table.go > table.txt
//
//	string D                      a duration's text
//	parse "text"                  a duration, or an error
//	format SEC NSEC "zone" OFFSET "layout"
//	week SEC                      a year and a week
//	time "layout" "text"          seconds, ns, offset, zone's name, text; or an error
package main

import (
	"fmt"
	"math/rand"
	"time"
)

func duration(d time.Duration) { fmt.Printf("string %d\t%q\n", int64(d), d.String()) }

func parseDuration(s string) {
	d, err := time.ParseDuration(s)
	if err != nil {
		fmt.Printf("parse %q\t%q\n", s, err)
	} else {
		fmt.Printf("parse %q\t%d\n", s, int64(d))
	}
}

func format(t time.Time, layout string) {
	name, offset := t.Zone()
	fmt.Printf("format %d %d %q %d %q\t%q\n", t.Unix(), t.Nanosecond(), name, offset, layout, t.Format(layout))
}

func parse(layout, text string) {
	t, err := time.Parse(layout, text)
	if err != nil {
		fmt.Printf("time %q %q\t%q\n", layout, text, err)
		return
	}
	name, offset := t.Zone()
	fmt.Printf("time %q %q\t%d %d %d %q %q\n", layout, text, t.Unix(), t.Nanosecond(), offset, name, t)
}

var elements = []string{
	"January", "Jan", "1", "01", "Monday", "Mon", "2", "_2", "02", "__2", "002", "15", "3", "03", "4", "04", "5", "05",
	"2006", "06", "PM", "pm", "MST", "Z070000", "Z07:00:00", "Z0700", "Z07:00", "Z07", "-070000", "-07:00:00", "-0700",
	"-07:00", "-07", ".0", ".000", ",000000", ".000000000", ".0000000000", ".9", ".999", ",999999999",
}

var layouts = []string{
	time.Layout, time.ANSIC, time.UnixDate, time.RubyDate, time.RFC822, time.RFC822Z, time.RFC850, time.RFC1123, time.RFC1123Z,
	time.RFC3339, time.RFC3339Nano, time.Kitchen, time.Stamp, time.StampMilli, time.StampMicro, time.StampNano, time.DateTime,
	time.DateOnly, time.TimeOnly, "", "x", "2006", "_2006", "__2006", "Janet", "Month", "Monday2", "2006__2", "2006002", "20060102150405",
	"20060102150405.000", "3:04:05.999999 pm", "02/01/06", "Jan _2", "05.0x", "05.01", "15h04m05s", "MSTZ07", "Mon Jan 2 15:04:05 MST 2006",
}

var fragments = []string{" ", "-", "/", ":", "T", "", "  ", "at ", ",", ".", "0", "é"}

func main() {
	r := rand.New(rand.NewSource(7))

	for _, d := range []time.Duration{0, 1, -1, 999, 1000, 1001, 999999, 1e6, 1e6 + 1, 999999999, 1e9, 1e9 + 1, 59 * time.Second, time.Minute, 61 * time.Second, time.Hour - 1, time.Hour, 25 * time.Hour, 1<<63 - 1, -1 << 63} {
		duration(d)
	}
	for range 60 {
		duration(time.Duration(r.Int63() >> r.Intn(63)))
		duration(-time.Duration(r.Int63() >> r.Intn(63)))
	}

	for _, s := range []string{"0", "+0", "-0", "0s", "00", "", "+", "-", ".", "-.", ".s", "+.s", "3", "3.", "3.s", ".5s", "1.5", "5 s", "5s ", " 5s", "5S", "1d", "5s5", "1h2m3s4ms5us6ns", "1h-2m", "--1s", "+-1s", "1..5s", "1.5.5s", "1e3s", "1µs", "1μs", "1us", "1\u00b5", "1\xb5s", "1é", "1\"s", "1\\s", "1\x00s", "1\x7fs", "1\n", "9223372036854775807ns", "9223372036854775808ns", "-9223372036854775808ns", "-9223372036854775809ns", "9223372036854775.807us", "9223372036s854ms775us807ns", "9223372036s854ms775us808ns", "9223372036.854775808s", "2562047h47m16.854775807s", "-2562047h47m16.854775808s", "2562047h47m16.854775808s", "2562048h", "99999999999999999999h", "0.3333333333333333333h", "0.100000000000000000000h", "0.9223372036854775807h", "0.9223372036854775808h", "9007199254.740993ms", "0.830103483285477580700h", "18446744073709551616ns", "1h1h1h", "39h9m14.425s", "52763797000ns", "0.0000000001ns", "1.9999999999ns"} {
		parseDuration(s)
	}

	zones := []*time.Location{time.UTC, time.FixedZone("CET", 3600), time.FixedZone("", -3*3600-1800), time.FixedZone("XYZ", -45296), time.FixedZone("LMT", 17), time.FixedZone("LMT", -17), time.FixedZone("A", 14*3600)}
	times := []time.Time{
		time.Unix(0, 0), time.Unix(1234567890, 123456789), time.Unix(1709210096, 5000000), time.Unix(-1, 999999999),
		time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC), time.Date(2024, 2, 29, 12, 0, 0, 0, time.UTC), time.Date(2025, 12, 31, 23, 59, 59, 999999999, time.UTC),
		time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(0, 3, 1, 1, 1, 1, 100, time.UTC), time.Date(-5, 10, 10, 11, 12, 13, 0, time.UTC), time.Date(12345, 6, 7, 8, 9, 10, 11, time.UTC), time.Date(2000, 11, 5, 0, 30, 0, 120000000, time.UTC),
	}
	for i, layout := range append(append([]string{}, layouts...), elements...) {
		for j := range 3 {
			format(times[(i+5*j)%len(times)].In(zones[(i+j)%len(zones)]), layout)
		}
	}

	for _, p := range [][2]string{
		{"MST", "GMT"}, {"MST", "GMT+3"}, {"MST", "GMT-11"}, {"MST", "GMT+24"}, {"MST", "GMT+"}, {"MST", "GMT3"}, {"MST", "+03"}, {"MST", "-3"}, {"MST", "+24"}, {"MST", "+1"}, {"MST", "UTC"}, {"MST", "UTCX"}, {"MST", "UT"},
		{"MST", "ChST"}, {"MST", "MeST"}, {"MST", "WITA"}, {"MST", "ABCD"}, {"MST", "ABCT"}, {"MST", "ABCDE"}, {"MST", "ABCDT"}, {"MST", "ABCDEF"}, {"MST", "Abc"}, {"MST", "A"}, {"MST", ""}, {"MST", "CET"},
		{"-07:00 MST", "+01:00 CET"}, {"-0700 MST", "+0000 UTC"}, {"Z07", "Z"}, {"Z07", "+00"}, {"Z07", "z"}, {"Z070000", "-123456"}, {"Z07:00:00", "+12:34:56"}, {"-07:00:00", "+12:3456"}, {"-07:00:00", "+12:34:61"}, {"-07:00", "+24:60"}, {"-07:00", "+25:00"}, {"-07:00", "+12:61"}, {"-07", "*12"}, {"-07", "+1"}, {"-07", "+1x"}, {"-0700", "+12"}, {"-0700", "-0000"},
		{"2006-002", "2024-060"}, {"2006-002", "2023-060"}, {"2006-002", "2024-366"}, {"2006-002", "2023-366"}, {"2006-002", "2023-000"}, {"2006-002", "2023-1"}, {"2006 __2", "2023   1"}, {"2006 __2", "2023  12"}, {"2006 __2", "2023 123"}, {"2006__2", "20231234"}, {"2006-01-002", "2024-02-060"}, {"2006-01-002", "2024-03-060"}, {"2006-01-02 002", "2024-02-29 060"}, {"2006-01-02 002", "2024-02-28 060"},
		{"06", "68"}, {"06", "69"}, {"06", "-5"}, {"06", "+5"}, {"06", "x5"}, {"06", "5"}, {"2006", "0000"}, {"2006", "+206"}, {"2006", "20x6"}, {"2006", "20261"}, {"_2006", "_2026"}, {"_2006", "2026"},
		{"15", "7"}, {"15", "24"}, {"3", "12"}, {"3", "13"}, {"03", "3"}, {"3PM", "12AM"}, {"3PM", "12PM"}, {"3PM", "0PM"}, {"3pm", "3PM"}, {"3PM", "3pm"}, {"15PM", "13AM"}, {"15PM", "11PM"}, {"4", "60"}, {"5", "60"}, {"04", "5"}, {"PM", "A"},
		{"5", "1.5"}, {"5", "1.x"}, {"5", "1,25"}, {"5", "61.5"}, {"5.0", "1.5"}, {"5.0", "1"}, {"5.00", "1.5"}, {"5.0", "1.55"}, {"5.000", "1.-12"}, {"5.000", "1.+12"}, {"5.999", "1"}, {"5.999", "1.123456789123"}, {"5.999", "1."}, {"5 x.9", "1.5 x"}, {"5x.0", "1.5x.5"}, {".000", ".123"}, {".000", ",123"}, {"5.0000000000", "1.1234567891"}, {"05.999999999Z07:00", "01.5+02:00"},
		{"2 Jan", "31 Feb"}, {"2 Jan", "0 Jan"}, {"2 Jan", "32 Jan"}, {"2 Jan", "9 jAN"}, {"Jan", "January"}, {"January", "Jan"}, {"Mon", "Tuesday"}, {"Monday", "tuesday"}, {"Monday", "Someday"}, {"1", "13"}, {"1", "0"}, {"01", "1"}, {"_2", " 3"}, {"_2", "  3"}, {"_2", "31"}, {"_2", "x"}, {"2006-1-2", "2023-2-29"}, {"2006-1-2", "2024-2-29"},
		{"a  b", "a b"}, {"a b", "a    b"}, {"a b", "ab"}, {"a ", "a"}, {" a", "a"}, {"a", " a"}, {"", " "}, {"", ""}, {"x", "y"}, {"ü", "ü"}, {"ü", "u"}, {"x", "xü\n"}, {"\"2006\\", "\"2023\\"}, {"\"2006\\", "2023"},
		{time.RFC3339, "2023-01-02T03:04:05Z"}, {time.RFC3339, "2023-01-02T03:04:05.000000001Z"}, {time.RFC3339, "2023-01-02T3:04:05Z"}, {time.RFC3339, "2023-01-02T03:04:05"}, {time.RFC3339, "2023-01-02 03:04:05Z"}, {time.RFC3339, "2023-13-02T03:04:05Z"}, {time.RFC3339, "2023-12-32T03:04:05Z"}, {time.RFC3339, "2023-12-02T24:04:05Z"}, {time.RFC3339, "2023-12-02T23:04:05+0100"}, {time.RFC3339, "2023-12-02T23:04:05+24:00"}, {time.RFC3339, "2023-12-02T23:04:05,5Z"}, {time.RFC3339, "2023-12-02T23:04:05Z07:00"}, {time.RFC3339, ""},
		{time.ANSIC, "Fri Jan 22 01:02:03 2010"}, {time.ANSIC, "Fri Jan  2 01:02:03 2010"}, {time.ANSIC, "Fri Jan 2 01:02:03 2010"}, {time.UnixDate, "Fri Jan  2 01:02:03 PST 2010"}, {time.RubyDate, "Thu Feb 04 21:00:57 -0800 2010"}, {time.RFC850, "Thursday, 04-Feb-10 21:00:57 PST"}, {time.RFC1123, "Thu, 04 Feb 2010 21:00:57 PST"}, {time.RFC1123Z, "Thu, 04 Feb 2010 21:00:57 -0800"}, {time.StampNano, "Feb  4 21:00:57.012345678"}, {time.Stamp, "Feb  4 21:00:57.5"}, {time.Kitchen, "8:41PM"}, {time.Kitchen, "20:41PM"},
	} {
		parse(p[0], p[1])
	}

	// Layouts of any elements; what Format makes of them, whole or with one byte changed.
	for range 1200 {
		layout := ""
		for range 1 + r.Intn(6) {
			layout += elements[r.Intn(len(elements))] + fragments[r.Intn(len(fragments))]
		}
		t := times[r.Intn(len(times))].In(zones[r.Intn(len(zones))])
		text := t.Format(layout)
		if r.Intn(4) == 0 {
			format(t, layout)
		}
		if r.Intn(2) == 0 {
			at := r.Intn(len(text) + 1)
			with := string(" 0159+-:.,ZTaé"[r.Intn(13)])
			if r.Intn(3) == 0 && at < len(text) {
				text = text[:at] + text[at+1:]
			} else {
				text = text[:at] + with + text[min(at+r.Intn(2), len(text)):]
			}
		}
		parse(layout, text)
	}

	for range 100 {
		t := time.Unix(int64(r.Intn(1<<33)-1<<32), 0).UTC()
		year, week := t.ISOWeek()
		fmt.Printf("week %d\t%d %d\n", t.Unix(), year, week)
	}
}
