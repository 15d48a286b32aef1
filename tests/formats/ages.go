// ages.go: writes the goroutine profile in its three forms, and a panic, as its Go does. The captures in
// golden/ages/ are from Go 1.9.7, 1.13.15, 1.18.10, 1.22.12 and 1.27.3:
//
//	go build -o /tmp/ages ages.go && cd golden/ages && GOTRACEBACK=all /tmp/ages panic 2> VERSION.panic.txt
package main

import (
	"os"
	"runtime"
	"runtime/pprof"
	"time"
)

type pool struct{ tasks chan int }

func (p *pool) worker(id int) { <-p.tasks }
func producer(c chan int)    { c <- 1 }

func save(form int, name string) {
	f, _ := os.Create(name)
	pprof.Lookup("goroutine").WriteTo(f, form)
	f.Close()
}

func main() {
	p := &pool{make(chan int)}
	for i := 0; i < 3; i++ {
		go p.worker(i)
	}
	go producer(make(chan int))
	time.Sleep(50 * time.Millisecond)
	v := runtime.Version()
	save(0, v+".pb.gz")
	save(1, v+".debug1.txt")
	save(2, v+".debug2.txt")
	if len(os.Args) > 1 {
		panic("boom")
	}
}
