//go:build ignore

// Prints values of many types under many verbs, addresses masked: go run values.go > values.txt
package main

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"
)

type code int
type reason string
type flag bool
type pair struct{ a, b int }
type Point struct{ X, Y float64 }
type person struct {
	Name string
	Age  int
	tags []string
	pal  *pair
	Home Point
	Wait time.Duration
	wait time.Duration
	Err  error
	Any  any
	ch   chan int
}
type empty struct{}
type celsius struct{ degrees float64 }

func (c celsius) String() string { return fmt.Sprintf("%.1f°C", c.degrees) }

type failure struct{ n int }

func (f *failure) Error() string { return fmt.Sprint("failure ", f.n) }

type panics struct{}

func (panics) Error() string { panic("from Error") }

type stack[T any] struct{ Items []T }
type level struct{ Deg celsius }

var address = regexp.MustCompile("0x[0-9a-f]{6,}|[0-9]{9,}|[0-9a-fA-F]{8,}")

func show(v any) {
	verbs := "%v %+v %#v %T %d %x %X %q %s %p %t %e %c %U %b %o"
	for _, verb := range strings.Split(verbs, " ") {
		fmt.Printf("%s\t%s\n", verb, address.ReplaceAllString(fmt.Sprintf(verb, v), "ADDR"))
	}
}

func main() {
	show(93)
	show(-7)
	show(uint(5))
	show(uint8(200))
	show(code(93))
	show(flag(true))
	show("text")
	show(2.5)
	show(float32(1e10))
	show(true)
	show(nil)
	show([]int{1, -2})
	show([]string{"a", "b c"})
	show([]byte("hi"))
	show([2]bool{true, false})
	show([]pair{{1, 2}, {3, 4}})
	show(map[string]int{"a": 1, "b": 2})
	show(map[int][]string{1: {"x"}})
	show([]int{})
	show(pair{1, 2})
	show(&pair{1, 2})
	show([]*pair{{1, 2}})
	show((*pair)(nil))
	show(empty{})
	show(Point{1, 2.5})
	show(person{Name: "Ann", Age: 30, tags: []string{"x"}, Wait: time.Second, wait: time.Second, Any: 5})
	show(person{tags: []string{}, pal: &pair{1, 2}, Any: "s", ch: make(chan int)})
	show(make(chan int))
	show((chan int)(nil))
	show((<-chan string)(nil))
	show(make(chan struct{}))
	show(celsius{21})
	show(&celsius{21})
	show([]celsius{{1}, {2}})
	show(level{celsius{3}})
	show(panics{})
	show(stack[int]{[]int{1}})
	show(stack[pair]{[]pair{{1, 2}}})
	show(1500 * time.Millisecond)
	show([]any{1, "a", nil, 2.5, pair{1, 2}})
	show(map[string]any{"k": []int{1}})
	show(&[]int{1})
	show(&map[string]int{"a": 1})
	n := 5
	show(&n)
	fmt.Printf("%T\n", func(int) string { return "" })
	show(reason("why"))
	for _, err := range []error{errors.New("e"), &failure{3}} {
		fmt.Printf("%v|%+v|%T|%x|%q|%s\n", err, err, err, err, err, err)
	}
	fmt.Printf("%v|%+v|%T|%q|%s\n", []error{&failure{3}, nil}, []error{&failure{3}}, []error{}, []error{&failure{3}}, []error{nil})
	fmt.Printf("%!|%z|%-+5d|%d|%s\n", 1, 2, "x", 3)
	fmt.Printf("%d %d\n", 1)
	fmt.Printf("%[1]d %[3]*.[2]*[1]f|%[5]d\n", 12.0, 2, 6)
	fmt.Printf("%6v|%-6v|%06d|%6v|%+6d\n", []int{1, 2}, pair{1, 2}, []int{-1}, "é", pair{1, 2})
	fmt.Printf("%s %d\n", pair{1, 2}, person{}.Home)
	fmt.Printf("%5t|%-7t|%q|%x\n", true, false, []string{"a"}, "hé")
	fmt.Printf("%x %X %#x % x\n", []string{"ab", "c"}, []byte{1, 171}, []byte{1, 171}, []byte{1, 171})
	fmt.Printf("%08.3f|%+08.3f|% 8.3f|%-8.3f|%8.3g\n", 3.14159, 3.14159, 3.14159, 3.14159, 3.14159)
	fmt.Println(pair{1, 2}, &pair{1, 2}, []any{nil}, [0]int{}, struct{}{}, code(3))
	fmt.Print(pair{1, 2}, pair{3, 4}, "a", "b", 1, 2, nil, "\n")
}
