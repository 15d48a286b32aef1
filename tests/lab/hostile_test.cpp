// hostile_test.cpp: lab where the disk is full, and given files and services that are made to hurt.
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "course/lab/output.h"
#include "course/lab/web.h"
#include "course/lab/whole_file.h"
#include "profiler/formats/pprof_wire.h"
#include "runtime/golab.h"
#include "tests/catch.h"
#include "tests/formats/packed.h"
#include "tests/lab/run.h"

using namespace lab_test;
using golab::profiler::Message;

namespace {

const std::string kGolden = GOLAB_SOURCE_DIR "/tests/formats/golden/";
const std::string kProfile = kGolden + "states/goroutine.pb.gz";

void write_file(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

std::string file_text(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// A service that answers every request with the same bytes, and then with more of them. Its
// goroutine may end after the test has: what it calls owns what it uses.
class Service {
 public:
  // `more`: called until it returns nothing; then the connection is closed.
  Service(std::string head, std::function<std::string()> more) {
    auto [listener, err] = golab::net::Listen("tcp", "127.0.0.1:0");
    REQUIRE(err == nullptr);
    listener_ = listener;
    go([listener = listener, head, more] {
      for (;;) {
        auto [conn, accept_err] = listener.Accept();
        if (accept_err != nullptr) return;
        char request[4096];
        conn.Read(request, sizeof request);
        golab::error failed = conn.Write(head).second;
        for (std::string piece; failed == nullptr && !(piece = more()).empty();) {
          failed = conn.Write(piece).second;
        }
        conn.Close();
      }
    });
  }
  ~Service() { listener_.Close(); }
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;

  std::string address() const { return listener_.Addr().String(); }
  std::string url() const { return "http://" + address() + "/"; }

 private:
  golab::net::Listener listener_;
};

const char kEndless[] = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n";
const char kNoneText[] = "goroutine profile: total 0\n";
const char kNone[] = "HTTP/1.1 200 OK\r\nContent-Length: 27\r\n\r\n";

// A sanitizer has memory of its own for each byte of ours.
int64_t mebibytes(int64_t peak_bytes) {
#if defined(GOLAB_ASAN) || defined(GOLAB_TSAN)
  peak_bytes /= 6;
#endif
  return peak_bytes >> 20;
}

std::string nothing() { return ""; }

}  // namespace

TEST_CASE("a command that cannot write its output has failed, and says so", "[lab][hostile]") {
  const std::vector<std::vector<std::string>> kCommands = {
      {"list"},          {"help"},
      {"help", "fetch"}, {"--help"},
      {"top", kProfile}, {"diff", kProfile, kGolden + "states/goroutineleak.pb.gz", "--all"},
  };
  for (const auto& args : kCommands) {
    INFO(args[0]);
    Ran full = run_lab_into("/dev/full", args);
    CHECK(full.status == 2);
    CHECK_THAT(full.err, Has("lab: cannot write to standard output: No space left on device"));
    Ran closed = run_lab_into("", args);
    CHECK(closed.status == 2);
    CHECK_THAT(closed.err, Has("lab: cannot write to standard output: it is not open"));
    CHECK(run_lab_into("/dev/null", args).status == 0);
  }

  SECTION("fetch and compare") {
    Service service(kNone, [sent = false]() mutable {
      sent = !sent;
      return sent ? std::string(kNoneText) : std::string();
    });
    CHECK(run_lab({"fetch", service.address()}).out == kNoneText);
    CHECK(run_lab_into("/dev/full", {"fetch", service.address()}).status == 2);
    CHECK(run_lab_into("", {"fetch", service.address()}).status == 2);
    Ran to_file = run_lab({"fetch", service.address(), "-o", "/dev/full"});
    CHECK(to_file.status == 2);
    CHECK_THAT(to_file.err, Has("cannot write /dev/full: No space left on device"));
    TemporaryDirectory directory;
    CHECK(run_lab_into("/dev/full", {"compare", "02", "-n", "2", "-o", directory.path()}).status ==
          2);
  }
  SECTION("a reader that has seen enough is no failure worth a word") {
    int ends[2];
    REQUIRE(::pipe(ends) == 0);
    ::close(ends[0]);
    Ran ran = run_lab_into("/proc/self/fd/" + std::to_string(ends[1]), {"list"});
    ::close(ends[1]);
    CHECK(ran.status == 128 + SIGPIPE);
    CHECK(ran.err == "");
  }
}

TEST_CASE("fetch leaves a whole file or the old one", "[lab][hostile]") {
  TemporaryDirectory directory;
  const std::string file = directory.path() + "/a.pb.gz";
  write_file(file, "old");
  auto files = [&] {
    return std::distance(std::filesystem::directory_iterator(directory.path()), {});
  };
  SECTION("an answer that breaks off") {
    Service service(kNone, [n = 0]() mutable { return n++ % 2 == 0 ? "123" : ""; });
    Ran ran = run_lab({"fetch", service.address(), "-o", file});
    CHECK(ran.status == 1);
    CHECK_THAT(ran.err, Has("unexpected EOF, after 3 bytes"));
    CHECK(file_text(file) == "old");
  }
  SECTION("a signal in the middle") {
    for (int signal : {SIGINT, SIGTERM, SIGHUP}) {
      auto began = golab::make_chan<int>(1), end = golab::make_chan<int>();
      Service service(kEndless, [=, n = 0]() mutable {
        if (n++ == 0) return std::string("123");
        began.send(1);
        end.recv();
        return std::string();
      });
      pid_t pid = start_lab({"fetch", service.address(), "-o", file}, directory.path());
      began.recv();
      CHECK(eventually([&] { return files() == 2; }));  // the old one, and the one that grows
      ::kill(pid, signal);
      CHECK(wait_for(pid) == 128 + signal);
      golab::close(end);
      CHECK(file_text(file) == "old");
      CHECK(files() == 1);
    }
  }
  SECTION("a good one takes its place, with its permissions, through a link") {
    std::filesystem::permissions(file, std::filesystem::perms(0640));
    std::filesystem::create_symlink("a.pb.gz", directory.path() + "/link");
    CHECK(lab::write_whole(directory.path() + "/link", "new") == nullptr);
    CHECK(file_text(file) == "new");
    CHECK(std::filesystem::is_symlink(directory.path() + "/link"));
    CHECK(std::filesystem::status(file).permissions() == std::filesystem::perms(0640));
    std::filesystem::remove(directory.path() + "/link");
  }
  CHECK(files() == 1);
}

TEST_CASE("an answer without an end is given up", "[lab][hostile]") {
  const std::string piece(1 << 20, '\0');
  Service endless(kEndless, [piece] { return piece; });
  SECTION("by its size, in little memory") {
    Ran ran = run_lab({"top", endless.address()});
    CHECK(ran.status == 1);
    CHECK_THAT(ran.err, Has("more than 256 MiB, which no goroutine profile needs"));
    CHECK(mebibytes(ran.peak_bytes) < 600);
    int64_t bytes = 0;
    golab::error err = lab::download(golab::context::Background(), {}, endless.url(),
                                     {.bytes_max = 8 << 20}, [&](std::string_view some) {
                                       bytes += static_cast<int64_t>(some.size());
                                       return golab::error(nullptr);
                                     });
    REQUIRE(err != nullptr);
    CHECK_THAT(err.Error(), Has("has more than 8 MiB"));
    CHECK(bytes <= 8 << 20);
  }
  SECTION("by its time") {
    auto ignore = [](std::string_view) { return golab::error(nullptr); };
    auto end = golab::make_chan<int>();
    const lab::DownloadLimits kShort{.patience = 50 * golab::time::Millisecond};
    auto wait = [=] { return end.recv(), std::string(); };
    Service silent("", wait), stalls(std::string(kEndless) + "1234", wait);
    golab::error err =
        lab::download(golab::context::Background(), {}, silent.url(), kShort, ignore);
    REQUIRE(err != nullptr);
    CHECK_THAT(err.Error(), Has("no answer within 50ms"));
    err = lab::download(golab::context::Background(), {}, stalls.url(), kShort, ignore);
    REQUIRE(err != nullptr);
    CHECK_THAT(err.Error(), Has("only 4 bytes came within"));
    golab::close(end);
  }
  SECTION("an error page, too") {
    Service page("HTTP/1.1 500 No\r\nConnection: close\r\n\r\nwhy\n", [piece] { return piece; });
    Ran ran = run_lab({"fetch", page.address(), "--debug", "1"});
    CHECK(ran.status == 1);
    CHECK_THAT(ran.err, Has("500 No: why"));
  }
}

TEST_CASE("what comes from outside does not act on the terminal", "[lab][hostile]") {
  TemporaryDirectory directory;
  // A sequence that clears the screen, a C1 control, one that reverses what follows, a bell.
  const std::string evil = "\x1b[2J\xc2\x9b\xe2\x80\xae\x07\x7f\xff";
  const std::string shown = R"(\x1b[2J\u009b\u202e\a\x7f\xff)";
  const std::string file = directory.path() + "/" + evil + ".txt";
  write_file(file,
             "goroutine profile: total 1\n1 @ 0x10\n# labels: {\"k\":\"\\x1b[2J\\u009b\\u202e"
             "\\a\\x7f\\xff\"}\n#\t0xf\tmain." +
                 evil + "+0x1\t/src/" + evil + ".go:1\n\n");
  write_file(directory.path() + "/empty.txt", "goroutine profile: total 0\n");
  auto is_harmless = [](const std::string& text) {
    return std::all_of(text.begin(), text.end(),
                       [](unsigned char c) {
                         return c == '\n' || (c >= 0x20 && c != 0x7f && c != 0xff);
                       }) &&
           text.find("\xc2\x9b") == text.npos && text.find("\xe2\x80\xae") == text.npos;
  };
  Service page("HTTP/1.1 500 N\x1bo\r\nConnection: close\r\n\r\n" + evil, nothing);
  for (const std::vector<std::string>& args : std::vector<std::vector<std::string>>{
           {"top", file},
           {"diff", directory.path() + "/empty.txt", file},
           {"diff", file, file, "--all"},
           {"top", file + ".not"},
           {"top", "/dev/null" + evil},
           {"fetch", page.address(), "--debug", "1"},
           {"fetch", "http://127.0.0.1:1/" + evil, "--debug", "1"},
           {"fetch", "127.0.0.1:1", "-o", "/nowhere/" + evil},
           {"run", evil},
           {"compare", evil},
           {evil},
           {"top", file, "--" + evil},
           {"help", evil},
       }) {
    INFO(args[0]);
    Ran ran = run_lab(args);
    CHECK(is_harmless(ran.out));
    CHECK(is_harmless(ran.err));
    CHECK_THAT(ran.out + ran.err, Has("\\x1b"));
  }
  CHECK_THAT(run_lab({"top", file}).out, Has("main." + shown));
  CHECK_THAT(run_lab({"diff", file, file, "--all", "--labels"}).out, Has("{k=" + shown + "}"));
  CHECK_THAT(run_lab({"top", directory.path() + "/" + evil}).err, Has(shown));
}

TEST_CASE("a small file cannot make lab take much memory or time", "[lab][hostile]") {
  TemporaryDirectory directory;
  // A child's peak is at least what this process has at the time.
  struct Bomb {
    const char* what;
    std::string bytes;
    const char* says;  // empty: it is shown
    int64_t mebibytes;
  };
  Message type, function, location, line, sample, labelled, label;
  type.int64(1, 1);
  // One profile: a long name, in a location of a thousand inlined calls.
  auto profile = [&](const std::string& name, int lines, const Message& each, int samples) {
    Message all;
    all.bytes(1, type.data());
    for (const std::string& text : {std::string(), std::string("goroutine"), name}) {
      all.bytes(6, text);
    }
    function.clear(), line.clear(), location.clear();
    function.uint64(1, 1), function.int64(2, 2);
    line.uint64(1, 1);
    location.uint64(1, 1);
    for (int i = 0; i < lines; i++) location.bytes(4, line.data());
    all.bytes(5, function.data()), all.bytes(4, location.data());
    for (int i = 0; i < samples; i++) all.bytes(2, each.data());
    return packed(all.data());
  };
  auto calls = [](size_t depth) {
    Message stack;
    stack.numbers(1, std::vector<uint64_t>(depth, 1));
    stack.int64(2, 1);
    return stack;
  };
  std::string types;
  for (int i = 0; i < (20 << 20); i++) types += std::string("\n\0", 2);
  const std::string kName(1 << 20, 'x');
  const std::string kNoMore = "it would need more than 768 MiB of memory";
  const Bomb kBombs[] = {
      {"zeros", packed(std::string(16 << 20, '\0'), 64), "it unpacks to more than 256 MiB", 400},
      {"a bomb in a bomb", packed(packed(std::string(16 << 20, '\0'), 64)),
       "it unpacks to more than 256 MiB", 400},
      {"empty members", packed("", 1 << 20), "the file is empty", 200},
      {"empty messages", packed(types), kNoMore.c_str(), 1100},
      {"deep stacks", profile("f", 1, calls(100'000), 1'000), kNoMore.c_str(), 1100},
      {"inlined calls", profile("f", 1'000, calls(1'000), 1'000), kNoMore.c_str(), 1100},
      {"a long name in many stacks", profile(kName, 1, calls(1), 10'000), kNoMore.c_str(), 1100},
      {"a long name in many frames", profile(kName, 1, calls(10'000), 1), "", 200},
  };
  for (const Bomb& bomb : kBombs) {
    INFO(bomb.what);
    const std::string file = directory.path() + "/bomb";
    write_file(file, bomb.bytes);
    CHECK(bomb.bytes.size() < (24 << 20));
    for (const std::vector<std::string>& args :
         {std::vector<std::string>{"top", file},
          std::vector<std::string>{"diff", file, kProfile}}) {
      Ran ran = run_lab(args);
      CHECK(mebibytes(ran.peak_bytes) < bomb.mebibytes);
      CHECK(ran.status == (*bomb.says == 0 ? 0 : 2));
      if (*bomb.says != 0) CHECK_THAT(ran.err, Has(bomb.says));
    }
  }
  // What has no end at all.
  Ran endless = run_lab({"top", "/dev/zero"});
  CHECK(endless.status == 2);
  CHECK_THAT(endless.err, Has("/dev/zero: it unpacks to more than 256 MiB"));
  CHECK(mebibytes(endless.peak_bytes) < 600);
}
