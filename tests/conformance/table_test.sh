#!/bin/sh
# table_test.sh: each row of the table names a test that there is, and each golden file has its row.
#
# usage: table_test.sh SOURCE-DIRECTORY
set -eu
cd "$1/tests/conformance"
rows=$(mktemp)
patterns=$(mktemp)
trap 'rm -f "$rows" "$patterns"' EXIT
status=0
fail() {
  echo "FAILED  $1"
  status=1
}

sed -n 's/^| \(.*\) | .* | \[[a-z_]*\](\([^)]*\)): \(.*\) |$/\1	\2	\3/p' README.md >"$rows"
grep -c '^| [^-p]' README.md >/dev/null
[ "$(grep -c '^| [^-]' README.md)" -eq "$(($(wc -l <"$rows") + 3))" ] || fail "a row has no test"
[ "$(wc -l <"$rows")" -gt 30 ] || fail "the table is not read"

# The program and files, the file of the test, the test's sentence.
while IFS='	' read -r files file sentence; do
  [ -f "$file" ] || { fail "$file is missing"; continue; }
  # A sentence that is long stands on two lines.
  tr '\n' ' ' <"$file" | grep -qF "$sentence" || fail "$file has no test \"$sentence\""
  echo "$files" | tr -d '\\' | tr ',() ' '\n\n\n\n' >>"$patterns"
done <"$rows"

# True if a row names the file.
has_row() {
  while read -r pattern; do
    # shellcheck disable=SC2254
    case $1 in
    $pattern) return 0 ;;
    esac
  done <"$patterns"
  return 1
}

for golden in golden/*; do
  name=${golden#golden/}
  # Here coursepool.debug1.txt is coursepool/goroutine.debug1.txt, and index.html is coursepool's.
  has_row "$name" || has_row "${name%%.*}/goroutine.${name#*.}" || has_row "coursepool/$name" ||
    has_row "$(echo "$name" | tr '-' '/')" || fail "$golden has no row"
done
for golden in ../dies/golden/*; do
  has_row "dies/${golden##*/}" || fail "$golden has no row"
done
exit $status
