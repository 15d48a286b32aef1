// loop_test.cpp: watch mode on a terminal of 60 columns, with a judge that a test can command.
#include <signal.h>

#include <cstring>
#include <filesystem>
#include <fstream>

#include "tests/catch.h"
#include "tests/lab/pty.h"
#include "tests/lab/run.h"

using namespace lab_test;

namespace {

const std::string kChild = GOLAB_BUILD_DIR "/tests/lab/loop_child";

std::string text_of(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

int count_of(const std::string& text, const std::string& part) {
  int count = 0;
  for (size_t at = 0; (at = text.find(part, at)) != std::string::npos; at++) count++;
  return count;
}

// A student at work on the first exercise.
struct Student {
  TemporaryDirectory mine;
  std::vector<std::string> env = {"GOLAB_MINE=" + mine.path(), "NO_COLOR=1"};
  std::string file = mine.path() + "/01-time-after/main.cpp";

  // As if the three questions had been asked before.
  void was_asked(const std::string& exercise = "01-time-after") {
    std::filesystem::create_directories(mine.path() + "/.lab");
    std::ofstream(mine.path() + "/.lab/diary", std::ios::app)
        << "2026-01-31T14:03:29Z " << exercise << " predicted -;-;- saw 3;sleep;9\n";
  }
  void write(const std::string& word) const {
    std::ofstream(file, std::ios::app) << "// " << word << "\n";
  }
  // The way of editors that never write into a file that is there.
  void write_by_rename(const std::string& word) const {
    std::ofstream(file + "~") << text_of(file) << "// " << word << "\n";
    std::filesystem::rename(file + "~", file);
  }
  std::string log() const { return text_of(mine.path() + "/log"); }
  std::string diary() const { return text_of(mine.path() + "/.lab/diary"); }
};

bool same_modes(const termios& a, const termios& b) {
  return a.c_lflag == b.c_lflag && a.c_iflag == b.c_iflag && a.c_oflag == b.c_oflag &&
         std::memcmp(a.c_cc, b.c_cc, sizeof a.c_cc) == 0;
}

}  // namespace

TEST_CASE("watch mode shows the evidence first and fits into 60 columns", "[lab][loop]") {
  Student student;
  student.was_asked();
  PtyProgram lab({kChild}, student.env);
  REQUIRE(lab.shows("q quit"));
  REQUIRE(lab.shows("judged at"));
  const std::string screen = lab.screen().text();
  INFO(screen);
  CHECK_THAT(screen, Has("01-time-after") && Has("of "));
  CHECK_THAT(screen, Has("1500  main.worker [chan receive, 1 minute]"));
  CHECK_THAT(screen, Has("main.cpp:27"));
  CHECK_THAT(screen, Has("for (auto task : ch) {") && Has("// for task := range ch {"));
  CHECK_THAT(screen, Has("created by main.startWorkers, line 34"));
  CHECK_THAT(screen, Has("red  left") && Has("red  hangup") && Has("(GOMAXPROCS 1)"));
  CHECK_THAT(screen, Has("builds · rulers · answers"));
  CHECK(screen.find("main.worker") < screen.find("red  left"));
  // The same place under two gates is shown once, with its greatest count.
  CHECK(count_of(screen, "main.worker [") == 1);
  CHECK_FALSE(lab.screen().wrapped());
  CHECK_FALSE(lab.screen().scrolled());
  CHECK_FALSE(lab.screen().coloured());
  lab.type("q");
  CHECK(lab.wait() == 0);
  CHECK(same_modes(lab.modes(), lab.modes_before()));
}

TEST_CASE("watch mode has colours on a terminal unless NO_COLOR is set", "[lab][loop]") {
  Student student;
  student.was_asked();
  student.env.pop_back();
  PtyProgram lab({kChild}, student.env);
  REQUIRE(lab.shows("judged at"));
  CHECK(lab.screen().coloured());
  CHECK_FALSE(lab.screen().wrapped());
}

TEST_CASE("watch mode judges each save, however an editor saves", "[lab][loop]") {
  Student student;
  student.was_asked();
  std::vector<std::string> args = {kChild};
  SECTION("told by events") {}
  SECTION("on a file system without events") { args.push_back("--poll"); }
  PtyProgram lab(args, student.env);
  REQUIRE(lab.shows("main.worker"));
  student.write("broken");
  CHECK(lab.shows("'foo' was not"));
  CHECK(lab.shows("not judged  left"));
  student.write_by_rename("not so");
  std::filesystem::copy_file(student.mine.path() + "/.lab/originals/01-time-after.cpp",
                             student.file, std::filesystem::copy_options::overwrite_existing);
  CHECK(lab.shows("main.worker"));
  student.write_by_rename("fixed");
  CHECK(lab.shows("Solved."));
  CHECK(lab.shows("1 of "));
  CHECK_THAT(student.diary(), Has("checked not yet: left hangup") && Has("checked solved"));
}

TEST_CASE("a save during a judgement ends that and begins anew", "[lab][loop]") {
  Student student;
  student.was_asked();
  PtyProgram lab({kChild}, student.env);
  REQUIRE(lab.shows("judged at"));
  student.write("slow");
  REQUIRE(lab.shows("building"));
  REQUIRE(eventually([&] { return count_of(student.log(), "begun") == 2; }));
  CHECK(count_of(student.log(), "ended") == 0);
  std::filesystem::copy_file(student.mine.path() + "/.lab/originals/01-time-after.cpp",
                             student.file, std::filesystem::copy_options::overwrite_existing);
  CHECK(eventually([&] { return count_of(student.log(), "ended") >= 1; }));
  CHECK(lab.shows("judged at"));
  // The one that was ended has left no trace.
  CHECK(eventually([&] { return count_of(student.diary(), "checked") == 2; }));
}

TEST_CASE("Ctrl-C leaves the terminal as it was", "[lab][loop]") {
  Student student;
  student.was_asked();
  PtyProgram lab({kChild}, student.env);
  REQUIRE(lab.shows("q quit"));
  REQUIRE_FALSE(same_modes(lab.modes(), lab.modes_before()));
  SECTION("while it waits") {}
  SECTION("while it judges") {
    student.write("slow");
    REQUIRE(eventually([&] { return count_of(student.log(), "begun") == 2; }));
  }
  lab.type("\x03");
  CHECK(lab.wait() == 128 + SIGINT);
  CHECK(same_modes(lab.modes(), lab.modes_before()));
}

TEST_CASE("Ctrl-Z gives the terminal back until the shell goes on", "[lab][loop]") {
  Student student;
  student.was_asked();
  PtyProgram lab({kChild}, student.env);
  REQUIRE(lab.shows("judged at"));
  lab.type("\x1a");
  REQUIRE(lab.stops());
  CHECK(same_modes(lab.modes(), lab.modes_before()));
  lab.kill(SIGCONT);
  lab.type("l");
  CHECK(lab.shows("> open"));
  CHECK_FALSE(same_modes(lab.modes(), lab.modes_before()));
}

TEST_CASE("the keys of watch mode", "[lab][loop]") {
  Student student;
  student.was_asked();
  PtyProgram lab({kChild}, student.env);
  REQUIRE(lab.shows("judged at"));

  SECTION("Escape does nothing, and takes no other key with it") {
    lab.type("l");
    REQUIRE(lab.shows("> open"));
    lab.type("\033");
    lab.type("h");
    CHECK(lab.shows("Hint 1 of 3"));
  }
  SECTION("d shows the dump of ?debug=2, page by page, and keeps it") {
    lab.type("d");
    CHECK(lab.shows("as ?debug=2 prints it"));
    CHECK(lab.shows("goroutine 1 [IO wait]:\nmain.main()\n    /somewhere/main.cpp:70 +0x1a"));
    CHECK(lab.shows("-- lines 1 to "));
    lab.type(" ");
    CHECK(lab.hides("goroutine 1 ["));
    CHECK(lab.shows("goroutine 9 [chan receive, 1 minutes]:"));
    lab.type("\033[5~");
    CHECK(lab.shows("goroutine 1 [IO wait]:"));
    CHECK_THAT(text_of(student.mine.path() + "/01-time-after/goroutines.txt"),
               Has("goroutine 106 [chan receive, 1 minutes]:\nmain.worker(...)\n"));
    lab.type("\033[B");
    CHECK(lab.shows("-- lines 2 to "));
    lab.type("\n");
    CHECK(lab.shows("judged at"));
  }
  SECTION("p keeps the profile and says how to go on") {
    lab.type("p");
    CHECK(lab.shows("go tool pprof -top"));
    CHECK(text_of(student.mine.path() + "/01-time-after/goroutine.pb.gz").size() > 100);
  }
  SECTION("l lists the exercises") {
    lab.type("l");
    CHECK(lab.shows("> open"));
    CHECK(lab.shows("02-worker-pool"));
  }
  SECTION("s asks before an exercise is solved") {
    lab.type("s");
    CHECK(lab.shows("Not solved yet."));
    lab.type("n");
    CHECK(lab.hides("Not solved yet."));
    CHECK_THAT(student.diary(), !Has("solution"));
    lab.type("s");
    CHECK(lab.shows("y/n"));
    lab.type("y");
    CHECK(lab.shows("solutions/01-time-after/main.cpp"));
    CHECK_THAT(student.diary(), Has("01-time-after solution"));
  }
  SECTION("s does not ask afterwards") {
    student.write("fixed");
    REQUIRE(lab.shows("Solved."));
    lab.type("s");
    CHECK(lab.shows("solutions/01-time-after/main.cpp"));
  }
  SECTION("r asks, and keeps the file") {
    student.write("fixed");
    REQUIRE(lab.shows("Solved."));
    lab.type("r");
    REQUIRE(lab.shows("y/n"));
    lab.type("y");
    CHECK(lab.shows("main.worker"));
    CHECK(lab.shows("0 of "));
    CHECK_THAT(text_of(student.file), !Has("// fixed"));
    CHECK_THAT(text_of(student.file + ".before-reset"), Has("// fixed"));
  }
  SECTION("n goes to the next one that is not solved") {
    student.was_asked("02-worker-pool");
    lab.type("n");
    CHECK(lab.shows("02-worker-pool"));
    CHECK(lab.shows("judged at"));
    CHECK(std::filesystem::exists(student.mine.path() + "/02-worker-pool/main.cpp"));
  }
  SECTION("a narrower window is drawn anew") {
    lab.resize(40, 30);
    CHECK(lab.shows("judged at"));
    CHECK_FALSE(lab.screen().wrapped());
  }
  CHECK_FALSE(lab.screen().wrapped());
  CHECK_FALSE(lab.screen().scrolled());
}

TEST_CASE("the first opening asks three questions and shows the guess beside what is seen",
          "[lab][loop][predict]") {
  Student student;
  PtyProgram lab({kChild}, student.env);
  REQUIRE(lab.shows("1. After"));
  CHECK_THAT(student.log(), !Has("begun"));
  lab.type("15233\x7f\n");
  REQUIRE(lab.shows("2. Most"));
  lab.type("chan send\n");
  REQUIRE(lab.shows("3. At"));
  lab.type("\n");
  REQUIRE(lab.shows("judged at"));
  const std::string screen = lab.screen().text();
  INFO(screen);
  CHECK_THAT(screen, Has("your guess") && Has("1523        1523") && Has("chan receive"));
  CHECK_FALSE(lab.screen().wrapped());
  CHECK_THAT(student.diary(), Has("predicted 1523;chan send;- saw 1523;chan receive;"));
  lab.type("q");
  CHECK(lab.wait() == 0);

  PtyProgram again({kChild}, student.env);
  CHECK(again.shows("judged at"));
  CHECK_THAT(again.written(), !Has("1. After"));
}
