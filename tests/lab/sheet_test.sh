#!/bin/sh
# sheet_test.sh: the sheet to print is one page, also on the paper of another country.
#
# usage: sheet_test.sh SHEET.html
# Exit status: 0 passed, 1 failed, 77 skipped.
set -eu
browser=$(command -v chromium || command -v chromium-browser || command -v google-chrome) ||
  { echo "skipped: chromium is not installed"; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

for paper in A4 letter; do
  sed "s/size: A4/size: $paper/" "$1" >"$work/sheet.html"
  HOME=$work "$browser" --headless --no-sandbox --disable-gpu --disable-dev-shm-usage --no-pdf-header-footer \
    --print-to-pdf="$work/sheet.pdf" "file://$work/sheet.html" >"$work/log" 2>&1 ||
    { cat "$work/log"; exit 1; }
  pages=$(grep -a -c -E '/Type */Page$|/Type */Page[^s]' "$work/sheet.pdf") || true
  [ "$pages" = 1 ] || { echo "FAILED  the sheet has $pages pages of $paper"; exit 1; }
  echo "ok      one page of $paper"
done
