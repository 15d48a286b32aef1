#!/bin/sh
# length_test.sh: an exercise is read on two screens: its program has at most 80 lines.
#
# usage: length_test.sh SOURCE-DIRECTORY
set -eu
cd "$1"
lines_max=80
status=0
for program in exercises/*/main.cpp; do
  lines=$(wc -l <"$program")
  [ "$lines" -le $lines_max ] && continue
  echo "FAILED  $program has $lines lines, more than $lines_max"
  status=1
done
exit $status
