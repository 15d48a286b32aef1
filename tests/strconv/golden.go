//go:build ignore

// Prints what Go makes of runes, bytes and numbers, plain and odd ones: go run golden.go > golden.txt
package main

import (
	"fmt"
	"math"
	"strconv"
	"unicode/utf8"
)

func main() {
	// All of Unicode in one number: FNV-1a over "printable or not", rune by rune.
	hash, count := uint64(14695981039346656037), 0
	for r := rune(0); r <= utf8.MaxRune; r++ {
		bit := uint64(0)
		if strconv.IsPrint(r) {
			bit = 1
			count++
		}
		hash = (hash ^ bit) * 1099511628211
	}
	fmt.Printf("%d printable runes, %016x\n", count, hash)

	for _, r := range []rune{
		0, 7, 0x1f, ' ', '"', '\'', '\\', '~', 0x7f, 0x80, 0xa0, 0xa1, 0xad, 0xe9, 0x300, 0x378, 0x5ff,
		0x600, 0x1680, 0x180b, 0x180e, 0x2000, 0x200b, 0x200d, 0x2028, 0x202e, 0x205f, 0x2190, 0x3000,
		0x3042, 0x4e2d, 0xa7cb, 0xd7ff, 0xd800, 0xdfff, 0xe000, 0xf8ff, 0xfe0f, 0xfeff, 0xfff9, 0xfffc,
		0xfffd, 0xfffe, 0xffff, 0x1000c, 0x1d173, 0x1f600, 0x1faff, 0x20000, 0x2a6e0, 0x323b0, 0xe0001,
		0xe0100, 0xe01ef, 0xe01f0, 0xf0000, 0x10ffff, 0x110000} {
		fmt.Println(strconv.Quote(string(r)), strconv.QuoteToASCII(string(r)), strconv.QuoteRune(r),
			strconv.QuoteRuneToASCII(r), strconv.IsPrint(r))
	}

	for _, s := range []string{
		"", "a\"b\\c'd", "\a\b\f\n\r\t\v\x00", "\x7f\x80\xff", "\xc0\x80", "\xc1\xbf", "\xc2", "\xc2x",
		"\xe0\x80\x80", "\xe0\x9f\xbf", "\xe0\xa0\x80", "\xe2\x82", "\xe2\x82x", "\xed\x9f\xbf",
		"\xed\xa0\x80", "\xef\xbf\xbd", "\xf0\x80\x80\x80", "\xf0\x8f\xbf\xbf", "\xf0\x90\x80\x80",
		"\xf0\x9f\x98", "\xf4\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xfe", "é\u0301中\U0001f600"} {
		r, size := utf8.DecodeRuneInString(s)
		fmt.Println(strconv.Quote(s), strconv.QuoteToASCII(s), utf8.ValidString(s), utf8.RuneCountInString(s), r, size)
	}

	for _, f := range []float64{0, 1, -1.5, 0.1, 1e5, 1e6, 123456, 1234567, 1e-4, 1e-5, 5e-324,
		math.MaxFloat64, math.Inf(1), math.Inf(-1), math.NaN()} {
		for _, verb := range []byte("eEfgG") {
			fmt.Print(strconv.FormatFloat(f, verb, -1, 64), " ", strconv.FormatFloat(f, verb, 3, 64), " ")
		}
		fmt.Println(strconv.FormatFloat(f, 'g', -1, 32))
	}
	fmt.Println(len(strconv.FormatFloat(1, 'f', 5000, 64)))
}
