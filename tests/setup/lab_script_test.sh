#!/bin/sh
# lab_script_test.sh: ./lab on machines that lack one thing or another, without touching this one.
#
# Every machine is a directory of commands: the real coreutils by symlink, and stand-ins for dpkg-query,
# apt-get, cmake and ninja that write down how they were called. PATH has nothing else.
#
# usage: lab_script_test.sh PATH-OF-LAB
# shellcheck disable=SC2016,SC2317  # stand-ins expand later; check() calls said, called and not
set -eu
lab=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failures=0

# check DESCRIPTION COMMAND...: the command must succeed.
check() {
  what=$1
  shift
  if "$@" >/dev/null 2>&1; then
    echo "ok      $what"
  else
    echo "FAILED  $what ($*)"
    [ ! -f "$work/out" ] || sed 's/^/        | /' "$work/out"
    failures=$((failures + 1))
  fi
}

# command_on MACHINE NAME: reads the body of a stand-in from standard input.
command_on() {
  { echo '#!/bin/sh'; echo "echo \"$2 \$*\" >>$work/calls"; cat; } >"$work/$1/$2"
  chmod +x "$work/$1/$2"
}

# machine NAME: a Debian with every tool and library that the build needs, run by root.
machine() {
  mkdir "$work/$1"
  for tool in sh env cat rm ls mkdir tail head grep tr awk nproc readlink flock sed uname; do
    ln -s "$(command -v $tool)" "$work/$1/$tool"
  done
  for tool in c++ pkg-config protoc curl; do echo : | command_on "$1" $tool; done
  echo 'for l in "$@"; do echo "$l installed"; done' | command_on "$1" dpkg-query
  echo 'echo 0' | command_on "$1" id
  echo : | command_on "$1" apt-get
  echo 'echo "ninja: no work to do."' | command_on "$1" ninja
  echo "mkdir -p build; : >build/build.ninja" | command_on "$1" cmake
}

# run MACHINE ARGUMENTS...: ./lab on that machine, in a fresh checkout. Leaves $status and $work/out.
run() {
  on=$1
  shift
  rm -rf "$work/tree" "$work/calls"
  mkdir -p "$work/tree/build/course" "$work/tree/build/tests/bench/report"
  cp "$lab" "$work/tree/lab"
  printf '#!/bin/sh\necho "program: $*"\n' >"$work/tree/build/course/lab"
  printf '#!/bin/sh\necho "report: $*"\n' >"$work/tree/build/tests/bench/report/bench_report"
  chmod +x "$work/tree/build/course/lab" "$work/tree/build/tests/bench/report/bench_report"
  ln -s "$work/tree/lab" "$work/tree/build/link to lab"
  : >"$work/calls"
  status=0
  (cd / && env -i PATH="$work/$on" "$work/tree/build/link to lab" "$@") >"$work/out" 2>&1 || status=$?
}
said() { grep -q -e "$1" "$work/out"; }
called() { grep -q -e "$1" "$work/calls"; }
not() { if "$@"; then return 1; else return 0; fi; }

# again MACHINE ARGUMENTS...: the same in the checkout of the last run.
again() {
  on=$1
  shift
  : >"$work/calls"
  status=0
  (cd / && timeout 20 env -i PATH="$work/$on" "$work/tree/build/link to lab" "$@") >"$work/out" 2>&1 || status=$?
}

machine whole
run whole
check "no arguments: the help, and nothing is built" [ "$status" = 0 ] && check "… with demo" said 'lab demo'
check "… in 60 columns" not said '.\{61\}'
check "… without a look at the packages" not called dpkg-query
# The same on a terminal, which is where a student is.
: >"$work/calls"
script -qec "env -i TERM=xterm PATH=$work/whole $work/tree/build/link\ to\ lab" /dev/null \
  >"$work/out" 2>&1 </dev/null || true
check "no arguments on a terminal: becomes the program" said '^program: '
check "… which is built first" called 'ninja -n lab_program'
for output in /dev/full closed; do
  for word in '' --help help; do
    status=0
    # shellcheck disable=SC2086  # no word is no argument
    if [ $output = closed ]; then
      env -i PATH="$work/whole" "$lab" $word >&- 2>"$work/out" || status=$?
    else
      env -i PATH="$work/whole" "$lab" $word >$output 2>"$work/out" || status=$?
    fi
    check "help that cannot be written ($output): an error" [ "$status" = 2 ]
    check "… that says so" said '^lab: cannot write to standard output'
  done
done
run whole demo --fast
check "all there: becomes the program, through a symlink, from another directory" said 'program: demo --fast'
check "… installs nothing" not called apt-get
check "… configures with the default preset" called 'cmake --preset default'
{
  flock 9
  again whole demo --fast
} 9>"$work/tree/build/.lock"
check "built already: goes on while somebody else builds" said 'program: demo --fast'
check "… without waiting" not said 'Waiting for another'
check "… or configuring" not called cmake
run whole help compare
check "help COMMAND is the program's" said 'program: help compare'

run whole bench --check
check "bench is a program of its own" said '^report: --check$'
check "… which needs no gnuplot" not called apt-get
run whole help bench
check "… and explains itself" said '^report: --help$'
run whole bench --from results.json --pictures out
check "pictures need gnuplot" called 'apt-get install .* gnuplot-nox$'

machine bare
rm "$work/bare/cmake" "$work/bare/c++"
command_on bare dpkg-query <<'END'
for l in "$@"; do [ "$l" = libdw-dev ] && echo "$l config-files" || echo "$l installed"; done
exit 1
END
run bare packages
check "packages installs what is missing" called 'apt-get install .* g++ cmake libdw-dev$'
check "… and does no more" not called ninja
run bare demo
check "missing packages are named" said 'Missing packages: g++ cmake libdw-dev *$'
check "… and exactly these installed" called 'apt-get install .* g++ cmake libdw-dev$'

machine user
rm "$work/user/ninja"
echo 'echo 1000' | command_on user id
run user demo
check "no root, no sudo: says so and stops" [ "$status" = 2 ] && check "… with a next step" said 'apt-get install ninja-build'
check "… and does not try" not called apt-get
command_on user sudo <<'END'
"$@"
END
echo 'exit 100' | command_on user apt-get
run user demo
check "sudo is asked when there is one" called 'sudo env .* apt-get install .* ninja-build'
check "a failed installation is an error with a next step" said 'could not install: ninja-build'
check "… and stops" [ "$status" = 2 ]

machine broken
echo 'echo "CMake Error: no"; exit 1' | command_on broken cmake
run broken demo
check "a failed configuration shows CMake's words" said 'CMake Error: no'
check "… and stops" [ "$status" = 2 ]

machine other
rm "$work/other/dpkg-query" "$work/other/cmake"
run other demo
check "not a Debian: says what to install" said 'not a Debian'

exit $((failures > 0))
