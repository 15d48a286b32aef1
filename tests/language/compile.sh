# shellcheck shell=sh disable=SC2154
# compile.sh: for the scripts of this folder: a compiler that has read one header already.
#
# usage: . compile.sh, with $compiler, $top and $work set
#
# read_header HEADER   compiles it ahead: a script that includes golab.h many times saves minutes
# compile FILE FLAGS…  checks a file that begins after that header; what the compiler says is stdout

read_header() {
  if "$compiler" --version | grep -q clang; then
    ahead="-include-pch $work/ahead.h.pch"
    "$compiler" -std=c++20 -Wall -Wextra -I"$top" -x c++-header "$top/$1" -o "$work/ahead.h.pch"
  else
    ahead="-include $work/ahead.h"
    "$compiler" -std=c++20 -Wall -Wextra -I"$top" -x c++-header "$top/$1" -o "$work/ahead.h.gch"
  fi
}

compile() {
  file=$1
  shift
  # shellcheck disable=SC2086 # two words
  LC_ALL=C "$compiler" $ahead -std=c++20 -Wall -Wextra -I"$top" -fsyntax-only "$@" "$file" 2>&1
}
