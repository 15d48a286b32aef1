// The twin of tests/net/client_states.cpp: the states in which Go's client waits. It writes its
// goroutine profile again and again: a reader waits until it stands still.
package main

import (
	"io"
	"net"
	"net/http"
	"os"
	"runtime/pprof"
	"strings"
	"time"
)

var (
	never   = make(chan int)
	arrived = make(chan int)
	base    string
)

func whole(w http.ResponseWriter, r *http.Request) {
	w.Write([]byte(strings.Repeat("x", 100000)))
}

func silent(w http.ResponseWriter, r *http.Request) {
	arrived <- 1
	<-never
}

func half(w http.ResponseWriter, r *http.Request) {
	arrived <- 1
	w.Header().Set("Content-Length", "10")
	w.Write([]byte("half"))
	w.(http.Flusher).Flush()
	<-never
}

func await_header() {
	http.Get(base + "/silent")
}

func post_and_await_header() {
	http.Post(base+"/silent", "text/plain", strings.NewReader("text"))
}

func read_body() {
	resp, _ := http.Get(base + "/half")
	io.ReadAll(resp.Body)
}

func read_body_in_time() {
	client := http.Client{Timeout: time.Hour}
	resp, _ := client.Get(base + "/half")
	io.ReadAll(resp.Body)
}

func main() {
	http.HandleFunc("/whole", whole)
	http.HandleFunc("/silent", silent)
	http.HandleFunc("/half", half)
	ln, _ := net.Listen("tcp", "127.0.0.1:0")
	base = "http://" + ln.Addr().String()
	go http.Serve(ln, nil)
	for i := 0; i < 20; i++ {
		http.Get(base + "/whole")
	}
	go await_header()
	go post_and_await_header()
	go read_body()
	go read_body_in_time()
	// Each has a connection of its own. Started later, one could take that of the last request.
	for i := 0; i < 4; i++ {
		<-arrived
	}
	resp, _ := http.Get(base + "/whole")
	io.ReadAll(resp.Body)
	for {
		pprof.Lookup("goroutine").WriteTo(os.Stdout, 1)
		os.Stdout.WriteString("end of profile\n")
		time.Sleep(20 * time.Millisecond)
	}
}
