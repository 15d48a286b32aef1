// student_test.cpp: the commands around the judge: hint, list, reset, solution, report, watch.
#include <signal.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "course/lab/diary.h"
#include "course/lab/exercise.h"
#include "course/lab/hint.h"
#include "course/lab/predict.h"
#include "course/lab/report.h"
#include "course/lab/screen.h"
#include "course/lab/service.h"
#include "course/lab/student.h"
#include "course/lab/terminal.h"
#include "course/lab/watch_url.h"
#include "course/lab/workspace.h"
#include "runtime/net/net.h"
#include "tests/catch.h"
#include "tests/lab/pty.h"
#include "tests/lab/run.h"

using namespace lab_test;

namespace {

const std::string kLab = GOLAB_BUILD_DIR "/course/lab";

std::string text_of(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

lab::Exercise exercise(const std::string& name) {
  auto [found, err] = lab::find_exercise(name);
  REQUIRE(err == nullptr);
  return found;
}

const char kHints[] =
    "# 1\n\nLook at the state.\nWhat does it wait for?\n\n# 2\nThe idea.\n\n# 3\n    go(f);\n";

}  // namespace

TEST_CASE("hints are read rung by rung", "[lab][hint]") {
  CHECK(lab::parse_hints(kHints) ==
        std::vector<std::string>{"Look at the state.\nWhat does it wait for?", "The idea.",
                                 "    go(f);"});
  CHECK(lab::parse_hints("no heading\n").empty());
}

TEST_CASE("what is written for a terminal is filled, but for code", "[lab][screen]") {
  CHECK(lab::filled("one\ntwo\n\n    go(f);\n1. three\n   four\n2. five\n", 40, " ") ==
        " one two\n\n     go(f);\n 1. three four\n 2. five\n");
  CHECK(lab::folded("abc\033[1mdef\033[0mg", 2) ==
        std::vector<std::string>{"ab", "c\033[1md\033[0m", "\033[1mef\033[0m", "g"});
}

TEST_CASE("lab hint shows one hint more each time and remembers", "[lab][hint]") {
  Mine mine;
  Ran first = run_lab({"hint", "02"});
  CHECK(first.status == 0);
  CHECK_THAT(first.out, Has("Hint 1 of 3") && !Has("Hint 2"));
  CHECK_THAT(run_lab({"hint", "worker-pool"}).out, Has("Hint 2 of 3") && !Has("Hint 1"));
  CHECK_THAT(run_lab({"hint", "02"}).out, Has("Hint 3 of 3") && !Has("last one"));
  CHECK_THAT(run_lab({"hint", "02"}).out, Has("Hint 3 of 3") && Has("last one"));
  CHECK_THAT(run_lab({"hint", "01", "--all"}).out, Has("Hint 1 of 3") && Has("Hint 3 of 3"));
  CHECK(lab::hints_shown(lab::read_diary(), "02-worker-pool") == 3);
}

TEST_CASE("lab list is for people and, with --json, for programs", "[lab][list]") {
  Mine mine;
  REQUIRE(lab::open_exercise(exercise("02")).second == nullptr);
  REQUIRE(lab::mark_solved(exercise("01")) == nullptr);
  Ran people = run_lab({"list"});
  CHECK(people.status == 0);
  CHECK_THAT(people.out, Has("Chapter 1") && Has("solved  15 min  01-time-after") &&
                             Has("open    30 min  02-worker-pool") && Has("1 of "));
  Ran programs = run_lab({"list", "--json"});
  CHECK(programs.status == 0);
  nlohmann::json list = nlohmann::json::parse(programs.out);
  CHECK(list.at(0) == nlohmann::json{{"name", "01-time-after"},
                                     {"chapter", 1},
                                     {"title", "An hour is a long time"},
                                     {"minutes", 15},
                                     {"state", "solved"}});
  CHECK(list.at(1).at("state") == "open");
}

TEST_CASE("an exercise with a bad manifest is in no chapter of the list", "[lab][list]") {
  Mine mine;
  lab::Exercise bad;
  bad.name = "16-bad";
  bad.problem =
      "exercises/16-bad/manifest:3: cannot read \"minutes soon\": expected minutes NUMBER";
  const std::string list = lab::render_list({exercise("01"), bad}, "", {60, 24, false});
  CHECK_THAT(list, Has("Chapter 1") && !Has("Chapter 0") && Has("0 of 1 solved, 15 minutes"));
  CHECK_THAT(list, Has("Left out, because of their manifests\n  exercises/16-bad/manifest:3: ") &&
                       Has("expected minutes NUMBER"));
}

TEST_CASE("lab solution shows path, why and diff; on a terminal it asks first", "[lab][solution]") {
  Mine mine;
  Ran ran = run_lab({"solution", "02"});
  CHECK(ran.status == 0);
  CHECK_THAT(ran.out, Has("solutions/02-worker-pool/main.cpp") && Has("Why it leaked") &&
                          Has("--- exercises/02-worker-pool/main.cpp") && Has("+  Defer closed"));

  const std::vector<std::string> args = {kLab, "solution", "02"};
  const std::vector<std::string> env = {"GOLAB_MINE=" + mine.directory.path()};
  PtyProgram no(args, env);
  REQUIRE(no.shows("y/n"));
  no.type("n\n");
  CHECK(no.wait() == 1);
  CHECK_THAT(no.written(), !Has("Why it leaked"));
  PtyProgram yes(args, env);
  REQUIRE(yes.shows("y/n"));
  yes.type("y\n");
  CHECK(yes.wait() == 0);
  CHECK_THAT(yes.written(), Has("Why it leaked"));
  // Once it is solved nobody is asked.
  REQUIRE(lab::mark_solved(exercise("02")) == nullptr);
  PtyProgram solved(args, env);
  CHECK(solved.wait() == 0);
  CHECK_THAT(solved.written(), Has("Why it leaked") && !Has("y/n"));
}

TEST_CASE("lab reset begins anew and keeps what was there", "[lab][reset]") {
  Mine mine;
  CHECK_THAT(run_lab({"reset", "01"}).out, Has("nothing to reset"));
  REQUIRE(lab::open_exercise(exercise("01")).second == nullptr);
  std::ofstream(mine.path("01-time-after/main.cpp")) << "// mine\n";
  CHECK(run_lab({"reset", "01"}).status == 0);
  CHECK(text_of(mine.path("01-time-after/main.cpp")) == text_of(lab::shipped_file(exercise("01"))));
  CHECK(text_of(mine.path("01-time-after/main.cpp.before-reset")) == "// mine\n");
}

TEST_CASE("the diary is appended to, and its damaged lines are passed over", "[lab][diary]") {
  Mine mine;
  REQUIRE(lab::write_diary("01-time-after", "hint", "1\nforged 2026") == nullptr);
  REQUIRE(lab::write_diary("01-time-after", "hint", "2") == nullptr);
  std::ofstream(mine.path(".lab/diary"), std::ios::app) << "\nnot a line of ours\nx y z\n";
  std::vector<lab::DiaryEntry> diary = lab::read_diary();
  REQUIRE(diary.size() == 2);
  CHECK(diary[0].more == "1 forged 2026");
  CHECK(lab::hints_shown(diary, "01-time-after") == 2);
  CHECK(lab::hints_shown(diary, "02-worker-pool") == 0);
}

TEST_CASE("the report says what the diary says, that it is no proof, and needs no other file",
          "[lab][report]") {
  std::vector<lab::DiaryEntry> diary = lab::parse_diary(
      "2026-01-31T14:03:22Z 02-worker-pool opened\n"
      "2026-01-31T14:03:29Z 02-worker-pool predicted 23;-;<b> saw 1523;chan receive;main.cpp:27\n"
      "2026-01-31T14:05:10Z 02-worker-pool checked not yet: left hangup\n"
      "2026-01-31T14:06:02Z 02-worker-pool hint 1\n"
      "2026-01-31T14:30:41Z 02-worker-pool checked solved\n"
      "2026-01-31T14:31:00Z 02-worker-pool solution\n"
      "2026-01-31T14:32:00Z 02-worker-pool checked not yet: left\n");
  lab::Journey journey = lab::journey_of(diary, "02-worker-pool");
  CHECK(journey.opened == "2026-01-31T14:03:22Z");
  CHECK(journey.solved == "2026-01-31T14:30:41Z");
  CHECK(journey.attempts == 2);
  CHECK(journey.hints == 1);
  CHECK_FALSE(journey.saw_solution);  // it was solved by then
  std::string html = lab::render_report(
      {{exercise("02"), journey, "-std::vector<int> a;\n+std::vector<long> a;\n"}}, diary, "now");
  CHECK_THAT(html, Has("a diary, not a proof") && Has("./lab check --all"));
  CHECK_THAT(html, Has("1 of 1 exercises solved") && Has("1523;chan receive;main.cpp:27"));
  CHECK_THAT(html, Has("<del>-std::vector&lt;int&gt; a;</del>") && Has("&lt;b&gt;"));
  CHECK_THAT(html, !Has("<script") && !Has("src=") && !Has("href=") && !Has("url("));

  Mine mine;
  Ran ran = run_lab({"report"});
  CHECK(ran.status == 0);
  CHECK_THAT(text_of(mine.path("report.html")), Has("0 of ") && Has("02-worker-pool"));
}

TEST_CASE("a guess is right whatever way it is written", "[lab][predict]") {
  lab::Seen seen{1523, "chan receive", "main.worker", "/x/main.cpp", 27};
  for (const char* line : {"27", "main.cpp:27", "line 27", " 27."}) {
    CHECK(lab::is_right({"1523", "Chan Receive", line}, 2, seen));
  }
  CHECK(lab::is_right({"about 1523", "", ""}, 0, seen));
  CHECK(lab::is_right({"", "Chan Receive", ""}, 1, seen));
  CHECK_FALSE(lab::is_right({"152", "chan send", "127"}, 0, seen));
  CHECK_FALSE(lab::is_right({"152", "chan send", "127"}, 1, seen));
  CHECK_FALSE(lab::is_right({"152", "chan send", "127"}, 2, seen));
  CHECK_FALSE(lab::is_right({"", "", ""}, 0, seen));
  std::string table = lab::render_guess({"23", "", "27"}, seen, {60, 24, false});
  CHECK_THAT(table, Has("goroutines") && Has("1523") && Has("main.cpp:27"));
}

TEST_CASE("lab run asks the first time, shows the guess beside the profile, and then serves",
          "[lab][predict]") {
  Mine mine;
  auto [listener, err] = golab::net::Listen("tcp", "127.0.0.1:0");
  REQUIRE(err == nullptr);
  const std::string address = listener.Addr().String();
  listener.Close();
  const std::vector<std::string> args = {kLab, "run", "02", "--addr", address};
  const std::vector<std::string> env = {"GOLAB_MINE=" + mine.directory.path()};
  PtyProgram lab(args, env, 80, 40);
  REQUIRE(lab.shows("1. After 20 × GET /process: how many goroutines?"));
  lab.type("1523\n");
  REQUIRE(lab.shows("2. Most of them"));
  lab.type("chan send\n");
  REQUIRE(lab.shows("3. At which line"));
  lab.type("\n");
  REQUIRE(lab.shows("your guess", 60));
  CHECK(lab.shows("1523        1523"));
  CHECK(lab.shows("chan send   chan receive"));
  CHECK(lab.shows("curl \"$url/process\""));
  CHECK(lab.shows("listening on " + address));
  lab.kill(SIGINT);
  lab.wait();
  PtyProgram again(args, env, 80, 40);
  CHECK(again.shows("listening on " + address));
  CHECK_THAT(again.written(), !Has("1. After"));
}

TEST_CASE("lab hunt tries the rules of a student, and keeps the dumps", "[lab][hunt]") {
  Mine mine;
  Ran first = run_lab({"hunt", "01"});
  CHECK(first.status == 1);
  CHECK_THAT(first.out, Has("01-time-after  MISSED      quiet"));
  CHECK_THAT(text_of(mine.path("hunt.txt")), Has("flag if growth >= 100"));
  const std::string dump = mine.path(".lab/hunt/01-time-after.shipped.after.txt");
  CHECK_THAT(text_of(dump), Has("main.leakingFunction") && Has("[chan receive, 2 minutes]"));
  // What is kept is not taken again.
  std::ofstream(mine.path("hunt.txt")) << "flag if stack has \"forged\"\n";
  std::ofstream(dump) << "goroutine 1 [running]:\nmain.forged()\n\t/x/main.cpp:1 +0x1\n";
  Ran second = run_lab({"hunt", "01"});
  CHECK(second.status == 0);
  CHECK_THAT(second.out, Has("01-time-after  flagged     quiet"));
  // A program that works has goroutines, too: to count them gives a false alarm.
  std::ofstream(mine.path("hunt.txt")) << "flag if growth >= 4\n";
  CHECK_THAT(run_lab({"hunt", "03"}).out, Has("03-first-answer  flagged     FALSE ALARM"));
  std::ofstream(mine.path("hunt.txt")) << "flag if growth >= 4 and age >= 1m\n";
  CHECK(run_lab({"hunt", "03"}).status == 0);
  std::ofstream(mine.path("hunt.txt")) << "flag when growth > 1\n";
  Ran wrong = run_lab({"hunt", "01"});
  CHECK(wrong.status == 2);
  CHECK_THAT(wrong.err, Has("hunt.txt:1:6: expected \"if\", not \"when\""));
}

TEST_CASE("lab alone on a terminal judges what is saved", "[lab][loop]") {
  Mine mine;
  REQUIRE(lab::write_diary("01-time-after", "predicted", "-;-;- saw 3;sleep;9") == nullptr);
  PtyProgram lab({kLab}, {"GOLAB_MINE=" + mine.directory.path(), "NO_COLOR=1"});
  REQUIRE(lab.shows("judged at", 60));
  INFO(lab.screen().text());
  CHECK(lab.shows("20  main.leakingFunction [chan receive"));
  CHECK(lab.shows("red  left"));
  // The build's own binary stands for a copy that is not edited; the dump names the copy.
  lab.type("d");
  CHECK(lab.shows("as ?debug=2 prints it"));
  const std::string dump = text_of(mine.path("01-time-after/goroutines.txt"));
  CHECK_THAT(dump, Has("\t" + mine.path("01-time-after/main.cpp") + ":") &&
                       !Has("/exercises/01-time-after/main.cpp"));
  lab.type("\n");
  CHECK(lab.shows("judged at"));
  std::filesystem::copy_file(lab::solution_file(exercise("01")),
                             mine.path("01-time-after/main.cpp"),
                             std::filesystem::copy_options::overwrite_existing);
  CHECK(lab.shows("Solved.", 60));
  CHECK_FALSE(lab.screen().wrapped());
  lab.type("q");
  CHECK(lab.wait() == 0);
  CHECK(lab::is_solved(exercise("01")));
}

TEST_CASE("a judgement fits its screen: the smallest groups are left out first", "[lab][screen]") {
  lab::Judgement judgement;
  judgement.verdict = lab::Verdict::NotYet;
  lab::Gate gate;
  gate.name = "left";
  gate.state = lab::GateState::Red;
  gate.sentence = "left behind";
  for (int i = 1; i <= 9; i++) {
    lab::StuckGroup group;
    group.count = i;
    group.function = "main.f" + std::to_string(i);
    group.file = "/x/main.cpp";
    gate.evidence.push_back(group);
  }
  judgement.gates = {gate};
  std::string text = lab::judgement_page(judgement, {60, 12, false});
  INFO(text);
  CHECK_THAT(text, Has("main.f9") && !Has("main.f1\n") && Has("more places (d shows all)"));
  // What is not for one screen is whole.
  CHECK_THAT(lab::render_judgement(judgement, {60, 12, false}), Has("main.f1\n") && !Has("more"));
  CHECK(lab::page_lines(text, {60, 12, false}).size() <= 12);
  CHECK_THAT(text, Has("  red  left      left behind\n"));

  // A compiler's words stand below, without the path that the page begins with.
  judgement.file = "/x/mine/main.cpp";
  judgement.gates[0].name = "builds";
  judgement.gates[0].evidence.clear();
  judgement.gates[0].sentence =
      "/x/mine/main.cpp:27:20: error: no chh\n   27 | for (chh) {  // a comment";
  CHECK(lab::judgement_page(judgement, {24, 12, false}) ==
        "  red  builds\n  main.cpp:27:20: error:\n  no chh\n   27 | for (chh) {  //…\n");
}

TEST_CASE("a line of the evidence that is too long is broken between words", "[lab][screen]") {
  lab::StuckGroup group;
  group.count = 20;
  group.function = "main.uploadHandler.func1";
  group.state = "sync.WaitGroup.Wait";
  group.since = "1 minute";
  group.created_by = "sync.(*WaitGroup).Go";
  group.created_file = "/x/waitgroup.cpp";
  group.created_line = 41;
  lab::Judgement judgement;
  judgement.verdict = lab::Verdict::NotYet;
  judgement.gates = {{"left", lab::GateState::Red, "left behind", {group}, 0}};
  CHECK_THAT(lab::judgement_page(judgement, {60, 20, false}),
             Has("    20  main.uploadHandler.func1\n"
                 "        [sync.WaitGroup.Wait, 1 minute]\n"
                 "        created by sync.(*WaitGroup).Go, /x/waitgroup.cpp:41\n"));
  CHECK_THAT(lab::judgement_page(judgement, {50, 20, false}),
             Has("        created by sync.(*WaitGroup).Go,\n        /x/waitgroup.cpp:41\n"));
  CHECK_THAT(lab::judgement_page(judgement, {80, 20, false}),
             Has("    20  main.uploadHandler.func1 [sync.WaitGroup.Wait, 1 minute]\n"));
}

TEST_CASE("lab watch prints a line for each look where there is no terminal", "[lab][watch]") {
  lab::Service service;
  REQUIRE(service.start(exercise("02").program(false)) == nullptr);
  Ran rest = run_lab({"watch", service.address(), "--count", "2", "--interval", "0.05"});
  CHECK(rest.status == 0);
  CHECK(std::count(rest.out.begin(), rest.out.end(), '\n') == 2);
  CHECK_THAT(rest.out, Has("  total ") && Has("1 main.main [IO wait]") && !Has("\033"));
  run_lab({"fetch", "http://" + service.address() + "/process"});
  Ran after = run_lab({"watch", service.address(), "-n", "1"});
  CHECK_THAT(after.out, Has("75 main.worker [chan receive]") && Has("1 main.producer [chan send]"));

  SECTION("on a terminal it is a table that fits") {
    PtyProgram lab({kLab, "watch", service.address(), "--interval", "0.05"}, {});
    CHECK(lab.shows("main.worker [chan receive]"));
    CHECK(lab.shows("exercises/02-worker-pool/main.cpp:27"));
    run_lab({"fetch", "http://" + service.address() + "/process"});
    CHECK(lab.shows("150     +75  main.worker"));
    CHECK_FALSE(lab.screen().wrapped());
    CHECK_FALSE(lab.screen().scrolled());
  }
  SECTION("a service that goes away is an error") {
    service.stop();
    Ran gone = run_lab({"watch", service.address()});
    CHECK(gone.status == 1);
    CHECK_THAT(gone.err, Has("connection refused"));
  }
}

TEST_CASE("completions are made from the command line itself", "[lab][completions]") {
  Ran script = run_lab({"completions", "bash"});
  CHECK(script.status == 0);
  TemporaryDirectory directory;
  std::ofstream(directory.path() + "/golab.bash") << script.out;
  // What Tab offers after these words.
  auto offered = [&](const std::string& words, int at) {
    return run_program("/bin/bash",
                       {"-c", "source ./golab.bash; COMP_WORDS=(" + kLab + " " + words +
                                  "); COMP_CWORD=" + std::to_string(at) +
                                  "; _golab; echo \"${COMPREPLY[@]}\""},
                       directory.path())
        .out;
  };
  CHECK(offered("hi", 1) == "hint\n");
  CHECK_THAT(offered("''", 1), Has("watch") && Has("completions") && Has("test"));
  CHECK_THAT(offered("hint 02", 2), Has("02-worker-pool") && !Has("01-"));
  CHECK(offered("hint --a", 2) == "--all\n");
  CHECK_THAT(offered("top go", 2), Has("golab.bash"));
  Ran zsh = run_lab({"completions", "zsh"});
  CHECK_THAT(zsh.out, Has("#compdef lab") && Has("'hint:"));
  CHECK(run_lab({"completions", "fish"}).status == 2);
}

TEST_CASE("every command is in the help, in the order of the course, in 60 columns",
          "[lab][help]") {
  const std::string script = run_lab({"completions", "bash"}).out;
  const size_t begin = script.find("-W '") + 4;
  std::istringstream names(script.substr(begin, script.find(" help test", begin) - begin));
  PtyProgram all({kLab, "help"}, {}, 60, 200);
  CHECK(all.wait() == 0);
  CHECK_FALSE(all.screen().wrapped());
  const std::string text = all.screen().text();
  int commands = 0;
  for (std::string name; names >> name; commands++) {
    INFO(name);
    CHECK_THAT(text, Has("\n  " + name + " "));
    PtyProgram one({kLab, "help", name}, {}, 60, 200);
    CHECK(one.wait() == 0);
    CHECK_FALSE(one.screen().wrapped());
  }
  CHECK(commands > 15);
  size_t before = 0;
  for (const char* name : {"demo", "run", "hint", "check", "watch", "hunt", "verify-shipped"}) {
    INFO(name);
    const size_t at = text.find("\n  " + std::string(name) + " ");
    CHECK(at > before);
    before = at;
  }
}

TEST_CASE("the cheatsheet is the page of the course", "[lab]") {
  Ran ran = run_lab({"cheatsheet"});
  CHECK(ran.status == 0);
  CHECK(ran.out == text_of(lab::top_dir() + "/course/go-to-cpp.md"));
}

TEST_CASE("a wrong name gets a suggestion, and the version is told", "[lab]") {
  Ran wrong = run_lab({"hnit", "02"});
  CHECK(wrong.status == 2);
  CHECK_THAT(wrong.err, Has("did you mean \"hint\"?") && Has("./lab help"));
  Ran version = run_lab({"--version"});
  CHECK(version.status == 0);
  CHECK_THAT(version.out, Has("golab 1."));
}
