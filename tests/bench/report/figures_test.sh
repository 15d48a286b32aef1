#!/bin/sh
# figures_test.sh: the tables in FIGURES.md and the pictures beside it are those of results.json, as are
# the README's few, so that nobody has to remember which run they are from.
#
#   figures_test.sh TOP BENCH_REPORT         the program, build/tests/bench/report/bench_report
#
# gnuplot's drawing differs from version to version: of a picture its data are compared, and the date of the
# run that stands in it.
set -u
cd "$1/tests/bench" || exit 1
report=$2
fresh=$(mktemp -d) || exit 1
trap 'rm -rf "$fresh"' EXIT
failed=0

"$report" --from results.json --markdown >"$fresh/table" || exit 1
sed -n '/^<!-- bench: begin -->$/,/^<!-- bench: end -->$/p' FIGURES.md | sed '1d;$d' >"$fresh/block"
[ -s "$fresh/block" ] || { echo 'FIGURES.md has no block of figures'; exit 1; }
diff -u "$fresh/block" "$fresh/table" || failed=1

# in_readme COLUMN ROW: the value of that row of a table is among the README's few figures.
in_readme() {
  value=$(awk -F ' *[|] *' -v column="$1" -v row="$2" '$2 == row { print $(column + 2) }' "$fresh/table")
  sed -n '/^## Figures/,/^## Licence/p' ../../README.md | grep -qwF -e "$value" ||
    { echo "README.md: its figures do not have the $value of \"$2\""; failed=1; }
}
in_readme 1 'channel ping-pong, round trip'
in_readme 1 'a goroutine begins and ends'
in_readme 1 'HTTP, a small page, requests per second'
in_readme 2 'stop of the world, binary profile of 1,000,000'

if command -v gnuplot >/dev/null 2>&1; then
  "$report" --from results.json --pictures "$fresh/pictures" >/dev/null || exit 1
else
  echo 'gnuplot is not installed: it is not tried whether the pictures can be drawn'
  "$report" --from results.json --pictures "$fresh/pictures" >/dev/null 2>&1
fi
run=$(sed -n 's/.*"date": "\([^"]*\)".*/\1/p' results.json)
for data in "$fresh"/pictures/*.dat; do
  name=$(basename "$data" .dat)
  diff -u "pictures/$name.dat" "$data" || failed=1
  grep -q "measured $run" "pictures/$name.svg" || { echo "pictures/$name.svg is not of the run of $run"; failed=1; }
  ! command -v gnuplot >/dev/null 2>&1 || grep -q '</svg>' "$fresh/pictures/$name.svg" || failed=1
done

[ $failed -eq 0 ] || echo "Print and draw anew:
  ./lab bench --from tests/bench/results.json --markdown --pictures tests/bench/pictures"
exit $failed
