// go_tool_test.cpp: Go's own pprof reads what a running service answers. Skipped where Go is
// missing.
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <regex>

#include "tests/conformance/service.h"

namespace {

// All that are here: Go's own, the distribution's.
std::vector<std::string> go_programs() {
  std::vector<std::string> found;
  for (const char* path : {"/usr/local/go/bin/go", "/usr/bin/go", "/usr/lib/go/bin/go"}) {
    std::error_code none;
    const std::string real = std::filesystem::canonical(path, none).string();
    const bool known = std::find(found.begin(), found.end(), real) != found.end();
    if (access(path, X_OK) == 0 && !known) found.push_back(real);
  }
  return found;
}

std::string go_program() {
  const std::vector<std::string> all = go_programs();
  return all.empty() ? "" : all.front();
}

// A directory with the profiles of a service in all forms, before and after twenty requests.
struct Saved {
  std::string dir;
  Saved() {
    char name[] = "/tmp/golab-conformance-XXXXXX";
    dir = mkdtemp(name);
    Service rest;
    save(rest.url("/debug/pprof/goroutine"), "before.pb.gz");
    Service& s = after_twenty_requests();
    save(s.url("/debug/pprof/goroutine"), "goroutine.pb.gz");
    save(s.url("/debug/pprof/goroutine?debug=1"), "goroutine.txt");
  }
  ~Saved() { std::filesystem::remove_all(dir); }
  void save(const std::string& url, const std::string& file) {
    curl({"-o", dir + "/" + file, url});
  }
};

ChildResult go_tool(const Saved& saved, const std::string& args,
                    const std::string& go = go_program()) {
  // From /: pprof cuts source paths at the name of the current directory.
  return run_child({"sh", "-c",
                    "cd / && PPROF_TMPDIR=" + saved.dir + " exec " + go + " tool " +
                        std::regex_replace(args, std::regex("@"), saved.dir + "/")},
                   {"GOFLAGS=-mod=mod", "GOTOOLCHAIN=local"}, 100);
}

ChildResult pprof(const Saved& saved, const std::string& args) {
  return go_tool(saved, "pprof " + args);
}

bool has(const std::string& text, const std::string& pattern) {
  return std::regex_search(text, std::regex(pattern));
}

}  // namespace

TEST_CASE("go tool pprof reads the binary profile in all its views", "[conformance][go]") {
  if (go_program().empty()) return skip_test("go is not installed");
  Saved saved;
  SECTION("-top") {
    ChildResult r = pprof(saved, "-top @goroutine.pb.gz");
    CAPTURE(r.out, r.err);
    CHECK(r.status == 0);
    CHECK(has(r.out, "Type: goroutine\n"));
    CHECK(has(r.out, "Build ID: [0-9a-f]{40}\n"));
    CHECK(has(r.out, "of 1523 total"));
    CHECK(has(r.out, " 0 +0% +[0-9.]+% +1500 98.49%  main\\.worker\n"));
    CHECK(has(r.out, " 0 +0% +[0-9.]+% +20  1.31%  main\\.producer\n"));
    CHECK(has(r.out, " 15[0-9]+ 9[0-9.]+% +[0-9.]+% +15[0-9]+ 9[0-9.]+%  runtime\\.gopark\n"));
  }
  SECTION("-traces") {
    ChildResult r = pprof(saved, "-traces @goroutine.pb.gz");
    CHECK(r.status == 0);
    CHECK(has(r.out,
              " 1500   runtime\\.gopark\n +runtime\\.chanrecv\n +runtime\\.chanrecv2\n "
              "+main\\.worker\n"));
    CHECK(has(r.out,
              " 20   runtime\\.gopark\n +runtime\\.chansend\n +runtime\\.chansend1\n "
              "+main\\.producer\n"));
  }
  SECTION("-peek") {
    ChildResult r = pprof(saved, "-peek 'main.worker$' @goroutine.pb.gz");
    CHECK(r.status == 0);
    CHECK(has(r.out, " 1500 +100% \\| +runtime\\.chanrecv2"));
  }
  SECTION("-list shows our source") {
    ChildResult r = pprof(saved, "-list 'worker|producer' @goroutine.pb.gz");
    CAPTURE(r.out, r.err);
    CHECK(r.status == 0);
    CHECK(has(r.out, "ROUTINE =+ main\\.worker in .*/exercises/02-worker-pool/main\\.cpp\n"));
    CHECK(has(r.out, "\n +\\. +1500 +[0-9]+: *for \\(auto task : ch\\)"));
    CHECK(has(r.out, "\n +\\. +20 +[0-9]+: *errs\\.send\\(nullptr\\)"));
  }
  SECTION("-raw") {
    ChildResult r = pprof(saved, "-raw @goroutine.pb.gz");
    CHECK(r.status == 0);
    CHECK(has(r.out, "PeriodType: goroutine count\nPeriod: 1\n"));
    CHECK(has(r.out, "\n +1500: "));
    CHECK(has(r.out, "main\\.worker .*main\\.cpp:[0-9]+"));
    CHECK(has(r.out, "02-worker-pool [0-9a-f]{40} \\[FN\\]"));
  }
  SECTION("-svg") {
    if (access("/usr/bin/dot", X_OK) != 0) return skip_test("dot (graphviz) is not installed");
    ChildResult r = pprof(saved, "-svg -output=@graph.svg @goroutine.pb.gz");
    CHECK(r.status == 0);
    CHECK(has(read_file(saved.dir + "/graph.svg"), "<svg"));
  }
  SECTION("-diff_base and -base") {
    for (const char* base : {"-diff_base", "-base"}) {
      ChildResult r = pprof(saved, std::string("-top ") + base + "=@before.pb.gz @goroutine.pb.gz");
      CAPTURE(r.out, r.err);
      CHECK(r.status == 0);
      CHECK(has(r.out, " 1500 +[0-9.]+%  main\\.worker\n"));
      CHECK(has(r.out, " 20 +[0-9.]+%  main\\.producer\n"));
    }
  }
}

TEST_CASE("Go's tools find functions and lines in the binary, as in a Go program",
          "[conformance][go]") {
  if (go_program().empty()) return skip_test("go is not installed");
  if (!HAS_PCLNTAB) return skip_test("programs of a sanitizer build have no line table");
  Saved saved;
  const std::string text = std::string(POOL) + " @goroutine.txt";
  for (const std::string& go : go_programs()) {
    INFO(go);
    auto tool = [&](const std::string& args) { return go_tool(saved, args, go); };
    // Of the text of ?debug=1 pprof takes only the addresses.
    ChildResult top = tool("pprof -top -cum " + text);
    CAPTURE(top.out, top.err);
    CHECK(has(top.out, "of 1523 total"));
    CHECK(has(top.out, " 1500 98.49%  main\\.worker\n"));
    CHECK(has(top.out, " 20  1.31%  main\\.producer\n"));
    CHECK(has(top.out, " 15[0-9]+ 9[0-9.]+% +[0-9.]+% +15[0-9]+ 9[0-9.]+%  runtime\\.gopark\n"));
    CHECK(has(top.out, " 1523 +100%  runtime\\.goexit\n"));
    CHECK(has(tool("pprof -traces " + text).out,
              " 1500   runtime\\.gopark\n +runtime\\.chanrecv\n +runtime\\.chanrecv2\n "
              "+main\\.worker\n +runtime\\.goexit\n"));
    const std::string list = tool("pprof -list main.worker " + text).out;
    CHECK(has(list, "ROUTINE =+ main\\.worker in .*/exercises/02-worker-pool/main\\.cpp\n"));
    CHECK(has(list, "\n +\\. +1500 +27: *for \\(auto task : ch\\)"));
    // Without the table both walk the debug information for minutes.
    ChildResult page = tool("pprof -weblist main.worker -output=@page.html " + text);
    CHECK(page.status == 0);
    CHECK(has(read_file(saved.dir + "/page.html"), "1500[^\n]*for \\(auto task : ch\\)"));
    ChildResult forced =
        tool("pprof -symbolize=force -top " + std::string(POOL) + " @goroutine.pb.gz");
    CHECK(has(forced.out, " 1500 98.49%  main\\.worker\n"));
    ChildResult objdump = tool("objdump -s worker " + std::string(POOL));
    CHECK(has(objdump.out, "TEXT [^\n]*worker[^\n]*/exercises/02-worker-pool/main\\.cpp\n"));
    CHECK(has(objdump.out, "\n +main\\.cpp:27\t"));
  }
}

TEST_CASE("a stripped binary keeps its functions and lines for Go's tools", "[conformance][go]") {
  if (go_program().empty()) return skip_test("go is not installed");
  if (!HAS_PCLNTAB) return skip_test("programs of a sanitizer build have no line table");
  Saved saved;
  const std::string stripped = saved.dir + "/stripped";
  REQUIRE(run_child({"strip", "-o", stripped, POOL}).status == 0);
  ChildResult top = pprof(saved, "-top " + stripped + " @goroutine.txt");
  CAPTURE(top.out, top.err);
  CHECK(has(top.out, " 1500 98.49%  main\\.worker\n"));
  CHECK(has(pprof(saved, "-list main.worker " + stripped + " @goroutine.txt").out,
            "\n +\\. +1500 +27: *for \\(auto task : ch\\)"));
}

TEST_CASE("go tool pprof fetches from the service itself", "[conformance][go]") {
  if (go_program().empty()) return skip_test("go is not installed");
  Saved saved;
  ChildResult r = pprof(saved, "-top " + after_twenty_requests().url("/debug/pprof/goroutine"));
  CAPTURE(r.out, r.err);
  CHECK(r.status == 0);
  CHECK(has(r.out, " 1500 98.49%  main\\.worker\n"));
}
