//go:build ignore

// Prints what Go's fmt makes of formats, right and wrong ones: go run golden.go > golden.txt
package main

import (
	"fmt"
)

func main() {
	fmt.Println(1e6, 123456789.0, 1e20, 1e21, 100000.0, 2097152.0, 0.0001, 0.00001)
	fmt.Printf("%v %g %.3g %.10g %6.2f|%-8.1f|%08.3f|%+.1e|%e %G\n", 1e6, 123456789.0, 100.0, 1e5, 3.14159, 2.55, -3.14159, 12345.678, 1e100, 1e-10)
	fmt.Printf("%v %s %x %X % x %#x %q %+q\n", []byte("hi"), []byte("hi"), "hello", "hi", "abc", "abc", "a\"b\n", "é")
	fmt.Printf("%5d|%-5d|%05d|%+d|%x|%X|%#x|%b|%o|%c|%q|%U\n", 42, 42, -42, 42, 255, 255, 255, 5, 8, 'x', 'x', 'x')
	fmt.Printf("%d %s %!\n", "hi", 5)
	fmt.Printf("%d\n")
	fmt.Printf("%d\n", 1, 2, "x")
	fmt.Printf("%z %", 3)
	fmt.Println()
	fmt.Printf("%[2]d %[1]d %[3]d\n", 1, 2)
	fmt.Printf("%*d|%-*d|%.*f\n", 5, 1, 5, 2, 2, 3.14159)
	fmt.Printf("%v %d %v %v\n", []int{1, 2}, []int{1, 2}, []string{"a", "b"}, map[string]int{"b": 2, "a": 1})
	fmt.Printf("%t %v %d %6t|\n", true, false, true, true)
	fmt.Printf("%10s|%-10s|%.2s|%q\n", "abc", "abc", "abcdef", []string{"a b", "c"})
	fmt.Println("a", 1, 2, "b", 3.0, nil, true)
	fmt.Print("a", 1, 2, "b", "c", 3.0, "\n")
	fmt.Printf("%v %d %s\n", nil, nil, nil)
	fmt.Printf("%T %T %T %T %T\n", 1, "x", 2.5, []string{}, fmt.Errorf("x %w", fmt.Errorf("y")))
	fmt.Printf("%s %v\n", error(nil), error(nil))
	fmt.Printf("%6.3d|%x|%X\n", 5, -255, "hi")
	fmt.Printf("%08b|%3c|%-4q|%#q\n", 5, 'x', 'y', "abc")
	fmt.Printf("%v %v\n", float32(0.1), float32(16777216))
	fmt.Printf("%!d %%|%5%|%w\n", 5)
	fmt.Printf("%t\n", 1)
	fmt.Printf("% d|% d|%+v\n", 5, -5, "x")
	fmt.Printf("%s\n", []error{fmt.Errorf("e1"), nil})
	fmt.Printf("%g %g %v\n", 1e300, 5e-324, -0.0)
	fmt.Printf("%q %+q %q|%5s|%-5q|%.3s|\n", "\u0378\u0600", "\u0378", '\u180e', "\x80\x80", "é", "\xffé\xff\xff")
	fmt.Printf("%d %d\n", len(fmt.Sprintf("%.2000f", 1.5)), len(fmt.Sprintf("%2000.1000e", 1.5)))
}
