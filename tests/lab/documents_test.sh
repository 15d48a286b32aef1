#!/bin/sh
# documents_test.sh: what the documents point at is there: files behind links, DOC: tags, labels of
# tests (-L NAME), and in tables "| `function` … | file |" each function in its file. And a picture of
# the course has words for those who do not see it, and is made for light and dark pages.
#
#   documents_test.sh TOP DOCUMENT...       e.g. … README.md runtime/HACKING.md
set -u
cd "$1" || exit 1
shift

# What a document points at, a line each: link FILE, tag NAME, label NAME, function NAME FILE, and
# silent FILE for a picture without words.
pointers() {
  grep -o '!\[\]([^)]*)' "$1" | sed 's/.*(\(.*\))/silent \1/'
  grep -o ']([^)#:]*)' "$1" | sed 's/](\(.*\))/link \1/'
  grep -o 'DOC: [a-z0-9-]*' "$1" | sed 's/DOC:/tag/'
  grep -oe '-L [a-z][a-z]*' "$1" | sed 's/-L/label/'
  sed -n 's/^| \(`.*\) | \([a-z_/]*\.[a-z]*\) |$/\1 \2/p' "$1" |
    awk '{ for (i = 1; i < NF; i++) { gsub("`", "", $i); print "function", $i, $NF } }'
}

# Says what is missing; says nothing if all is well.
missing() {
  for document in "$@"; do
    directory=$(dirname "$document")
    pointers "$document" | sort -u | while read -r kind name file; do
      case $kind in
        link) [ -e "$directory/$name" ] || echo "$document links to $name, which is not there" ;;
        silent) echo "$document shows $name without words: ![what one sees]($name)" ;;
        tag)
          grep -rqwF "// DOC: $name" runtime profiler ||
            echo "$document cites DOC: $name, which is in no source"
          ;;
        label)
          grep -rqw --include=CMakeLists.txt "LABELS $name" tests ||
            echo "$document names the label $name, which no test has"
          ;;
        function) grep -q "\<$name(" "$directory/$file" || echo "$document: no $name in $file" ;;
      esac
    done
  done
}

# Says which pictures lack a title or colours for one of the two.
unfit() {
  for picture in course/pictures/*.svg; do
    grep -q '<title' "$picture" || echo "$picture has no <title>"
    grep -q 'prefers-color-scheme: dark' "$picture" || echo "$picture has no colours for a dark page"
  done
}

said=$(missing "$@"; unfit)
[ -z "$said" ] || { printf '%s\n' "$said"; exit 1; }
