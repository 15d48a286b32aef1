// workspace_test.cpp: the student's files, the rulers in them, and what a compiler says about them.
#include <filesystem>
#include <fstream>

#include "course/lab/build.h"
#include "course/lab/port.h"
#include "course/lab/rulers.h"
#include "course/lab/shell.h"
#include "course/lab/workspace.h"
#include "runtime/net/net.h"
#include "tests/catch.h"
#include "tests/lab/run.h"

using namespace lab_test;

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

const std::string kShipped =
    "// 09  A title\n//\n// A goal.\n#include <x>\n\n"
    "// ---- yours to change\nint f();\n// ---- please leave as it is\n\nint main() {}\n";

std::string with(const std::string& old, const std::string& fresh) {
  std::string text = kShipped;
  return text.replace(text.find(old), old.size(), fresh);
}

}  // namespace

TEST_CASE("an exercise is copied when it is first opened, and never again", "[lab][workspace]") {
  Mine mine;
  lab::Exercise exercise = pool();
  CHECK_FALSE(lab::is_open(exercise));
  CHECK(lab::current_file(exercise) == lab::shipped_file(exercise));
  auto [file, err] = lab::open_exercise(exercise);
  REQUIRE(err == nullptr);
  CHECK(file == mine.path("02-worker-pool/main.cpp"));
  CHECK(text_of(file) == text_of(lab::shipped_file(exercise)));
  CHECK(lab::current_file(exercise) == file);

  std::ofstream(file) << "mine";
  CHECK(lab::open_exercise(exercise).second == nullptr);
  CHECK(text_of(file) == "mine");
  CHECK_FALSE(lab::changed_since_copy(exercise));  // an edit is no change of the shipped file

  SECTION("a shipped file that changed is told from an edit") {
    std::ofstream(mine.path(".lab/originals/02-worker-pool.cpp")) << "as it was";
    CHECK(lab::changed_since_copy(exercise));
    CHECK(lab::original_text(exercise).first == "as it was");
  }
  SECTION("reset takes the shipped file and keeps the other one beside it") {
    REQUIRE(lab::mark_solved(exercise) == nullptr);
    CHECK(lab::is_solved(exercise));
    REQUIRE(lab::reset(exercise) == nullptr);
    CHECK(text_of(file) == text_of(lab::shipped_file(exercise)));
    CHECK(text_of(file + ".before-reset") == "mine");
    CHECK_FALSE(lab::is_solved(exercise));
  }
}

TEST_CASE("a place that cannot be written to is said with the way out", "[lab][workspace]") {
  Mine mine;
  ::setenv("GOLAB_MINE", "/proc/nope", 1);
  auto [file, err] = lab::open_exercise(pool());
  REQUIRE(err != nullptr);
  CHECK_THAT(err.Error(), Has("/proc/nope") && Has("GOLAB_MINE names another place"));
}

TEST_CASE("what is outside the rulers stays as shipped", "[lab][rulers]") {
  using lab::changed_outside_rulers;
  CHECK(changed_outside_rulers(kShipped, kShipped) == "");
  CHECK(changed_outside_rulers(kShipped, with("int f();\n", "#include <y>\n\nint g() {}\n")) == "");
  CHECK(changed_outside_rulers(kShipped, with("// A goal.\n", "// Why it leaked.\n//\n")) == "");
  CHECK(changed_outside_rulers(kShipped, with("int main() {}\n", "int main() {}  \r\n\n\n")) == "");
  CHECK_THAT(changed_outside_rulers(kShipped, with("int main() {}", "int main() { f(); }")),
             Has("line 10 is outside the rulers and was changed") && Has("int main() {}"));
  CHECK_THAT(changed_outside_rulers(kShipped, with("#include <x>\n", "")),
             Has("outside the rulers") && Has("As shipped it reads: #include <x>"));
  CHECK_THAT(
      changed_outside_rulers(kShipped, with("#include <x>\n", "#include <x>\n#include <y>\n")),
      Has("line 5 is outside the rulers"));
  CHECK_THAT(changed_outside_rulers(kShipped, kShipped + "int g();\n"),
             Has("line 11 is outside the rulers and was added"));
  CHECK_THAT(changed_outside_rulers(kShipped, with("// ---- please leave as it is\n", "")),
             Has("the ruler \"please leave as it is\" is gone"));
  CHECK_THAT(changed_outside_rulers(kShipped, "int main() {}\n"),
             Has("the ruler \"yours to change\" is gone"));
  CHECK(changed_outside_rulers("int main() {}\n", "anything") == "");
}

TEST_CASE("a compiler's complaint begins with the student's own line", "[lab][build]") {
  const std::string output =
      "In file included from /golab/runtime/golab.h:20,\n"
      "                 from /mine/main.cpp:5:\n"
      "/golab/chan.h: In instantiation of 'void f(T)':\n"
      "/mine/main.cpp:27:9:   required from here\n"
      "/golab/chan.h:81:3: error: no match\n"
      "   81 |   x;\n";
  CHECK(lab::shortest_complaint(output, "/mine/main.cpp") ==
        "/mine/main.cpp:27:9:   required from here\n/golab/chan.h:81:3: error: no match\n"
        "   81 |   x;\n");
  CHECK(lab::shortest_complaint("/mine/main.cpp:2:1: warning: w\n/mine/main.cpp:3:1: error: e\n",
                                "/mine/main.cpp") == "/mine/main.cpp:3:1: error: e\n");
  std::string many = "/mine/main.cpp:3:1: error: e\n";
  for (int i = 0; i < 1000; i++) many += "note\n";
  CHECK(lab::shortest_complaint(many, "/mine/main.cpp").size() < 100);
  CHECK(lab::shortest_complaint("", "/mine/main.cpp") == "");
}

TEST_CASE("a build that is older than its sources is known by a dry run", "[lab][build]") {
  using golab::context::Background;
  TemporaryDirectory build;
  const std::string in = build.path() + "/in", out = build.path() + "/out";
  std::ofstream(build.path() + "/build.ninja")
      << "rule copy\n  command = cp $in $out\nbuild out: copy in\n";
  std::ofstream(in) << "a header";
  auto finds_work = [&](const std::string& look) {
    auto [found, err] = lab::finds_work(Background(), build.path(), look);
    REQUIRE(err == nullptr);
    return found;
  };
  CHECK(finds_work("ninja -n out"));
  REQUIRE(lab::run_in_shell(Background(), build.path(), "ninja out").first.succeeded);
  CHECK_FALSE(finds_work("ninja -n out"));
  std::filesystem::last_write_time(in,
                                   std::filesystem::last_write_time(out) + std::chrono::hours(1));
  CHECK(finds_work("ninja -n out"));
  CHECK_FALSE(finds_work("/no/such/ninja -n out"));  // nobody knows
  // An editor's file in the folder of an exercise has CMake look again. That is no old build.
  std::ofstream(build.path() + "/build.ninja", std::ios::app)
      << "rule cmake\n  command = touch build.ninja\n  description = Re-running CMake...\n"
         "  generator = 1\nbuild build.ninja: cmake folder\n";
  std::ofstream(build.path() + "/folder") << "";
  auto now = std::filesystem::last_write_time(build.path() + "/build.ninja");
  std::filesystem::last_write_time(build.path() + "/folder", now + std::chrono::hours(1));
  CHECK_FALSE(finds_work("ninja -n out"));
}

TEST_CASE("a command of the shell ends with its context", "[lab][build]") {
  auto [ctx, cancel] = golab::context::WithCancel(golab::context::Background());
  auto [ran, err] = lab::run_in_shell(ctx, "/", "echo one; echo two >&2; pwd; exit 3");
  CHECK(err == nullptr);
  CHECK_FALSE(ran.succeeded);
  CHECK(ran.output == "one\ntwo\n/\n");
  // Nothing of lab's stays open in its leader: else no other end sees lab close a connection.
  CHECK(lab::run_in_shell(ctx, "/", "ls /proc/$PPID/fd").first.output == "0\n1\n2\n");
  cancel();
  auto [never, over] = lab::run_in_shell(ctx, "/", "sleep 1000000 | sleep 1000000");
  CHECK(over == golab::context::Canceled);
}

TEST_CASE("who listens on a port is found", "[lab][port]") {
  CHECK(lab::port_of("127.0.0.1:6060") == 6060);
  CHECK(lab::port_of("[::1]:80") == 80);
  for (const char* none : {"", "localhost", ":http", "127.0.0.1:0", ":99999"}) {
    CHECK(lab::port_of(none) == 0);
  }
  auto [listener, err] = golab::net::Listen("tcp", "127.0.0.1:0");
  REQUIRE(err == nullptr);
  int port = listener.Addr().get<golab::net::TCPAddr>()->Port;
  CHECK_THAT(lab::port_holder(port), Has("process " + std::to_string(::getpid()) + " (lab_test"));
  CHECK(lab::process_listens(::getpid(), port));
  CHECK_FALSE(lab::process_listens(::getppid(), port));
  listener.Close();
  CHECK(lab::port_holder(port) == "");
  CHECK_FALSE(lab::process_listens(::getpid(), port));
}
