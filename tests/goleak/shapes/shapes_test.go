// The shapes of tests/goleak/shapes_child.cpp in Go: what real goleak prints of them.
package shapes

import (
	"os"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

var (
	mu sync.Mutex
	wg sync.WaitGroup
)

func sender(ch chan int)   { ch <- 42 }
func receiver(ch chan int) { <-ch }
func chooser(a, b chan int) {
	select {
	case <-a:
	case <-b:
	}
}
func sleeper() { time.Sleep(time.Hour) }
func locker()  { mu.Lock() }
func waiter()  { wg.Wait() }
func forlorn() { var none chan int; <-none }
func deputy(ch chan int) {
	go receiver(ch)
	receiver(ch)
}

// Waits until the goroutine that was started last is parked. So they are created in order.
func settle() { time.Sleep(20 * time.Millisecond) }

func plant() {
	ch := make(chan int)
	mu.Lock()
	wg.Add(1)
	go sender(ch)
	settle()
	go chooser(make(chan int), make(chan int))
	settle()
	go sleeper()
	settle()
	go locker()
	settle()
	go waiter()
	settle()
	go forlorn()
	settle()
	go deputy(make(chan int))
	settle()
}

func TestShapes(t *testing.T) { plant() }

func TestMain(m *testing.M) {
	var options []goleak.Option
	if f := os.Getenv("IGNORE_TOP"); f != "" {
		options = append(options, goleak.IgnoreTopFunction(f))
	}
	if f := os.Getenv("IGNORE_ANY"); f != "" {
		options = append(options, goleak.IgnoreAnyFunction(f))
	}
	goleak.VerifyTestMain(m, options...)
}
