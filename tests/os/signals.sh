#!/bin/sh
# signals.sh PROGRAM: runs each part of signals.go, or of signals.cpp, and says how it ended.
program=$1
# The status of the first command of a pipe, whose reader goes away.
broken() {
  { { "$program" "$1" 2>&3; echo "status $?" >&3; } | true; } 3>&1
}
for part in context ignore reset; do
  echo "== $part"
  "$program" $part
  echo "status $?"
done 2>/dev/null
echo "== started-ignored"
(trap '' HUP INT TERM PIPE; exec "$program" started-ignored)
echo "status $?"
for part in pipe pipe-notify pipe-ignore; do
  echo "== $part"
  broken $part
done
echo "== pipe, started with SIGPIPE ignored"
(trap '' PIPE; broken pipe)
