// The twin of tests/net/client_states.cpp: the states in which Go's client waits. It writes its
// goroutine profile again and again: a reader waits until it stands still.
package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"runtime/pprof"
	"strings"
	"syscall"
	"time"
)

var (
	never   = make(chan int)
	arrived = make(chan int)
	base    string
	first   net.Conn
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

// Chunks, and what gzip gives for "hello" after a flush.
func chunks(w http.ResponseWriter, r *http.Request) {
	w.Write([]byte("hello"))
	w.(http.Flusher).Flush()
	arrived <- 1
	<-never
}

func packed(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Encoding", "gzip")
	w.Write([]byte("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff\xca\x48\xcd\xc9\xc9\x07\x00\x00\x00\xff\xff"))
	w.(http.Flusher).Flush()
	arrived <- 1
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

func read_chunks() {
	resp, _ := http.Get(base + "/chunks")
	io.ReadAll(resp.Body)
}

func read_packed() {
	resp, _ := http.Get(base + "/packed")
	io.ReadAll(resp.Body)
}

type stuck struct{}

func (*stuck) Read([]byte) (int, error) {
	arrived <- 1
	return <-never, nil
}

func (*stuck) Close() error { return nil }

func post_stuck_body() {
	http.Post(base+"/half", "text/plain", new(stuck))
}

func post_and_await_continue() {
	req, _ := http.NewRequest("POST", base+"/silent", strings.NewReader("text"))
	req.Header.Set("Expect", "100-continue")
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.ExpectContinueTimeout = time.Hour
	client := http.Client{Transport: transport}
	client.Do(req)
}

// A listener of the kernel's that takes no more connections.
func full_address() string {
	fd, _ := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}})
	syscall.Listen(fd, 0)
	at, _ := syscall.Getsockname(fd)
	address := fmt.Sprintf("127.0.0.1:%d", at.(*syscall.SockaddrInet4).Port)
	first, _ = net.Dial("tcp", address)
	return address
}

func dial_full(address string) {
	http.Get("http://" + address + "/")
}

func main() {
	http.HandleFunc("/whole", whole)
	http.HandleFunc("/silent", silent)
	http.HandleFunc("/half", half)
	http.HandleFunc("/chunks", chunks)
	http.HandleFunc("/packed", packed)
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
	go read_chunks()
	go read_packed()
	go post_stuck_body()
	go post_and_await_continue()
	go dial_full(full_address())
	// Each has a connection of its own. Started later, one could take that of the last request.
	for i := 0; i < 9; i++ {
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
