// prometheus.h: where Prometheus' own programs are, for the tests that need them.
#pragma once

#include <algorithm>
#include <filesystem>
#include <string>

#include "tests/catch.h"
#include "tests/child.h"

// prometheus or promtool, where course/monitoring/start --install puts it, or on PATH. Empty: it is
// not here.
inline std::string prometheus_program(const std::string& name) {
  const std::string unpacked = GOLAB_SOURCE_DIR "/build/prometheus/usr/bin/" + name;
  if (std::filesystem::exists(unpacked)) return unpacked;
  std::string path = run_child({"sh", "-c", "command -v " + name}).out;
  path.erase(std::remove(path.begin(), path.end(), '\n'), path.end());
  return path;
}

inline void skip_without_prometheus() {
  skip_test("prometheus is not installed: course/monitoring/start --install");
}
