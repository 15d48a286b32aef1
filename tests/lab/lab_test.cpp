// lab_test.cpp: the command line of lab, as its user meets it.
#include <signal.h>

#include <filesystem>
#include <fstream>

#include "course/lab/exercise.h"
#include "course/lab/service.h"
#include "course/lab/web.h"
#include "profiler/formats/profile.h"
#include "tests/catch.h"
#include "tests/lab/run.h"

using namespace lab_test;

namespace {

lab::Exercise exercise(const std::string& name) {
  auto [found, err] = lab::find_exercise(name);
  REQUIRE(err == nullptr);
  return found;
}

std::string file_text(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

TEST_CASE("lab list names every exercise of the course", "[lab]") {
  Ran ran = run_lab({"list"});
  CHECK(ran.status == 0);
  CHECK_THAT(ran.out, Has("01-time-after") && Has("02-worker-pool"));
  CHECK_THAT(ran.out, !Has("\033"));  // no colour: this is no terminal
}

TEST_CASE("help teaches the commands and is no error", "[lab]") {
  for (std::vector<std::string> args : {std::vector<std::string>{}, {"--help"}, {"help"}}) {
    Ran ran = run_lab(args);
    CHECK(ran.status == 0);
    CHECK_THAT(ran.out, Has("compare") && Has("lab help COMMAND"));
  }
  Ran ran = run_lab({"help", "compare"});
  CHECK(ran.status == 0);
  CHECK_THAT(ran.out, Has("--requests") && Has("Exit status"));
}

TEST_CASE("wrong usage ends with status 2 and says what to do", "[lab]") {
  struct Case {
    std::vector<std::string> args;
    std::string says;
  };
  for (const Case& wrong : {
           Case{{"frobnicate"}, "no command \"frobnicate\""},
           Case{{"compare"}, "EXERCISE is required"},
           Case{{"compare", "99"}, "there are: 01-time-after, 02-worker-pool"},
           Case{{"compare", "02", "--requests", "0"}, "lab help compare"},
           Case{{"compare", "02", "--frob"}, "not expected"},
           Case{{"run", "99"}, "there are:"},
           Case{{"fetch"}, "URL is required"},
           Case{{"fetch", "127.0.0.1:1", "--debug", "7"}, "--debug"},
           Case{{"diff", "only-one"}, "AFTER is required"},
           Case{{"top", "no-such-file"}, "no-such-file"},
           Case{{"top", "/etc/passwd"}, "Is this a profile?"},
       }) {
    Ran ran = run_lab(wrong.args);
    INFO(wrong.says);
    CHECK(ran.status == 2);
    CHECK(ran.out == "");
    CHECK_THAT(ran.err, Has(wrong.says));
  }
}

TEST_CASE("a service that is not there is status 1, and named", "[lab]") {
  Ran ran = run_lab({"fetch", "127.0.0.1:1", "--debug", "1"});
  CHECK(ran.status == 1);
  CHECK_THAT(ran.err, Has("127.0.0.1:1") && Has("connection refused"));
}

TEST_CASE("run hands its flags on and becomes the exercise", "[lab]") {
  Ran help = run_lab({"run", "2", "--help"});
  CHECK(help.status == 0);
  CHECK_THAT(help.out + help.err, Has("-addr") && Has("/exercises/02-worker-pool"));
  Ran solution = run_lab({"run", "worker-pool", "--solution", "--help"});
  CHECK_THAT(solution.out + solution.err, Has("/solutions/02-worker-pool"));
  Ran wrong = run_lab({"run", "2", "--frob"});
  CHECK(wrong.status == 2);
  CHECK_THAT(wrong.err, Has("flag provided but not defined: -frob"));

  SECTION("a port in use is said as Go says it") {
    lab::Service service;
    REQUIRE(service.start(exercise("02").program(false)) == nullptr);
    Ran ran = run_lab({"run", "02", "--addr", service.address()});
    CHECK(ran.status == 1);
    CHECK_THAT(ran.err, Has("listen tcp " + service.address() + ": bind: address already in use"));
  }
}

TEST_CASE("fetch, top and diff work on a running service and on files of it", "[lab]") {
  TemporaryDirectory directory;
  lab::Service service;
  REQUIRE(service.start(exercise("02").program(false)) == nullptr);
  const std::string& address = service.address();

  Ran fetched = run_lab({"fetch", address, "-o", "before.pb.gz"}, directory.path());
  CHECK(fetched.status == 0);
  CHECK(golab::profiler::read_profile(file_text(directory.path() + "/before.pb.gz"), "before"));
  for (int i = 0; i < 3; i++) {
    CHECK(lab::get({}, "http://" + address + "/process").first == "failed: task 100: bad task\n");
  }
  CHECK(run_lab({"fetch", address, "-o", "after.pb.gz"}, directory.path()).status == 0);

  Ran text = run_lab({"fetch", address, "--debug", "1"});
  CHECK_THAT(text.out, Has("goroutine profile: total 23"));
  CHECK_THAT(text.out, Has("main.worker"));
  CHECK_THAT(run_lab({"fetch", address, "--debug", "2"}).out, Has("[chan receive]:"));

  for (const std::string& profile : {std::string("after.pb.gz"), address}) {
    Ran top = run_lab({"top", profile, "--cum"}, directory.path());
    CHECK(top.status == 0);
    CHECK_THAT(top.out, Has("Type: goroutine") && Has("main.worker"));
  }
  Ran diff = run_lab({"diff", "before.pb.gz", "after.pb.gz"}, directory.path());
  CHECK(diff.status == 0);
  CHECK_THAT(diff.out, Has("+225") && Has("chan receive") && Has("main.worker") && Has("+3") &&
                           Has("main.producer"));
  CHECK_THAT(run_lab({"diff", "before.pb.gz", "before.pb.gz"}, directory.path()).out,
             !Has("main.worker"));

  SECTION("a page that does not exist is status 1, with the service's words") {
    Ran ran =
        run_lab({"fetch", "http://" + address + "/debug/pprof/nope", "-o", "x"}, directory.path());
    CHECK(ran.status == 1);
    CHECK_THAT(ran.err, Has("404") && Has("Unknown profile"));
    CHECK_FALSE(std::filesystem::exists(directory.path() + "/x"));
  }
}

TEST_CASE("an interrupted lab leaves no process behind", "[lab]") {
  TemporaryDirectory directory;
  for (int signal : {SIGINT, SIGTERM, SIGKILL}) {
    pid_t pid = start_lab({"compare", "02", "-n", "1000000"}, directory.path());
    std::vector<pid_t> below;
    CHECK(eventually([&] { return !(below = descendants(pid)).empty(); }));
    ::kill(pid, signal);
    CHECK(wait_for(pid) == 128 + signal);
    for (pid_t child : below) CHECK(eventually([&] { return !is_alive(child); }));
  }
}
