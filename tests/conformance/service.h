// service.h: exercise 02 as a process of its own, and curl to talk to it.
#pragma once

#include <arpa/inet.h>
#include <sys/socket.h>

#include <algorithm>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>

#include "tests/catch.h"
#include "tests/child.h"

inline std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream all;
  all << in.rdbuf();
  return all.str();
}

// A port of 127.0.0.1 that was free a moment ago.
inline int free_port() {
  int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in a{};
  a.sin_family = AF_INET;
  a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t n = sizeof a;
  REQUIRE(::bind(fd, reinterpret_cast<sockaddr*>(&a), n) == 0);
  getsockname(fd, reinterpret_cast<sockaddr*>(&a), &n);
  ::close(fd);
  return ntohs(a.sin_port);
}

inline std::string curl(std::vector<std::string> args) {
  args.insert(args.begin(), {"curl", "-s", "--max-time", "60"});
  ChildResult r = run_child(args, {}, 90);
  return r.out;
}

class Service {
 public:
  explicit Service(int requests = 0) {
    for (int attempt = 0; attempt < 3; attempt++) {
      address_ = "127.0.0.1:" + std::to_string(free_port());
      child_ = std::make_unique<Child>(std::vector<std::string>{POOL, "--addr", address_});
      bool up = eventually([this] { return get("/debug/pprof/cmdline").find(POOL) == 0; });
      if (up) break;
    }
    for (int i = 0; i < requests; i++) CHECK(get("/process") == "failed: task 100: bad task\n");
    // Connections that were closed have goroutines until they notice.
    CHECK(eventually([&] {
      std::string text = get("/debug/pprof/goroutine?debug=1");
      return text.rfind("goroutine profile: total " + std::to_string(3 + 76 * requests) + "\n",
                        0) == 0;
    }));
  }
  std::string url(const std::string& path) const { return "http://" + address_ + path; }
  // Sends two requests on one connection and returns the second response: by then the listener is
  // back in Accept, and the connection's reader in its read.
  std::string get(const std::string& path) const {
    return curl({"-o", "/dev/null", url("/debug/pprof/cmdline"), url(path)});
  }
  std::string headers(const std::string& path, std::vector<std::string> more = {}) const {
    more.insert(more.end(), {"-o", "/dev/null", "-D", "-", url(path)});
    std::string text = curl(more);
    text.erase(std::remove(text.begin(), text.end(), '\r'), text.end());
    return text;
  }
  Child& child() { return *child_; }

 private:
  std::string address_;
  std::unique_ptr<Child> child_;
};

// For all tests of this program: started once, with twenty requests behind it.
inline Service& after_twenty_requests() {
  static Service service(20);
  return service;
}
