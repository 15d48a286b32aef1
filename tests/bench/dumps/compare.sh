#!/bin/sh
# compare.sh: lab's reader and gostackparse on one dump, in turns.
#
#   compare.sh READ_DUMP_BENCH [GOROUTINES]
#
# Prints each run and the ratio of the medians. Exit status: 0 not slower than gostackparse, 1 slower,
# 77 if Go or the module cannot be had.
set -eu

ours=$1
goroutines=${2:-1000000}
here=$(cd "$(dirname "$0")" && pwd)
PATH=$PATH:/usr/local/go/bin
export PATH
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
(cd "$here" && GOFLAGS=-mod=mod GOWORK=off go build -buildvcs=false -o "$work/theirs" .) 2>"$work/why" || {
  echo "skipped: gostackparse cannot be built: $(tail -1 "$work/why")"
  exit 77
}
"$ours" make "$work/dump.txt" "$goroutines"
echo "dump of $(($(wc -c <"$work/dump.txt") >> 20)) MiB"
for round in 1 2 3; do
  for side in ours theirs; do
    program=$ours
    [ $side = ours ] || program=$work/theirs
    "$program" "$work/dump.txt" | tee -a "$work/$side.json" | sed "s/^/$side: /"
  done
done
median() { sed 's/.*"seconds": \([0-9.]*\).*/\1/' "$1" | sort -n | sed -n 2p; }
counted() { sed 's/.*"goroutines": \([0-9]*\).*/\1/' "$1" | sort -u; }
[ "$(counted "$work/ours.json")" = "$(counted "$work/theirs.json")" ] || {
  echo "they count differently"
  exit 1
}
awk -v a="$(median "$work/ours.json")" -v b="$(median "$work/theirs.json")" \
  'BEGIN { printf "gostackparse takes %.2f times as long\n", b / a; exit a > b }'
