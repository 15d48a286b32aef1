// fair.go: who waits how long under load: the twin of ../fair_bench.cpp, which says what the names mean.
package main

import (
	"io"
	"runtime"
	"runtime/pprof"
	"sort"
	"sync"
	"sync/atomic"
	"time"
)

const (
	fairSleepers, fairSleeps = 50, 100
	fairYielders, fairYields = 20, 50
)

var over atomic.Bool

func busy(wg *sync.WaitGroup) {
	own := make(chan int, 1)
	for !over.Load() {
		for i := 0; i < 3_000_000 && !over.Load(); i++ {
		}
		own <- 1
		<-own
	}
	wg.Done()
}

func pair(wg *sync.WaitGroup) {
	there, back := make(chan int), make(chan int)
	go func() {
		for v := range there {
			back <- v
		}
		close(back)
	}()
	for !over.Load() {
		there <- 1
		<-back
	}
	close(there)
	<-back
	wg.Done()
}

func successor(wg *sync.WaitGroup) {
	if over.Load() {
		wg.Done()
	} else {
		go successor(wg)
	}
}

func yielder(wg *sync.WaitGroup) {
	for !over.Load() {
		runtime.Gosched()
	}
	wg.Done()
}

func hander(wg *sync.WaitGroup) {
	values := make(chan int)
	for !over.Load() {
		go func() { values <- 1 }()
		<-values
	}
	wg.Done()
}

func startLoad(load string, wg *sync.WaitGroup) {
	n, f := runtime.GOMAXPROCS(0), pair
	switch load {
	case "quiet":
		n = 0
	case "busy":
		n, f = 2*n, busy
	case "spawn":
		f = successor
	}
	for i := 0; i < n; i++ {
		wg.Add(1)
		go f(wg)
	}
}

// waits answers the waits of goroutines that each wait some times, longest last.
func waits(goroutines, times int, wait func()) []float64 {
	each := make([][]float64, goroutines)
	var wg sync.WaitGroup
	for g := range each {
		wg.Add(1)
		go func(own *[]float64) {
			for i := 0; i < times; i++ {
				begun := time.Now()
				wait()
				*own = append(*own, float64(time.Since(begun)))
			}
			wg.Done()
		}(&each[g])
	}
	wg.Wait()
	var all []float64
	for _, own := range each {
		all = append(all, own...)
	}
	sort.Float64s(all)
	return all
}

func profilesBeside(name string, goroutines int, load func(*sync.WaitGroup)) {
	over.Store(false)
	var wg sync.WaitGroup
	for i := 0; i < goroutines; i++ {
		wg.Add(1)
		go load(&wg)
	}
	time.Sleep(100 * time.Millisecond) // until all of them run, and their stacks are known
	profile := func() { pprof.Lookup("goroutine").WriteTo(io.Discard, 0) }
	profile()
	count := 0
	begun := time.Now()
	for ; count == 0 || time.Since(begun) < time.Second; count++ {
		profile()
	}
	took := float64(time.Since(begun)) / float64(count)
	over.Store(true)
	wg.Wait()
	print("profile-beside-"+name, "ns", took, count)
}

func fair() {
	profilesBeside("yield", 40, yielder)
	profilesBeside("hand", 3, hander)
	for _, load := range []string{"quiet", "busy", "chan", "spawn"} {
		over.Store(false)
		var wg sync.WaitGroup
		startLoad(load, &wg)
		late := waits(fairSleepers, fairSleeps, func() { time.Sleep(time.Millisecond) })
		runnable := waits(fairYielders, fairYields, runtime.Gosched)
		over.Store(true)
		wg.Wait()
		print("timer-late-p99/"+load, "ns", late[len(late)*99/100]-1e6, len(late))
		print("fair-wait-max/"+load, "ns", runnable[len(runnable)-1], len(runnable))
	}
}
