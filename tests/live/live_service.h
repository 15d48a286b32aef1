// live_service.h: what the tests of the page ask a service.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "tests/conformance/service.h"

using nlohmann::json;

// A program with --addr, as a process of its own.
class LiveService {
 public:
  explicit LiveService(const std::string& program, const std::vector<std::string>& env = {},
                       const std::vector<std::string>& flags = {})
      : program_(program), env_(env), flags_(flags) {
    for (int attempt = 0; attempt < 3; attempt++) {
      address_ = "127.0.0.1:" + std::to_string(free_port());
      if (start()) break;
    }
  }
  // Another process at the same address, after stop().
  bool start() {
    std::vector<std::string> args = {program_, "--addr", address_};
    args.insert(args.end(), flags_.begin(), flags_.end());
    child_ = std::make_unique<Child>(args, env_);
    return eventually([this] { return !curl({url("/debug/pprof/cmdline")}).empty(); });
  }
  void stop() { child_.reset(); }
  pid_t pid() const { return child_->pid(); }
  const std::string& address() const { return address_; }
  std::string url(const std::string& path) const { return "http://" + address_ + path; }
  // The world is at rest: the first answer's connection serves the second request.
  json look() const { return look_at(url("/debug/lab/goroutines")); }
  static json look_at(const std::string& url) {
    return json::parse(curl({"-o", "/dev/null", url, url}), nullptr, false);
  }
  // The same for the binary profile.
  std::string profile() const {
    const std::string asked = url("/debug/pprof/goroutine");
    return curl({"-o", "/dev/null", asked, asked});
  }
  // The status of an answer.
  std::string status(const std::string& path, std::vector<std::string> more = {}) const {
    more.insert(more.end(), {"-o", "/dev/null", "-w", "%{http_code}", url(path)});
    return curl(more);
  }

 private:
  std::string program_;
  std::vector<std::string> env_, flags_;
  std::string address_;
  std::unique_ptr<Child> child_;
};

// The stack of a look that has this function as its innermost one outside of the runtime.
inline json stack_in(const json& look, const std::string& function) {
  for (const json& stack : look["stacks"]) {
    for (const json& number : stack["frames"]) {
      const json& frame = look["frames"][number.get<size_t>()];
      if (frame["runtime"].get<bool>()) continue;
      if (frame["function"] == function) return stack;
      break;
    }
  }
  return {};
}
