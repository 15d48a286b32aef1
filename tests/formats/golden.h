// golden.h: what real Go wrote, and what the tests of formats/ and analysis/ do with it.
#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "profiler/formats/gzip.h"
#include "profiler/formats/profile.h"
#include "profiler/formats/stacks.h"
#include "tests/catch.h"

namespace golab::profiler {

inline std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) FAIL("cannot read " << path);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

inline std::string golden(const std::string& path) {
  return read_file(std::string(GOLAB_SOURCE_DIR) + "/tests/formats/golden/" + path);
}

inline SymbolizedProfile golden_profile(const std::string& path) {
  ReadResult result = read_profile(golden(path), path);
  REQUIRE(result.error == "");
  return result.profile;
}

inline std::string unpacked(const std::string& packed) {
  std::string plain;
  REQUIRE(gunzip(packed, uint64_t{1} << 30, plain) == "");
  return plain;
}

inline const std::vector<std::string> kSnapshots = {
    "coursepool/before.pb.gz",
    "coursepool/goroutine.pb.gz",
    "coursepool/goroutineleak.pb.gz",
    "coursepool-fixed/before.pb.gz",
    "coursepool-fixed/goroutine.pb.gz",
    "coursepool-fixed/goroutineleak.pb.gz",
    "deepstack/goroutine.pb.gz",
    "fixedpool/before.pb.gz",
    "fixedpool/goroutine.pb.gz",
    "fixedpool/goroutineleak.pb.gz",
    "leaks/goroutineleak.pb.gz",
    "leakserver/before.pb.gz",
    "leakserver/goroutine.pb.gz",
    "leakserver/goroutineleak.pb.gz",
    "leakypool/before.pb.gz",
    "leakypool/goroutine.pb.gz",
    "leakypool/goroutineleak.pb.gz",
    "mappings/cgo.pb.gz",
    "mappings/pie.pb.gz",
    "states/goroutine.pb.gz",
    "states/goroutineleak.pb.gz",
};

inline const std::vector<std::string> kTexts = {
    "coursepool/before.debug1.txt",
    "coursepool/goroutine.debug1.txt",
    "coursepool/goroutineleak.debug1.txt",
    "coursepool-fixed/before.debug1.txt",
    "coursepool-fixed/goroutine.debug1.txt",
    "coursepool-fixed/goroutineleak.debug1.txt",
    "deepstack/goroutine.debug1.txt",
    "fixedpool/goroutine.debug1.txt",
    "fixedpool/goroutineleak.debug1.txt",
    "leaks/goroutineleak.debug1.txt",
    "leakserver/goroutine.debug1.txt",
    "leakserver/goroutineleak.debug1.txt",
    "leakypool/before.debug1.txt",
    "leakypool/goroutine.debug1.txt",
    "leakypool/goroutineleak.debug1.txt",
    "mappings/cgo.debug1.txt",
    "mappings/pie.debug1.txt",
    "states/goroutine.debug1.txt",
    "states/goroutineleak.debug1.txt",
    "states/second.debug1.txt",
};

// The stacks of a profile, in the same order. The profile owns the names, so it must live as long as
// the table.
inline StackTable stacks_of(const SymbolizedProfile& profile) {
  StackTable table;
  for (const Location& location : profile.locations) {
    PhysicalFrame physical{static_cast<uintptr_t>(location.address + 1), {}};
    for (const Line& line : location.lines) {
      runtime::Frame frame;
      if (line.function != kNone) {
        const Function& function = profile.functions[line.function];
        frame.function = function.name;
        frame.system_name = function.system_name;
        frame.file = function.file;
        frame.start_line = static_cast<int>(function.start_line);
      }
      frame.line = static_cast<int>(line.line);
      frame.entry = location.entry;
      physical.frames.push_back(frame);
    }
    if (physical.frames.empty()) physical.frames.emplace_back();
    table.frames.push_back(std::move(physical));
  }
  for (const Sample& sample : profile.samples) {
    CountedStack stack;
    stack.count = sample.values.empty() ? 0 : sample.values[0];
    stack.frames = sample.locations;
    if (sample.has_labels) stack.labels.emplace();
    for (const Label& label : sample.labels) {
      if (stack.labels) stack.labels->emplace_back(label.key, label.str);
    }
    table.stacks.push_back(std::move(stack));
  }
  return table;
}

// A program made up for a test: what stands at each return address.
class FakeProgram {
 public:
  // A function at `entry`, which calls something at `return_pc`.
  FakeProgram& at(uintptr_t return_pc, const std::string& name, const std::string& file, int line,
                  uintptr_t entry) {
    runtime::Frame frame;
    frame.function = kept(name);
    frame.system_name = kept("_Z" + name);
    frame.file = kept(file);
    frame.line = line;
    frame.start_line = line - 1;
    frame.entry = entry;
    frames_[return_pc].push_back(frame);  // what was there was inlined into this
    return *this;
  }

  SymbolizeStack symbols() const {
    return [frames = frames_](const std::vector<uintptr_t>& pcs) {
      std::vector<std::vector<runtime::Frame>> found;
      for (uintptr_t pc : pcs) {
        auto it = frames.find(pc);
        found.push_back(it == frames.end() ? std::vector<runtime::Frame>{} : it->second);
      }
      return found;
    };
  }

 private:
  static std::string_view kept(std::string text) {
    static auto& texts = *new std::set<std::string>;  // for ever, as the symbolizer's
    return *texts.insert(std::move(text)).first;
  }

  std::unordered_map<uintptr_t, std::vector<runtime::Frame>> frames_;
};

struct CommandResult {
  int status = -1;
  std::string output;  // both streams
};

inline CommandResult run(const std::string& command) {
  CommandResult result;
  FILE* pipe = ::popen((command + " 2>&1").c_str(), "r");
  REQUIRE(pipe != nullptr);
  char buffer[4096];
  size_t n = 0;
  while ((n = ::fread(buffer, 1, sizeof buffer, pipe)) > 0) result.output.append(buffer, n);
  int status = ::pclose(pipe);
  result.status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return result;
}

inline bool have_go() {
  static const bool have = run("go tool pprof -h").output.find("usage") != std::string::npos;
  return have;
}
inline constexpr const char* kNoGo = "this machine has no Go, so no go tool pprof to read profiles";

// A file that is gone when the test is.
class TemporaryFile {
 public:
  TemporaryFile(const std::string& suffix, const std::string& content) {
    static int number = 0;
    path_ = "/tmp/golab-formats-" + std::to_string(::getpid()) + "-" + std::to_string(number++) +
            suffix;
    std::ofstream(path_, std::ios::binary) << content;
  }
  ~TemporaryFile() { ::unlink(path_.c_str()); }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace golab::profiler
