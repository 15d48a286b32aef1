// burning_test.cpp: Go's own pprof, and curl, ask a running service for its CPU profile.
#include <filesystem>
#include <memory>
#include <regex>

#include "tests/catch.h"
#include "tests/child.h"
#include "tests/conformance/service.h"
#include "tests/cpuprofile/samples.h"

using namespace golab;

namespace {

class Burning {
 public:
  Burning() {
    char name[] = "/tmp/golab-burning-XXXXXX";
    dir_ = mkdtemp(name);
    for (int attempt = 0; attempt < 3; attempt++) {
      address_ = "127.0.0.1:" + std::to_string(free_port());
      child_ = std::make_unique<Child>(std::vector<std::string>{BURNING, address_});
      if (eventually([this] { return !curl({url("/debug/pprof/cmdline")}).empty(); })) break;
    }
  }
  ~Burning() { std::filesystem::remove_all(dir_); }
  std::string url(const std::string& path) const { return "http://" + address_ + path; }
  const std::string& dir() const { return dir_; }
  std::string dump() const { return curl({url("/debug/pprof/goroutine?debug=2")}); }
  bool profiling() const { return dump().find("pprof.profileWriter") != std::string::npos; }
  // All that pprof prints; it asks the service itself if `what` is a URL.
  std::string pprof(const std::string& args, const std::string& toolchain) const {
    return run_child({"sh", "-c",
                      "cd / && PPROF_TMPDIR=" + dir_ + " exec go tool pprof " + args},
                     {"GOFLAGS=-mod=mod", "GOTOOLCHAIN=" + toolchain}, 100)
        .out;
  }

 private:
  std::string dir_, address_;
  std::unique_ptr<Child> child_;
};

bool has_go() { return run_child({"go", "version"}).status == 0; }

bool has(const std::string& text, const std::string& pattern) {
  return std::regex_search(text, std::regex(pattern));
}

// The percentage in the column cum% of a function; -1: it is not there.
double cum_of(const std::string& top, const std::string& function) {
  std::smatch m;
  std::regex line("([0-9.]+)%  " + function + "\n");
  return std::regex_search(top, m, line) ? std::stod(m[1]) : -1;
}

}  // namespace

TEST_CASE("a bare go tool pprof URL shows where the processors are used", "[cpuprofile][go]") {
  if (!has_go()) return skip_test("go is not installed");
  Burning b;
  const std::string file = b.dir() + "/cpu.pb.gz";
  SECTION("it asks for the profile by itself") {
    std::string top = b.pprof("-seconds=3 -top " + b.url(""), "local");
    INFO(top);
    CHECK(has(top, "Type: cpu\n"));
    CHECK(has(top, "Build ID: [0-9a-f]{40}\n"));
    CHECK(has(top, "Duration: 3\\.?[0-9]*s, Total samples = "));
    CHECK(cum_of(top, "main\\.burn") > 90);
    CHECK(cum_of(top, "main\\.three") > 60);
    CHECK(cum_of(top, "main\\.three") < 88);
    CHECK(cum_of(top, "main\\.one") > 12);
    CHECK(!has(top, "wait_forever"));
  }
  SECTION("its other views work on a saved one") {
    curl({"-o", file, b.url("/debug/pprof/profile?seconds=2")});
    CHECK(has(b.pprof("-tags " + file, "local"), "job: Total"));
    std::string focus = b.pprof("-top -tagfocus=job=one " + file, "local");
    CHECK(has(focus, "main\\.one\n"));
    CHECK(!has(focus, "main\\.three\n"));
    CHECK(has(b.pprof("-list main.burn " + file, "local"), "for \\(uint64_t i = 0; i < n;"));
    CHECK(has(b.pprof("-sample_index=samples -top " + file, "local"), "Type: samples\n"));
    CHECK(has(b.pprof("-peek 'main.burn$' " + file, "local"), "main\\.three"));
    std::string raw = b.pprof("-raw " + file, "local");
    CHECK(has(raw, "PeriodType: cpu nanoseconds\nPeriod: 10000000\n"));
    CHECK(has(raw, "\nsamples/count cpu/nanoseconds\n"));
  }
}

TEST_CASE("the endpoint answers in Go's words", "[cpuprofile]") {
  Burning b;
  const std::string path = "/debug/pprof/profile?seconds=";
  auto answer = [&](const std::string& what, std::vector<std::string> more = {}) {
    more.insert(more.end(), {"-i", b.url(what)});
    std::string text = curl(more);
    text.erase(std::remove(text.begin(), text.end(), '\r'), text.end());
    return text;
  };
  SECTION("a profile; the server's WriteTimeout begins after it") {
    std::string text = answer(path + "2");
    CHECK(text.rfind("HTTP/1.1 200 OK\nContent-Disposition: attachment; filename=\"profile\"\n"
                     "Content-Type: application/octet-stream\nX-Content-Type-Options: nosniff\n",
                     0) == 0);
  }
  SECTION("one at a time, and another one afterwards") {
    Child first({"curl", "-s", "-o", b.dir() + "/first", b.url(path + "60")});
    REQUIRE(eventually([&] { return b.profiling(); }));
    std::string second = answer(path + "1");
    CHECK(second.rfind("HTTP/1.1 500 Internal Server Error\nContent-Type: text/plain; "
                       "charset=utf-8\nX-Content-Type-Options: nosniff\nX-Go-Pprof: 1\n",
                       0) == 0);
    CHECK(second.find("\n\nCould not enable CPU profiling: cpu profiling already in use\n") !=
          second.npos);
    // Go's goroutines.
    std::string dump = b.dump();
    CHECK(has(dump, "\\[select\\]:\nnet/http/pprof\\.sleep\\(\\.\\.\\.\\)\n.*\n"
                    "net/http/pprof\\.Profile\\(\\.\\.\\.\\)\n"));
    CHECK(has(dump, "\\[syscall\\]:\nruntime/pprof\\.readProfile\\(\\)\n.*\n"
                    "runtime/pprof\\.profileWriter\\(\\.\\.\\.\\)\n.*\n"
                    "created by runtime/pprof\\.StartCPUProfile in goroutine [0-9]+\n"));
    // It ends when its client goes.
    first.kill(SIGTERM);
    CHECK(eventually([&] { return !b.profiling(); }));
    CHECK(answer(path + "1").rfind("HTTP/1.1 200 OK\n", 0) == 0);
  }
  SECTION("a bad number is the default, 30 seconds") {
    for (const char* seconds : {"0", "-1", "1.5", "x", "99999999999999999999"}) {
      CAPTURE(seconds);
      Child client({"curl", "-s", "-o", b.dir() + "/default", b.url(path + seconds)});
      CHECK(eventually([&] { return b.profiling(); }));
      client.kill(SIGTERM);
      CHECK(eventually([&] { return !b.profiling(); }));
    }
  }
  SECTION("other methods, and what is not here") {
    CHECK(answer(path + "1", {"-X", "POST"}).rfind("HTTP/1.1 405 Method Not Allowed\n", 0) == 0);
    std::string trace = answer("/debug/pprof/trace?seconds=1");
    CHECK(trace.rfind("HTTP/1.1 404 Not Found\n", 0) == 0);
    CHECK(trace.find("\n\nNo execution trace: golab has no tracer. ") != trace.npos);
    std::string index = answer("/debug/pprof/");
    CHECK(index.find("<tr><td>0</td><td><a href='profile?debug=1'>profile</a></td></tr>") !=
          index.npos);
    CHECK(index.find("trace?") == index.npos);
  }
}

TEST_CASE("rates that come too early or too late are refused as in Go", "[cpuprofile]") {
  ChildResult r = run_child({BURNING, "rates"});
  CHECK(r.out == "<nil>\ncpu profiling already in use\n<nil>\n");
  const std::string message =
      "runtime: cannot set cpu profile rate until previous profile has finished.\n";
  CHECK(r.err == message + message + message);
}
