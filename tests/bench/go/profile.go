package main

import (
	"fmt"
	"io"
	"math"
	"os"
	"runtime"
	"runtime/metrics"
	"runtime/pprof"
	"strings"
	"sync/atomic"
	"time"
)

// What a goroutine profile costs, with a thousand to a million goroutines parked on a channel eight
// frames deep. Names end in their number: profile-pb/1000 is the binary form of a thousand.

var arrived int64

//go:noinline
func leaf(c chan int) {
	atomic.AddInt64(&arrived, 1)
	<-c
}

//go:noinline
func descend(c chan int, depth int) {
	if depth > 0 {
		descend(c, depth-1)
		return
	}
	leaf(c)
}

// status reads a value in bytes from /proc/self/status.
func status(key string) float64 {
	text, _ := os.ReadFile("/proc/self/status")
	for _, line := range strings.Split(string(text), "\n") {
		var kb float64
		if strings.HasPrefix(line, key+":") {
			fmt.Sscanf(line[len(key)+1:], "%g", &kb)
			return kb * 1024
		}
	}
	return 0
}

// resident counts the page tables too: a parked goroutine needs a part of those.
func resident() float64 { return status("VmRSS") + status("VmPTE") }

func areas() float64 {
	text, _ := os.ReadFile("/proc/self/maps")
	return float64(strings.Count(string(text), "\n"))
}

const (
	inQuiet = iota
	inProfiles
	ended
)

const phaseTime = time.Second

// A ticker is a goroutine that does nothing but look at the clock. It notes the longest time between
// two looks during each profile: so long the program stood still.
type ticker struct {
	profile atomic.Int32 // the number of the last that has begun, 0 before the first
	over    atomic.Bool
	ended   chan bool
	stalls  histogram
}

// histogram counts measurements by size, 64 sizes to each doubling, in a few pages that are always
// warm (see profile_bench.cpp).
type histogram struct {
	n      int
	counts [64 * 64]uint32
}

func (h *histogram) add(ns float64) {
	mantissa, exponent := math.Frexp(math.Max(ns, 1))
	h.counts[exponent*64+int((mantissa-0.5)*128)]++
	h.n++
}

// quantile answers what share of them do not exceed, 0 if there are none.
func (h *histogram) quantile(share float64) float64 {
	rest := int(share * float64(h.n))
	for i, count := range h.counts {
		if rest < int(count) {
			return math.Ldexp(0.5+(float64(i%64)+0.5)/128, i/64)
		}
		rest -= int(count)
	}
	return 0
}

func startTicker() *ticker {
	t := &ticker{ended: make(chan bool)}
	go func() {
		yield := runtime.GOMAXPROCS(0) == 1
		last := time.Now()
		stall := time.Duration(0)
		profile := int32(0)
		for !t.over.Load() {
			if yield {
				runtime.Gosched()
			}
			now := time.Now()
			gap := now.Sub(last)
			last = now
			if gap > stall {
				stall = gap
			}
			if current := t.profile.Load(); current != profile {
				if profile != 0 {
					t.stalls.add(float64(stall))
				}
				profile = current
				stall = gap // the new one may have begun at any time in it
			}
		}
		if profile != 0 {
			t.stalls.add(float64(stall))
		}
		t.ended <- true
	}()
	return t
}

// nextProfile says that the next profile begins and the one before has ended.
func (t *ticker) nextProfile() { t.profile.Add(1) }

func (t *ticker) end() {
	t.over.Store(true)
	<-t.ended
}

// pauses reads the runtime's own histogram of stop-the-world pauses that are not the collector's.
func pauses() *metrics.Float64Histogram {
	sample := []metrics.Sample{{Name: "/sched/pauses/total/other:seconds"}}
	metrics.Read(sample)
	if sample[0].Value.Kind() != metrics.KindFloat64Histogram {
		return nil
	}
	h := *sample[0].Value.Float64Histogram()
	h.Counts = append([]uint64(nil), h.Counts...)
	return &h
}

// medianPause is the upper bound of the bucket that holds the middle pause since `before`, in ns.
func medianPause(before, after *metrics.Float64Histogram) float64 {
	var total, seen uint64
	for i := range after.Counts {
		total += after.Counts[i] - before.Counts[i]
	}
	for i := range after.Counts {
		if seen += after.Counts[i] - before.Counts[i]; total > 0 && seen*2 >= total {
			return after.Buckets[i+1] * 1e9
		}
	}
	return 0
}

type counter int64

func (c *counter) Write(p []byte) (int, error) { *c += counter(len(p)); return len(p), nil }

func takeProfile(w io.Writer, debug int) { pprof.Lookup("goroutine").WriteTo(w, debug) }

func profileForm(n, debug int, form string) {
	// Peak memory: the kernel's high-water mark, set back before.
	runtime.GC()
	os.WriteFile("/proc/self/clear_refs", []byte("5"), 0)
	before := status("VmRSS")
	var size counter
	first := time.Now()
	takeProfile(&size, debug)
	print(fmt.Sprintf("first-%s/%d", form, n), "ns", float64(time.Since(first)), 1)
	print(fmt.Sprintf("memory-%s/%d", form, n), "bytes", status("VmHWM")-before, 1)
	print(fmt.Sprintf("size-%s/%d", form, n), "bytes", float64(size), 1)

	took := new(histogram)
	stopped := pauses()
	t := startTicker()
	begun := time.Now()
	for (took.n < 20 || time.Since(begun) < phaseTime) && (time.Since(begun) < 5*time.Second || took.n < 3) {
		t.nextProfile()
		start := time.Now()
		takeProfile(io.Discard, debug)
		took.add(float64(time.Since(start)))
	}
	t.end()
	print(fmt.Sprintf("profile-%s/%d", form, n), "ns", took.quantile(0.5), took.n)
	print(fmt.Sprintf("stall-%s/%d", form, n), "ns", t.stalls.quantile(0.5), took.n)
	if stopped != nil {
		print(fmt.Sprintf("pause-%s/%d", form, n), "ns", medianPause(stopped, pauses()), took.n)
	}
}

func profile(n int) {
	c := make(chan int)
	atomic.StoreInt64(&arrived, 0)
	before, start := resident(), time.Now()
	for i := 0; i < n; i++ {
		go descend(c, 6)
	}
	for atomic.LoadInt64(&arrived) != int64(n) {
		runtime.Gosched()
	}
	print(fmt.Sprintf("park/%d", n), "ns_per_op", float64(time.Since(start))/float64(n), n)
	time.Sleep(10 * time.Millisecond) // the last one may be on its way to sleep
	print(fmt.Sprintf("rss/%d", n), "bytes_per_goroutine", (resident()-before)/float64(n), n)
	print(fmt.Sprintf("areas/%d", n), "count", areas(), n)

	profileForm(n, 0, "pb")
	if n <= 100000 { // ten times that takes minutes
		profileForm(n, 1, "debug1")
		profileForm(n, 2, "debug2")
	}
	close(c)
	for runtime.NumGoroutine() > 1 {
		runtime.Gosched()
	}
}
