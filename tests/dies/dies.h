// dies.h: runs a program that ends badly, and makes what it says comparable.
#pragma once

#include <filesystem>
#include <fstream>
#include <regex>
#include <sstream>
#include <string>
#include <vector>

#include "tests/catch.h"
#include "tests/child.h"

inline std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream all;
  all << in.rdbuf();
  return all.str();
}

inline std::string replace_all(std::string text, const std::string& from, const std::string& to) {
  for (size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
    text.replace(at, from.size(), to);
  return text;
}

// One line per frame, positions away; ids, addresses and argument words masked.
inline std::string mask(const std::string& text) {
  static const std::regex kPosition("^\t/[^ ]*:[0-9]+( .*)?$");
  static const std::regex kAddress("0x[0-9a-f]+");
  static const std::regex kFrame("^([^ \t].*[^ ])\\((\\.\\.\\.|[^()]*|\\{.*)\\)$");
  static const std::regex kId("goroutine [0-9]+");
  std::string out;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) {
    if (std::regex_match(line, kPosition)) continue;
    line = std::regex_replace(line, kAddress, "0x#");
    line = std::regex_replace(line, kId, "goroutine #");
    if (line.rfind("panic:", 0) != 0 && line.rfind("fatal error:", 0) != 0) {
      line = std::regex_replace(line, kFrame, "$1()");
    }
    out += line + "\n";
  }
  return out;
}

// The program is a function here, called by main.
inline std::string as_main(std::string masked, const std::string& program) {
  masked = replace_all(masked, "main." + program + "()\nmain.main()\n", "main.main()\n");
  masked = replace_all(masked, "main." + program + ".", "main.main.");
  return replace_all(masked, "by main." + program + " in", "by main.main in");
}

// Do all threads of the process sleep?
inline bool asleep(pid_t pid) {
  std::string tasks = "/proc/" + std::to_string(pid) + "/task";
  for (auto& task : std::filesystem::directory_iterator(tasks)) {
    std::string stat = read_file(task.path().string() + "/stat");
    size_t end = stat.rfind(')');
    if (end == std::string::npos || stat.compare(end, 3, ") S") != 0) return false;
  }
  return true;
}

inline void until_asleep(pid_t pid) {
  int seen = 0;  // a thread may sleep for a moment on a lock: several times in a row
  eventually([&] { return (seen = asleep(pid) ? seen + 1 : 0) == 20; });
}
