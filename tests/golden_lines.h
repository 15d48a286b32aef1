// golden_lines.h: compares text line by line with what a Go program printed.
#pragma once

#include <algorithm>
#include <sstream>
#include <string>
#include <vector>

#include "runtime/os/os.h"
#include "tests/catch.h"

inline std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

// `path` is below tests/. Requires: called on goroutine 1.
inline void compare_with_golden(const std::string& path, const std::string& text) {
  auto [golden, err] = golab::os::ReadFile(std::string(GOLAB_SOURCE_DIR "/tests/") + path);
  REQUIRE(err == nullptr);
  auto want = lines_of(golden), got = lines_of(text);
  REQUIRE(!want.empty());
  for (size_t i = 0; i < std::max(want.size(), got.size()); i++) {
    CHECK((i < got.size() ? got[i] : "(nothing)") == (i < want.size() ? want[i] : "(nothing)"));
  }
}
