// panics_test.cpp: the values of panics, panics on top of panics, Goexit in Defers and functions that
// are nil: what the programs of panicking.cpp print is what those of panics.go do.
#include <map>
#include <sstream>
#include <string>

#include "tests/dies/dies.h"

namespace {

// golden/panics.txt by program.
const std::map<std::string, std::string>& golden() {
  static const std::map<std::string, std::string> programs = [] {
    std::map<std::string, std::string> all;
    std::istringstream in(read_file(std::string(GOLDEN_DIES) + "/panics.txt"));
    std::string name;
    for (std::string line; std::getline(in, line);) {
      if (line.starts_with("#")) continue;
      if (line.starts_with("== ")) {
        name = line.substr(3);
      } else {
        all[name] += line + "\n";
      }
    }
    return all;
  }();
  return programs;
}

std::string run(const std::string& program) {
  ChildResult r = run_child({PANICKING, program});
  CHECK_FALSE(r.timed_out);
  return mask(r.out + r.err);
}

void check_like_go(const std::string& program) {
  CAPTURE(program);
  CHECK(run(program) == mask(golden().at(program)));
}

// In C++ a catch block stands where Go's deferred function does, so it is no frame, and the panic
// that it caught is none any more.
void check_message_like_go(const std::string& program) {
  CAPTURE(program);
  std::string go = mask(golden().at(program));
  CHECK(run(program) == go.substr(0, go.find("\n\n")) + "\n\ngoroutine # [running]:\nmain." +
                            program + "()\nmain.main()\n");
}

}  // namespace

TEST_CASE("a panic's value is printed under Go's name for its type", "[dies][panic]") {
  for (const char* program :
       {"named_int", "named_bool", "named_string", "pointer", "nil_pointer", "channel", "slice",
        "array", "a_map", "function", "empty_struct", "generic"}) {
    check_like_go(program);
  }
}

TEST_CASE("a value that is raised again is printed once, another one below it", "[dies][panic]") {
  for (const char* program : {"repanic_value", "repanic_copy", "repanic_error", "repanic_twice",
                              "repanic_wrapped", "panic_after_recover"}) {
    check_message_like_go(program);
  }
}

TEST_CASE("Goexit in a Defer ends the panic", "[dies][panic][goexit]") {
  for (const char* program : {"goexit_in_defer", "goexit_then_panic", "goexit_of_main"})
    check_like_go(program);
  SECTION("but not in a noexcept function, nor if a catch block holds it up") {
    CHECK(run("goexit_in_noexcept").starts_with("fatal error: "));
    CHECK(run("goexit_swallowed")
              .starts_with("panic: gone\n\tfatal error: runtime.Goexit was swallowed by a catch "
                           "(...) that does not rethrow\n"));
  }
}

TEST_CASE("go of a nil function is fatal where it stands", "[dies][go]") {
  check_like_go("go_nil");
  CHECK(run("go_nil_func") == replace_all(mask(golden().at("go_nil")), "go_nil", "go_nil_func"));
}

#if !defined(GOLAB_ASAN) && !defined(GOLAB_TSAN) && !defined(__clang__)
TEST_CASE("a nil function that is deferred faults when its turn comes", "[dies][fault]") {
  check_like_go("defer_nil");
}
#endif

TEST_CASE("OnceFunc and OnceValue panic as Go's do", "[dies][once]") {
  for (const char* program : {"once_func", "once_func_again", "once_value", "once_nested"})
    check_like_go(program);
  // Goexit unwinds, so what it left is not on the stack any more when the Defer panics.
  std::string go = mask(golden().at("once_func_goexit"));
  CHECK(run("once_func_goexit") ==
        replace_all(go, "runtime.Goexit()\nmain.once_func_goexit.func1()\n", ""));
}
