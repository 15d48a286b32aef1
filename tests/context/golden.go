//go:build ignore

// Prints what Go's contexts say of themselves: GOTOOLCHAIN=go1.27.3 TZ=UTC go run golden.go > golden.txt
package main

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"time"
)

type key string
type number int
type named struct{ name string }

func (n named) String() string { return "named " + n.name }

// A context of another kind: its Done and Err are its own; it passes Value on.
type custom struct {
	context.Context
	done chan struct{}
	err  error
}

func (c *custom) Done() <-chan struct{} { return c.done }
func (c *custom) Err() error            { return c.err }

// One with an AfterFunc: it needs no goroutine for a child.
type notifying struct {
	custom
	funcs map[int]func()
}

func (c *notifying) AfterFunc(f func()) func() bool {
	id := len(c.funcs)
	c.funcs[id] = f
	return func() bool {
		_, waits := c.funcs[id]
		delete(c.funcs, id)
		return waits
	}
}

var why = errors.New("why")
var left = regexp.MustCompile(`\[[^]]*\]`)

func panics(f func()) {
	defer func() { fmt.Println(recover()) }()
	f()
}

func state(ctx context.Context) {
	closed := false
	select {
	case <-ctx.Done():
		closed = true
	default:
	}
	_, has := ctx.Deadline()
	fmt.Println(ctx.Err(), context.Cause(ctx), closed, ctx.Done() == nil, has)
}

func names() {
	root := context.Background()
	at := time.Date(2226, 1, 2, 3, 4, 5, 0, time.UTC)
	cancelled, cancel := context.WithCancel(root)
	defer cancel()
	timed, cancel2 := context.WithDeadline(cancelled, at)
	defer cancel2()
	for _, ctx := range []context.Context{
		root, context.TODO(), cancelled, context.WithoutCancel(cancelled),
		context.WithValue(root, key("k"), "v"), context.WithValue(root, "k", key("v")), context.WithValue(root, number(1), 2),
		context.WithValue(root, named{"a"}, named{"b"}), context.WithValue(root, "k", nil), context.WithValue(root, "k", 1.5),
		context.WithValue(root, "k", true), context.WithValue(root, uint8(1), int64(1)), context.WithValue(root, "e", why),
		context.WithValue(context.WithValue(timed, "a", "1"), "b", "2"), context.WithoutCancel(timed),
		timed,
	} {
		fmt.Println(left.ReplaceAllString(fmt.Sprint(ctx), "[left]"))
	}
	cause, cancel3 := context.WithCancelCause(root)
	cancel3(why)
	fmt.Println(cause)
	within, cancel4 := context.WithDeadline(timed, at.Add(time.Hour))
	defer cancel4()
	fmt.Println(left.ReplaceAllString(fmt.Sprint(within), "[left]"))
	fmt.Println(context.Canceled, context.DeadlineExceeded)
	timeout, ok := context.DeadlineExceeded.(interface {
		Timeout() bool
		Temporary() bool
	})
	fmt.Println(ok && timeout.Timeout(), ok && timeout.Temporary())
}

func causes() {
	root := context.Background()
	state(root)
	a, cancel := context.WithCancelCause(root)
	b, cancelB := context.WithCancel(a)
	state(b)
	cancelB()
	cancel(why)
	state(a)
	state(b)
	c, cancelC := context.WithCancelCause(a)
	state(c)
	cancelC(errors.New("too late"))
	state(c)
	state(context.WithoutCancel(a))
	state(context.WithValue(a, key("k"), 1))
	d, cancelD := context.WithCancelCause(root)
	cancelD(nil)
	state(d)
	e, cancelE := context.WithTimeoutCause(root, 0, why)
	state(e)
	cancelE()
	state(e)
	f, cancelF := context.WithTimeoutCause(root, time.Hour, why)
	cancelF()
	state(f)
	g, cancelG := context.WithDeadlineCause(root, time.Now().Add(time.Millisecond), why)
	<-g.Done()
	state(g)
	cancelG()
	h, cancelH := context.WithTimeout(context.WithoutCancel(g), time.Hour)
	state(h)
	cancelH()
	state(h)
}

func customs() {
	parent := &custom{context.Background(), make(chan struct{}), nil}
	child, cancel := context.WithCancel(parent)
	state(child)
	parent.err = why
	close(parent.done)
	<-child.Done()
	state(child)
	state(parent)
	cancel()
	// It passes a cancelCtx's Value on, and is cancelled without it.
	above, cancelAbove := context.WithCancelCause(context.Background())
	parent = &custom{above, make(chan struct{}), nil}
	state(parent)
	parent.err = why
	close(parent.done)
	state(parent)
	cancelAbove(errors.New("above"))
	state(parent)

	n := &notifying{custom{context.Background(), make(chan struct{}), nil}, map[int]func(){}}
	one, cancelOne := context.WithCancel(n)
	two, cancelTwo := context.WithTimeout(n, time.Hour)
	defer cancelTwo()
	ran := make(chan bool, 1)
	stop := context.AfterFunc(n, func() { ran <- true })
	fmt.Println(len(n.funcs))
	cancelOne()
	fmt.Println(len(n.funcs), stop(), len(n.funcs))
	n.err = why
	for _, f := range n.funcs {
		f()
	}
	state(one)
	state(two)
	context.AfterFunc(two, func() { ran <- true })
	fmt.Println(<-ran)
}

func values() {
	ctx := context.WithValue(context.Background(), key("a"), 1)
	ctx = context.WithValue(ctx, "a", 2)
	ctx, cancel := context.WithTimeout(ctx, time.Hour)
	defer cancel()
	ctx = context.WithValue(context.WithoutCancel(ctx), number(7), "seven")
	fmt.Println(ctx.Value(key("a")), ctx.Value("a"), ctx.Value(number(7)), ctx.Value(7), ctx.Value(nil))
	ctx = context.WithValue(ctx, key("a"), nil)
	fmt.Println(ctx.Value(key("a")))
}

func afterFuncs() {
	ctx, cancel := context.WithCancel(context.Background())
	ran := make(chan int, 2)
	stop := context.AfterFunc(ctx, func() { ran <- 1 })
	fmt.Println(stop(), stop())
	stop = context.AfterFunc(ctx, func() { ran <- 2 })
	cancel()
	fmt.Println(<-ran, stop())
	stop = context.AfterFunc(ctx, func() { ran <- 3 })
	fmt.Println(<-ran, stop())
	stop = context.AfterFunc(context.Background(), func() { ran <- 4 })
	fmt.Println(stop(), len(ran))
}

func main() {
	names()
	causes()
	customs()
	values()
	afterFuncs()
	panics(func() { context.WithCancel(nil) })
	panics(func() { context.WithCancelCause(nil) })
	panics(func() { context.WithTimeout(nil, 1) })
	panics(func() { context.WithValue(nil, "a", 1) })
	panics(func() { context.WithoutCancel(nil) })
	panics(func() { context.WithValue(context.Background(), nil, 1) })
	panics(func() { context.WithValue(context.Background(), func() {}, 1) })
}
