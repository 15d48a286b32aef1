# devcontainer_test.cmake: .devcontainer/devcontainer.json is JSON, and what it names is in the Containerfile.
#
# usage: cmake -D TOP=… -P devcontainer_test.cmake
file(READ ${TOP}/.devcontainer/devcontainer.json text)
file(READ ${TOP}/Containerfile image)
string(JSON file GET "${text}" build dockerfile)  # not JSON, or no such key: ends with an error
string(JSON context GET "${text}" build context)
string(JSON user GET "${text}" remoteUser)
string(JSON folder GET "${text}" workspaceFolder)
string(JSON mount GET "${text}" workspaceMount)
foreach(path ${file} ${context}/course)
  if(NOT EXISTS ${TOP}/.devcontainer/${path})
    message(FATAL_ERROR ".devcontainer/devcontainer.json names ${path}, which is not there")
  endif()
endforeach()
string(REGEX MATCH "target=([^,]*)" ignored "${mount}")
foreach(line "USER ${user}\n" "WORKDIR ${folder}\n" "GOLAB_MINE=${CMAKE_MATCH_1} ")
  string(FIND "${image}" "${line}" at)
  if(at EQUAL -1)
    message(FATAL_ERROR "the Containerfile has no \"${line}\", which devcontainer.json counts on")
  endif()
endforeach()
