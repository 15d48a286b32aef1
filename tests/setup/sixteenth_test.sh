#!/bin/sh
# sixteenth_test.sh: an exercise is a folder with a manifest, and no other file knows of it.
#
# Configures a copy of the project (by symlinks: nothing is built) with a sixteenth exercise, and with
# one whose manifest is wrong. Then another one comes file by file, while the build is there already.
#
# usage: sixteenth_test.sh SOURCE-DIRECTORY CXX-COMPILER
set -eu
top=$1
compiler=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tree=$work/tree
manifest=$(cat "$top/exercises/01-time-after/manifest")

fail() {
  echo "FAILED  $1"
  tail -n 20 "$work/log"
  exit 1
}

add_exercise() { # NAME MANIFEST
  mkdir "$tree/exercises/$1"
  cp "$top/exercises/01-time-after/main.cpp" "$tree/exercises/$1/main.cpp"
  printf '%s\n' "$2" >"$tree/exercises/$1/manifest"
}
add_solution() {
  mkdir "$tree/solutions/$1"
  cp "$top/solutions/01-time-after/main.cpp" "$tree/solutions/$1/main.cpp"
}
add_lesson() { cp "$top/course/01-time-after.md" "$tree/course/$1.md"; }

configure_anew() { ninja -C "$work/build" build.ninja >"$work/log" 2>&1 || fail "it does not configure anew"; }

is_built() { # SIDE/NAME
  ninja -C "$work/build" -t targets all >"$work/targets"
  grep -q "^$1: CXX_EXECUTABLE_LINKER" "$work/targets" || fail "$1 is not built"
}
is_tested() { # FOLDER-OF-TESTS TEST
  grep -qF "=[$2]=" "$work/build/tests/$1/CTestTestfile.cmake" || fail "there is no test \"$2\""
}
is_whole() {
  is_built "exercises/$1"
  is_built "solutions/$1"
  is_tested exercises "exercises: $1 is as it promises"
  is_tested exercises "fixes: $1"
  is_tested lab "lesson: $1"
}

mkdir -p "$tree/exercises" "$tree/solutions" "$tree/course"
for entry in "$top"/CMake* "$top/LICENSE" "$top/README.md" "$top/runtime" "$top/profiler" "$top/tests" \
  "$top"/exercises/* "$top"/solutions/* "$top"/course/*; do
  ln -s "$entry" "$tree/${entry#"$top"/}"
done
for name in 16-new 17-bad; do
  add_exercise $name "$manifest"
  add_solution $name
  add_lesson $name
done
echo 'load so many requests' >"$tree/exercises/17-bad/manifest"

cmake -S "$tree" -B "$work/build" -G Ninja -D CMAKE_CXX_COMPILER="$compiler" >"$work/log" 2>&1 ||
  fail "a new exercise or a bad manifest keeps the project from being configured"
is_whole 01-time-after
is_whole 16-new
is_whole 17-bad

add_exercise 18-later "$manifest"
configure_anew
is_built exercises/18-later
add_solution 18-later
configure_anew
is_built solutions/18-later
add_lesson 18-later
configure_anew
is_whole 18-later
