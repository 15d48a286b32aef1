#!/bin/sh
# bench_readme_test.sh: the figures and pictures in the README are those of tests/bench/results.json,
# so that nobody has to remember which run they are from.
#
#   bench_readme_test.sh TOP LAB            LAB: the program, build/course/lab
set -u
cd "$1" || exit 1
lab=$2
results=tests/bench/results.json
fresh=$(mktemp -d) || exit 1
trap 'rm -rf "$fresh"' EXIT

"$lab" bench --from "$results" --markdown --pictures "$fresh/pictures" >"$fresh/table" || exit 1
sed -n '/^<!-- bench: begin -->$/,/^<!-- bench: end -->$/p' README.md | sed '1d;$d' >"$fresh/readme"
[ -s "$fresh/readme" ] || { echo 'README.md has no block of figures'; exit 1; }

if diff -u "$fresh/readme" "$fresh/table" && diff -r tests/bench/pictures "$fresh/pictures"; then
  exit 0
fi
echo "README.md or tests/bench/pictures is not what $results says. Print it anew:"
echo "  ./lab bench --from $results --markdown --pictures tests/bench/pictures"
exit 1
