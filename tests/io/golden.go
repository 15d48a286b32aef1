//go:build ignore

// Prints what Go's io and bufio do: GOTOOLCHAIN=go1.27.3 go run golden.go > golden.txt
package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Takes so many bytes, then fails.
type limited struct {
	room int
	err  error
	got  strings.Builder
}

func (l *limited) Write(p []byte) (int, error) {
	n := min(len(p), l.room)
	l.got.Write(p[:n])
	l.room -= n
	if n < len(p) {
		return n, l.err
	}
	return n, nil
}

// One byte at a time, then an error, perhaps together with the last byte.
type slow struct {
	text string
	err  error
	with bool
}

func (s *slow) Read(p []byte) (int, error) {
	if len(s.text) == 0 || len(p) == 0 {
		return 0, s.err
	}
	p[0] = s.text[0]
	s.text = s.text[1:]
	if s.with && len(s.text) == 0 {
		return 1, s.err
	}
	return 1, nil
}

type nothing struct{}

func (nothing) Read([]byte) (int, error) { return 0, nil }

var broken = errors.New("broken")

func text(s string) io.Reader { return strings.NewReader(s) }

func copies() {
	for _, src := range []io.Reader{text("hello"), text(""), &slow{"abc", io.EOF, false}, &slow{"abc", io.EOF, true}, &slow{"abc", broken, false}, &slow{"abc", broken, true}} {
		var b strings.Builder
		n, err := io.Copy(&b, src)
		fmt.Println(n, err, b.String())
	}
	for _, room := range []int{0, 3, 5} {
		for _, err := range []error{nil, broken} {
			w := &limited{room: room, err: err}
			n, err := io.Copy(w, &slow{"hello", io.EOF, false})
			fmt.Println(n, err, w.got.String())
			w = &limited{room: room, err: err}
			n, err = io.Copy(w, io.LimitReader(text("hello"), 9))
			fmt.Println(n, err, w.got.String())
		}
	}
	for _, n := range []int64{0, 3, 5, 6} {
		var b strings.Builder
		n, err := io.CopyN(&b, text("hello"), n)
		fmt.Println(n, err, b.String())
	}
	n, err := io.CopyN(io.Discard, &slow{"abc", broken, false}, 5)
	fmt.Println(n, err)
	all, err := io.ReadAll(&slow{"abc", broken, true})
	fmt.Println(string(all), err)
	all, err = io.ReadAll(io.MultiReader(text("ab"), text(""), &slow{"cd", io.EOF, true}, text("ef")))
	fmt.Println(string(all), err)
}

func reads() {
	for _, c := range []struct {
		n, min int
		r      io.Reader
	}{{3, 3, text("hello")}, {5, 5, text("hello")}, {6, 6, text("hello")}, {6, 6, text("")}, {0, 0, text("")}, {3, 4, text("hello")}, {9, 2, text("hello")}, {4, 4, &slow{"abc", broken, false}}, {3, 3, &slow{"abc", broken, true}}} {
		buf := make([]byte, c.n)
		n, err := io.ReadAtLeast(c.r, buf, c.min)
		fmt.Println(n, err, string(buf[:n]))
	}
	l := io.LimitReader(text("hello"), 3)
	buf := make([]byte, 2)
	for range 3 {
		n, err := l.Read(buf)
		fmt.Println(n, err, string(buf[:n]))
	}
	for _, room := range []int{9, 3} {
		w := &limited{room: room, err: broken}
		all, err := io.ReadAll(io.TeeReader(text("hello"), w))
		fmt.Println(string(all), err, w.got.String())
	}
	a, b, c := &limited{room: 9}, &limited{room: 3}, &limited{room: 9}
	n, err := io.MultiWriter(a, b, c).Write([]byte("hello"))
	fmt.Println(n, err, a.got.String(), b.got.String(), c.got.String())
	b = &limited{room: 9}
	n, err = io.WriteString(io.MultiWriter(a, b), "hey")
	fmt.Println(n, err, a.got.String(), b.got.String())
}

func sections() {
	s := io.NewSectionReader(strings.NewReader("0123456789"), 2, 5)
	fmt.Println(s.Size())
	buf := make([]byte, 3)
	for range 3 {
		n, err := s.Read(buf)
		fmt.Println(n, err, string(buf[:n]))
	}
	for _, at := range []int64{0, 3, 4, 5, -1} {
		n, err := s.ReadAt(buf, at)
		fmt.Println(n, err, string(buf[:n]))
	}
	for _, to := range [][2]int64{{1, io.SeekStart}, {1, io.SeekCurrent}, {-1, io.SeekEnd}, {9, io.SeekStart}, {-9, io.SeekCurrent}, {0, 7}} {
		n, err := s.Seek(to[0], int(to[1]))
		fmt.Println(n, err)
	}
	n, err := io.NewSectionReader(strings.NewReader("01"), 1, 5).Read(buf)
	fmt.Println(n, err)
	fmt.Println(io.NewSectionReader(strings.NewReader("01"), 1, 1<<63-1).Size() == 1<<63-2)
}

func pipes() {
	r, w := io.Pipe()
	wrote := make(chan string, 1)
	go func() {
		n, err := w.Write([]byte("hello"))
		wrote <- fmt.Sprint(n, " ", err)
		w.Write(nil)
		w.Close()
	}()
	buf := make([]byte, 3)
	for range 5 {
		n, err := r.Read(buf)
		fmt.Println(n, err, string(buf[:n]))
	}
	fmt.Println(<-wrote)
	fmt.Println(w.Close(), r.Close())
	n, err := w.Write([]byte("x"))
	fmt.Println(n, err)
	n, err = r.Read(buf)
	fmt.Println(n, err)

	ends := []func(r *io.PipeReader, w *io.PipeWriter){
		func(r *io.PipeReader, w *io.PipeWriter) { w.CloseWithError(broken) },
		func(r *io.PipeReader, w *io.PipeWriter) { r.CloseWithError(broken) },
		func(r *io.PipeReader, w *io.PipeWriter) { w.CloseWithError(nil) },
		func(r *io.PipeReader, w *io.PipeWriter) { r.Close() },
		func(r *io.PipeReader, w *io.PipeWriter) {
			w.CloseWithError(broken)
			w.Close()
			r.CloseWithError(io.EOF)
		},
		func(r *io.PipeReader, w *io.PipeWriter) { r.CloseWithError(broken); w.CloseWithError(io.EOF) },
	}
	for _, end := range ends {
		r, w := io.Pipe()
		end(r, w)
		n, err := r.Read(buf)
		m, err2 := w.Write([]byte("x"))
		fmt.Println(n, err, m, err2)
	}
	// An end that closes while the other waits.
	r, w = io.Pipe()
	done := make(chan string)
	go func() {
		n, err := w.Write([]byte("hello"))
		done <- fmt.Sprint(n, " ", err)
	}()
	io.ReadFull(r, buf)
	r.CloseWithError(broken)
	fmt.Println(<-done)
	r, w = io.Pipe()
	go func() {
		n, err := r.Read(buf)
		done <- fmt.Sprint(n, " ", err)
	}()
	w.CloseWithError(broken)
	fmt.Println(<-done)
}

func scan(s *bufio.Scanner) {
	for s.Scan() {
		fmt.Printf("%q ", s.Text())
	}
	fmt.Printf("%q %v\n", s.Text(), s.Err())
}

func scanners() {
	for _, s := range []string{"", "\n", "a", "a\n", "a\nb", "a\r\nb\r", "\r\n\r\n", "a\n\nb\n", "\xff\n"} {
		for i, split := range []bufio.SplitFunc{bufio.ScanLines, bufio.ScanWords, bufio.ScanBytes, bufio.ScanRunes} {
			scanner := bufio.NewScanner(&slow{s, io.EOF, i%2 == 0})
			scanner.Split(split)
			scan(scanner)
		}
	}
	for _, s := range []string{" one  two\tthree\u2003four\n ", "h\u00e9\u4e16\U0001f600\xe4\xb8", "\xf0\x9f\x98", "\xed\xa0\x80", "\xe0\x80"} {
		for _, split := range []bufio.SplitFunc{bufio.ScanWords, bufio.ScanRunes} {
			scanner := bufio.NewScanner(&slow{s, io.EOF, false})
			scanner.Split(split)
			scan(scanner)
		}
	}
	scan(bufio.NewScanner(&slow{"a\nb", broken, false}))
	scan(bufio.NewScanner(nothing{}))
	for _, n := range []int{65534, 65535, 65536, 65537} {
		s := bufio.NewScanner(text(strings.Repeat("x", n) + "\ny\n"))
		tokens := 0
		for s.Scan() {
			tokens++
		}
		fmt.Println(n, tokens, s.Err(), s.Err() == bufio.ErrTooLong)
	}
	for _, c := range [][2]int{{0, 3}, {0, 4}, {10, 3}, {0, 0}} {
		s := bufio.NewScanner(text("abc\nde\n"))
		s.Buffer(make([]byte, 0, c[0]), c[1])
		scan(s)
	}
	token := []byte("t")
	for _, split := range []bufio.SplitFunc{
		func([]byte, bool) (int, []byte, error) { return -1, nil, nil },
		func(data []byte, _ bool) (int, []byte, error) { return len(data) + 1, nil, nil },
		func([]byte, bool) (int, []byte, error) { return 0, nil, broken },
		func([]byte, bool) (int, []byte, error) { return 0, nil, bufio.ErrFinalToken },
		func([]byte, bool) (int, []byte, error) { return 0, token, bufio.ErrFinalToken },
		func([]byte, bool) (int, []byte, error) { return 0, []byte{}, bufio.ErrFinalToken },
	} {
		s := bufio.NewScanner(text("abc"))
		s.Split(split)
		scan(s)
	}
	panics := func(f func()) {
		defer func() { fmt.Println(recover()) }()
		f()
	}
	s := bufio.NewScanner(text("abc"))
	s.Scan()
	panics(func() { s.Split(bufio.ScanWords) })
	panics(func() { s.Buffer(nil, 1) })
	s = bufio.NewScanner(text(""))
	s.Split(func([]byte, bool) (int, []byte, error) { return 0, []byte{}, nil })
	panics(func() {
		for s.Scan() {
		}
	})
}

func readers() {
	r := bufio.NewReaderSize(&slow{"line one\nline two is longer than the buffer\nend", io.EOF, false}, 16)
	fmt.Println(r.Size(), r.Buffered())
	for range 4 {
		s, err := r.ReadString('\n')
		fmt.Printf("%q %v\n", s, err)
	}
	r = bufio.NewReaderSize(text("0123456789abcdefghij"), 16)
	for _, n := range []int{3, 16, 17, -1, 0} {
		p, err := r.Peek(n)
		fmt.Printf("%q %v %d\n", p, err, r.Buffered())
	}
	fmt.Println(r.UnreadByte())
	c, err := r.ReadByte()
	fmt.Println(string(c), err, r.UnreadByte(), r.UnreadByte())
	for _, n := range []int{2, 0, -1, 16, 9} {
		d, err := r.Discard(n)
		fmt.Println(d, err, r.Buffered())
	}
	c, err = r.ReadByte()
	fmt.Println(c, err)
	r.Reset(text("abc"))
	p, err := r.Peek(5)
	fmt.Printf("%q %v\n", p, err)
	buf := make([]byte, 2)
	for range 3 {
		n, err := r.Read(buf)
		fmt.Println(n, err, string(buf[:n]))
	}
	r.Reset(nothing{})
	c, err = r.ReadByte()
	fmt.Println(c, err)
	r.Reset(&slow{"ab", broken, true})
	s, err := r.ReadString('x')
	fmt.Println(s, err)
	s, err = r.ReadString('x')
	fmt.Println(s, err)
}

func writers() {
	for _, c := range []struct {
		room int
		err  error
	}{{99, nil}, {10, nil}, {10, broken}, {0, broken}} {
		out := &limited{room: c.room, err: c.err}
		w := bufio.NewWriterSize(out, 8)
		for _, s := range []string{"abc", "defgh", "ij", "0123456789ABCDEF", "k"} {
			n, err := w.WriteString(s)
			fmt.Println(n, err, w.Buffered(), w.Available(), out.got.String())
			n, err = w.Write([]byte(s))
			fmt.Println(n, err, w.Buffered(), w.Available(), out.got.String())
		}
		fmt.Println(w.WriteByte('z'), w.Flush(), w.Buffered(), out.got.String(), w.Size())
		w.Reset(&limited{room: 9})
		fmt.Println(w.Flush(), w.Buffered())
	}
}

func main() {
	copies()
	reads()
	sections()
	pipes()
	scanners()
	readers()
	writers()
}
