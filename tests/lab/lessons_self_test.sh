#!/bin/sh
# lessons_self_test.sh: the runner of lessons says so when a lesson is wrong.
#
# usage: lessons_self_test.sh BUILD
set -eu
here=$(dirname "$(readlink -f "$0")")
command -v curl >/dev/null 2>&1 || { echo "skipped: curl is not installed"; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# run BUILD TEXT STATUS: a lesson with this text ends with this exit status.
run() {
  printf '%b' "$2" >"$work/lesson.md"
  status=0
  sh "$here/lessons_test.sh" "$work" "$1" lesson.md >"$work/said" 2>&1 || status=$?
  if [ "$status" -ne "$3" ]; then
    cat "$work/said"
    echo "FAILED: exit status $status, not $3, for: $2"
    exit 1
  fi
}

run "$1" '```sh\necho one\n```\n<!-- expect: one -->\n' 0
run "$1" '```sh\necho one\n```\n<!-- expect: two -->\n' 1
run "$1" '```sh again\necho one\n```\n<!-- expect: two -->\n' 1
run "$1" '```sh\nfalse\n```\n' 1
run "$1" '```sh exit=1\nfalse\n```\n' 0
run "$1" '```sh whatever\ntrue\n```\n' 1
run "$1" '```sh\ncurl http://127.0.0.1:6060/\n```\n' 1
run "$1" 'No block.\n' 1
echo "lessons that are wrong are red"
