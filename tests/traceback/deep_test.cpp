// deep_test.cpp: of a deep stack both ends are shown, and how many frames lie between, as in Go.
//
// golden/deep.*.txt is what Go 1.26.8 prints of the same program (deep.cpp), without the lines that
// say where, and without arguments.
#include <fstream>
#include <sstream>
#include <string>

#include "tests/catch.h"
#include "tests/child.h"

namespace {

std::string read_file(const std::string& path) {
  std::ifstream in(path);
  REQUIRE(in.good());
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

// Keeps functions and headers, without the ids of goroutines.
std::string without_places(const std::string& dump) {
  std::istringstream lines(dump);
  std::string text;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with('\t')) continue;
    if (line.ends_with(')')) line.erase(line.rfind('('));
    if (line.starts_with("goroutine ")) line.replace(10, line.find(' ', 10) - 10, "N");
    text += line + "\n";
  }
  return text;
}

}  // namespace

TEST_CASE("a stack of 10 000 frames is shown as Go shows it", "[traceback][deep]") {
  auto mode = GENERATE(std::string("parked"), std::string("running"), std::string("panic"),
                       std::string("self"));
  INFO(mode);
  ChildResult ours = run_child({DEEP, mode}, {"GOLAB_STACK=4m", "GOMAXPROCS=2"});
  CHECK(ours.status == (mode == "panic" ? 2 : 0));
  CHECK(without_places(ours.out + ours.err) ==
        without_places(read_file(GOLDEN_DEEP "/deep." + mode + ".txt")));
}

TEST_CASE("SIGQUIT shows both ends of a deep stack", "[traceback][deep]") {
  auto mode = GENERATE(std::string("parked-quit"), std::string("running-quit"));
  INFO(mode);
  Child child({DEEP, mode}, {"GOLAB_STACK=4m", "GOMAXPROCS=2"});
  REQUIRE(child.read_until([&] { return child.out().find("ready\n") != std::string::npos; }, 20));
  child.kill(SIGQUIT);
  ChildResult result = child.wait(20);
  CHECK(result.status == 2);
  size_t root = result.err.find("main.root(...)\n");
  CHECK(result.err.find(" frames elided...\n") < root);
  CHECK(root != std::string::npos);
}
