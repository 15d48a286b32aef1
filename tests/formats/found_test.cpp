// found_test.cpp: profiles as people find them: pasted, cut off, in a log, in a packing, of any Go.
//
// The inputs are made after what was reported in public; each value that is right was counted by
// hand.
#include <algorithm>

#include "profiler/formats/debug2_reader.h"
#include "profiler/formats/profile_reader.h"
#include "tests/formats/golden.h"
#include "tests/formats/packed.h"

using namespace golab::profiler;
using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::StartsWith;

namespace {

ReadResult read(const std::string& bytes) { return read_profile(bytes, "file"); }

// In pieces of `size` bytes, as they may come from a service.
ReadResult read_in_pieces(std::string_view bytes, size_t size) {
  ProfileReader reader("file");
  for (; !bytes.empty(); bytes.remove_prefix(std::min(size, bytes.size()))) {
    reader.write(bytes.substr(0, size));
  }
  return reader.finish();
}

// "3 chan receive main.f main.g": each sample's count, state and named functions, sorted.
std::vector<std::string> stacks(const SymbolizedProfile& profile) {
  std::vector<std::string> all;
  for (const Sample& sample : profile.samples) {
    std::string text = std::to_string(sample.values[0]);
    if (!sample.state.empty()) text += " " + sample.state;
    for (const FrameRef& frame : frames_of_sample(profile, sample)) {
      if (frame.function != nullptr) text += " " + frame.function->name;
    }
    all.push_back(std::move(text));
  }
  std::sort(all.begin(), all.end());
  return all;
}

using Stacks = std::vector<std::string>;

const std::string kDump =
    "goroutine 7 [chan receive, 41 minutes]:\n"
    "main.worker(0xc000, {0x1, 0x2})\n"
    "\t/src/pool.go:9 +0x4d\n"
    "created by main.main in goroutine 1\n"
    "\t/src/pool.go:5 +0x22\n"
    "\n"
    "goroutine 8 [select, locked to thread]:\n"
    "main.(*pool).run(...)\n"
    "\t/src/pool.go:30\n"
    "main.start()\n"
    "\t/src/pool.go:20 +0x8\n"
    "created by main.main in goroutine 1\n"
    "\t/src/pool.go:6 +0x33\n";
const Stacks kDumped = {"1 chan receive main.worker", "1 select main.(*pool).run main.start"};

const std::string kCounted =
    "goroutine profile: total 5\n"
    "4 @ 0x42e13a 0x428899 0x557db8 0x45a7a1\n"
    "#\t0x428898\tnet.runtime_pollWait+0x58\t/go/src/runtime/netpoll.go:164\n"
    "#\t0x557db7\tnet.(*pollDesc).wait+0x37\t/go/src/net/fd_poll_runtime.go:75\n"
    "\n"
    "1 @ 0x42e13a 0x44a1c5 0x401a3b 0x45a7a1\n"
    "#\t0x44a1c4\ttime.Sleep+0x134\t/go/src/runtime/time.go:59\n"
    "#\t0x401a3a\tmain.main+0x9a\t/src/get.go:48\n"
    "\n";
const Stacks kCountedStacks = {"1 time.Sleep main.main",
                               "4 net.runtime_pollWait net.(*pollDesc).wait"};

std::string replaced(std::string text, const std::string& what, const std::string& by) {
  for (size_t at = 0; (at = text.find(what, at)) != text.npos; at += by.size()) {
    text.replace(at, what.size(), by);
  }
  return text;
}

// Each line with something before it and behind it. `number` in the prefix counts.
std::string logged(const std::string& text, const std::string& prefix,
                   const std::string& end = "") {
  std::string out;
  int number = 95;
  for (size_t at = 0; at < text.size();) {
    const size_t newline = text.find('\n', at);
    out += replaced(prefix, "NUMBER", std::to_string(number++)) + text.substr(at, newline - at) +
           end + "\n";
    at = newline + 1;
  }
  return out;
}

std::string utf16(const std::string& ascii, bool little) {
  std::string out;
  for (char c : ascii) out += little ? std::string{c, '\0'} : std::string{'\0', c};
  return out;
}

void check_dump(const std::string& text) {
  ReadResult result = read(text);
  CHECK(result.error == "");
  CHECK(stacks(result.profile) == kDumped);
  CHECK(result.warnings.empty());
}

}  // namespace

TEST_CASE("a paste that lost its tabs keeps its names", "[formats][found]") {
  for (const std::string& text :
       {kCounted, replaced(kCounted, "\t", "       "), replaced(kCounted, "\n", "\r\n"),
        replaced(kCounted, "#\t", "   "), replaced(kCounted, "\n", "  \n"),
        "    " + replaced(kCounted, "\n", "\n    "), logged(kCounted, "> ")}) {
    INFO(text);
    ReadResult result = read(text);
    CHECK(result.error == "");
    CHECK(stacks(result.profile) == kCountedStacks);
    CHECK(result.warnings.empty());
  }
}

TEST_CASE("names that cannot be read are told, and stacks without them", "[formats][found]") {
  ReadResult result = read(replaced(kCounted, "+0x", "-0x"));
  REQUIRE(result.error == "");
  CHECK(total(result.profile) == 5);
  REQUIRE(result.warnings.size() == 2);
  CHECK_THAT(result.warnings[0], StartsWith("file: 4 lines could not be read") &&
                                     ContainsSubstring("the first is line 3"));
  CHECK_THAT(result.warnings[1], ContainsSubstring("no function has a name"));
}

TEST_CASE("a record of unknown shape costs no more than itself", "[formats][found]") {
  const std::string odd =
      replaced(kCounted, "\n\n1 @", "\n\n3 at 0x11\nx @ 0x12\n2 @ 0x13 what\n1 @\n\n1 @");
  ReadResult result = read(odd);
  REQUIRE(result.error == "");
  CHECK(stacks(result.profile) ==
        Stacks{"1", "1 time.Sleep main.main", "2", "4 net.runtime_pollWait net.(*pollDesc).wait"});
  REQUIRE(result.warnings.size() == 2);
  CHECK_THAT(result.warnings[0],
             ContainsSubstring("add up to 8 goroutines") && ContainsSubstring("says 5"));
  CHECK_THAT(result.warnings[1], ContainsSubstring("3 lines could not be read"));
}

TEST_CASE("what is there of a text that is cut off is read", "[formats][found]") {
  ReadResult first = read(kCounted.substr(0, kCounted.find("1 @")) + "...\n");
  CHECK(stacks(first.profile) == Stacks{"4 net.runtime_pollWait net.(*pollDesc).wait"});
  REQUIRE(first.warnings.size() == 2);
  CHECK_THAT(first.warnings[0], StartsWith("file: 1 of its 5 goroutines are missing"));
  CHECK_THAT(first.warnings[1], ContainsSubstring("\"...\""));

  ReadResult middle = read(kCounted.substr(0, kCounted.find("in.main")));
  CHECK(stacks(middle.profile) ==
        Stacks{"1 time.Sleep", "4 net.runtime_pollWait net.(*pollDesc).wait"});
  REQUIRE(middle.warnings.size() == 1);
  CHECK_THAT(middle.warnings[0], ContainsSubstring("it ends in the middle of line 8"));

  ReadResult gzipped = read(packed(kCounted).substr(0, 150));
  CHECK(gzipped.error == "");
  REQUIRE(!gzipped.warnings.empty());
  CHECK_THAT(gzipped.warnings[0], ContainsSubstring("the gzip stream ends in the middle"));
}

TEST_CASE("dumps are counted", "[formats][found]") {
  check_dump(kDump);
  check_dump(kDump.substr(0, kDump.size() - 1));  // a paste without its last newline
  std::string many;
  for (int i = 0; i < 1000; i++) {
    many += "goroutine " + std::to_string(100 + i) + " [chan receive, " + std::to_string(i % 3) +
            " minutes]:\nmain.worker(0xc" + std::to_string(i) +
            "?)\n\t/src/pool.go:9 +0x4d fp=0xc0" + std::to_string(i) + " sp=0xc1 pc=0x46\n\n";
  }
  ReadResult result = read(many + kDump);
  CHECK(stacks(result.profile) ==
        Stacks{"1 select main.(*pool).run main.start", "1001 chan receive main.worker"});
  REQUIRE(result.profile.samples.size() == 2);
  const FrameRef leaf = frames_of_sample(result.profile, result.profile.samples[0])[0];
  CHECK(leaf.function->file == "/src/pool.go");
  CHECK(leaf.line->line == 9);
}

TEST_CASE("a dump is found wherever it stands in a log", "[formats][found]") {
  const std::string before = "2026/05/19 13:43:54 listening on :8080\n";
  check_dump(before + "panic: boom\n\n" + kDump + "exit status 2\n");
  check_dump("SIGQUIT: quit\nPC=0x46 m=0 sigcode=0\n\n" + kDump + "\nrax    0x0\nrip    0x46\n");
  for (const std::string prefix :
       {"May 19 13:43:54 prom1.example.net app[65284]: ",  // journald
        "2026-05-19T13:43:54.NUMBERZ stderr F ",           // the logs of a container
        "2026-05-19T13:43:54.NUMBERZ ",                    // docker logs -t
        "[pod/web-7d4/app] ", "\x1b[36mweb_1  |\x1b[0m ", "NUMBER\t", "[NUMBER] "}) {
    INFO(prefix);
    const std::string log = logged(kDump, prefix);
    check_dump(before + log);
    check_dump(logged("starting\nfatal error: all goroutines are asleep\n\n" + kDump, prefix));
    check_dump(replaced(log, "\t/", "        /"));  // tabs expanded
    check_dump(replaced(log, "\t/", "#011/"));      // rsyslog
    check_dump(replaced(log, prefix + "\n", ""));   // without empty lines
    check_dump(log + replaced(prefix, "NUMBER", "7") + "restarted\n");
  }
  check_dump(before + "    " + replaced(kDump, "\n", "\n    "));
  check_dump(logged(replaced(kDump, "\t", ""), "app[1]: "));  // leading blanks are cut away
}

TEST_CASE("a dump may be one line, escaped", "[formats][found]") {
  const std::string escaped = replaced(replaced(kDump, "\n", "\\n"), "\t", "\\t");
  check_dump("time=\"2026-05-19\" level=error msg=\"=== BEGIN ===\\n" + escaped +
             "=== END ===\"\n");
  check_dump("May 19 host app[7]: {\"level\":\"error\",\"stack\":\"" + escaped + "\"}\n");
  check_dump("{\"level\":\"error\",\"stacktrace\":\"" + escaped + "\",\"ts\":1.5}\n");
  check_dump("May 19 host app[7]: panic: boom#012#012" +
             replaced(replaced(kDump, "\n", "#012"), "\t", "#011") + "\n");
  // One object for each line.
  check_dump(logged(replaced(kDump, "\t", "\\t"), "{\"log\":\"", "\\n\",\"stream\":\"stderr\"}"));
  check_dump(logged(replaced(kDump, "\t", "\\t"), "{\"PRIORITY\":\"3\",\"MESSAGE\":\"", "\"}"));
}

TEST_CASE("only the first line of an entry has the log's prefix", "[formats][found]") {
  for (const std::string prefix : {"2026-05-19T13:43:54Z ERROR ", "E0519 13:43:54 main.go:5] "}) {
    check_dump(prefix + kDump);
    check_dump(prefix + kDump + prefix + "restarted\n");
    check_dump(prefix + "starting\n" + prefix + "panic: boom\n\n" + kDump);
    ReadResult counted = read(prefix + kCounted);
    CHECK(stacks(counted.profile) == kCountedStacks);
    CHECK(counted.warnings.empty());
  }
  check_dump("{\"log\":\"ERROR " + replaced(replaced(kDump, "\n", "\\n"), "\t", "\\t") + "\"}\n");
}

TEST_CASE("a text may stand in an object in an object, and have a prefix there",
          "[formats][found]") {
  const std::string one_line = replaced(replaced(kDump, "\n", "\\n"), "\t", "\\t");
  check_dump("{\"@timestamp\":\"2026\",\"log\":{\"level\":\"error\",\"original\":\"" + one_line +
             "\"}}\n");
  const std::string lines = replaced(kDump, "\t", "\\t");
  check_dump(logged(lines, "{\"ecs\":{\"version\":\"8\"},\"log\":{\"original\":\"", "\"}}"));
  check_dump(logged(lines, "{\"log\":\"", "\\n\",\"stream\":\"stderr\",\"time\":\"x\"}"));
  check_dump(logged(lines, "{\"log\":\"05-19 app[NUMBER]: ", "\\n\"}"));
  check_dump(logged(lines, "{\"log\":{\"original\":\"2026-05-19T13:43:54.NUMBERZ stderr F ", "\"}}"));
  // Docker's log of a program that writes objects itself.
  check_dump(logged(replaced(kDump, "\t", "\\\\t"), R"({"log":"{\"level\":\"error\",\"msg\":\")",
                    R"(\"}\n","stream":"stderr"})"));
}

TEST_CASE("other lines between those of a dump are no part of it", "[formats][found]") {
  std::string log;
  for (size_t at = 0; at < kDump.size();) {
    const size_t newline = kDump.find('\n', at);
    log += "web_1  | " + kDump.substr(at, newline - at) + "\ndb_1   | checkpoint (done)\n";
    at = newline + 1;
  }
  check_dump(log);
}

TEST_CASE("a dump that is cut off is read as far as it goes", "[formats][found]") {
  ReadResult middle = read(kDump.substr(0, kDump.find("ool).run")));
  CHECK(stacks(middle.profile) == Stacks{"1 chan receive main.worker", "1 select"});
  REQUIRE(middle.warnings.size() == 1);
  CHECK_THAT(middle.warnings[0], ContainsSubstring("in the middle of goroutine 8: it is cut off"));
  ReadResult header = read(kDump.substr(0, kDump.find("lect")));
  CHECK(stacks(header.profile) == Stacks{"1 chan receive main.worker"});
  REQUIRE(header.warnings.size() == 1);
  CHECK_THAT(header.warnings[0], ContainsSubstring("it is cut off"));
}

TEST_CASE("of several dumps in a log the largest counts", "[formats][found]") {
  const std::string small = kDump.substr(0, kDump.find("goroutine 8"));
  for (const std::string& text : {small + kDump, kDump + "\n" + small, small + kDump + small}) {
    ReadResult result = read(text);
    CHECK(stacks(result.profile) == kDumped);
    REQUIRE(result.warnings.size() == 1);
    CHECK_THAT(result.warnings[0], ContainsSubstring("dumps are in it; the largest is counted"));
  }
}

TEST_CASE("a panic begins a dump of its own", "[formats][found]") {
  const std::string other =
      "goroutine 99 [running]:\nmain.other()\n\t/x.go:1 +0x1\ncreated by main.main\n\t/x.go:2 +0x2\n";
  for (const std::string word :
       {"panic: boom [recovered]\n\tpanic: again", "fatal error: all goroutines are asleep - deadlock!",
        "SIGQUIT: quit", "2026/05/19 13:43:54 http: panic serving 127.0.0.1:42: boom"}) {
    INFO(word);
    for (const std::string between : {"", "\n", "exit status 2\n", "\nlistening\n\n"}) {
      ReadResult result = read(kDump + between + word + "\n\n" + other);
      CHECK(stacks(result.profile) == kDumped);
      REQUIRE(result.warnings.size() == 1);
      CHECK_THAT(result.warnings[0], ContainsSubstring("2 dumps are in it; the largest"));
    }
    ReadResult in_log =
        read(logged(kDump + "\nrestarted\n" + word + "\n\n" + other, "app[NUMBER]: "));
    CHECK(stacks(in_log.profile) == kDumped);
  }
}

TEST_CASE("a dump that ends between two lines is cut off, where that can be known",
          "[formats][found]") {
  const std::string signal = "SIGQUIT: quit\nPC=0x46 m=0 sigcode=0\n\n";
  ReadResult no_registers = read(signal + kDump);
  CHECK(stacks(no_registers.profile) == kDumped);
  REQUIRE(no_registers.warnings.size() == 1);
  CHECK_THAT(no_registers.warnings[0], ContainsSubstring("ends without the registers"));
  check_dump(signal + kDump + "\nrax    0x0\nrbx    0x0\n");
  check_dump(signal + kDump + "\nr0      0x1\nr1      0x0\n");

  // Goroutine 8 without its creator, which goroutine 7 has.
  ReadResult no_creator = read(kDump.substr(0, kDump.rfind("created by")));
  CHECK(stacks(no_creator.profile) == kDumped);
  REQUIRE(no_creator.warnings.size() == 1);
  CHECK_THAT(no_creator.warnings[0], ContainsSubstring("in the middle of goroutine 8"));
  check_dump(kDump.substr(0, kDump.rfind("created by")) + "\n");
}

TEST_CASE("dumps of all ages of Go", "[formats][found]") {
  CHECK(stacks(read("goroutine 101627 [runnable]:\n"  // Go 1.0: four blanks, no offset
                    "storage/metric.func·014(0xc26, 0x14)\n"
                    "    /src/leveldb.go:214\n"
                    "created by storage/metric.group\n"
                    "    /src/leveldb.go:219 +0x3d7\n")
                   .profile) == Stacks{"1 runnable storage/metric.func·014"});
  CHECK(stacks(read("goroutine 5 gp=0xc000006fc0 m=nil mp=0x1 [chan receive, 3 minutes]:\n"
                    "runtime.gopark(0x0?)\n"
                    "\t/go/proc.go:424 +0xce fp=0xc738 sp=0xc718 pc=0x46dcee\n"
                    "\n"
                    "goroutine 9 [sync.Mutex.Lock, 12 minutes, leaked]{\"a\": \"b]:c\"}:\n"
                    "main.f(...)\n"
                    "\t/x.go:4\n"
                    "...additional frames elided...\n"
                    "created by main.main\n"
                    "\t/x.go:9 +0x1\n"
                    "\n"
                    "rax    0x0\n")
                   .profile) ==
        Stacks{"1 chan receive runtime.gopark", "1 sync.Mutex.Lock main.f"});
  ReadResult ancestors = read(golden("forms/after.debug2.txt"));
  CHECK(ancestors.warnings.empty());
  CHECK(total(ancestors.profile) == 17);
}

TEST_CASE("labels of a dump are labels of its stacks", "[formats][found]") {
  ReadResult result = read(
      "goroutine 7 [select] {job: \"import #7\", tenant: acme, empty: }:\nmain.f()\n\t/x.go:1 +0x1\n");
  REQUIRE(result.profile.samples.size() == 1);
  CHECK(result.profile.samples[0].labels == std::vector<Label>{{"job", "import #7", 0, {}},
                                                               {"tenant", "acme", 0, {}},
                                                               {"empty", "", 0, {}}});
}

TEST_CASE("a label may look like an escape of a log", "[formats][found]") {
  for (const char* value : {"import #0123", R"(a\nb)", R"(say \"hi\"\n)"}) {
    INFO(value);
    ReadResult result = read("goroutine 7 [select] {job: \"" + std::string(value) +
                             "\"}:\nmain.f()\n\t/x.go:1 +0x1\n");
    CHECK(result.error == "");
    CHECK(stacks(result.profile) == Stacks{"1 select main.f"});
  }
  ReadResult counted = read(
      "goroutine profile: total 1\n1 @ 0x11\n# labels: {\"job\":\"order #0112\"}\n"
      "#\t0x10\tmain.f+0x1\t/x.go:7\n\n");
  REQUIRE(counted.profile.samples.size() == 1);
  CHECK(counted.profile.samples[0].labels == std::vector<Label>{{"job", "order #0112", 0, {}}});
}

TEST_CASE("a sentence about a goroutine begins no dump", "[formats][found]") {
  ReadResult result = read("I expected \"goroutine 1 [running]:\" but got:\n\n" + kCounted);
  CHECK(result.error == "");
  CHECK(stacks(result.profile) == kCountedStacks);
}

TEST_CASE("goroutine 0 of a crash is a thread's stack, and none", "[formats][found]") {
  ReadResult result =
      read("goroutine 0 gp=0x5 m=0 mp=0x6 [idle]:\nruntime.mcall()\n\t/a.s:1 +0x1\n\n" + kDump);
  CHECK(stacks(result.profile) == kDumped);
}

TEST_CASE("a hostile text takes little time", "[formats][found]") {
  std::string words;
  while (words.size() < 4 << 20) words += "goroutine 1 [";
  CHECK(read(words + "\n" + kDump).error == "");
  std::string stack = "goroutine profile: total 1\n1 @", lines;
  for (int i = 0; i < 200'000; i++) stack += " 0x11", lines += "#\t0x99\tmain.f+0x1\t/x.go:1\n";
  CHECK(read(stack + "\n" + lines).error == "");
  const std::string bomb = packed(packed(std::string(size_t{300} << 20, '\n')));
  CHECK_THAT(read(bomb).error, ContainsSubstring("packed twice"));
  // One goroutine without end, whose frames are equal.
  std::string deep = "goroutine 1 [running]:\n";
  for (int i = 0; i < 400'000; i++) deep += "f()\n";
  CHECK_THAT(read_profile(deep, "file", {.memory_bytes_max = 2 << 20}).error,
             ContainsSubstring("of memory"));
}

TEST_CASE("newlines that are packed are read for a while only", "[formats][found]") {
  const std::string piece = packed(std::string(size_t{64} << 20, '\n'));
  for (const std::string& before : {std::string(), packed(kDump)}) {
    ProfileReader reader("file");
    reader.write(before);
    int pieces = 0;
    while (pieces < 100 && !reader.failed()) reader.write(piece), pieces++;
    CHECK(pieces < 20);
    ReadResult result = reader.finish();
    CHECK(result.too_large);
    CHECK_THAT(result.error, ContainsSubstring("unpacks to more than"));
  }
}

TEST_CASE("a text may be UTF-16 or begin with a byte order mark", "[formats][found]") {
  for (const auto& [text, right] : {std::pair(kCounted, kCountedStacks), {kDump, kDumped}}) {
    const std::string crlf = replaced(text, "\n", "\r\n");
    for (const std::string& bytes :
         {"\xff\xfe" + utf16(crlf, true), "\xfe\xff" + utf16(crlf, false), utf16(crlf, true),
          utf16(text, false), "\xef\xbb\xbf" + crlf, packed("\xff\xfe" + utf16(crlf, true))}) {
      ReadResult result = read(bytes);
      CHECK(result.error == "");
      CHECK(stacks(result.profile) == right);
      CHECK(result.warnings.empty());
      for (size_t size : {1, 3, 700}) {
        CHECK(stacks(read_in_pieces(bytes, size).profile) == right);
      }
    }
  }
  // The reader of JSON uses errno, and so does the converter.
  std::string log;
  for (int i = 0; i < 2000; i++) log += "{\"ts\":1.5,\"msg\":\"request\"}\n";
  for (size_t size : {1001, 65536}) {
    ReadResult result = read_in_pieces("\xff\xfe" + utf16(log + kDump, true), size);
    CHECK(stacks(result.profile) == kDumped);
    CHECK(result.warnings.empty());
  }
}

TEST_CASE("a packing may lie in a packing", "[formats][found]") {
  CHECK(stacks(read(packed(kDump)).profile) == kDumped);
  CHECK(stacks(read(packed(packed(kDump))).profile) == kDumped);
  CHECK(read(packed(golden("states/goroutine.pb.gz"))).error == "");
  std::string deep = kDump;
  for (int i = 0; i < 9; i++) deep = packed(deep);
  CHECK_THAT(read(deep).error, ContainsSubstring("packed by gzip too many times"));
}

TEST_CASE("what is no profile is named, with what helps", "[formats][found]") {
  using namespace std::string_view_literals;
  std::string tar(512, '\0');
  tar.replace(0, 8, "heap.txt").replace(257, 5, "ustar");
  struct Case {
    std::string bytes;
    const char* what;
  };
  const std::string zip =
      "PK\3\4" + std::string(22, '\1') + "\x08" + std::string(3, '\0') + "heap.txt";
  for (const Case& c : {
           Case{zip, "unzip -p file heap.txt | ./lab top -"},
           Case{tar, "tar -xOf file heap.txt | ./lab top -"},
           Case{packed(tar), "tar -xOf file heap.txt | ./lab top -"},
           Case{"\x28\xb5\x2f\xfd....", "zstd -dc file | ./lab top -"},
           Case{std::string("\x7f") + "ELF\2\1\1", "go tool pprof file PROFILE"},
           Case{"MZ\x90", "an executable of Windows"},
           Case{std::string("go 1.22 trace\0\0\0"sv), "go tool trace file"},
           Case{"\x89PNG\r\n\x1a\n", "a picture"},
           Case{std::string("\0\0\0\0\0\0\0\0\3\0\0\0\0\0\0\0"sv),
                "go tool pprof -proto BINARY file"},
           Case{"<!doctype html><title>Log in</title>", "a web page (Log in)"},
           Case{"<html><title>/debug/pprof/</title>", "the index page of /debug/pprof/"},
           Case{"{\"error\":\"no\"}", "an API's answer (JSON)"},
           Case{"HTTP/1.1 200 OK\r\nA: b\r\n\r\n\x1f\x8b", "without the header"},
           Case{"H4sIAAAAAAAE/+zdC5BcV3", "base64 -d file | ./lab top -"},
           Case{std::string("\xff\xfe\x1f\0\xfd\xff\b\0"sv), "PowerShell"},
           Case{"WARNING: DATA RACE\nRead at 0x00c by goroutine 7:\n", "the race detector"},
           Case{"404 page not found\n", "It begins with \"404 page not found\""},
           Case{golden("states/goroutine.pb.gz") + golden("states/goroutine.pb.gz"),
                "a second profile begins here"},
       }) {
    INFO(c.what);
    const std::string error = read(c.bytes).error;
    CHECK_THAT(error, StartsWith("file: ") && ContainsSubstring(c.what));
  }
}

TEST_CASE("the command that helps can be typed", "[formats][found]") {
  const std::string zip = "PK\3\4" + std::string(22, '\1') + "\x03" + std::string(3, '\0') + "a b";
  CHECK_THAT(read_profile(zip, "my file").error, ContainsSubstring("unzip -p 'my file' 'a b' |"));
  CHECK_THAT(read_profile(zip, "x';y").error, ContainsSubstring("unzip -p 'x'\\'';y' 'a b' |"));
  CHECK_THAT(read_profile(zip, "http://host/x").error, ContainsSubstring("unzip -p FILE 'a b' |"));
}

TEST_CASE("each kind of profile is read in both forms", "[formats][found]") {
  for (const std::string kind : {"heap", "block", "mutex", "threadcreate", "before", "after"}) {
    INFO(kind);
    ReadResult binary = read(golden("forms/" + kind + ".pb.gz"));
    ReadResult text = read(golden("forms/" + kind + ".debug1.txt"));
    REQUIRE(binary.error == "");
    REQUIRE(text.error == "");
    CHECK(text.warnings.empty());
    CHECK(text.profile.sample_types == binary.profile.sample_types);
    for (size_t type = 0; type < binary.profile.sample_types.size(); type++) {
      double sum_binary = 0, sum_text = 0;
      for (const Sample& each : binary.profile.samples) sum_binary += double(each.values[type]);
      for (const Sample& each : text.profile.samples) sum_text += double(each.values[type]);
      INFO(binary.profile.sample_types[type].type << " " << sum_text << " " << sum_binary);
      CHECK(std::abs(sum_text - sum_binary) <= 0.001 * sum_binary);
    }
  }
}

// The program starts 3 workers and a producer (ages.go).
TEST_CASE("the profiles of old and new Go are read, in all forms", "[formats][found]") {
  for (const std::string version : {"go1.9.7", "go1.13.15", "go1.18.10", "go1.22.12", "go1.27.3"}) {
    for (const char* form : {".pb.gz", ".debug1.txt", ".debug2.txt", ".panic.txt"}) {
      INFO(version << form);
      ReadResult result = read(golden("ages/" + version + form));
      REQUIRE(result.error == "");
      CHECK(result.warnings.empty());
      CHECK(total(result.profile) == 5);
      int64_t workers = 0, producers = 0;
      for (const Sample& sample : result.profile.samples) {
        for (const FrameRef& frame : frames_of_sample(result.profile, sample)) {
          if (frame.function == nullptr) continue;
          if (frame.function->name == "main.(*pool).worker") workers += sample.values[0];
          if (frame.function->name == "main.producer") producers += sample.values[0];
        }
      }
      CHECK(workers == 3);
      CHECK(producers == 1);
    }
  }
}

TEST_CASE("old texts name the return address itself", "[formats][found]") {
  ReadResult result = read(
      "goroutine profile: total 1\n1 @ 0x4175d8 0x4173ad\n"
      "#\t0x4175d8\truntime/pprof.writeRuntimeProfile+0x9e\t/go/pprof.go:540\n"
      "#\t0x4173ad\tmain.main+0xd\t/x.go:5\n");
  CHECK(stacks(result.profile) == Stacks{"1 runtime/pprof.writeRuntimeProfile main.main"});
}

TEST_CASE("a profile may come in pieces of any size", "[formats][found]") {
  for (const std::string& bytes : {golden("states/goroutine.pb.gz"), packed(kDump), kDump, kCounted,
                                   golden("forms/heap.debug1.txt")}) {
    const ReadResult whole = read(bytes);
    for (size_t size : {1, 2, 7, 64, 511}) {
      ReadResult pieces = read_in_pieces(bytes, size);
      CHECK(pieces.error == whole.error);
      CHECK(stacks(pieces.profile) == stacks(whole.profile));
    }
  }
}
