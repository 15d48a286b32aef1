#!/bin/sh
# go_functions.sh: prints the names of the functions in Go's library, for go_functions.txt.
#
# usage: GOTOOLCHAIN=go1.27.3 go_functions.sh >go_functions.txt
#
# Only packages that the lab has, or may have. The compiled packages are asked, not a program: a
# program has only what it calls. A generic function's type arguments become [...], as in a profile.
set -eu
packages='runtime runtime/debug runtime/metrics runtime/pprof runtime/trace
  internal/runtime/atomic internal/runtime/exithook internal/runtime/sys internal/runtime/syscall/linux
  internal/bytealg internal/godebug internal/nettrace internal/oserror internal/poll
  internal/singleflight internal/strconv internal/stringslite internal/sync internal/synctest
  internal/syscall/unix
  bufio compress/flate compress/gzip context errors flag fmt html io io/fs iter log mime
  net net/http net/http/httptest net/http/httptrace net/http/httputil
  net/http/internal net/http/internal/ascii net/http/pprof
  net/textproto net/url os os/signal strconv sync sync/atomic syscall testing/synctest
  text/tabwriter time unicode/utf8
  golang.org/x/sync/errgroup golang.org/x/sync/semaphore golang.org/x/sync/singleflight'

module=$(mktemp -d)
trap 'rm -rf "$module"' EXIT
cd "$module"
export GOFLAGS=-mod=mod CGO_ENABLED=0
go mod init golab.list 2>/dev/null
go get golang.org/x/sync@v0.25.0 2>/dev/null
# shellcheck disable=SC2086
go list -export -f '{{.Export}}' $packages >exports
# A line of nm: the name of the file if it has several objects, the address, T or t, the name.
export packages
while read -r export; do go tool nm "$export"; done <exports | LC_ALL=C awk '
  BEGIN { split(ENVIRON["packages"], list); for (i in list) wanted[list[i]] }
  { sub(/^.*\):\t/, "") }
  !/^ *[0-9a-f]+ [Tt] / { next }
  {
    sub(/^ *[0-9a-f]+ [Tt] /, "")
    sub(/<1>$/, "")
    if (/^(go:|type:|_|x_cgo)/ || /-fm$/ || !/\./ || /[^!-~]/) next
    name = ""; depth = 0
    for (i = 1; i <= length($0); i++) {
      c = substr($0, i, 1)
      if (c == "[") { if (depth++ == 0) name = name "[...]" }
      else if (c == "]") depth--
      else if (depth == 0) name = name c
    }
    # The package ends at the first dot behind the last slash. A receiver may have slashes, too.
    path = name
    sub(/[([].*/, "", path)
    last = match(path, /[^\/]*$/)
    package = substr(path, last)
    sub(/\..*/, "", package)
    if (substr(path, 1, last - 1) package in wanted) print name
  }' | LC_ALL=C sort -u
