// Goserver is Go's side of http_compare_test.cpp: the same handlers on Go's own net/http. It prints its address, and serves
// until it is killed.
package main

import (
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	_ "net/http/pprof"
	"regexp"
	"sort"
	"strconv"
	"strings"
	"sync"
	"time"
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
	if h, ok := handlers[r.URL.Path]; ok {
		h(w, r)
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

// What handlers and the server's log said, for the next request to /said.
type notes struct {
	mu   sync.Mutex
	text string
}

var said notes

var place = regexp.MustCompile(`from \S+ \(\S+\)`)

func (n *notes) Write(p []byte) (int, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	line := string(p)
	if strings.HasPrefix(line, "http: panic serving") {
		line = "http: panic serving\n"
	}
	n.text += place.ReplaceAllString(line, "from PLACE")
	return len(p), nil
}

func note(what string, err error) { fmt.Fprintf(&said, "%s: %v\n", what, err) }

func wrote(what string) func(int, error) {
	return func(n int, err error) { note(fmt.Sprint(what, " ", n), err) }
}

// A writer that can do nothing else, and one that says what it wraps.
type plain struct{ w http.ResponseWriter }

func (p plain) Header() http.Header            { return p.w.Header() }
func (p plain) WriteHeader(code int)           { p.w.WriteHeader(code) }
func (p plain) Write(data []byte) (int, error) { return p.w.Write(data) }

type wrapper struct{ plain }

func (w wrapper) Unwrap() http.ResponseWriter { return w.w }

func values(m map[string][]string) string {
	var b strings.Builder
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		for _, value := range m[name] {
			fmt.Fprintf(&b, "%q: %q\n", name, value)
		}
	}
	return b.String()
}

func setting(name, value string, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set(name, value)
		wrote("write")(w.Write([]byte(body)))
	}
}

func status(code int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-A", "1")
		w.WriteHeader(code)
		wrote("write")(w.Write([]byte(body)))
	}
}

func readAll(what string, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	note(fmt.Sprintf("%s %d", what, len(body)), err)
}

func number(r *http.Request, key string) int {
	n, _ := strconv.Atoi(r.URL.Query().Get(key))
	return n
}

func answers(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-A", "1")
	w.WriteHeader(201)
	w.WriteHeader(202)
	say(w, "answered "+r.URL.Path+" "+r.URL.RawQuery)
}

var handlers = map[string]http.HandlerFunc{
	"/said": func(w http.ResponseWriter, r *http.Request) {
		said.mu.Lock()
		text := said.text
		said.text = ""
		said.mu.Unlock()
		say(w, text)
	},
	"/trailers": func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Trailer", "X-B, Content-Length, x-a")
		w.Header().Add("Trailer", "X-Unset")
		w.Header().Set("X-A", "before")
		say(w, "body")
		w.Header().Set("X-A", "after")
		w.Header().Set("X-B", "b")
		w.Header().Set("X-Late", "not announced")
		w.Header().Set(http.TrailerPrefix+"X-Marked", "marked")
	},
	"/marked": func(w http.ResponseWriter, r *http.Request) {
		say(w, "body")
		w.(http.Flusher).Flush()
		w.Header().Set(http.TrailerPrefix+"X-Marked", "marked")
	},
	"/marked-before": func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set(http.TrailerPrefix+"X-Marked", "marked")
		say(w, "body")
	},
	"/its-trailers": func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		note("body", err)
		say(w, string(body)+"\n"+values(r.Trailer)+values(r.Header))
	},
	"/form": func(w http.ResponseWriter, r *http.Request) {
		err := r.ParseForm()
		say(w, fmt.Sprintf("%v\nform\n%spost\n%s", err, values(r.Form), values(r.PostForm)))
	},
	"/form-value": func(w http.ResponseWriter, r *http.Request) {
		say(w, r.FormValue("a")+","+r.PostFormValue("a")+","+r.FormValue("b"))
	},
	"/bad-length":      setting("Content-Length", "five", "five\n"),
	"/negative-length": setting("Content-Length", "-5", "five\n"),
	"/plus-length":     setting("Content-Length", "+5", "five\n"),
	"/empty-length":    setting("Content-Length", "", "five\n"),
	"/spaced-length":   setting("Content-Length", " 5", "five\n"),
	"/long-length":     setting("Content-Length", "9", "five\n"),
	"/short-length":    setting("Content-Length", "3", "five\n"),
	"/te-gzip":         setting("Transfer-Encoding", "gzip", "five\n"),
	"/te-identity":     setting("Transfer-Encoding", "identity", "five\n"),
	"/te-chunked":      setting("Transfer-Encoding", "chunked", "five\n"),
	"/ce-gzip":         setting("Content-Encoding", "gzip", "five\n"),
	"/ce-empty":        setting("Content-Encoding", "", "five\n"),
	"/type":            setting("Content-Type", "x/y", "five\n"),
	"/type-empty":      setting("Content-Type", "", "five\n"),
	"/date":            setting("Date", "today", "five\n"),
	"/blanks":          setting("X-A", " \ta b\t ", "five\n"),
	"/lines":           setting("X-A", "\r\na\r\nb: c\n", "five\n"),
	"/bad-name":        setting("X A", "b", "five\n"),
	"/colon-name":      setting("X-A:", "b", "five\n"),
	"/close":           setting("Connection", "close", "five\n"),
	"/Close":           setting("Connection", "Close", "five\n"),
	"/keep-alive":      setting("Connection", "keep-alive", "five\n"),
	"/close-and":       setting("Connection", "upgrade, close", "five\n"),
	"/te-and-length": func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Transfer-Encoding", "gzip")
		w.Header().Set("Content-Length", "5")
		wrote("write")(w.Write([]byte("five\n")))
	},
	"/many": func(w http.ResponseWriter, r *http.Request) {
		for _, name := range []string{"X-B", "x-a", "X-C", "X-B", "Accept", "X_d"} {
			w.Header().Add(name, name)
		}
	},
	"/early": func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Link", "</a>")
		w.Header().Set("Content-Length", "9")
		w.WriteHeader(103)
		w.Header().Del("Content-Length")
		w.WriteHeader(102)
		readAll("body", r)
		say(w, "late")
	},
	"/continue": func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(100)
		readAll("body", r)
		say(w, "read")
	},
	"/200": status(200, "five\n"),
	"/204": status(204, "five\n"),
	"/205": status(205, "five\n"),
	"/304": status(304, "five\n"),
	"/304t": func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "x/y")
		w.Header().Set("Content-Length", "5")
		w.WriteHeader(304)
	},
	"/500": status(500, ""),
	"/999": status(999, "five\n"),
	"/101": func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Connection", "Upgrade")
		w.Header().Set("Upgrade", "x")
		w.WriteHeader(101)
	},
	"/099":      status(99, ""),
	"/status":   func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(number(r, "code")) },
	"/nothing":  func(w http.ResponseWriter, r *http.Request) {},
	"/no-bytes": func(w http.ResponseWriter, r *http.Request) { wrote("write")(w.Write(nil)) },
	"/twice": func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(200)
		w.WriteHeader(500)
		say(w, "twice")
		w.WriteHeader(100)
	},
	"/bytes": func(w http.ResponseWriter, r *http.Request) {
		for left := number(r, "n"); left > 0; left-- {
			w.Write([]byte("x"))
		}
	},
	"/pieces": func(w http.ResponseWriter, r *http.Request) {
		for i := 0; i < 4; i++ {
			w.Write([]byte(strings.Repeat("x", number(r, "n"))))
		}
	},
	"/flush-first": func(w http.ResponseWriter, r *http.Request) {
		note("flush", http.NewResponseController(w).Flush())
		w.Header().Set("X-A", "too late")
		say(w, "body")
	},
	"/read-after": func(w http.ResponseWriter, r *http.Request) {
		say(w, "body")
		w.(http.Flusher).Flush()
		readAll("after", r)
	},
	"/read-after-header": func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(200)
		readAll("after", r)
		say(w, "body")
	},
	"/read-some-after": func(w http.ResponseWriter, r *http.Request) {
		some := make([]byte, 2)
		n, err := io.ReadFull(r.Body, some)
		note(fmt.Sprintf("before %q", some[:n]), err)
		say(w, "body")
		w.(http.Flusher).Flush()
		readAll("after", r)
	},
	"/close-body": func(w http.ResponseWriter, r *http.Request) {
		note("close", r.Body.Close())
		readAll("closed", r)
		note("close", r.Body.Close())
		say(w, "body")
	},
	"/duplex": func(w http.ResponseWriter, r *http.Request) {
		note("duplex", http.NewResponseController(w).EnableFullDuplex())
		say(w, "body")
		w.(http.Flusher).Flush()
		readAll("after", r)
		say(w, "more")
	},
	"/duplex-leaves": func(w http.ResponseWriter, r *http.Request) {
		http.NewResponseController(w).EnableFullDuplex()
		say(w, "body")
		w.(http.Flusher).Flush()
	},
	"/max-bytes": func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, 3)
		body, err := io.ReadAll(r.Body)
		var tooLong *http.MaxBytesError
		if errors.As(err, &tooLong) {
			note("limit", fmt.Errorf("%d", tooLong.Limit))
		}
		note(string(body), err)
		_, err = r.Body.Read(make([]byte, 1))
		note("again", err)
		say(w, "body")
	},
	"/max-bytes-handler": http.MaxBytesHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		readAll("body", r)
		http.Error(w, "done", 413)
	}), 3).ServeHTTP,
	"/max-form": func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, 3)
		note("form", r.ParseForm())
		say(w, values(r.Form))
	},
	"/in-time": http.TimeoutHandler(http.HandlerFunc(answers), time.Hour, "").ServeHTTP,
	"/too-late": http.TimeoutHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-A", "lost")
		say(w, "lost")
		<-r.Context().Done()
	}), time.Millisecond, "").ServeHTTP,
	"/too-late-text": http.TimeoutHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		<-r.Context().Done()
	}), time.Millisecond, "too late").ServeHTTP,
	"/timed-panic": http.TimeoutHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		panic(http.ErrAbortHandler)
	}), time.Hour, "").ServeHTTP,
	"/timed-flush": http.TimeoutHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		note("flush", http.NewResponseController(w).Flush())
		_, _, err := http.NewResponseController(w).Hijack()
		note("hijack", err)
		readAll("body", r)
	}), time.Hour, "").ServeHTTP,
	"/semicolons": http.AllowQuerySemicolons(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		note("form", r.ParseForm())
		say(w, r.URL.RawQuery+"\n"+values(r.Form))
	})).ServeHTTP,
	"/error": func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "1")
		w.Header().Set("Content-Type", "x/y")
		w.Header().Set("Content-Encoding", "gzip")
		w.Header().Set("Etag", "e")
		http.Error(w, "wrong", 500)
	},
	"/not-found": http.NotFound,
	"/redirect": func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, r.URL.Query().Get("to"), 302)
	},
	"/redirect/": func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "x/y")
		http.RedirectHandler("../a?b=/../c", 301).ServeHTTP(w, r)
	},
	"/abort": func(w http.ResponseWriter, r *http.Request) {
		say(w, "lost")
		panic(http.ErrAbortHandler)
	},
	"/abort-late": func(w http.ResponseWriter, r *http.Request) {
		say(w, "kept")
		w.(http.Flusher).Flush()
		say(w, strings.Repeat("x", 3000))
		panic(http.ErrAbortHandler)
	},
	"/panic": func(w http.ResponseWriter, r *http.Request) {
		say(w, "lost")
		panic("boom")
	},
	"/hijack": func(w http.ResponseWriter, r *http.Request) {
		conn, buf, err := w.(http.Hijacker).Hijack()
		if err != nil {
			note("hijack", err)
			return
		}
		_, _, err = w.(http.Hijacker).Hijack()
		note("again", err)
		wrote("write")(w.Write([]byte("x")))
		w.WriteHeader(200)
		line, err := buf.ReadString('\n')
		fmt.Fprintf(buf, "HTTP/1.0 200 OK\r\n\r\nread %q %v\n", line, err)
		rest, err := io.ReadAll(buf)
		fmt.Fprintf(buf, "rest %q %v\n", rest, err)
		note("flush", buf.Flush())
		conn.Close()
	},
	"/hijack-late": func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(202)
		w.(http.Flusher).Flush()
		conn, buf, err := http.NewResponseController(wrapper{plain{w}}).Hijack()
		note("hijack", err)
		fmt.Fprintf(buf, "raw")
		buf.Flush()
		conn.Close()
	},
	"/flood": func(w http.ResponseWriter, r *http.Request) {
		data := make([]byte, 1<<20)
		for err := error(nil); err == nil; {
			_, err = w.Write(data)
		}
	},
	"/flush-flood": func(w http.ResponseWriter, r *http.Request) {
		data := make([]byte, 1000)
		for err := error(nil); err == nil; {
			w.Write(data)
			err = w.(http.Flusher).(interface{ FlushError() error }).FlushError()
		}
	},
	"/timed-wait": http.TimeoutHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		<-r.Context().Done()
	}), time.Hour, "").ServeHTTP,
	"/timed-read": http.TimeoutHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		readAll("body", r)
	}), time.Hour, "").ServeHTTP,
	"/limited-read": http.MaxBytesHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		readAll("body", r)
	}), 1000).ServeHTTP,
	"/hijack-read": func(w http.ResponseWriter, r *http.Request) {
		conn, buf, _ := w.(http.Hijacker).Hijack()
		buf.Read(make([]byte, 1))
		conn.Close()
	},
	"/not-supported": func(w http.ResponseWriter, r *http.Request) {
		c := http.NewResponseController(plain{w})
		note("flush", c.Flush())
		_, _, err := c.Hijack()
		note("hijack", err)
		err = c.SetReadDeadline(time.Time{})
		note("read deadline", err)
		note(fmt.Sprint(errors.Is(err, http.ErrNotSupported), errors.Is(err, errors.ErrUnsupported), err == http.ErrNotSupported), c.EnableFullDuplex())
		c = http.NewResponseController(wrapper{plain{w}})
		note("write deadline", c.SetWriteDeadline(time.Now().Add(time.Hour)))
		note("flush", c.Flush())
	},
	"/sniff": func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		say(w, string(body))
	},
	"/context": func(w http.ResponseWriter, r *http.Request) {
		_, server := r.Context().Value(http.ServerContextKey).(*http.Server)
		addr := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
		say(w, fmt.Sprintf("%v %v %v %v %v", server, addr.Network(), r.Context().Err(), http.ServerContextKey, http.LocalAddrContextKey))
	},
}

func init() {
	for _, path := range []string{"/strip/a", "/strip", "/strip/a/b", "/stripe"} {
		handlers[path] = http.StripPrefix("/strip", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			say(w, fmt.Sprintf("%q %q", r.URL.Path, r.URL.RawPath))
		})).ServeHTTP
	}
}

func main() {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(ln.Addr())
	server := http.Server{Handler: http.HandlerFunc(serve), MaxHeaderBytes: 8 << 10, ErrorLog: log.New(&said, "", 0)}
	log.Fatal(server.Serve(ln))
}
