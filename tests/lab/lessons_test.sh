#!/bin/sh
# lessons_test.sh: runs every command of a lesson, and looks for what the lesson says one will see.
#
#   lessons_test.sh TOP BUILD LESSON        e.g. … course/01-time-after.md
#
# How a lesson marks its blocks:
#
#   ```sh                   run to its end; must succeed
#   ```sh exit=1            run to its end; must exit with 1
#   ```sh again             as the first, and again if it does not show what is expected: on a busy
#                           machine a profile may catch a goroutine of the server on its way to park
#   ```sh background        left running, once it answers at the address that it prints; ends with the
#                           lesson, or when a later one runs the same command
#   <!-- expect: TEXT -->   below a block that ran: its output has this text in it
#
# Other blocks (```text, ```go, ```cpp) are for reading. The blocks share their variables that hold an
# address, as $url. Lessons run beside each other and beside a student's own, so an address that is
# written in a block is an error: it comes from `./lab url`. Blocks with `go tool`, or that start or ask
# Prometheus, are left out, and say so, where that is not installed; those with `go test` also where the
# modules that they need can neither be found nor fetched. `./lab build` does nothing: all is built.
#
# Exit status: 0 passed, 1 failed, 77 skipped.
set -u

top=$1
build=$2
lesson=$3
command -v curl >/dev/null 2>&1 || { echo "skipped: curl is not installed"; exit 77; }
PATH=$PATH:/usr/local/go/bin:$top/build/prometheus/usr/bin
BROWSER=true # what go tool pprof -http opens its page with
export PATH BROWSER
unset NO_COLOR http_proxy HTTP_PROXY

work=$(mktemp -d)
GOLAB_MINE=$work/mine # what somebody has in mine/ is no business of the tests
TMPDIR=$work
export GOLAB_MINE TMPDIR
groups='' # process groups of the background blocks, as COMMAND:GROUP
end_group() { kill -s KILL -- "-$1" 2>/dev/null && wait "$1" 2>/dev/null; }
clean_up() {
  for entry in $groups; do end_group "${entry#*:}"; done
  rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 1' HUP INT TERM

fail() {
  echo "FAILED: $lesson, line $line: $1"
  sed 's/^/    | /' "$work/command"
  [ -f "$work/output" ] && sed 's/^/    > /' "$work/output"
  exit 1
}

# The project's top as the lesson sees it: everything by its name, and a ./lab that is built.
cd "$work" || exit 1
ln -s "$top/exercises" "$top/solutions" "$top/course" "$top/runtime" "$top/profiler" "$top/tests" .
ln -s "$build" build
cat >lab <<LAB
#!/bin/sh
[ "\$1" != build ] || exit 0
exec "$build/course/lab" "\$@"
LAB
chmod +x lab

# A block leaves its addresses to the next one.
cat >prelude <<'PRELUDE'
. ./variables
trap 'set | grep -E "^[a-z]+=.?http://" >variables || true' EXIT
PRELUDE
: >variables

# What the block in ./command needs and is not here.
missing_for_block() {
  if grep -qE 'go (tool|test)' command && ! command -v go >/dev/null 2>&1; then
    echo go
  elif grep -q 'go test' command && ! (cd course/leak-checks/go && go vet .) >/dev/null 2>&1; then
    echo "goleak, or Go 1.22,"
  fi
  if grep -q prometheus command && ! prometheus --version >/dev/null 2>&1; then echo prometheus; fi
}

# One line per block (its line in the lesson, how it is to run, how many lines of it follow), its
# lines, and the expectations, each behind an "expect ".
awk '
  /^```sh/ { sub(/^```sh ?/, ""); how = $0; start = NR; text = ""; lines = 0; inside = 1; next }
  /^```/ && inside {
    printf "block %d %d %s\n%s", start, lines, how, text
    inside = 0
    next
  }
  /^```/ { other = !other; next }
  inside { text = text $0 "\n"; lines++; next }
  !other && /^<!-- expect: .* -->$/ { sub(/^<!-- expect: /, ""); sub(/ -->$/, ""); print "expect " $0 }
' "$top/$lesson" >blocks

# The first address in the output, HOST:PORT.
address() { sed -n -E 's,.*( on |http://)([^/ ]*:[0-9]+).*,\2,p' output | head -n 1; }

start_background() {
  started=$(cksum <./command | cut -d ' ' -f 1)
  kept=''
  for entry in $groups; do
    if [ "${entry%%:*}" = "$started" ]; then
      end_group "${entry#*:}"
    else
      kept="$kept $entry"
    fi
  done
  groups=$kept
  setsid sh -eu command >output 2>&1 &
  groups="$groups $started:$!"
  tries=0
  until [ -n "$(address)" ] && curl -s -o /dev/null --max-time 2 "http://$(address)/"; do
    kill -0 $! 2>/dev/null || fail "it ended instead of serving"
    [ $((tries += 1)) -lt 600 ] || fail "no answer at \"$(address)\""
    sleep 0.05
  done
}

# Runs the block to its end, and leaves its exit status in $status.
run_block() {
  cat prelude command >script
  sh -eu script >output 2>&1 3<&-
  status=$?
}

ran=no
line=0
found=0
blocks=0 # that ran
while IFS= read -r entry <&3; do
  case $entry in
    'block '*)
      # shellcheck disable=SC2086  # the words are to be split
      set -- $entry
      line=$2 lines=$3 how=${4-}
      : >"$work/command"
      while [ "$lines" -gt 0 ]; do
        IFS= read -r text <&3
        printf '%s\n' "$text" >>"$work/command"
        lines=$((lines - 1))
      done
      ! grep -qE '(127\.0\.0\.1|localhost):(60[67][0-9]|80[0-9]{2})' command ||
        fail "another student may have this port: take the address from ./lab url"
      ran=yes found=$((found + 1))
      missing=$(missing_for_block)
      if [ -n "$missing" ]; then
        echo "line $line: left out, $missing is not installed"
        ran=no
        continue
      fi
      blocks=$((blocks + 1))
      case $how in
        background) start_background ;;
        '' | again | exit=*)
          wanted=${how#exit=}
          [ "$how" != again ] || wanted=0
          run_block
          [ "$status" -eq "${wanted:-0}" ] || fail "exit status $status, not ${wanted:-0}"
          ;;
        *) fail "nobody knows how to run a block marked '$how'" ;;
      esac
      ;;
    'expect '*)
      text=${entry#expect }
      [ -n "$text" ] || fail "an expectation of nothing"
      tries=0
      while [ $ran = yes ] && [ "$how" = again ] && [ $tries -lt 50 ] && ! grep -qF -e "$text" output; do
        tries=$((tries + 1))
        sleep 0.1
        run_block
      done
      [ $ran = no ] || grep -qF -e "$text" output || fail "no \"$text\" in the output"
      ;;
  esac
done 3<blocks

[ "$found" -gt 0 ] || { echo "FAILED: $lesson has no block to run"; exit 1; }
[ "$blocks" -gt 0 ] || { echo "skipped: each block of $lesson needs what is not installed"; exit 77; }

echo "$lesson: $blocks blocks"
