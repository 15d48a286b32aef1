// Goal: the report is real goleak's, for goroutines of the same shapes.
//
// What differs between Go and C++ is taken out of both: the numbers of goroutines, files and lines,
// arguments, and the name of the package.
#include <algorithm>
#include <filesystem>
#include <regex>

#include "tests/child.h"
#include "tests/golden_lines.h"
#include "tests/goleak/planted.h"
#include "tests/net/toolchain.h"

namespace {

std::string neutral_line(std::string line) {
  static const std::regex number(R"(\b([Gg]oroutine) [0-9]+)");
  static const std::regex place(R"(^\t.*$)");
  static const std::regex arguments(R"(\([^()*]*\)$)");
  static const std::regex package(R"(\bshapes\.)");
  static const std::regex test(R"(test "shapes": )");
  line = std::regex_replace(line, number, "$1 N");
  line = std::regex_replace(line, place, "\tFILE:LINE");
  line = std::regex_replace(line, arguments, "(...)");
  line = std::regex_replace(line, package, "main.");
  return std::regex_replace(line, test, "");
}

// The report in what a test program printed, neutral. Its goroutines are sorted: their order is
// that of the runtime's table, in which places are used again.
std::string neutral_report(const std::string& printed) {
  size_t begin = printed.find("goleak: ");
  if (begin == printed.npos) return "";
  std::vector<std::string> goroutines;
  std::string head;
  for (const std::string& line : lines_of(printed.substr(begin))) {
    bool begins = line.starts_with("[Goroutine ") || line.starts_with(" Goroutine ");
    if (begins && line[0] != (goroutines.empty() ? '[' : ' ')) return printed;  // not its form
    if (begins) goroutines.emplace_back();
    std::string& part = goroutines.empty() ? head : goroutines.back();
    if (line == "]") break;
    part += neutral_line(begins ? line.substr(1) : line) + "\n";
  }
  std::ranges::sort(goroutines);
  for (const std::string& goroutine : goroutines) head += goroutine;
  return head;
}

// The test in Go, in a directory of its own.
class GoShapes {
 public:
  GoShapes() {
    if (fixture::go_command().empty()) {
      missing = "go is not installed";
      return;
    }
    const std::string version = run_child({fixture::go_command(), "env", "GOVERSION"}, kEnv).out;
    if (!version.starts_with(fixture::kGoVersion)) {
      missing =
          "the stacks of " + std::string(fixture::kGoVersion) + " are known; this is " + version;
      return;
    }
    char made[] = "/tmp/golab-go-XXXXXX";
    dir_ = mkdtemp(made);
    for (const char* name : {"go.mod", "go.sum", "shapes_test.go"}) {
      std::filesystem::copy(std::string(GOLAB_SOURCE_DIR "/tests/goleak/shapes/") + name, dir_);
    }
    ChildResult built = run_child({fixture::go_command(), "test", "-C", dir_, "-c", "-o", "shapes"},
                                  {"GOTOOLCHAIN=local"}, 150);
    if (built.status != 0) missing = "go cannot build a test with goleak: " + built.err;
  }
  ~GoShapes() {
    if (!dir_.empty()) std::filesystem::remove_all(dir_);
  }
  GoShapes(const GoShapes&) = delete;

  ChildResult run(const std::vector<std::string>& env) const {
    return run_child({dir_ + "/shapes"}, env);
  }
  std::string missing;

 private:
  static inline const std::vector<std::string> kEnv = {"GOTOOLCHAIN=local", "GOFLAGS=-mod=mod"};
  std::string dir_;
};

}  // namespace

TEST_CASE("the report on each kind of wait is real goleak's", "[goleak][real]") {
  ChildResult r = run_child({SHAPES_CHILD});
  CHECK(r.status == 1);
  CHECK(count(r.err, "run: test \"shapes\": found") == 1);
  compare_with_golden("goleak/shapes/report.txt", neutral_report(r.err));
}

TEST_CASE("real goleak reports the same", "[goleak][real]") {
  GoShapes real;
  if (!real.missing.empty()) return skip_test(real.missing);
  ChildResult r = real.run({});
  CHECK(r.status == 1);
  compare_with_golden("goleak/shapes/report.txt", neutral_report(r.err));
}

TEST_CASE("names of functions pick the same goroutines as real goleak's", "[goleak][real]") {
  GoShapes real;
  if (!real.missing.empty()) return skip_test(real.missing);
  auto option = GENERATE("IGNORE_TOP=PACKAGE.receiver", "IGNORE_TOP=PACKAGE.deputy",
                         "IGNORE_ANY=PACKAGE.deputy", "IGNORE_ANY=sync.(*Mutex).Lock",
                         "IGNORE_TOP=sync.(*Mutex).Lock", "IGNORE_ANY=PACKAGE.plant",
                         "IGNORE_TOP=time.Sleep");
  INFO(option);
  auto of_package = [&](const std::string& name) {
    return std::regex_replace(std::string(option), std::regex("PACKAGE"), name);
  };
  const std::string theirs = neutral_report(real.run({of_package("shapes")}).err);
  CHECK(neutral_report(run_child({SHAPES_CHILD}, {of_package("main")}).err) == theirs);
  CHECK(count(theirs, "Goroutine N in state") >= 6);
}
