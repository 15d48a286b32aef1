package main

import (
	"fmt"
	"net"
	"net/http"
	_ "net/http/pprof"
)

// serve answers "/hello" and Go's own /debug/pprof/ until it is killed.
func serve() {
	http.HandleFunc("/hello", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintln(w, "hello")
	})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Printf("{\"listening\": %q}\n", listener.Addr())
	panic(http.Serve(listener, nil))
}
