// Command bench is Go's side of the benchmark: the workloads of ../golab_bench.cpp under the same
// names, one JSON line for each.
//
//	bench [-procs N] [-only NAMES]   channels, scheduler, locks, timers
//	bench [-procs N] profile         what a goroutine profile costs, 1 k to 1 M goroutines
//	bench [-procs N] serve           an HTTP service for wrk
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync"
	"time"
)

// A workload does n operations and answers how long they took: setting up is not counted.
type workload struct {
	name string
	n    int
	run  func(n int) time.Duration
}

var workloads = []workload{
	{"chan-pingpong-roundtrip", 1000000, pingpong},
	{"chan-buffered128-item", 10000000, buffered},
	{"chan-send+recv-uncontended", 20000000, uncontended},
	{"spawn+exit", 1000000, spawnExit},
	{"spawn+join", 500000, spawnJoin},
	{"gosched-switch", 6000000, gosched},
	{"select3-recv", 1000000, select3},
	{"workerpool16-ctx-task", 1000000, workerPool},
	{"mutex8-lock", 8000000, mutex8},
	{"pipeline100-hop", 1000000, pipeline},
	{"time.After-create", 1000000, timeAfter},
	{"sleep1ms-goroutine", 100000, sleepers},
}

func pingpong(n int) time.Duration {
	ping, pong := make(chan int), make(chan int)
	go func() {
		for v := range ping {
			pong <- v
		}
	}()
	start := time.Now()
	for i := 0; i < n; i++ {
		ping <- i
		<-pong
	}
	took := time.Since(start)
	close(ping)
	return took
}

func buffered(n int) time.Duration {
	items := make(chan int, 128)
	start := time.Now()
	go func() {
		for i := 0; i < n; i++ {
			items <- i
		}
		close(items)
	}()
	for range items {
	}
	return time.Since(start)
}

func uncontended(n int) time.Duration {
	c := make(chan int, 1)
	start := time.Now()
	for i := 0; i < n; i++ {
		c <- i
		<-c
	}
	return time.Since(start)
}

func spawnExit(n int) time.Duration {
	var wg sync.WaitGroup
	start := time.Now()
	wg.Add(n)
	for i := 0; i < n; i++ {
		go func() { wg.Done() }()
	}
	wg.Wait()
	return time.Since(start)
}

func spawnJoin(n int) time.Duration {
	start := time.Now()
	for i := 0; i < n; i++ {
		done := make(chan struct{})
		go func() { close(done) }()
		<-done
	}
	return time.Since(start)
}

func gosched(n int) time.Duration {
	var wg sync.WaitGroup
	start := time.Now()
	for g := 0; g < 2; g++ {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for i := 0; i < n/2; i++ {
				runtime.Gosched()
			}
		}()
	}
	wg.Wait()
	return time.Since(start)
}

func select3(n int) time.Duration {
	even, odd, done := make(chan int), make(chan int), make(chan struct{})
	go func() {
		for i := 0; i < n; i += 2 {
			even <- i
			odd <- i
		}
		close(done)
	}()
	start := time.Now()
	for {
		select {
		case <-even:
		case <-odd:
		case <-done:
			return time.Since(start)
		}
	}
}

func workerPool(n int) time.Duration {
	tasks := make(chan int)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var wg sync.WaitGroup
	var sums [16]int
	for w := range sums {
		w := w
		wg.Add(1)
		go func() {
			defer wg.Done()
			for {
				select {
				case task, ok := <-tasks:
					if !ok {
						return
					}
					sums[w] += task
				case <-ctx.Done():
					return
				}
			}
		}()
	}
	start := time.Now()
	for i := 0; i < n; i++ {
		tasks <- i
	}
	close(tasks)
	wg.Wait()
	return time.Since(start)
}

func mutex8(n int) time.Duration {
	var mu sync.Mutex
	var wg sync.WaitGroup
	count := 0
	start := time.Now()
	for g := 0; g < 8; g++ {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for i := 0; i < n/8; i++ {
				mu.Lock()
				count++
				mu.Unlock()
			}
		}()
	}
	wg.Wait()
	took := time.Since(start)
	if count != n/8*8 {
		panic("mutex8: lost an update")
	}
	return took
}

func pipeline(n int) time.Duration {
	const stages = 100
	first := make(chan int)
	in := first
	for s := 0; s < stages; s++ {
		out := make(chan int)
		go func(in, out chan int) {
			for v := range in {
				out <- v
			}
			close(out)
		}(in, out)
		in = out
	}
	start := time.Now()
	go func() {
		for i := 0; i < n/stages; i++ {
			first <- i
		}
		close(first)
	}()
	for range in {
	}
	return time.Since(start)
}

func timeAfter(n int) time.Duration {
	timers := make([]<-chan time.Time, n)
	start := time.Now()
	for i := range timers {
		timers[i] = time.After(time.Hour)
	}
	took := time.Since(start)
	runtime.KeepAlive(timers)
	return took
}

func sleepers(n int) time.Duration {
	var wg sync.WaitGroup
	start := time.Now()
	for i := 0; i < n; i++ {
		wg.Add(1)
		go func() {
			time.Sleep(time.Millisecond)
			wg.Done()
		}()
	}
	wg.Wait()
	return time.Since(start)
}

func print(name, unit string, value float64, n int) {
	fmt.Printf("{\"name\": %q, \"procs\": %d, %q: %.3f, \"n\": %d}\n",
		name, runtime.GOMAXPROCS(0), unit, value, n)
}

func main() {
	procs := flag.Int("procs", runtime.GOMAXPROCS(0), "GOMAXPROCS")
	only := flag.String("only", "", "comma-separated names of the workloads, or numbers of goroutines (default: all)")
	scale := flag.Int("scale", 1, "do 1/scale of the operations")
	flag.Bool("json", true, "one JSON line per workload (there is no other form)")
	flag.Parse()
	runtime.GOMAXPROCS(*procs)
	wanted := map[string]bool{}
	for _, name := range strings.Split(*only, ",") {
		wanted[name] = *only != ""
	}
	fmt.Printf("{\"version\": %q}\n", runtime.Version())
	switch flag.Arg(0) {
	case "profile":
		for _, n := range []int{1000, 10000, 100000, 1000000} {
			if *only == "" || wanted[fmt.Sprint(n)] {
				profile(n)
			}
		}
		return
	case "fair":
		fair()
		return
	case "serve":
		serve()
	}
	found := *only == ""
	for _, w := range workloads {
		if *only != "" && !wanted[w.name] {
			continue
		}
		found = true
		n := w.n / *scale
		w.run(n / 20) // warm up: stacks, queues, threads
		runtime.GC()  // the garbage of one workload is not the next one's bill
		print(w.name, "ns_per_op", float64(w.run(n).Nanoseconds())/float64(n), n)
	}
	if !found {
		fmt.Fprintf(os.Stderr, "bench: no workload is called %q\n", *only)
		os.Exit(2)
	}
}
