// http_compare.h: Go's server and this one, with the same handlers.
#pragma once

#include <memory>
#include <string>

#include "tests/net/http_compare_handlers.h"
#include "tests/net/http_fixture.h"
#include "tests/net/toolchain.h"

namespace fixture {

// Go's server, compiled and running; what is missing if it cannot be had.
struct GoServer : GoProgram {
  std::string addr;

  GoServer() : GoProgram("goserver", kNewestGo) {
    if (!missing.empty()) return;
    child = std::make_unique<Child>(std::vector<std::string>{path});
    REQUIRE(child->read_until([this] { return child->out().ends_with('\n'); }, 20));
    addr = child->out().substr(0, child->out().size() - 1);
  }

 private:
  std::unique_ptr<Child> child;
};

// Ours.
class ComparedServer : public test_server {
 public:
  ComparedServer() : log_(said_writer(), "", 0) {
    server.ErrorLog = &log_;
    server.MaxHeaderBytes = 8 << 10;
    server.Handler = http::HandlerFunc(serve_compared);
    start();
  }

 private:
  const log::Logger log_;
};

}  // namespace fixture
