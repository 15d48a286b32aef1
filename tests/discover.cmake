# discover.cmake: asks a test program for the names of its tests and hands them to ctest.
#
# Included by ctest, once for each program, with: program, name, list, list_tests, directory, timeout,
# labels. The names are asked for again only when the program is newer than the list.
if(NOT EXISTS "${program}")
  add_test("${name} (not built)" "${program}")
  return()
endif()

if("${program}" IS_NEWER_THAN "${list}")
  execute_process(
    COMMAND "${program}" ${list_tests}
    OUTPUT_VARIABLE names
    ERROR_VARIABLE complaint
    RESULT_VARIABLE status
    TIMEOUT 60)
  # Catch2 2 answers with the number of tests as its exit status: only a signal's name is an error.
  if(NOT status MATCHES "^[0-9]+$" OR names STREQUAL "")
    file(REMOVE "${list}")
    add_test("${name} (cannot list its tests: ${status})" "${program}" ${list_tests})
    return()
  endif()

  # Brackets and semicolons mean something to CMake's lists: they travel in disguise.
  string(REPLACE "[" "@OPEN@" names "${names}")
  string(REPLACE "]" "@CLOSE@" names "${names}")
  string(REPLACE ";" "@SEMI@" names "${names}")
  string(REPLACE "\\" "@BACK@" names "${names}")
  string(REPLACE "\n" ";" names "${names}")
  set(script "")
  foreach(test ${names})
    string(REPLACE "@OPEN@" "[" test "${test}")
    string(REPLACE "@CLOSE@" "]" test "${test}")
    string(REPLACE "@SEMI@" ";" test "${test}")
    string(REPLACE "@BACK@" "\\" test "${test}")
    # Catch2 reads a comma as "or", a bracket as a tag and a star as a wildcard.
    string(REGEX REPLACE "([][,*\\])" "\\\\\\1" pattern "${test}")
    string(APPEND script "add_test([==[${name}: ${test}]==] [==[${program}]==] [==[${pattern}]==])\n")
    string(APPEND script "set_tests_properties([==[${name}: ${test}]==] PROPERTIES\n"
           "  WORKING_DIRECTORY [==[${directory}]==] TIMEOUT ${timeout} SKIP_RETURN_CODE 77\n"
           "  ENVIRONMENT GOLAB_LEAK_RETRIES=100 LABELS [==[${labels}]==])\n")
  endforeach()
  file(WRITE "${list}" "${script}")
endif()
include("${list}")
