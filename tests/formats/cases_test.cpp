// cases_test.cpp: files that people had when they asked for help, each with the answer that is right.
//
// golden/cases/ has them, made after public reports, with names and hosts replaced. What is right was
// counted by hand or by Go's own tools.
#include "profiler/formats/profile.h"
#include "tests/formats/golden.h"

using namespace golab::profiler;
using Catch::Matchers::ContainsSubstring;

namespace {

ReadResult read(const std::string& name) { return read_profile(golden("cases/" + name), name); }

// How many goroutines have this function in their stack.
int64_t in(const std::string& function, const SymbolizedProfile& profile) {
  int64_t count = 0;
  for (const Sample& sample : profile.samples) {
    for (const FrameRef& frame : frames_of_sample(profile, sample)) {
      if (frame.function == nullptr || frame.function->name != function) continue;
      count += sample.values.back();
      break;
    }
  }
  return count;
}

}  // namespace

TEST_CASE("each case of somebody who asked for help is read", "[formats][cases]") {
  struct Case {
    const char* file;
    int64_t goroutines;
    const char* function;
    int64_t in_it;
  };
  for (const Case& c : {
           Case{"paste-before.txt", 5, "net.(*netFD).accept", 4},
           Case{"paste-after.txt", 41, "net.(*netFD).accept", 40},
           Case{"paste-tabs.txt", 5, "net.(*netFD).accept", 4},
           Case{"dump.txt", 10, "main.main", 1},
           Case{"dump-ancestors.txt", 3, "", 0},
           Case{"dump-go1.0.txt", 1, "", 0},
           Case{"dump-go1.4.txt", 1, "", 0},
           Case{"dump-registers.txt", 2, "", 0},
           Case{"log-journald.txt", 2, "github.com/prometheus/prometheus/scrape.(*scrapeLoop).run", 2},
           Case{"log-escaped.txt", 2, "main.(*DaemonCli).start", 1},
           Case{"log-rsyslog-011.txt", 1, "", 0},
           Case{"log-panic.txt", 2, "", 0},
           Case{"text-crlf.txt", 5, "net.(*netFD).accept", 4},
           Case{"text-utf16le.txt", 5, "net.(*netFD).accept", 4},
           Case{"text-utf8-bom-crlf.txt", 5, "net.(*netFD).accept", 4},
           Case{"packed-debug1.txt.gz", 5, "net.(*netFD).accept", 4},
           Case{"packed-unpacked.pb", 510, "", 0},
           Case{"leak.pb.gz", 5, "main.leaky", 5},
           Case{"leak.debug1.txt", 5, "", 0},
           Case{"leak.debug2.txt", 6, "main.leaky", 5},
       }) {
    INFO(c.file);
    ReadResult result = read(c.file);
    CHECK(result.error == "");
    for (const std::string& warning : result.warnings) UNSCOPED_INFO(warning);
    CHECK(result.warnings.empty());
    CHECK(total(result.profile) == c.goroutines);
    if (c.in_it > 0) CHECK(in(c.function, result.profile) == c.in_it);
  }
}

TEST_CASE("what is missing in a case is said", "[formats][cases]") {
  for (const char* file : {"cut-first-groups.txt", "cut-dots.txt", "cut-mid-line.txt"}) {
    INFO(file);
    ReadResult result = read(file);
    CHECK(result.error == "");
    CHECK(in("google.golang.org/grpc/transport.(*recvBufferReader).Read", result.profile) == 36222);
    REQUIRE_FALSE(result.warnings.empty());
    CHECK_THAT(result.warnings[0], ContainsSubstring("of its 108805 goroutines are missing"));
  }
  CHECK_THAT(read("packed-ten-bytes.pb.gz").error, ContainsSubstring("in the middle"));
  CHECK_THAT(read("packed-two-in-one.pb.gz").error, ContainsSubstring("a second profile begins"));
  CHECK_THAT(read("packed-archive.zip").error, ContainsSubstring("a zip archive"));
  CHECK_THAT(read("packed-archive.tgz").error, ContainsSubstring("a tar archive"));
}
