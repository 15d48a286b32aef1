// Goal: log lines look like Go's and come out whole.
#include "runtime/log/log.h"

#include <algorithm>
#include <regex>

#include "runtime/golab.h"
#include "tests/golden_lines.h"

namespace {

// Counts writes, and keeps each.
struct lines_written {
  std::vector<std::string> writes;
  std::pair<int, error> Write(std::string_view s) {
    writes.emplace_back(s);
    return {static_cast<int>(s.size()), nullptr};
  }
};

}  // namespace

TEST_CASE("a line begins with date and time unless told otherwise", "[log]") {
  std::string out;
  auto l = log::New(out, "", log::LstdFlags);
  l.Printf("processed %d items", 1500);
  CHECK(std::regex_match(
      out, std::regex("\\d{4}/\\d\\d/\\d\\d \\d\\d:\\d\\d:\\d\\d processed 1500 items\n")));
  out.clear();
  l.SetFlags(0);
  l.Println("a", 1, errors::New("e"));
  l.Print("a", 1, 2, "b\n");
  CHECK(out == "a 1 e\na1 2b\n");
  out.clear();
  l.SetFlags(log::Lmicroseconds | log::LUTC);
  l.Print("x");
  CHECK(std::regex_match(out, std::regex("\\d\\d:\\d\\d:\\d\\d\\.\\d{6} x\n")));
}

TEST_CASE("the prefix begins the line, or the message", "[log]") {
  std::string out;
  auto l = log::New(out, "worker: ", 0);
  l.Print("x");
  l.SetFlags(log::Lmsgprefix);
  l.SetPrefix("job: ");
  l.Print("y");
  CHECK(out == "worker: x\njob: y\n");
  CHECK(l.Prefix() == "job: ");
  CHECK(l.Flags() == log::Lmsgprefix);
}

TEST_CASE("many goroutines log whole lines, one write each", "[log]") {
  lines_written out;
  auto l = log::New(out, "", 0);
  sync::WaitGroup wg;
  for (int g = 0; g < 8; g++) {
    wg.Go([&, g] {
      for (int i = 0; i < 200; i++) l.Printf("goroutine %d line %d", g, i);
    });
  }
  wg.Wait();
  CHECK(out.writes.size() == 1600);
  bool whole = true;
  for (auto& line : out.writes) {
    whole = whole && line.rfind("goroutine ", 0) == 0 && line.back() == '\n' &&
            std::count(line.begin(), line.end(), '\n') == 1;
  }
  CHECK(whole);
}

TEST_CASE("the package's functions write through the default logger", "[log]") {
  std::string out;
  int flags = log::Flags();
  log::SetOutput(out);
  log::SetFlags(0);
  log::SetPrefix("p ");
  log::Printf("%d", 1);
  log::Println(2, 3);
  bool panicked = false;
  try {
    log::Panicf("bad %s", "luck");
  } catch (Panic& p) {
    panicked = p.String() == "bad luck";
  }
  log::SetPrefix("");
  log::SetFlags(flags);
  log::SetOutput(os::Stderr);
  CHECK(out == "p 1\np 2 3\np bad luck\n");
  CHECK(panicked);
}
