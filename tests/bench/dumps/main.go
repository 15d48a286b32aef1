// gostackparse reads a dump: the other side of read_dump_bench.cpp.
package main

import (
	"fmt"
	"os"
	"syscall"
	"time"

	"github.com/DataDog/gostackparse"
)

func main() {
	file, err := os.Open(os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	begun := time.Now()
	goroutines, errs := gostackparse.Parse(file)
	seconds := time.Since(begun).Seconds()
	var usage syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
	fmt.Printf("{\"name\": \"read-dump\", \"seconds\": %.3f, \"goroutines\": %d, \"unread\": %d, \"peak_mib\": %d}\n",
		seconds, len(goroutines), len(errs), usage.Maxrss>>10)
}
