// check_test.cpp: the student's loop from end to end: a file is saved, and lab says what it is
// worth.
#include <signal.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "course/lab/exercise.h"
#include "course/lab/service.h"
#include "course/lab/workspace.h"
#include "tests/catch.h"
#include "tests/lab/run.h"

using namespace lab_test;
using nlohmann::json;

namespace {

std::string text_of(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

lab::Exercise pool() {
  auto [found, err] = lab::find_exercise("02");
  REQUIRE(err == nullptr);
  return found;
}

// The student's file of 02 is the shipped one with this change.
void edit(const std::string& old, const std::string& fresh) {
  lab::Exercise exercise = pool();
  auto [file, err] = lab::open_exercise(exercise);
  REQUIRE(err == nullptr);
  std::string text = text_of(lab::shipped_file(exercise));
  size_t at = text.find(old);
  REQUIRE(at != std::string::npos);
  std::ofstream(file) << text.replace(at, old.size(), fresh);
}

// The solution as a student would have it: the text is another one, so that it is built.
void solve() {
  auto [file, err] = lab::open_exercise(pool());
  REQUIRE(err == nullptr);
  std::ofstream(file) << "// mine\n" << text_of(lab::solution_file(pool()));
}

json gate(const json& judgement, const std::string& name) {
  for (const json& one : judgement["gates"]) {
    if (one["name"] == name) return one;
  }
  return {};
}

// The only judgement of `lab check 02 --json`.
json check(int status) {
  Ran ran = run_lab({"check", "02", "--json"});
  CHECK(ran.status == status);
  json all = json::parse(ran.out, nullptr, false);
  REQUIRE(all.is_array());
  REQUIRE(all.size() == 1);
  return all[0];
}

}  // namespace

TEST_CASE("an exercise as shipped is not solved yet, with the evidence", "[lab][check]") {
  Mine mine;
  json judgement = check(1);
  CHECK(judgement["exercise"] == "02-worker-pool");
  CHECK(judgement["file"] == mine.path("02-worker-pool/main.cpp"));
  CHECK(judgement["verdict"] == "not yet");
  CHECK(judgement["seconds"].get<double>() > 0);
  CHECK(gate(judgement, "builds")["state"] == "green");
  CHECK(gate(judgement, "answers")["state"] == "green");
  json left = gate(judgement, "left");
  CHECK(left["state"] == "red");
  REQUIRE(left["evidence"].size() == 2);
  json workers = left["evidence"][0];
  CHECK(workers["count"] == 1500);
  CHECK(workers["state"] == "chan receive");
  CHECK(workers["function"] == "main.worker");
  CHECK(workers["file"] == mine.path("02-worker-pool/main.cpp"));
  CHECK_THAT(workers["source"].get<std::string>(), Has("for task := range ch {"));
  CHECK(workers["created_by"] == "main.startWorkers");
  CHECK(std::filesystem::exists(mine.path("02-worker-pool/main.cpp")));

  Ran text = run_lab({"check", "02"});
  CHECK(text.status == 1);
  CHECK_THAT(text.out, Has("02-worker-pool: not yet") && Has("red  left") && Has("created by"));
  CHECK_THAT(text.out, !Has("\033"));
}

TEST_CASE("a file that is repaired is solved, and remembered as that", "[lab][check]") {
  Mine mine;
  solve();
  CHECK(check(0)["verdict"] == "solved");
  CHECK(lab::is_solved(pool()));

  SECTION("compare and run use the student's file, and solved is no failure") {
    Ran compared = run_lab({"compare", "02", "-n", "3"}, mine.directory.path());
    CHECK(compared.status == 0);
    CHECK_THAT(compared.out,
               Has("Neither leaks") && Has("02-worker-pool/main.cpp and on the solution"));
    Ran help = run_lab({"run", "02", "--help"});
    CHECK_THAT(help.out + help.err, Has(mine.path(".lab/programs/")));
  }
}

TEST_CASE("a file that does not compile is quoted, its own line first", "[lab][check]") {
  Mine mine;
  edit("errs.send(nullptr);", "errs.sned(nullptr);");
  json builds = gate(check(1), "builds");
  CHECK(builds["state"] == "red");
  CHECK_THAT(builds["sentence"].get<std::string>(), Has("main.cpp:47:") && Has("sned"));
  Ran ran = run_lab({"run", "02"});
  CHECK(ran.status == 1);
  CHECK_THAT(ran.err, Has("does not compile") && Has("sned"));
}

TEST_CASE("a warning is no mistake of a student's", "[lab][check]") {
  Mine mine;
  edit("go(producer, ch, done, errs);", "int unused = 0; go(producer, ch, done, errs);");
  CHECK(gate(check(1), "builds")["state"] == "green");
}

TEST_CASE("a request without an answer is red with what stands, and nothing hangs",
          "[lab][check]") {
  Mine mine;
  edit("go(producer, ch, done, errs);", ";");
  json judgement = check(1);
  json answers = gate(judgement, "answers");
  CHECK(answers["state"] == "red");
  CHECK_THAT(answers["sentence"].get<std::string>(),
             Has("4 requests GET /process get no answer") && Has("no timer runs"));
  bool handlers = false;
  for (const json& group : answers["evidence"]) {
    if (group["function"] == "main.process") handlers = group["count"] == 4;
  }
  CHECK(handlers);
  CHECK(gate(judgement, "left")["state"] == "not judged");

  Ran compared = run_lab({"compare", "02"}, mine.directory.path());
  CHECK(compared.status == 2);
  CHECK_THAT(compared.err, Has("does not stand the load") && Has("no answer"));
}

TEST_CASE("a program that panics is red with its panic and its line", "[lab][check]") {
  Mine mine;
  edit("errs.send(nullptr);", "panic(\"boom\");");
  json answers = gate(check(1), "answers");
  CHECK(answers["state"] == "red");
  CHECK_THAT(answers["sentence"].get<std::string>(), Has("exit status 2") && Has("panic: boom"));
  REQUIRE(answers["evidence"].size() == 1);
  CHECK(answers["evidence"][0]["line"] == 47);
}

TEST_CASE("a change outside the rulers is red with its line", "[lab][check]") {
  Mine mine;
  edit("constexpr int workers = 75;", "constexpr int workers = 1;");
  json judgement = check(1);
  CHECK(gate(judgement, "rulers")["state"] == "red");
  CHECK_THAT(gate(judgement, "rulers")["sentence"].get<std::string>(),
             Has("line 11 is outside the rulers") && Has("workers = 75"));
  CHECK(gate(judgement, "work")["state"] == "red");
}

TEST_CASE("check says what it needs to know", "[lab][check]") {
  for (auto [args, says] : {std::pair<std::vector<std::string>, std::string>{
                                {"check"}, "./lab check 02, or ./lab check --all"},
                            {{"check", "worker-poll"}, "did you mean \"worker-pool\"?"},
                            {{"verify-shipped", "worker-poll"}, "did you mean \"worker-pool\"?"}}) {
    Ran ran = run_lab(args);
    CHECK(ran.status == 2);
    CHECK_THAT(ran.err, Has(says));
  }
}

TEST_CASE("a port in use is said with who has it and what to do", "[lab][run]") {
  Mine mine;
  lab::Service service;
  REQUIRE(service.start(pool().program(false)) == nullptr);
  Ran ran = run_lab({"run", "02", "--addr", service.address()});
  CHECK(ran.status == 1);
  CHECK_THAT(ran.err, Has("listen tcp " + service.address() + ": bind: address already in use"));
  CHECK_THAT(ran.err,
             Has("(02-worker-pool) has it: end that, or let lab choose: ./lab run 02-worker-pool"));
}
