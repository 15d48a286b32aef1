#!/bin/sh
# comments_test.sh: the formatter leaves comments alone, and no table, list or ruler in them is broken.
#
# usage: comments_test.sh SOURCE-DIRECTORY
set -eu
cd "$1"
LC_ALL=C
export LC_ALL
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
status=0

fail() {
  echo "FAILED  $*"
  status=1
}
broken_in() { awk -f tests/setup/comments.awk "$@"; }

for setting in 'ReflowComments: false' 'BreakStringLiterals: false'; do
  grep -qx "$setting" .clang-format || fail ".clang-format needs '$setting'"
done

# The check finds each kind, and nothing in the whole forms.
cat >"$work/broken.h" <<'END'
// ---- Name
// -------------------------------------------------------------------------------------
//   - an item of a list whose second
//   line begins below the mark
//  1. another
//  one
//   auto [v, ok] = ch.recv_ok();    // v, ok := <-ch             ok is false once closed and
//   drained for (int v : ch) { ... }        // for v := range ch
END
cat >"$work/whole.h" <<'END'
// ---- Name -------------------------------------------------------------------------------
//   - an item of a list whose second
//     line begins below the text
//   - another
// Text again.
//   auto [v, ok] = ch.recv_ok();    // v, ok := <-ch             ok is false once it is closed
//   for (int v : ch) { ... }        // for v := range ch
END
[ "$(broken_in "$work/broken.h" | wc -l)" -eq 4 ] || fail "the check misses a broken comment"
[ -z "$(broken_in "$work/whole.h")" ] || fail "the check finds a whole comment broken"

find runtime profiler course exercises solutions tests -name '*.h' -o -name '*.cpp' >"$work/files"
xargs awk -f tests/setup/comments.awk <"$work/files" >"$work/found"

if [ -s "$work/found" ]; then
  cat "$work/found"
  fail "set these comments by hand: one line for a ruler or a row, an item's lines below its text"
fi
exit $status
