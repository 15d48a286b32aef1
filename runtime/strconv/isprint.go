//go:build ignore

// Prints the runes that Go counts as printable, as ranges: go run isprint.go > isprint.inc
package main

import (
	"fmt"
	"strconv"
	"unicode"
)

func main() {
	fmt.Printf("// isprint.inc: the printable runes of Unicode %s, first and last. Made by isprint.go.\n", unicode.Version)
	first := rune(-1)
	column := 0
	for r := rune(0); r <= unicode.MaxRune+1; r++ {
		printable := r <= unicode.MaxRune && strconv.IsPrint(r)
		if printable && first < 0 {
			first = r
		}
		if printable || first < 0 {
			continue
		}
		text := fmt.Sprintf("{0x%x, 0x%x},", first, r-1)
		first = -1
		switch {
		case column == 0:
		case column+1+len(text) > 100:
			fmt.Println()
			column = 0
		default:
			fmt.Print(" ")
			column++
		}
		fmt.Print(text)
		column += len(text)
	}
	fmt.Println()
}
