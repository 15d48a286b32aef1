// Prints Go's errors of package net, one row each: what was done, the text, and what errors.Is finds in it.
// tests/net/net_errors.txt is what Go 1.27.3 printed:
//
//	GOTOOLCHAIN=go1.27.3 go run tests/net/gonet/main.go > tests/net/net_errors.txt
package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"
)

var re = regexp.MustCompile(`127\.0\.0\.1:\d+`)
var sock = fmt.Sprintf("/tmp/golab-net-test-%d.sock", os.Getpid())

func p(name string, err error) {
	s := "nil"
	t := false
	if err != nil {
		s = strconv.Quote(strings.ReplaceAll(re.ReplaceAllString(err.Error(), "HOST"), sock, "SOCK"))
		var ne net.Error
		if errors.As(err, &ne) {
			t = ne.Timeout()
		}
	}
	for _, k := range []struct {
		name string
		err  error
	}{{"deadline", os.ErrDeadlineExceeded}, {"ctx", context.DeadlineExceeded}, {"canceled", context.Canceled}, {"closed", net.ErrClosed},
		{"refused", syscall.ECONNREFUSED}, {"reset", syscall.ECONNRESET}, {"pipe", syscall.EPIPE}, {"inuse", syscall.EADDRINUSE},
		{"noent", syscall.ENOENT}} {
		// Either of the two ends a connect: it depends on which timer is first.
		either := strings.Contains(name, "timeout in connect") && (k.name == "deadline" || k.name == "ctx")
		if errors.Is(err, k.err) && !either {
			s += " " + k.name
		}
	}
	if t {
		s += " timeout"
	}
	fmt.Printf("%s\t%s\n", name, s)
}

func show(name string, addrs ...net.Addr) {
	fmt.Print(name)
	for _, a := range addrs {
		fmt.Print("\t", a.Network(), " ", strings.ReplaceAll(a.String(), sock, "SOCK"))
	}
	fmt.Println()
}

func main() {
	for _, nw := range []string{"tcp", "tcp4", "tcp6", "unix", "foo", "", "tcp:1"} {
		for _, a := range []string{"", ":", "x", "127.0.0.1", "127.0.0.1:x", "127.0.0.1:99999", "127.0.0.1:-1", "127.0.0.1:1",
			"[::1]", "[::1", "::1:80", "a:b:c", "[::1]:1x", "127.0.0.1:1:2", "[127.0.0.1]:1", "/nonexistent/s"} {
			if nw == "tcp6" && a == ":" {
				continue
			}
			c, err := net.DialTimeout(nw, a, 5*time.Second)
			p("dial "+nw+" "+a, err)
			if c != nil {
				c.Close()
			}
		}
	}
	for _, nw := range []string{"tcp", "tcp4", "tcp6", "unix", "foo", ""} {
		for _, a := range []string{"", ":", ":0", "x", "127.0.0.1", "127.0.0.1:x", "127.0.0.1:99999", "1.2.3.4:0", "[::1", "/nonexistent/s"} {
			if nw == "unix" && a != "/nonexistent/s" || nw == "tcp6" && (a == "" || a == ":" || a == ":0") {
				continue
			}
			ln, err := net.Listen(nw, a)
			p("listen "+nw+" "+a, err)
			if ln != nil {
				ln.Close()
			}
		}
	}
	ln, _ := net.Listen("tcp", "127.0.0.1:0")
	addr := ln.Addr().String()
	_, err := net.Listen("tcp", addr)
	p("listen again", err)
	c, _ := net.Dial("tcp", addr)
	s, _ := ln.Accept()
	c.SetReadDeadline(time.Now().Add(-time.Second))
	_, err = c.Read(make([]byte, 1))
	p("read past deadline", err)
	c.SetDeadline(time.Time{})
	c.SetWriteDeadline(time.Now().Add(-time.Second))
	_, err = c.Write(make([]byte, 1))
	p("write past deadline", err)
	c.SetDeadline(time.Time{})
	s.(*net.TCPConn).SetLinger(0)
	s.Close()
	_, err = c.Read(make([]byte, 1))
	p("read reset", err)
	_, err = c.Write(make([]byte, 1))
	p("write after reset", err)
	p("close", c.Close())
	p("close again", c.Close())
	_, err = c.Read(make([]byte, 1))
	p("read closed", err)
	_, err = c.Write(make([]byte, 1))
	p("write closed", err)
	p("set deadline closed", c.SetDeadline(time.Now()))
	p("close write closed", c.(*net.TCPConn).CloseWrite())
	p("close read closed", c.(*net.TCPConn).CloseRead())
	c, _ = net.Dial("tcp", addr)
	s, _ = ln.Accept()
	p("close write", c.(*net.TCPConn).CloseWrite())
	_, err = c.Write(make([]byte, 1))
	p("write after close write", err)
	_, err = s.Read(make([]byte, 1))
	p("read end", err)
	p("close read", s.(*net.TCPConn).CloseRead())
	s.Close()
	c.Close()
	c, _ = net.Dial("tcp4", addr)
	s, _ = ln.Accept()
	c.Close()
	_, err = c.Read(make([]byte, 1))
	p("read closed tcp4", err)
	s.Close()
	ln.(*net.TCPListener).SetDeadline(time.Now().Add(-1))
	_, err = ln.Accept()
	p("accept past deadline", err)
	ln.Close()
	_, err = ln.Accept()
	p("accept closed", err)
	p("listener close again", ln.Close())
	p("listener deadline closed", ln.(*net.TCPListener).SetDeadline(time.Now()))
	_, err = net.Dial("tcp", addr)
	p("refused", err)
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP("127.0.0.1")}}
	_, err = d.Dial("tcp", addr)
	p("refused with local", err)
	d = net.Dialer{Timeout: -1}
	_, err = d.Dial("tcp", addr)
	p("negative timeout", err)
	d = net.Dialer{Deadline: time.Now().Add(-time.Second)}
	_, err = d.Dial("tcp", addr)
	p("deadline past", err)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	d = net.Dialer{}
	_, err = d.DialContext(ctx, "tcp", addr)
	p("canceled before", err)
	ctx, cancel = context.WithTimeout(context.Background(), 0)
	_, err = d.DialContext(ctx, "tcp", addr)
	p("timed out before", err)
	cancel()
	fd, _ := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}})
	syscall.Listen(fd, 0)
	sa, _ := syscall.Getsockname(fd)
	full := fmt.Sprintf("127.0.0.1:%d", sa.(*syscall.SockaddrInet4).Port)
	first, _ := net.Dial("tcp", full)
	_, err = net.DialTimeout("tcp", full, 50*time.Millisecond)
	p("timeout in connect", err)
	ctx, cancel = context.WithTimeout(context.Background(), 50*time.Millisecond)
	_, err = d.DialContext(ctx, "tcp", full)
	p("context timeout in connect", err)
	cancel()
	ctx, cancel = context.WithCancel(context.Background())
	time.AfterFunc(50*time.Millisecond, cancel)
	_, err = d.DialContext(ctx, "tcp", full)
	p("context canceled in connect", err)
	first.Close()
	a, b := net.Pipe()
	a.SetReadDeadline(time.Now().Add(-1))
	_, err = a.Read(make([]byte, 1))
	p("pipe read past deadline", err)
	a.SetWriteDeadline(time.Now().Add(-1))
	_, err = a.Write(make([]byte, 1))
	p("pipe write past deadline", err)
	a.SetDeadline(time.Time{})
	b.Close()
	_, err = a.Read(make([]byte, 1))
	p("pipe read remote closed", err)
	_, err = a.Write(make([]byte, 1))
	p("pipe write remote closed", err)
	p("pipe deadline remote closed", a.SetDeadline(time.Now()))
	_, err = b.Read(make([]byte, 1))
	p("pipe read local closed", err)
	p("pipe close again", b.Close())
	show("pipe addresses", a.LocalAddr(), a.RemoteAddr())
	os.Remove(sock)
	ul, err := net.Listen("unix", sock)
	p("unix listen", err)
	_, err = net.Listen("unix", sock)
	p("unix listen again", err)
	uc, err := net.Dial("unix", sock)
	p("unix dial", err)
	us, _ := ul.Accept()
	show("unix addresses", uc.LocalAddr(), uc.RemoteAddr(), us.LocalAddr(), us.RemoteAddr(), ul.Addr())
	us.Close()
	_, err = uc.Write(make([]byte, 1))
	p("unix write after close", err)
	_, err = uc.Read(make([]byte, 1))
	p("unix read end", err)
	uc.Close()
	_, err = uc.Read(make([]byte, 1))
	p("unix read closed", err)
	ul.Close()
	_, err = ul.Accept()
	p("unix accept closed", err)
	_, err = net.Dial("unix", sock)
	p("unix dial after close", err)
	_, err = net.Dial("unix", "/tmp/"+strings.Repeat("x", 200))
	p("unix dial too long", err)
	_, err = net.Listen("unix", "/tmp/"+strings.Repeat("x", 200))
	p("unix listen too long", err)
	al, err := net.Listen("unix", "@golab-net-test")
	p("abstract listen", err)
	ac, err := net.Dial("unix", "@golab-net-test")
	p("abstract dial", err)
	show("abstract addresses", al.Addr(), ac.RemoteAddr())
	ac.Close()
	al.Close()
}
