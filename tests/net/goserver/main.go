// Goserver is Go's side of http_compare_test.cpp: the same handlers on Go's own net/http. It prints its address, and serves
// until it is killed.
package main

import (
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	_ "net/http/pprof"
	"sort"
	"strings"
)

// Says what the server made of the request's bytes.
func describe(r *http.Request, body []byte, err error) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%q %q %s host=%q path=%q query=%q length=%d te=%q\n",
		r.Method, r.RequestURI, r.Proto, r.Host, r.URL.Path, r.URL.RawQuery, r.ContentLength, r.TransferEncoding)
	names := make([]string, 0, len(r.Header))
	for name := range r.Header {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		for _, value := range r.Header[name] {
			fmt.Fprintf(&b, "%q: %q\n", name, value)
		}
	}
	fmt.Fprintf(&b, "body %q %v\n", body, err)
	return b.String()
}

// In one Write, as the other server does it: io.WriteString would cut it into other chunks.
func say(w http.ResponseWriter, text string) {
	w.Write([]byte(text))
}

func serve(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, "/debug") {
		http.DefaultServeMux.ServeHTTP(w, r)
		return
	}
	switch r.URL.Path {
	case "/ignore": // leaves the body to the server
		say(w, describe(r, nil, nil))
	case "/some": // begins to read the body
		some := make([]byte, 2)
		n, err := io.ReadFull(r.Body, some)
		say(w, describe(r, some[:n], err))
	case "/stream": // sends before the handler returns, so that no length is known
		body, err := io.ReadAll(r.Body)
		say(w, describe(r, body, err))
		w.(http.Flusher).Flush()
		say(w, "more\n")
	case "/length":
		w.Header().Set("Content-Length", "5")
		say(w, "five\n")
	case "/empty":
		w.WriteHeader(204)
	default:
		body, err := io.ReadAll(r.Body)
		say(w, describe(r, body, err))
	}
}

func main() {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(ln.Addr())
	quiet := log.New(io.Discard, "", 0)
	server := http.Server{Handler: http.HandlerFunc(serve), MaxHeaderBytes: 8 << 10, ErrorLog: quiet}
	log.Fatal(server.Serve(ln))
}
