// forms.go: writes the profiles in golden/forms/: each kind that Go has, in each of its forms.
//
//	go build -trimpath -o /tmp/forms forms.go && cd golden/forms && GODEBUG=tracebackancestors=5 /tmp/forms
//	go tool pprof -top heap.pb.gz > heap.top.txt, and so on
package main

import (
	"context"
	"os"
	"runtime"
	"runtime/pprof"
	"strconv"
	"sync"
	"time"
)

var forever = make(chan struct{})
var kept [][]byte

func waitFor(ctx context.Context) { <-forever }

func handle(id int) {
	labels := pprof.Labels("request", strconv.Itoa(id), "route", "/pay")
	pprof.Do(context.Background(), labels, waitFor)
}

type queue[T any] struct{ items chan T }

func (q *queue[T]) take() T { return <-q.items }

func consume[T any](q *queue[T]) { q.take() }

func grandchild() { <-forever }
func child()      { go grandchild(); <-forever }

func allocate() {
	for i := 0; i < 200; i++ {
		kept = append(kept, make([]byte, 64<<10))
	}
}

func contend() {
	var mu sync.Mutex
	var done sync.WaitGroup
	for i := 0; i < 4; i++ {
		done.Go(func() {
			for k := 0; k < 3; k++ {
				mu.Lock()
				time.Sleep(2 * time.Millisecond)
				mu.Unlock()
			}
		})
	}
	done.Wait()
}

func burn() {
	end := time.Now().Add(250 * time.Millisecond)
	for x := 0; time.Now().Before(end); x++ {
	}
}

func save(name, profile string, forms ...int) {
	ends := []string{".pb.gz", ".debug1.txt", ".debug2.txt"}
	for _, form := range forms {
		f, _ := os.Create(name + ends[form])
		pprof.Lookup(profile).WriteTo(f, form)
		f.Close()
	}
}

func main() {
	runtime.SetBlockProfileRate(1)
	runtime.SetMutexProfileFraction(1)
	allocate()
	contend()
	cpu, _ := os.Create("cpu.pb.gz")
	pprof.StartCPUProfile(cpu)
	burn()
	pprof.StopCPUProfile()
	cpu.Close()
	runtime.GC()
	save("heap", "heap", 0, 1)
	save("block", "block", 0, 1)
	save("mutex", "mutex", 0, 1)
	save("threadcreate", "threadcreate", 0, 1)

	for i := 0; i < 3; i++ {
		go handle(i)
	}
	go consume(&queue[int]{make(chan int)})
	go consume(&queue[string]{make(chan string)})
	go child()
	time.Sleep(100 * time.Millisecond)
	save("before", "goroutine", 0, 1, 2)
	for i := 10; i < 17; i++ {
		go handle(i)
	}
	go consume(&queue[string]{make(chan string)})
	go func() { waitFor(nil) }()
	time.Sleep(100 * time.Millisecond)
	save("after", "goroutine", 0, 1, 2)
}
