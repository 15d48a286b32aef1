// manifest_test.cpp: what an exercise says about itself, and what is said when it says it wrong.
#include <filesystem>
#include <fstream>

#include "course/lab/exercise.h"
#include "course/lab/suggest.h"
#include "tests/catch.h"
#include "tests/lab/run.h"

using namespace lab_test;

namespace {

const std::string kGood =
    "# a comment\n"
    "title     A b  # not of the title\n"
    "chapter   2\n"
    "minutes   5\n"
    "addr      127.0.0.1:1\n"
    "load      20 GET /x#y\n"
    "\n"
    "leak      0.05 main.f\n"
    "work      3 GET /x\n"
    "results   4 GET /x\n"
    "waits     1h GET /x\n"
    "error     5 POST /x?down=eu\n"
    "fail      net.Dial 2 GET /x\n"
    "hangup    6 GET /x\n"
    "shutdown  7 GET /slow\n"
    "rest      2m\n"
    "red       left errors\n";

void write(const std::string& file, const std::string& text) {
  std::filesystem::create_directories(std::filesystem::path(file).parent_path());
  std::ofstream(file) << text;
}

}  // namespace

TEST_CASE("a manifest says what is asked of an exercise", "[lab][manifest]") {
  auto [read, err] = lab::parse_manifest("09-x", kGood);
  REQUIRE(err == nullptr);
  CHECK(read.title == "A b");
  CHECK(read.chapter == 2);
  CHECK(read.minutes == 5);
  CHECK(read.load().count == 20);
  CHECK(read.load().path == "/x#y");
  REQUIRE(read.leaks.size() == 1);
  CHECK(read.leaks[0].per_request == 0.05);
  CHECK(read.leaks[0].function == "main.f");
  CHECK(read.work[0].count == 3);
  CHECK(read.results[0].count == 4);
  CHECK(read.waits[0].least == golab::time::Hour);
  CHECK(read.errors[0].method == "POST");
  CHECK(read.failures[0].call == "net.Dial");
  CHECK(read.failures[0].nth == 2);
  CHECK(read.hangups[0].count == 6);
  CHECK(read.shutdowns[0].path == "/slow");
  CHECK(read.rest == 2 * golab::time::Minute);
  CHECK(read.red == std::vector<std::string>{"left", "errors"});
  CHECK(read.gates() == std::vector<std::string>{"builds", "rulers", "answers", "work", "left",
                                                 "hangup", "errors", "shutdown"});
}

TEST_CASE("what a manifest does not say has its usual value", "[lab][manifest]") {
  auto [read, err] =
      lab::parse_manifest("09-x", "title A\nchapter 1\nminutes 5\naddr :1\nload 1 GET /x\n");
  REQUIRE(err == nullptr);
  CHECK(read.rest == golab::time::Minute);
  CHECK(read.red == std::vector<std::string>{"left"});
  CHECK(read.gates() == std::vector<std::string>{"builds", "rulers", "answers", "left"});
}

TEST_CASE("a manifest that is wrong is refused with file, line and what is expected",
          "[lab][manifest]") {
  struct Case {
    std::string line, says;
  };
  for (const Case& wrong : {
           Case{"leak main.f", "expected leak COUNT-PER-REQUEST FUNCTION"},
           Case{"leak 0 main.f", "expected leak"},
           Case{"load 20 GET x", "expected load COUNT METHOD /PATH"},
           Case{"load GET /x", "expected load"},
           Case{"load 20 get /x", "expected load"},
           Case{"load 20 GET /x /y", "expected load"},
           Case{"chapter 4", "expected chapter 1, 2 or 3"},
           Case{"rest soon", "expected rest DURATION"},
           Case{"waits GET /x", "expected waits DURATION METHOD /PATH"},
           Case{"fail net.Dial GET /x", "expected fail CALL NTH METHOD /PATH"},
           Case{"hangupp 1 GET /x", "did you mean \"hangup\"?"},
           Case{"frob 1", "no word \"frob\""},
       }) {
    INFO(wrong.line);
    auto [ignored, err] = lab::parse_manifest("09-x", kGood + wrong.line + "\n");
    REQUIRE(err != nullptr);
    CHECK_THAT(err.Error(), Has("exercises/09-x/manifest:18: ") && Has(wrong.says));
  }
}

TEST_CASE("lines that say something against each other are refused", "[lab][manifest]") {
  const std::string title = "title A\nchapter 1\nminutes 5\n";
  const std::string head = title + "addr :1\nload 1 GET /x\n";
  for (auto [text, says] : {std::pair<std::string, std::string>{title, "\"addr HOST:PORT\""},
                            {"addr :1\nload 1 GET /x\n", "\"title TEXT\""},
                            {"title A\nminutes 5\n", "\"chapter 1, 2 or 3\""},
                            {"title A\nchapter 1\n", "\"minutes NUMBER\""},
                            {title + "addr :1\n", "\"load COUNT METHOD /PATH\""},
                            {head + "red hangup\n", "no such gate; it has builds, rulers"},
                            {head + "red lefft\n", "did you mean \"left\"?"}}) {
    auto [ignored, err] = lab::parse_manifest("09-x", text);
    REQUIRE(err != nullptr);
    CHECK_THAT(err.Error(), Has("exercises/09-x/manifest: ") && Has(says));
  }
}

TEST_CASE("a bad manifest hurts only its own exercise", "[lab][manifest]") {
  TemporaryDirectory directory;
  write(directory.path() + "/02-bad/manifest", "title\n");
  write(directory.path() + "/01-good/manifest", kGood);
  write(directory.path() + "/03-none/main.cpp", "");
  auto [all, err] = lab::exercises_in(directory.path());
  REQUIRE(err == nullptr);
  REQUIRE(all.size() == 2);
  CHECK(all[0].name == "01-good");
  CHECK(all[0].problem == "");
  CHECK(all[1].name == "02-bad");
  CHECK_THAT(all[1].problem, Has("exercises/02-bad/manifest:1: ") && Has("expected title TEXT"));
}

TEST_CASE("a word that does not exist brings the nearest one to mind", "[lab][suggest]") {
  const std::vector<std::string> known = {"worker-pool", "time-after", "list", "check"};
  CHECK(lab::nearest("worker-poll", known) == "worker-pool");
  CHECK(lab::nearest("wroker-pool", known) == "worker-pool");  // two letters swapped
  CHECK(lab::nearest("work", known) == "worker-pool");         // a beginning
  CHECK(lab::nearest("chekc", known) == "check");
  CHECK(lab::nearest("lsit", known) == "list");
  CHECK(lab::nearest("frobnicate", known) == "");
  CHECK(lab::nearest("", known) == "");
  CHECK(lab::nearest(std::string(100'000, 'x'), known) == "");
  CHECK(lab::did_you_mean("lst", known) == "; did you mean \"list\"?");
  CHECK(lab::did_you_mean("frobnicate", known) == "");
}
