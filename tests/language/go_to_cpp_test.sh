#!/bin/sh
# go_to_cpp_test.sh COMPILER TOP: every line of C++ in course/go-to-cpp.md compiles, without a warning.
#
# A block marked ```cpp is the inside of a function, a block marked ```c++ stands outside of functions; there are no others.
# page.h declares the few names that the blocks use and do not declare. Each lesson names the page where a student begins to
# write.
set -eu
compiler=$1
top=$2
page=$top/course/go-to-cpp.md
lines_max=120
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# shellcheck source=tests/language/compile.sh
. "$top/tests/language/compile.sh"
read_header tests/language/page.h

awk -v page=go-to-cpp.md '
  /^```cpp$/ { blocks++; inside = 1; end = "}"; print "void block_" blocks "() {"; print "#line " NR + 1 " \"" page "\""; next }
  /^```c\+\+$/ { blocks++; inside = 1; end = ""; print "#line " NR + 1 " \"" page "\""; next }
  /^```/ && !inside { print "#error line " NR ": a block that is neither cpp nor c++"; next }
  /^```/ { print end; inside = 0; next }
  inside { print }
  END { if (blocks < 5) print "#error only " blocks + 0 " blocks of C++ in the page" }' "$page" >"$work/page.cpp"
compile "$work/page.cpp" -Werror -Wno-unused-variable -Wno-unused-but-set-variable || exit 1
lines=$(wc -l <"$page")
[ "$lines" -le "$lines_max" ] || { echo "$page has $lines lines; one page has $lines_max"; exit 1; }
for lesson in "$top"/course/0[1-9]-*.md "$top"/course/1?-*.md; do
  sed -n '/^## Your turn/,/^## [^Y]/p' "$lesson" | grep -q 'go-to-cpp\.md' ||
    { echo "$lesson: its \"Your turn\" does not name go-to-cpp.md"; exit 1; }
done
