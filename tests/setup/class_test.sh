#!/bin/sh
# class_test.sh: students of one machine, each an ordinary user, on one build that none of them can write.
#
# All type the same commands at the same time, as a class does. Each must get a service of his own, and
# a verdict on his own file. Needs root, to be several users: they are numbers that no account has.
#
# usage: class_test.sh SOURCE-DIRECTORY BUILD-DIRECTORY
# Exit status: 0 passed, 1 failed, 77 skipped.
set -u
top=$1
build=$2
[ "$(id -u)" = 0 ] || { echo "skipped: needs root, to be several users"; exit 77; }
command -v setpriv >/dev/null 2>&1 || { echo "skipped: setpriv is not installed"; exit 77; }
umask 022 # what this test makes is for the students to read
for file in "$build/course/lab" "$top/lab"; do
  setpriv --reuid 61001 --regid 61001 --clear-groups test -x "$file" ||
    { echo "skipped: another user cannot run $file"; exit 77; }
done

case ${build##*/} in
  build-*) GOLAB_PRESET=${build##*/build-} ;;
  *) GOLAB_PRESET=default ;;
esac
export GOLAB_PRESET
students='61001 61002 61003 61004'
work=$(mktemp -d)
chmod 755 "$work"
clean_up() {
  for pid in "$work"/*/pid; do [ ! -f "$pid" ] || kill -s KILL -- "-$(cat "$pid")" 2>/dev/null; done
  rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 1' HUP INT TERM

fail() {
  echo "FAILED  $1"
  for file in "$work"/*/*.out; do echo "  ${file#"$work"/}:"; sed 's/^/    | /' "$file"; done
  exit 1
}

# as STUDENT COMMAND...: one that has his own programs, too: what he has installed changes nothing.
as() {
  student=$1
  shift
  cd "$work/$student" && setpriv --reuid "$student" --regid "$student" --clear-groups \
    env -i PATH="$work/$student/bin:$PATH" HOME="$work/$student" GOLAB_MINE="$work/$student/mine" \
    GOLAB_PRESET="$GOLAB_PRESET" "$@"
}

# Waits until the student's service answers, and prints its address.
url_of() {
  tries=0
  until as "$1" ./lab url 2>/dev/null; do
    [ $((tries += 1)) -lt 300 ] || return 1
    [ ! -f "$work/$1/pid" ] || kill -0 "$(cat "$work/$1/pid")" 2>/dev/null || return 1
    sleep 0.1
  done
}

for student in $students; do
  install -d -o "$student" -g "$student" "$work/$student" "$work/$student/bin" "$work/$student/mine"
  ln -s "$top"/* "$work/$student/" 2>/dev/null # as course/machines.md says; there is a mine already
  printf '#!/bin/sh\n' >"$work/$student/bin/go"
  chmod +x "$work/$student/bin/go"
done

# All start the same exercise. Nothing is typed twice, and nobody chooses a port.
for student in $students; do
  # shellcheck disable=SC2016  # that shell expands it
  (as "$student" setsid sh -c 'echo $$ >pid; exec "$0" run 02' ./lab >"$work/$student/run.out" 2>&1) &
done
for student in $students; do
  url_of "$student" >"$work/$student/url" || fail "$student has no service"
done
[ "$(sort -u "$work"/*/url | wc -l)" = 4 ] || fail "two have the same address: $(cat "$work"/*/url | tr '\n' ' ')"

# total_of URL EXPECTED: the first line of the profile, as soon as that many goroutines are there. A
# connection that is still closing is one more: then it is asked again, for some seconds.
total_of() {
  tries=0
  while
    line=$(curl -s "$1/debug/pprof/goroutine?debug=1" | head -n 1)
    [ "$line" != "goroutine profile: total $2" ] && [ $((tries += 1)) -lt 100 ]
  do sleep 0.1; done
  echo "$line"
}

# The requests of one are seen by nobody else: number 61003 sends three, and so on.
for student in $students; do
  url=$(cat "$work/$student/url")
  for _ in $(seq $((student - 61000))); do curl -s "$url/process" >/dev/null; done
done
for student in $students; do
  expected=$((3 + 76 * (student - 61000)))
  seen=$(total_of "$(cat "$work/$student/url")" "$expected")
  [ "$seen" = "goroutine profile: total $expected" ] || fail "$student has \"$seen\", not $expected goroutines"
done

# All are judged at the same time: two have repaired the exercise, all have added a comment.
for student in $students; do
  side=exercises
  [ $((student % 2)) = 1 ] || side=solutions
  install -d -o "$student" -g "$student" "$work/$student/mine/01-time-after"
  sed "/yours to change/a // $student" "$top/$side/01-time-after/main.cpp" >"$work/$student/mine/01-time-after/main.cpp"
done
for student in $students; do
  (as "$student" ./lab check 01 >"$work/$student/check.out" 2>&1; echo $? >"$work/$student/status") &
done
for student in $students; do
  tries=0
  until [ -s "$work/$student/status" ]; do
    [ $((tries += 1)) -lt 1200 ] || fail "$student has no verdict"
    sleep 0.1
  done
  expected=$((student % 2))
  [ "$(cat "$work/$student/status")" = "$expected" ] || fail "$student: check exits with $(cat "$work/$student/status"), not $expected"
done
for student in $students; do
  as "$student" ./lab hint 02 >"$work/$student/hint.out" 2>&1 || fail "$student has no hint"
  as "$student" ./lab report >"$work/$student/report.out" 2>&1 || fail "$student has no report"
done

strangers=$(find "$top" "$build" -uid +61000 -uid -61010 2>/dev/null)
[ -z "$strangers" ] || fail "a student has written to the shared build: $strangers"
