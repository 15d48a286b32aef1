# embed.cmake: writes the files of the page into a header, as text.
#
# usage: cmake -D OUT=live_files.h -D DIRECTORY=… -D FILES=page.html,page.css,… -P embed.cmake
string(REPLACE "," ";" files "${FILES}")
set(type_html "text/html; charset=utf-8")
set(type_css "text/css; charset=utf-8")
set(type_js "text/javascript; charset=utf-8")

set(header "#pragma once\n#include <string_view>\n\nstruct LiveFile {\n  std::string_view name, type, text;\n};\n")
string(APPEND header "constexpr LiveFile kLiveFiles[] = {\n")
foreach(name IN LISTS files)
  file(READ ${DIRECTORY}/${name} text)
  string(REGEX REPLACE ".*\\." "" ending ${name})
  string(APPEND header "{\"${name}\", \"${type_${ending}}\", R\"page(${text})page\"},\n")
endforeach()
string(APPEND header "};\n")
file(WRITE ${OUT} "${header}")
