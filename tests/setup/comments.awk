# comments.awk: finds comments that a formatter has reflowed. Prints FILE:LINE and what is broken.
#
# usage: LC_ALL=C awk -f comments.awk FILE...
#
#   ruler   A line of only dashes follows `// ---- Name`.
#   item    A line inside a list item begins in the column of the item's mark, not of its text:
#               //   - an item that was
#               //   broken
#   row     A row of a table (a comment line with a second `//` in it) has no room for the next line's
#           first word, and that line is no row in the same columns: the word was the row's last.
#           (A whole row that looks so needs a `//` in the same column, with its Go side.)

# The column of the first character behind `//` and blanks, 0 for an empty or no comment.
function indent_of(line) {
  return match(line, /^ *\/\/ +[^ ]/) ? RLENGTH : 0
}

# The column of the second `//`, 0 if there is none.
function column_of_go(line) {
  return match(substr(line, 3), /[^ ]  +\/\/ /) ? RSTART + RLENGTH : 0
}

function report(what) {
  printf "%s:%d: a broken %s: %s\n", FILENAME, FNR, what, $0
}

FNR == 1 { last = ""; item = 0 }

{
  gsub(/[\200-\277]/, "")  # counts characters: these bytes only continue one
  indent = indent_of($0)
  if (last ~ /^ *\/\/ ---- ./ && $0 ~ /^ *\/\/ ?-----*$/) report("ruler")

  mark = match($0, /^ *\/\/ +(-|[0-9]+\.) +[^ -]/) ? indent : 0
  if (mark) item = mark
  else if (indent == 0 || indent < item) item = 0
  else if (indent == item) report("item")

  split(substr($0, indent), words, " ")
  row = column_of_go(last)
  if (row && indent && indent == indent_of(last) && column_of_go($0) != row && words[1] != "..." &&
      length(last) + 1 + length(words[1]) > 100) {
    report("row")
  }
  last = $0
}
