// Makes tests/net/url_table.txt: what Go 1.27.3 makes of a list of URLs, references and queries, one row each, fields
// separated by tabs:  GOTOOLCHAIN=go1.27.3 go run tests/net/gourls/main.go > tests/net/url_table.txt
package main

import (
	"fmt"
	"net/url"
	"os"
	"strconv"
	"strings"
)

func q(s string) string { return strconv.Quote(s) }

func show(u *url.URL) string {
	user := "-"
	if u.User != nil {
		p, set := u.User.Password()
		user = q(u.User.Username()) + "," + q(p) + "," + strconv.FormatBool(set)
	}
	return strings.Join([]string{q(u.Scheme), q(u.Opaque), user, q(u.Host), q(u.Path), q(u.RawPath), q(u.RawQuery),
		q(u.Fragment), q(u.RawFragment), strconv.FormatBool(u.ForceQuery), strconv.FormatBool(u.OmitHost),
		q(u.String()), q(u.Redacted()), q(u.RequestURI()), q(u.Hostname()), q(u.Port())}, " ")
}

func main() {
	urls := []string{
		"", "*", "/", "//", "///", "////a", "//h", "//h/p", "///p", "?", "?q", "#", "#f", "a", "a/b", "a:b", "a/b:c", "./a:b", "1a:b", "a+b-c.d:e", ":x",
		"://x",
		"http:", "http:/", "http://", "http:///", "http:///p", "http:p", "http:/p", "HTTP://H/P", "hTTp://h?", "http://h??", "http://h?a?b", "http://h#",
		"http://h?#f",
		"http://h/p#f%20g", "http://h/p#f g", "http://h/#!a(b)*", "http://h/#%zz", "http://h/p%zz#x", "http://h/%", "http://h/%4", "http://h/%41%2f%2F",
		"http://h/a b", "http://h/a+b", "http://h/a%20b?c%20d+e",
		"http://h/\x7f", "http://h/\n", "http://h/\u00e9", "http://h/%c3%a9", "http://\u00e9/", "http://%c3%a9/", "http://h%20x/", "http://h x/",
		"http://h%41/", "http://h%25/", "http://a<b>\"c/",
		"http://user@h", "http://user:@h", "http://:pw@h", "http://@h", "http://:@h", "http://user:pw@h:80/", "http://u%40s:p%3aw@h", "http://u:p:q@h",
		"http://u@v@h", "http://us er@h", "http://u%zz@h/", "http://u:%zz@h", "http://u\x00@h", "http://\u00e9@h", "http://j@ne:p@ss@h/",
		"http://u;a=b&c$d,e+f:!'()*~@h",
		"http://h:80", "http://h:", "http://h:/", "http://h:80:90", "http://h:80:", "http://::1/", "http://::1", "http://h:8a/", "http://h:-1/",
		"http://:80", "http://:", "http://h:0x50", "x://h:80:90", "x://a:1,b:2", "x://a:1,b:2x", "mongodb://a:1,b:2/db", "https://a:1:2",
		"http://h:99999999/",
		"http://[::1]", "http://[::1]:80", "http://[::1]:", "http://[::1]x", "http://[::1", "http://::1]", "http://[]", "http://[]:80", "http://[1.2.3.4]",
		"http://[::1.2.3.4]/", "http://[::ffff:1.2.3.4]/", "http://[fe80::1%25eth0]/", "http://[fe80::1%25eth0]:8080/", "http://[fe80::1%25e%20h]/",
		"http://[fe80::1%25e%41h]/", "http://[fe80::1%25e%2fh]/", "http://[fe80::1%eth0]/", "http://[fe80::1%25]/", "http://[fe80::1%25a%25b]/",
		"http://[fe80::1%25%zz]/", "http://[g::1]/", "http://[:1]/", "http://[1:]/", "http://[1:2:3:4:5:6:7:8]/", "http://[1:2:3:4:5:6:7]/",
		"http://[1:2:3:4:5:6:7:8:9]/", "http://[1:2:3:4:5:6:7::]/", "http://[1:2:3:4:5:6:7:8::]/", "http://[1::2::3]/", "http://[12345::]/",
		"http://[::1:]/", "http://[1:2:3:4:5:6:1.2.3.4]/", "http://[1:2:3:4:5:6:7:1.2.3.4]/", "http://[1:2:1.2.3.4]/", "http://[::1.2.3]/",
		"http://[::1.2.3.256]/", "http://[::1.2.3.04]/", "http://[::1..3.4]/", "http://[::1.2.3.4.5]/", "http://[::1.2.3.x]/", "http://[foo]/",
		"http://[%41]/", "http://x[::1]/", "http://[::1]@h/", "http://u@[::1]:8/", "http://[::1]:8a", "http://[a b]/", "http://[::]/", "http://[::%25x]/",
		"mailto:a@b?c#d", "mailto:", "urn:a:b", "file:///p", "file:/p", "file://h/p", "file:p", "file:////p", "x:///", "x:////a", "x://", "data:,a%20b",
		"javascript:void(0)", "x:?q", "x:#f",
		"/a%2Fb", "/a/../b", "/a//b", "//a//b", "/%2f/", "/[x]", "/!$&'()*+,;=:@", "/a%21", "/%7e~", "/a;b", "/a?b;c", "/..", "/.", "a/../../b",
		"http://h/a/./b/../c", "http://h/%2e%2e/", "http://h/a%2Fb/c", "*x", "/*", "%", "%41", "a%2fb", "http://h/*", "http://h/%2A", "http://h/{a}|^`",
		"http://h/<>\"", "http://h/\\", "http://h\\a/", "http://h/a#b#c", "http://h/a?b#c?d", "http://h/a#%41%2f", "http://h/#a%20", "http://h/#\"",
		"http://h?x=1&y=2#z", "http://h?\"<>", "http://h? ", "http://h?\u00e9", " http://h", "http ://h", "ht_tp://h", "http://h ", "http://h_x.y-z~/",
		"HTTP://USER:PW@HOST:80/PATH",
	}
	out := os.Stdout
	for _, s := range urls {
		u, err := url.Parse(s)
		if err != nil {
			fmt.Fprintf(out, "parse\t%s\terror\t%s\n", q(s), q(err.Error()))
		} else {
			fmt.Fprintf(out, "parse\t%s\tok\t%s\n", q(s), show(u))
		}
		u, err = url.ParseRequestURI(s)
		if err != nil {
			fmt.Fprintf(out, "request\t%s\terror\t%s\n", q(s), q(err.Error()))
		} else {
			fmt.Fprintf(out, "request\t%s\tok\t%s\n", q(s), show(u))
		}
	}
	bases := []string{"http://a/b/c/d;p?q", "http://h", "http://h/", "http://u:p@h/a/b?q#f", "http://h/a%2Fb/c", "mailto:x@y", "file:///p/q", "/a/b",
		"a/b", "", "http://h//a//b", "urn:x?q"}
	refs := []string{"", ".", "./", "..", "../", "../g", "../..", "../../", "../../g", "../../../g", "/./g", "/../g", "g", "./g", "g/", "/g", "//g",
		"?y", "g?y", "#s", "g#s", "g?y#s", ";x", "g;x", "g;x?y#s", "g.", ".g", "g..", "..g", "./../g", "./g/.", "g/./h", "g/../h", "g;x=1/./y",
		"g;x=1/../y", "http:g", "http://i/../x", "x:y", "//u@i:8/p", "?", "#", "a%2Fb", "/..//x", "..//x", "a//b", "http://i", "//", "a b", "%zz",
		"/a/../..//b/.", "./a:b"}
	for _, b := range bases {
		base, err := url.Parse(b)
		if err != nil {
			panic(err)
		}
		for _, r := range refs {
			u, err := base.Parse(r)
			if err != nil {
				fmt.Fprintf(out, "resolve\t%s\t%s\terror\t%s\n", q(b), q(r), q(err.Error()))
			} else {
				fmt.Fprintf(out, "resolve\t%s\t%s\tok\t%s\n", q(b), q(r), q(u.String()))
			}
		}
		for _, e := range []string{"", "x", "x/", "/x", "../x", "x//y", "..", "a%2Fb/c", "a b"} {
			fmt.Fprintf(out, "join\t%s\t%s\tok\t%s\n", q(b), q(e), q(base.JoinPath(e).String()))
		}
		fmt.Fprintf(out, "join\t%s\t-\tok\t%s\n", q(b), q(base.JoinPath().String()))
	}
	for _, s := range []string{"", "a", "a=", "=a", "=", "&", "&&a", "a=b", "a=b&a=c", "a=b=c", "a+b=c+d", "a%20b=c", "a=%zz", "%zz=a", "a=%", "a;b",
		"a;b&c=d", "a=1&%zz=2&b=3;4&c=5", "a=1;b=2", "\u00e9=\u00e8", "a=%c3%a9", "a\x00=b", "a[]=1&a[]=2", "a=b&%=c&;=d", strings.Repeat("&", 9999),
		strings.Repeat("&", 10000)} {
		v, err := url.ParseQuery(s)
		e := "nil"
		if err != nil {
			e = q(err.Error())
		}
		if len(s) > 100 {
			s = fmt.Sprintf("%d times &", len(s))
		}
		fmt.Fprintf(out, "query\t%s\t%s\t%s\n", q(s), q(v.Encode()), e)
	}
	for _, s := range []string{"", "a b", "a+b", "a/b", "a%b", "!*'();:@&=+$,/?#[]", "-_.~", "\u00e9\x00\xff", "<>\"{}|\\^`"} {
		fmt.Fprintf(out, "escape\t%s\t%s\t%s\t%s\n", q(s), q(url.QueryEscape(s)), q(url.PathEscape(s)), q(url.UserPassword(s, s).String()))
	}
	for _, s := range []string{"", "a+b", "%", "%2", "%2f", "%zz", "a%zzb", "%41%4", "%%41", "%e9"} {
		a, e1 := url.QueryUnescape(s)
		b, e2 := url.PathUnescape(s)
		t := func(e error) string {
			if e == nil {
				return "nil"
			}
			return q(e.Error())
		}
		fmt.Fprintf(out, "unescape\t%s\t%s\t%s\t%s\t%s\n", q(s), q(a), t(e1), q(b), t(e2))
	}
}
