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
#   ```sh background 6060   left running, once it answers on that port; ends with the lesson, or
#                           when another block takes the port over
#   <!-- expect: TEXT -->   below a block that ran: its output has this text in it
#
# Other blocks (```text, ```go, ```cpp) are for reading. The ports of the lesson are replaced by
# free ones, so that lessons run beside each other and beside a student's own. Blocks with `go tool`
# are left out, and say so, where Go is not installed.
#
# Exit status: 0 passed, 1 failed, 77 skipped.
set -u

top=$1
build=$2
lesson=$3
command -v curl >/dev/null 2>&1 || { echo "skipped: curl is not installed"; exit 77; }
PATH=$PATH:/usr/local/go/bin
BROWSER=true # what go tool pprof -http opens its page with
export PATH BROWSER
unset NO_COLOR http_proxy HTTP_PROXY

work=$(mktemp -d)
GOLAB_MINE=$work/mine # what somebody has in mine/ is no business of the tests
export GOLAB_MINE
groups='' # process groups of the background blocks, as PORT:GROUP
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

# A port that nobody answers on, below those that the kernel hands out. Our pid keeps two of us
# apart.
next=$((20000 + ($$ * 17) % 12000))
free_port() {
  status=0
  until [ "$status" -eq 7 ]; do # nobody there
    next=$((next + 1)) status=0
    curl -s -o /dev/null --max-time 2 "http://127.0.0.1:$next/" || status=$?
  done
  echo "$next"
}
port_6060=$(free_port)
next=$port_6060
port_8080=$(free_port)
next=$port_8080
port_8000=$(free_port)

# The project's top as the lesson sees it: everything by its name, and a ./lab that is built.
cd "$work" || exit 1
ln -s "$top/exercises" "$top/solutions" "$top/course" "$top/runtime" "$top/profiler" .
cat >lab <<LAB
#!/bin/sh
if [ "\$1" = run ]; then
  port=$port_6060
  case "\$2" in 01-*) port=$port_8080 ;; esac
  set -- "\$@" --addr "127.0.0.1:\$port"
fi
exec "$build/course/lab" "\$@"
LAB
chmod +x lab

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

start_background() {
  eval "port=\$port_$1"
  kept=''
  for entry in $groups; do
    if [ "${entry%%:*}" = "$1" ]; then
      end_group "${entry#*:}"
    else
      kept="$kept $entry"
    fi
  done
  groups=$kept
  setsid sh -eu command >output 2>&1 &
  groups="$groups $1:$!"
  tries=0
  until curl -s -o /dev/null --max-time 2 "http://127.0.0.1:$port/"; do
    kill -0 $! 2>/dev/null || fail "it ended instead of serving"
    [ $((tries += 1)) -lt 600 ] || fail "no answer on port $port"
    sleep 0.05
  done
}

ran=no
line=0
blocks=0
while IFS= read -r entry <&3; do
  case $entry in
    'block '*)
      # shellcheck disable=SC2086  # the words are to be split
      set -- $entry
      line=$2 lines=$3 how=${4-} port=${5-}
      : >"$work/command"
      while [ "$lines" -gt 0 ]; do
        IFS= read -r text <&3
        printf '%s\n' "$text" >>"$work/command"
        lines=$((lines - 1))
      done
      sed -i "s/:6060/:$port_6060/g; s/:8080/:$port_8080/g
        s/localhost:8000/127.0.0.1:$port_8000/g" command
      ran=yes
      if grep -q 'go tool' command && ! command -v go >/dev/null 2>&1; then
        echo "line $line: left out, go is not installed"
        ran=no
        continue
      fi
      blocks=$((blocks + 1))
      case $how in
        background) start_background "$port" ;;
        '' | again | exit=*)
          wanted=${how#exit=}
          [ "$how" != again ] || wanted=0
          sh -eu command >output 2>&1 3<&-
          status=$?
          [ "$status" -eq "${wanted:-0}" ] || fail "exit status $status, not ${wanted:-0}"
          ;;
        *) fail "nobody knows how to run a block marked '$how'" ;;
      esac
      ;;
    'expect '*)
      text=${entry#expect }
      tries=0
      while [ $ran = yes ] && [ "$how" = again ] && [ $tries -lt 50 ] && ! grep -qF -e "$text" output; do
        tries=$((tries + 1))
        sleep 0.1
        sh -eu command >output 2>&1 3<&-
      done
      [ $ran = no ] || grep -qF -e "$text" output || fail "no \"$text\" in the output"
      ;;
  esac
done 3<blocks

[ "$blocks" -gt 0 ] || { echo "FAILED: $lesson has no block to run"; exit 1; }

echo "$lesson: $blocks blocks"
