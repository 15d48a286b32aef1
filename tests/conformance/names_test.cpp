// names_test.cpp: a profile shows no function of ours that Go does not have, whatever the goroutines
// are at.
//
// go_functions.txt is Go's list (runtime/traceback/go_functions.h). The last test asks a real Go 1.27
// whether it is.
#include <unistd.h>

#include <set>
#include <sstream>

#include "tests/conformance/service.h"

namespace {

std::set<std::string> lines_in(const std::string& text) {
  std::set<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.insert(line);
  return lines;
}

std::string list_of_go() {
  return read_file(std::string(GOLAB_SOURCE_DIR) + "/runtime/traceback/go_functions.txt");
}

}  // namespace

TEST_CASE("profiles of a busy program name only functions that Go has", "[conformance][names]") {
  const char* wanted = getenv("GOLAB_PROFILES");  // for a long run by hand
  ChildResult r = run_child({BUSY, wanted != nullptr ? wanted : "200"}, {}, 110);
  CAPTURE(r.err);
  REQUIRE(r.status == 0);
  const std::set<std::string> go = lines_in(list_of_go());
  REQUIRE(go.size() > 1000);
  std::string strangers;
  size_t of_go = 0;
  for (const std::string& line : lines_in(r.out)) {  // a name, and a stack
    const std::string name = line.substr(0, line.find(" < "));
    // So a dump spells runtime.gopanic; and where a thread had no processor when it was asked for
    // its stack.
    if (name.starts_with("main.") || name == "panic" || name == "runtime._LostStack") continue;
    if (go.contains(name))
      of_go++;
    else
      strangers += line + "\n";
  }
  CHECK(strangers == "");
  CHECK(of_go > 40);
}

TEST_CASE("the list of Go's functions is Go's", "[conformance][names][go]") {
  if (access("/usr/local/go/bin/go", X_OK) != 0) return skip_test("go is not installed");
  ChildResult r = run_child({std::string(GOLAB_SOURCE_DIR) + "/runtime/traceback/go_functions.sh"},
                            {"GOTOOLCHAIN=go1.27.3"}, 110);
  if (r.status != 0) return skip_test("no Go 1.27.3, or golang.org/x/sync: " + r.err);
  CHECK(r.out.size() > 100000);
  CHECK(r.out == list_of_go());
}
