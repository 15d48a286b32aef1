// toolchain.h: programs in Go that a test runs beside ours, where Go is installed.
#pragma once

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "tests/catch.h"
#include "tests/child.h"

namespace fixture {

constexpr std::string_view kGoVersion = "go1.26";  // whose answers and stacks the tests know
constexpr std::string_view kNewestGo = "go1.27.3";  // whose answers are golab's

inline std::string go_command() {
  for (const char* path : {"/usr/local/go/bin/go", "/usr/bin/go", "/usr/lib/go/bin/go"}) {
    if (access(path, X_OK) == 0) return path;
  }
  return "";
}

// tests/net/NAME/main.go, compiled until this goes; or what is missing for that. By this version of
// Go, if it was fetched once (GOTOOLCHAIN=go1.27.3 go version); else by the installed one.
class GoProgram {
 public:
  explicit GoProgram(const std::string& name, std::string_view wanted = "") {
    if (go_command().empty()) {
      missing = "go is not installed";
      return;
    }
    std::vector<std::string> env = {"GOTOOLCHAIN=" + std::string(wanted), "GOFLAGS=-mod=mod",
                                    "CGO_ENABLED=0", "GOPROXY=off"};
    auto version = [&env] { return run_child({go_command(), "env", "GOVERSION"}, env).out; };
    newest = !wanted.empty() && version().starts_with(wanted);
    if (!newest) env[0] = "GOTOOLCHAIN=local";
    if (!newest && !version().starts_with(kGoVersion)) {
      missing = "what " + std::string(kGoVersion) + " does is known, and here is " + version();
      return;
    }
    char made[] = "/tmp/golab-go-XXXXXX";
    dir_ = mkdtemp(made);
    path = dir_ + "/" + name;
    const std::string source = GOLAB_SOURCE_DIR "/tests/net/" + name + "/main.go";
    const ChildResult built = run_child({go_command(), "build", "-o", path, source}, env, 150);
    INFO(built.out << built.err);
    REQUIRE(built.status == 0);
  }
  ~GoProgram() {
    if (!dir_.empty()) std::filesystem::remove_all(dir_);
  }
  GoProgram(const GoProgram&) = delete;
  GoProgram& operator=(const GoProgram&) = delete;

  std::string missing;
  std::string path;
  bool newest = false;  // it is of the version that was wanted

 private:
  std::string dir_;
};

}  // namespace fixture
