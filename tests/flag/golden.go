//go:build ignore

// Prints what Go's flag package says: go run golden.go > golden.txt
package main

import (
	"flag"
	"fmt"
	"os"
	"time"
)

func main() {
	f := flag.NewFlagSet("prog", flag.ContinueOnError)
	f.SetOutput(os.Stdout)
	f.String("addr", "127.0.0.1:8080", "listen `address`")
	f.Int("n", 0, "count")
	f.Bool("v", false, "verbose")
	f.Bool("verbose", true, "say\nmore")
	f.Duration("timeout", 1500*time.Millisecond, "limit")
	f.Float64("rate", 0.5, "rate")
	f.String("s", "", "text")
	f.Int("x", 5, "")
	for _, a := range [][]string{{"-addr", ":1", "-n=7", "--v", "rest", "-n", "9"}, {"-nosuch"}, {"-n", "abc"}, {"-n", "99999999999999999999"}, {"-n"}, {"-v=maybe"}, {"-timeout", "5"}, {"---x"}, {"-=x"}, {"-s=", "--", "-v"}, {"-n", "-5"}, {"-n=0x1F"}, {"-h"}, {"-"}, {"-rate", "x"}, {"-s", "-v"}, {"-n="}} {
		err := f.Parse(a)
		fmt.Println(err, f.Args(), f.NFlag())
	}
}
