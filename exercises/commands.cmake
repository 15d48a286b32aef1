# commands.cmake: writes the file "commands": how the template of an exercise is compiled, in its first
# line, and linked, in its second. What belongs to the template alone is replaced by {source}, {object}
# and {program}. The third line asks whether what both use is as new as its sources.
#
# usage: cmake -D NINJA=… -D BUILD=… -P commands.cmake
execute_process(
  COMMAND ${NINJA} -C ${BUILD} -t commands exercises/exercise_template
  OUTPUT_VARIABLE all
  COMMAND_ERROR_IS_FATAL ANY)

if(NOT all MATCHES "([^\n]*) -o ([^ \n]*exercise_template[^ \n]*\\.o) -c [^\n]*template\\.cpp\n")
  message(FATAL_ERROR "ninja knows no command that compiles exercise_template")
endif()
set(object ${CMAKE_MATCH_2})
# The list of included files is for ninja.
string(REGEX REPLACE " -MD -MT [^ ]+ -MF [^ ]+" "" compile "${CMAKE_MATCH_1}")
# A parameter that is not used is no mistake of a student's, whatever we ask of ourselves.
string(REPLACE " -Werror" "" compile "${compile}")
string(APPEND compile " -o {object} -c {source}")

if(NOT all MATCHES "([^\n]* -o exercises/exercise_template [^\n]*)\n")
  message(FATAL_ERROR "ninja knows no command that links exercise_template")
endif()
string(REPLACE " ${object} " " {object} " link "${CMAKE_MATCH_1}")
string(REPLACE " -o exercises/exercise_template " " -o {program} " link "${link}")

# What follows the link names the program by its whole path, in quotes if that has blanks.
string(REPLACE "\"${BUILD}/exercises/exercise_template\"" "{program}" link "${link}")
string(REPLACE "${BUILD}/exercises/exercise_template" "{program}" link "${link}")

set(look "${NINJA} -n exercise_headers profiler")
if(link MATCHES "libheap\\.a")
  string(APPEND look " heap")
endif()
if(link MATCHES "/pclntab")
  string(APPEND look " pclntab")
endif()

file(WRITE ${BUILD}/exercises/commands "${compile}\n${link}\n${look}\n")
