// interrupt_test.cpp: whatever a judgement waits for, a save, a key or the end of lab ends it.
//
// A pipe with a name stands for what never comes to an end: who reads it waits as long as the test
// holds the other end and writes nothing. The test sees by that end whether somebody still reads.
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "course/lab/diary.h"
#include "course/lab/exercise.h"
#include "course/lab/workspace.h"
#include "tests/catch.h"
#include "tests/lab/pty.h"
#include "tests/lab/run.h"

using namespace lab_test;

namespace {

const std::string kLab = GOLAB_BUILD_DIR "/course/lab";

class EndlessPipe {
 public:
  explicit EndlessPipe(const std::string& path) : path_(path) {
    REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
  }
  ~EndlessPipe() { ::close(end_); }
  EndlessPipe(const EndlessPipe&) = delete;
  EndlessPipe& operator=(const EndlessPipe&) = delete;

  // Waits until somebody reads it.
  bool is_read() {
    return eventually(std::chrono::seconds(60), [&] {
      if (end_ < 0) end_ = ::open(path_.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC);
      return end_ >= 0;
    });
  }
  // Waits until nobody does. No service is given as little time as this by lab itself.
  bool is_left() {
    return eventually(std::chrono::seconds(10), [&] {
      pollfd end{end_, 0, 0};
      return ::poll(&end, 1, 0) == 1 && (end.revents & POLLERR) != 0;
    });
  }

 private:
  std::string path_;
  int end_ = -1;
};

std::string text_of(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// A student who has the first exercise open, in watch mode, and was asked about both before.
struct Student {
  Student() {
    for (const char* exercise : {"01-time-after", "02-worker-pool"}) {
      REQUIRE(lab::write_diary(exercise, "predicted", "-;-;- saw 3;sleep;9") == nullptr);
    }
    REQUIRE(lab::open_exercise(first()).second == nullptr);
  }
  static lab::Exercise first() {
    auto [found, err] = lab::find_exercise("01");
    REQUIRE(err == nullptr);
    return found;
  }
  void begin_with(const std::string& lines) const {
    const std::string text = text_of(lab::shipped_file(first()));
    std::ofstream(file) << lines << text;
  }
  void solve() const {
    std::filesystem::copy_file(lab::solution_file(first()), file,
                               std::filesystem::copy_options::overwrite_existing);
  }

  Mine mine;
  std::string file = mine.path("01-time-after/main.cpp");
  std::vector<std::string> env = {"GOLAB_MINE=" + mine.directory.path(), "NO_COLOR=1"};
};

}  // namespace

TEST_CASE("a compiler that runs is ended by a save, a key, and lab's own end", "[lab][loop]") {
  Student student;
  EndlessPipe header(student.mine.path("01-time-after/endless.h"));
  student.begin_with("#include \"endless.h\"\n");
  PtyProgram lab({kLab}, student.env);
  REQUIRE(lab.shows("building"));
  REQUIRE(header.is_read());

  SECTION("a save: the new file is judged") {
    student.solve();
    CHECK(lab.shows("Solved.", 60));
  }
  SECTION("next: the next exercise is judged") {
    lab.type("n");
    CHECK(lab.shows("02-worker-pool"));
    CHECK(lab.shows("judged at", 60));
    CHECK(lab.shows("1500  main.worker"));
  }
  SECTION("quit") {
    lab.type("q");
    CHECK(lab.wait() == 0);
    std::error_code none;
    for (const auto& half :
         std::filesystem::directory_iterator(student.mine.path(".lab/programs"), none)) {
      FAIL_CHECK(half.path().string() + " was left");
    }
  }
  SECTION("Ctrl-C") {
    lab.type("\x03");
    CHECK(lab.wait() == 128 + SIGINT);
  }
  SECTION("a sudden death") {
    lab.kill(SIGKILL);
    CHECK(lab.wait() == 128 + SIGKILL);
  }
  CHECK(header.is_left());
}

TEST_CASE("programs that do not begin to serve are ended by a save", "[lab][loop]") {
  Student student;
  const std::string name = student.mine.path("01-time-after/endless");
  EndlessPipe pipe(name);
  PtyProgram lab({kLab}, student.env);
  REQUIRE(lab.shows("judged at", 60));
  student.begin_with("#include <fstream>\nstatic const int waits = std::ifstream(\"" + name +
                     "\").get();\n");
  REQUIRE(pipe.is_read());
  student.solve();
  CHECK(pipe.is_left());
  CHECK(lab.shows("Solved.", 60));
}
