#!/bin/sh
# layers_test.sh TOP: the folders of runtime/ and profiler/ stand in the order that layers.txt gives them.
#
# An include may point to the same folder or to one that stands higher in the list, never lower. So there is no circle, and a
# reader can begin at the top of the list and never meets a word that is explained further down.
set -eu
cd "$1"
table=tests/setup/layers.txt
grep -rnE '^#include "(runtime|profiler|course|exercises|solutions|tests)/' runtime profiler |
  awk -v table="$table" '
    function folder(path) { sub("/[^/]*$", "", path); return path }
    BEGIN {
      while ((getline line < table) > 0) {
        if (line ~ /^#/ || line == "") continue
        words = split(line, word, " ")
        for (i = 1; i <= words && word[i] ~ /^(runtime|profiler)\//; i++) place[word[i]] = ++count
      }
    }
    {
      split($0, part, ":")
      from = folder(part[1])
      match($0, /"[^"]*"/)
      target = substr($0, RSTART + 1, RLENGTH - 2)
      to = folder(target)
      if (part[1] == "runtime/golab.h") next  # the roof: it includes what an exercise needs
      if (!(from in place)) problem = from "/ is not in " table
      else if (!(to in place)) problem = "it includes " target ", which is in no room of " table
      else if (place[to] > place[from]) problem = "it includes " target ", and " to "/ stands below " from "/"
      else { used[to] = 1; next }
      print part[1] ":" part[2] ": " problem
      bad = 1
    }
    END { exit bad }' || { echo "the include graph breaks the order of $table" >&2; exit 1; }
missing=$(grep -v '^#' "$table" | grep -oE '(runtime|profiler)/[a-z/]+' | while read -r room; do [ -d "$room" ] || echo "$room"; done)
[ -z "$missing" ] || { echo "$table names folders that are not there: $missing" >&2; exit 1; }
