// Runs the scenarios of tests/net/client_scenarios.txt with Go's client and prints what it sent and what it made of the
// answers. tests/net/client_answers.txt is what Go 1.27.3 printed:
//
//	GOTOOLCHAIN=go1.27.3 go run tests/net/goanswers/main.go tests/net/client_scenarios.txt > tests/net/client_answers.txt
//
// A scenario is a line of fields separated by tabs: name, method, URL (ADDR is the server), header fields and body (in
// quotes, or -), then the server's answers in quotes. A '!' before an answer: the server closes the connection after it.
package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"sort"
	"strconv"
	"strings"
	"sync"
)

var addr string

func q(s string) string {
	return strconv.Quote(strings.ReplaceAll(s, addr, "ADDR"))
}

func e(err error) string {
	if err == nil {
		return "nil"
	}
	return q(err.Error())
}

func unquote(s string) string {
	t, err := strconv.Unquote(s)
	if err != nil {
		panic(s)
	}
	return t
}

// One request, as it came.
func readRequest(r *bufio.Reader) (string, error) {
	text := ""
	for !strings.HasSuffix(text, "\r\n\r\n") {
		c, err := r.ReadByte()
		if err != nil {
			return text, err
		}
		text += string(rune(c))
	}
	if strings.Contains(text, "\r\nTransfer-Encoding: chunked\r\n") {
		for !strings.Contains(text, "\r\n0\r\n") || !strings.HasSuffix(text, "\r\n\r\n") {
			c, err := r.ReadByte()
			if err != nil {
				return text, err
			}
			text += string(rune(c))
		}
	} else if _, rest, ok := strings.Cut(text, "\r\nContent-Length: "); ok {
		n, _ := strconv.Atoi(rest[:strings.Index(rest, "\r")])
		body := make([]byte, n)
		_, err := io.ReadFull(r, body)
		text += string(body)
		if err != nil {
			return text, err
		}
	}
	return text, nil
}

func fields(h http.Header) string {
	var out []string
	for k, vv := range h {
		for _, v := range vv {
			out = append(out, q(k+": "+v))
		}
	}
	sort.Strings(out)
	return strings.Join(out, " ")
}

func run(row []string) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	addr = ln.Addr().String()
	answers := row[5:]
	var mu sync.Mutex
	var seen []string
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				r := bufio.NewReader(c)
				for {
					text, err := readRequest(r)
					if err != nil {
						return
					}
					mu.Lock()
					seen = append(seen, text)
					if len(answers) == 0 {
						mu.Unlock()
						return
					}
					answer := answers[0]
					answers = answers[1:]
					mu.Unlock()
					raw := strings.ReplaceAll(unquote(strings.TrimPrefix(answer, "!")), "ADDR", addr)
					c.Write([]byte(raw))
					if answer[0] == '!' {
						return
					}
				}
			}()
		}
	}()
	var body io.Reader
	if row[4] != "-" {
		body = strings.NewReader(unquote(row[4]))
	}
	transport := &http.Transport{}
	client := &http.Client{Transport: transport}
	req, err := http.NewRequest(row[1], strings.ReplaceAll(row[2], "ADDR", addr), body)
	fmt.Println(row[0])
	if err != nil {
		fmt.Println("\tinvalid\t" + e(err))
		return
	}
	if row[3] != "-" {
		for _, f := range strings.Split(unquote(row[3]), "\n") {
			k, v, _ := strings.Cut(f, ": ")
			if k == "Host" {
				req.Host = v
			} else if k == "Close" {
				req.Close = true
			} else {
				req.Header.Add(k, v)
			}
		}
	}
	resp, err := client.Do(req)
	if err != nil {
		fmt.Println("\terror\t" + e(err))
	} else {
		text, rerr := io.ReadAll(resp.Body)
		fmt.Printf("\tstatus\t%s %d %s %d %d %v %v %v %s\n", q(resp.Status), resp.StatusCode, q(resp.Proto), resp.ProtoMajor,
			resp.ContentLength, resp.TransferEncoding, resp.Close, resp.Uncompressed, q(resp.Request.URL.String()))
		fmt.Println("\theader\t" + fields(resp.Header))
		fmt.Println("\tbody\t" + q(string(text)) + " " + e(rerr))
		fmt.Println("\ttrailer\t" + fields(resp.Trailer))
		resp.Body.Close()
	}
	transport.CloseIdleConnections()
	ln.Close()
	mu.Lock()
	for _, text := range seen {
		fmt.Println("\tsent\t" + strings.ReplaceAll(q(text), "User-Agent: Go-http-client/1.1", "User-Agent: UA"))
	}
	mu.Unlock()
}

func main() {
	text, err := os.ReadFile(os.Args[1])
	if err != nil {
		panic(err)
	}
	for _, line := range strings.Split(strings.TrimSpace(string(text)), "\n") {
		run(strings.Split(line, "\t"))
	}
}
