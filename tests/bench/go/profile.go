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

// Profiles and quiet take turns, so that both have the same of what else goes on in the machine: no
// two of one length (profile_bench.cpp tells why). Longer than ours, and whole profiles: a wait
// takes 20 ms and more here, and the ticker would not see a turn that it did not run in.
func turnTime(i int) time.Duration {
	const goldenRatio = 0.6180339887
	return 30*time.Millisecond + time.Duration(40e6*math.Mod(float64(i)*goldenRatio, 1))
}

const windowTime = 100 * time.Microsecond

// A ticker is a goroutine that does nothing but look at the clock. It notes the longest gap between
// two looks in every window of time, that is how long the program could not answer, and the longest
// beside each profile.
//
// A window is a tenth of a millisecond, so one in a thousand is ten in a second: more often than the
// kernel's own threads come by, which is one to five times. (With windows of a millisecond it was as
// often, and the result by luck that of the program or theirs.)
type ticker struct {
	phase   atomic.Int32
	profile atomic.Int32 // the number of the one that is being taken, 0 if none is
	count   int32
	ended   chan bool
	gaps    [2]histogram
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
		phase := t.phase.Load()
		last := time.Now()
		window, longest, stall := last, time.Duration(0), time.Duration(0)
		profile := int32(0)
		for phase != ended {
			if yield {
				runtime.Gosched()
			}
			now := time.Now()
			gap := now.Sub(last)
			last = now
			if gap > longest {
				longest = gap
			}
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
			if now.Sub(window) < windowTime {
				continue
			}
			// The last gap of a profile may end in the quiet after it; quiet that ends is not counted.
			next := t.phase.Load()
			if phase == inProfiles || next == inQuiet {
				t.gaps[phase].add(float64(longest))
			}
			phase, window, longest = next, now, 0
		}
		t.ended <- true
	}()
	return t
}

// enter begins a phase.
func (t *ticker) enter(phase int32) {
	t.profile.Store(0)
	t.phase.Store(phase)
}

// nextProfile says that the next profile begins and the one before has ended.
func (t *ticker) nextProfile() {
	t.count++
	t.profile.Store(t.count)
}

func (t *ticker) end() {
	t.phase.Store(ended)
	<-t.ended
}

// p999 answers, after the end, the gap that one window in a thousand exceeds.
func (t *ticker) p999(phase int) float64 { return t.gaps[phase].quantile(0.999) }

// compute keeps a processor as busy as profiles do.
func compute(d time.Duration) {
	for start := time.Now(); time.Since(start) < d; {
		runtime.Gosched()
	}
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
	var profiling time.Duration
	for i := 0; (took.n < 20 || profiling < phaseTime) && (profiling < 5*time.Second || took.n < 3); i++ {
		t.enter(inProfiles)
		begun := time.Now()
		for first := true; first || time.Since(begun) < turnTime(i); first = false {
			t.nextProfile()
			start := time.Now()
			takeProfile(io.Discard, debug)
			took.add(float64(time.Since(start)))
		}
		lasted := time.Since(begun)
		profiling += lasted
		t.enter(inQuiet)
		compute(lasted)
	}
	t.end()
	print(fmt.Sprintf("profile-%s/%d", form, n), "ns", took.quantile(0.5), took.n)
	print(fmt.Sprintf("gap-%s/%d", form, n), "ns", t.p999(inProfiles), took.n)
	print(fmt.Sprintf("quiet-%s/%d", form, n), "ns", t.p999(inQuiet), took.n)
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
