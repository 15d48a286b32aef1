//go:build ignore

// What Go's os/signal does: signals.cpp is the same program. signals.txt is what this one prints when
// signal_test.cpp's script runs it.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

var all = make(chan os.Signal, 10)

// Sends it to this process, and waits until it has come if it is one that is caught.
func raise(sig syscall.Signal) {
	syscall.Kill(os.Getpid(), sig)
	signal.Notify(all, syscall.SIGUSR2)
	syscall.Kill(os.Getpid(), syscall.SIGUSR2)
	<-all
}

func main() {
	switch os.Args[1] {
	case "context":
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
		fmt.Println(ctx)
		ctx2, stop2 := signal.NotifyContext(ctx)
		fmt.Println(ctx2)
		stop2()
		raise(syscall.SIGINT)
		<-ctx.Done()
		fmt.Println(ctx.Err(), "|", context.Cause(ctx))
		stop()
		ctx, stop = signal.NotifyContext(context.Background(), os.Interrupt)
		stop()
		fmt.Println(ctx.Err(), "|", context.Cause(ctx))
		raise(syscall.SIGINT)
		fmt.Println("not reached")
	case "ignore":
		signal.Ignore(syscall.SIGINT, syscall.SIGQUIT)
		fmt.Println(signal.Ignored(syscall.SIGINT), signal.Ignored(syscall.SIGTERM), signal.Ignored(syscall.SIGQUIT))
		raise(syscall.SIGINT)
		raise(syscall.SIGQUIT)
		c := make(chan os.Signal, 1)
		signal.Notify(c, syscall.SIGINT)
		fmt.Println(signal.Ignored(syscall.SIGINT))
		raise(syscall.SIGINT)
		fmt.Println(<-c)
		signal.Ignore(syscall.SIGINT)
		raise(syscall.SIGINT)
		fmt.Println(len(c))
		signal.Reset()
		fmt.Println(signal.Ignored(syscall.SIGINT))
		raise(syscall.SIGINT)
		fmt.Println("still there")
	case "reset":
		c := make(chan os.Signal, 5)
		signal.Notify(c, syscall.SIGUSR1, syscall.SIGQUIT, syscall.SIGHUP, syscall.Signal(40))
		for _, sig := range []syscall.Signal{syscall.SIGUSR1, syscall.SIGQUIT, syscall.SIGHUP, 40} {
			raise(sig)
			fmt.Println(<-c)
		}
		signal.Reset(syscall.SIGHUP)
		raise(syscall.SIGUSR1)
		fmt.Println(<-c)
		raise(syscall.SIGHUP)
		fmt.Println("not reached")
	case "started-ignored":
		fmt.Println(signal.Ignored(syscall.SIGHUP), signal.Ignored(syscall.SIGINT), signal.Ignored(syscall.SIGTERM), signal.Ignored(syscall.SIGPIPE))
		raise(syscall.SIGHUP)
		c := make(chan os.Signal, 5)
		signal.Notify(c, syscall.SIGHUP)
		raise(syscall.SIGHUP)
		fmt.Println(<-c)
		signal.Stop(c)
		fmt.Println(signal.Ignored(syscall.SIGHUP))
		raise(syscall.SIGHUP)
		fmt.Println("still there")
	case "pipe", "pipe-notify", "pipe-ignore":
		c := make(chan os.Signal, 5)
		if os.Args[1] == "pipe-notify" {
			signal.Notify(c, syscall.SIGPIPE)
		} else if os.Args[1] == "pipe-ignore" {
			signal.Ignore(syscall.SIGPIPE)
		}
		for {
			if _, err := fmt.Println("a line that somebody may want to read"); err != nil {
				fmt.Fprintln(os.Stderr, err)
				if os.Args[1] == "pipe-notify" {
					fmt.Fprintln(os.Stderr, <-c)
				}
				os.Exit(7)
			}
		}
	}
}
