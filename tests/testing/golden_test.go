package golden

// What Go's testing/synctest does. Makes golden.txt:
//
//	GOTOOLCHAIN=go1.27.3 go test -v -run Golden golden_test.go | sed -n 's/^| //p' > golden.txt

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func say(a ...any) { fmt.Print("| ", fmt.Sprintln(a...)) }

func started() time.Time { return time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC) }

func TestGolden(t *testing.T) {
	synctest.Test(t, clock)
	synctest.Test(t, timers)
	synctest.Test(t, contexts)
	synctest.Test(t, states)
	outside(t)
	for seed := range 100 {
		synctest.Test(t, func(t *testing.T) { sequence(uint32(seed)) })
	}
	for _, name := range deaths {
		say(name)
		died(t, name)
	}
}

func clock(t *testing.T) {
	start := time.Now()
	say(start.UTC(), start.Equal(started()))
	go func() {
		time.Sleep(1)
		say(time.Since(start))
	}()
	time.Sleep(2)
	say(time.Since(start))
	time.Sleep(100000 * time.Hour)
	say(time.Now().UTC(), time.Until(start))
	time.Sleep(-1)
	time.Sleep(0)
	say(time.Since(start))
	synctest.Sleep(time.Second)
	say(time.Since(start))
}

func timers(t *testing.T) {
	start := time.Now()
	tm := time.NewTimer(time.Second)
	time.Sleep(2 * time.Second)
	say((<-tm.C).Sub(start), tm.Stop(), tm.Reset(3*time.Second), len(tm.C), cap(tm.C))
	time.Sleep(time.Second)
	say(tm.Reset(3*time.Second), (<-tm.C).Sub(start))
	now := time.NewTimer(0)
	select {
	case at := <-now.C:
		say("at once", at.Sub(start))
	default:
		say("later")
	}
	ticks := time.NewTicker(time.Minute)
	for range 3 {
		say((<-ticks.C).Sub(start))
	}
	ticks.Reset(time.Hour)
	say((<-ticks.C).Sub(start))
	ticks.Stop()
	calls := 0
	f := time.AfterFunc(time.Second, func() {
		calls++
		go func() {
			time.Sleep(time.Second)
			calls++
		}()
	})
	time.Sleep(3 * time.Second)
	synctest.Wait()
	say(calls, f.Stop(), f.Reset(time.Second), f.Stop())
	time.AfterFunc(0, func() { calls++ })
	synctest.Wait()
	say(calls)
	time.AfterFunc(time.Hour, func() { say("never") })
	say(<-time.After(0) == time.Now())
}

func contexts(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	say(ctx)
	time.Sleep(5*time.Second - 1)
	synctest.Wait()
	say(ctx.Err())
	synctest.Sleep(1)
	say(ctx.Err())
	called := false
	parent, stop := context.WithCancel(context.Background())
	context.AfterFunc(parent, func() { called = true })
	synctest.Wait()
	say(called)
	stop()
	synctest.Wait()
	say(called)
}

var inBubble = regexp.MustCompile(`\[(.*)synctest bubble \d+\]:\n`)

func states(t *testing.T) {
	ch, end := make(chan int), make(chan int)
	var none chan int
	var mu sync.Mutex
	cond := sync.NewCond(&mu)
	var wg sync.WaitGroup
	wg.Add(1)
	go func() { <-end }()
	go func() { ch <- 1 }()
	go func() {
		select {
		case <-end:
		case <-none:
		}
	}()
	go func() {
		mu.Lock()
		cond.Wait()
		mu.Unlock()
	}()
	go wg.Wait()
	go time.Sleep(time.Hour)
	tm := time.NewTimer(time.Hour)
	go func() { <-tm.C }()
	synctest.Wait()
	var lines []string
	all := make([]byte, 1<<20)
	for _, g := range strings.Split(string(all[:runtime.Stack(all, true)]), "\n\n") {
		if m := inBubble.FindStringSubmatch(g); m != nil && !strings.Contains(g, "created by testing.") && !strings.Contains(g, "testingSynctestTest") {
			lines = append(lines, m[1])
		}
	}
	slices.Sort(lines)
	for _, line := range lines {
		say(strings.TrimSuffix(line, ", "))
	}
	close(end)
	<-ch
	cond.Broadcast()
	wg.Done()
	time.Sleep(time.Hour)
}

// A timer, a ticker and an AfterFunc, stopped, reset and received from at random.
func sequence(seed uint32) {
	random := func(n uint32) int {
		seed = seed*1664525 + 1013904223
		return int((seed >> 8) % n)
	}
	start, calls, line := time.Now(), 0, ""
	timer, ticker := time.NewTimer(5), time.NewTicker(7)
	f := time.AfterFunc(3, func() { calls++ })
	receive := func(c <-chan time.Time) {
		select {
		case at := <-c:
			line += fmt.Sprint(at.Sub(start).Nanoseconds())
		default:
			line += "-"
		}
	}
	for range 40 {
		op, d := random(9), time.Duration(random(12))
		line += fmt.Sprint(" ", op, ":")
		switch op {
		case 0:
			line += fmt.Sprint(timer.Reset(d))
		case 1:
			line += fmt.Sprint(timer.Stop())
		case 2:
			receive(timer.C)
		case 3:
			ticker.Reset(d + 1)
		case 4:
			ticker.Stop()
		case 5:
			receive(ticker.C)
		case 6:
			line += fmt.Sprint(f.Reset(d))
		case 7:
			line += fmt.Sprint(f.Stop())
		case 8:
			synctest.Sleep(d)
			line += fmt.Sprint(time.Since(start).Nanoseconds())
		}
		synctest.Wait()
		line += fmt.Sprint("/", calls)
	}
	say(line)
}

// What the world outside may do with what is not the bubble's.
func outside(t *testing.T) {
	ch := make(chan int)
	time.AfterFunc(time.Millisecond, func() { ch <- 7 })
	synctest.Test(t, func(t *testing.T) { say(<-ch) })
	tm := time.NewTimer(time.Millisecond)
	synctest.Test(t, func(t *testing.T) { <-tm.C })
	say(tm.Stop())
	moved := make(chan *time.Timer, 1)
	synctest.Test(t, func(t *testing.T) { moved <- time.NewTimer(time.Second) })
	tm = <-moved
	say(len(tm.C))
	synctest.Test(t, func(t *testing.T) { say(tm.Stop(), tm.Stop(), tm.Reset(1)) })
	var wg sync.WaitGroup
	synctest.Test(t, func(t *testing.T) { wg.Add(1); wg.Done(); wg.Wait() })
	synctest.Test(t, func(t *testing.T) { wg.Go(func() {}); wg.Wait() })
	wg.Go(func() {})
	wg.Wait()
	start := time.Now()
	synctest.Test(t, func(t *testing.T) {
		say(time.Since(start) < 0, time.Now().Before(start), strings.Contains(time.Now().String(), "m="))
	})
}

var deaths = []string{"blocked", "left", "ticker", "receive", "send", "close", "select", "stop", "reset", "signal", "wait outside", "wait twice", "nested", "wg moved in", "wg moved out", "wg in two", "panic"}

var numbers = regexp.MustCompile(`goroutine \d+`)

func died(t *testing.T, name string) {
	cmd := exec.Command(os.Args[0], "-test.run", "^TestDies$")
	cmd.Env = append(os.Environ(), "DIES="+name)
	out, _ := cmd.CombinedOutput()
	for _, line := range strings.Split(string(out), "\n") {
		line = strings.TrimSuffix(line, " [recovered, repanicked]")
		if strings.HasPrefix(line, "panic: ") || strings.HasPrefix(line, "fatal error: ") || strings.HasPrefix(line, "semaphore") {
			say(numbers.ReplaceAllString(line, "goroutine N"))
		}
	}
	if name == "nested" || name == "panic" {
		return // golab's Test hands over what its function throws
	}
	var headers []string
	for _, g := range strings.Split(string(out), "\n\n") {
		if strings.HasPrefix(g, "goroutine") && !strings.Contains(g, "testingSynctestTest(") && !strings.Contains(g, "created by testing.") {
			headers = append(headers, numbers.ReplaceAllString(strings.Split(g, "\n")[0], "goroutine N"))
		}
	}
	slices.Sort(headers)
	for _, header := range headers {
		say(header)
	}
}

func moveOut[T any](t *testing.T, make func() T) T {
	ch := make1[T]()
	go synctest.Test(t, func(t *testing.T) { ch <- make() })
	return <-ch
}

func make1[T any]() chan T { return make(chan T) }

func TestDies(t *testing.T) {
	channel := func() chan int { return make(chan int) }
	timer := func() *time.Timer { return time.NewTimer(time.Hour) }
	empty := func(t *testing.T) {}
	var wg sync.WaitGroup
	switch os.Getenv("DIES") {
	case "blocked":
		synctest.Test(t, func(t *testing.T) {
			go func() { <-make(chan int) }()
			go func() { make(chan int) <- 1 }()
			go time.Sleep(time.Hour)
			select {}
		})
	case "left":
		synctest.Test(t, func(t *testing.T) {
			go func() { <-make(chan int) }()
		})
	case "ticker":
		synctest.Test(t, func(t *testing.T) {
			go func() {
				for range time.Tick(time.Second) {
				}
			}()
		})
	case "receive":
		<-moveOut(t, channel)
	case "send":
		moveOut(t, channel) <- 1
	case "close":
		close(moveOut(t, channel))
	case "select":
		ch := moveOut(t, channel)
		select {
		case <-ch:
		case ch <- 1:
		}
	case "stop":
		moveOut(t, timer).Stop()
	case "reset":
		moveOut(t, timer).Reset(1)
	case "signal":
		var mu sync.Mutex
		cond := sync.NewCond(&mu)
		begins, forever := make(chan bool), make(chan bool)
		go synctest.Test(t, func(t *testing.T) {
			mu.Lock()
			go func() { <-forever }() // not durable: the bubble waits
			begins <- true
			cond.Wait()
		})
		<-begins
		mu.Lock()
		cond.Signal()
	case "wait outside":
		synctest.Wait()
	case "wait twice":
		synctest.Test(t, func(t *testing.T) {
			for range 2 {
				go func() {
					for {
						synctest.Wait()
					}
				}()
			}
			for {
				runtime.Gosched()
			}
		})
	case "nested":
		synctest.Test(t, func(t *testing.T) { synctest.Test(t, empty) })
	case "wg moved in":
		wg.Add(1)
		synctest.Test(t, func(t *testing.T) { wg.Add(1) })
	case "wg moved out":
		synctest.Test(t, func(t *testing.T) { wg.Add(1) })
		wg.Add(1)
	case "wg in two":
		synctest.Test(t, func(t *testing.T) { wg.Add(1) })
		synctest.Test(t, func(t *testing.T) { wg.Add(1) })
	case "panic":
		synctest.Test(t, func(t *testing.T) { panic("boom") })
	}
}
