// compare_web_test.cpp: `lab compare --web`: both sides under one origin, and no other site.
#include <unistd.h>

#include <filesystem>

#include "tests/live/live_service.h"

namespace {

// lab, and below it both sides. They end with it.
class WebComparison {
 public:
  WebComparison() {
    address_ = "127.0.0.1:" + std::to_string(free_port());
    lab_ = std::make_unique<Child>(
        std::vector<std::string>{LAB, "compare", "02", "--web", "--addr", address_},
        std::vector<std::string>{"GOLAB_MINE=" + mine_});
    CHECK(lab_->read_until([this] { return lab_->out().find(address_) != std::string::npos; }, 60));
  }
  ~WebComparison() {
    lab_.reset();
    std::filesystem::remove_all(mine_);
  }
  std::string url(const std::string& path) const { return "http://" + address_ + path; }
  json look(const std::string& side) const {
    return json::parse(curl({url("/" + side + "/debug/lab/goroutines")}), nullptr, false);
  }
  std::string status(std::vector<std::string> args) const {
    args.insert(args.end(), {"-o", "/dev/null", "-w", "%{http_code}"});
    return curl(args);
  }

 private:
  // Nobody's files.
  std::string mine_ = "/tmp/golab-compare-" + std::to_string(::getpid());
  std::string address_;
  std::unique_ptr<Child> lab_;
};

}  // namespace

TEST_CASE("the same load leaves 1523 goroutines in the exercise, 3 in the solution",
          "[live][compare]") {
  WebComparison web;
  for (const char* side : {"exercise", "solution"}) {
    json look = web.look(side);
    CHECK(look["loads"] ==
          json::parse(R"([{"requests": 20, "method": "GET", "target": "/process"}])"));
    std::string load = web.url(std::string("/") + side + "/debug/lab/load?load=0");
    CHECK(web.status({"-X", "POST", load}) == "403");
    std::string token = "X-Lab-Token: " + look["token"].get<std::string>();
    CHECK(json::parse(curl({"-X", "POST", "-H", token, load}))["answered"] == 20);
  }
  CHECK(eventually([&] { return web.look("exercise")["total"] == 1523; }));
  CHECK(eventually([&] { return web.look("solution")["total"] == 3; }));
}

TEST_CASE("lab hands on what is below /debug/ and refuses other sites", "[live][compare]") {
  WebComparison web;
  CHECK(curl({web.url("/")}).find("exercise/debug/lab/") != std::string::npos);
  CHECK(curl({web.url("/solution/debug/lab/page.css")}) ==
        curl({web.url("/exercise/debug/lab/page.css")}));
  CHECK(curl({web.url("/exercise/debug/pprof/goroutine")}).rfind("\x1f\x8b", 0) == 0);
  for (const char* path :
       {"/exercise/process", "/exercise/debug/../process", "/other/debug/lab/"}) {
    CAPTURE(path);
    CHECK(web.status({"--path-as-is", web.url(path)}) != "200");
  }
  for (const char* path : {"/", "/exercise/debug/lab/", "/solution/debug/lab/goroutines"}) {
    CHECK(web.status({"-H", "Host: evil.example", web.url(path)}) == "403");
  }
}
