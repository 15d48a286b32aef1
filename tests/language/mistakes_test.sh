#!/bin/sh
# mistakes_test.sh COMPILER TOP: what the compiler says of each line of mistakes.txt.
#
# The first line with "error:" or "warning:" has the text of mistakes.txt, and all that is said fits into a few lines. The right
# line beside it compiles without a word.
set -eu
compiler=$1
top=$2
lines_max=14
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# shellcheck source=tests/language/compile.sh
. "$top/tests/language/compile.sh"
read_header tests/language/mistakes.h

status=0
tried=0
fail() {
  printf 'FAILED  %s\n' "$1"
  shift
  printf '        %s\n' "$@"
  status=1
}
said() { printf 'void student() {\n  %s\n}\n' "$1" >"$work/line.cpp" && compile "$work/line.cpp" || true; }

wrong=
right=
while read -r key rest; do
  case $key in
    wrong:) wrong=$rest ;;
    right:) right=$rest ;;
    says:)
      tried=$((tried + 1))
      kind=${rest%%: *}
      text=${rest#*: }
      all=$(said "$wrong")
      first=$(printf '%s\n' "$all" | grep -m1 -E '(error|warning): ' || true)
      lines=$(printf '%s\n' "$all" | wc -l)
      case $first in
        *"$kind: "*"$text"*) ;;
        *) fail "$wrong" "must say: $rest" "says: ${first:-nothing}" ;;
      esac
      [ "$lines" -le "$lines_max" ] || fail "$wrong" "needs $lines lines to say it; $lines_max is the limit"
      all=$(said "$right")
      [ -z "$all" ] || fail "$right" "is right, but: $all"
      ;;
  esac
done <"$top/tests/language/mistakes.txt"
[ "$tried" -ge 10 ] || fail "mistakes.txt" "has only $tried mistakes"
exit $status
