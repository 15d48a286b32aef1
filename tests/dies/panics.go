//go:build ignore

// The programs of panicking.cpp in Go: a function each, chosen by argument. Their output is
// golden/panics.txt: built with -gcflags=-l, both outputs, without the lines of positions.
package main

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"sync"
	"time"
)

type pair struct{ a, b int }
type code int
type on bool
type reason string

// ---- Values

func named_int()    { panic(code(93)) }
func named_bool()   { panic(on(true)) }
func named_string() { panic(reason("bad \"thing\"\nnext")) }
func pointer()      { panic(&pair{1, 2}) }
func nil_pointer()  { var p *pair; panic(p) }
func channel()      { panic(make(chan string)) }
func slice()        { panic([]int{1}) }
func array()        { panic([2]int{1, 2}) }
func a_map()        { panic(map[string]*pair{}) }
func function()     { panic(func(int) error { return nil }) }
func empty_struct() { panic(struct{}{}) }
func generic()      { panic(box[pair]{}) }

type box[T any] struct{ value T }

// ---- Panics on top of panics

func repanic_value() {
	defer func() { panic(recover()) }()
	panic("first")
}
func repanic_copy() {
	defer func() { panic(fmt.Sprint(recover())) }()
	panic("first")
}
func repanic_error() {
	defer func() { panic(recover().(error)) }()
	panic(errors.New("first"))
}
func repanic_twice() {
	defer func() { panic(recover()) }()
	defer func() { panic(recover()) }()
	panic("first")
}
func repanic_wrapped() {
	defer func() { panic(fmt.Errorf("wrapped: %w", recover().(error))) }()
	defer func() { panic(recover()) }()
	panic(errors.New("first"))
}
func panic_after_recover() {
	func() {
		defer func() { recover() }()
		panic("first")
	}()
	panic("second")
}

// ---- Goexit

func goexit_in_defer() {
	done := make(chan bool)
	go func() {
		defer close(done)
		defer fmt.Println("outer")
		func() {
			defer fmt.Println("inner 1")
			defer func() { fmt.Println("goexit"); runtime.Goexit() }()
			defer fmt.Println("inner 2")
			panic("gone")
		}()
		fmt.Println("not reached")
	}()
	<-done
	fmt.Println("main goes on")
}
func goexit_then_panic() {
	go func() {
		defer func() { panic("after") }()
		defer func() { runtime.Goexit() }()
		panic("gone")
	}()
	time.Sleep(time.Second)
}
func goexit_of_main() {
	defer func() { runtime.Goexit() }()
	panic("gone")
}

// ---- Functions that are nil

func go_nil() {
	var f func()
	go f()
	time.Sleep(time.Second)
}
func go_nil_args() {
	defer func() { recover() }()
	var f func(int)
	go f(1)
}
func defer_nil() {
	var f func()
	defer fmt.Println("deferred")
	defer f()
	fmt.Println("before")
}

// ---- Once

func once_func() {
	f := sync.OnceFunc(func() { panic("once") })
	f()
}
func once_func_again() {
	f := sync.OnceFunc(func() { panic("once") })
	func() {
		defer func() { fmt.Println("recovered", recover()) }()
		f()
	}()
	f()
}
func once_func_goexit() {
	f := sync.OnceFunc(func() { runtime.Goexit() })
	go f()
	time.Sleep(time.Second)
}
func once_value() {
	f := sync.OnceValue(func() int { panic("once") })
	f()
}
func once_nested() {
	var once sync.Once
	once.Do(func() { once.Do(func() {}) })
}

func main() {
	map[string]func(){"named_int": named_int, "named_bool": named_bool, "named_string": named_string,
		"pointer": pointer, "nil_pointer": nil_pointer, "channel": channel, "slice": slice, "array": array,
		"a_map": a_map, "function": function, "empty_struct": empty_struct, "generic": generic,
		"repanic_value": repanic_value, "repanic_copy": repanic_copy, "repanic_error": repanic_error,
		"repanic_twice": repanic_twice, "repanic_wrapped": repanic_wrapped,
		"panic_after_recover": panic_after_recover, "goexit_in_defer": goexit_in_defer,
		"goexit_then_panic": goexit_then_panic, "goexit_of_main": goexit_of_main, "go_nil": go_nil,
		"go_nil_args": go_nil_args, "defer_nil": defer_nil, "once_func": once_func,
		"once_func_again": once_func_again, "once_func_goexit": once_func_goexit,
		"once_value": once_value, "once_nested": once_nested,
	}[os.Args[1]]()
}
