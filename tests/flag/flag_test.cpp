// Goal: flags are read, and mistakes told, as Go's package flag does it.
#include "runtime/flag/flag.h"

#include "runtime/die/panic.h"
#include "tests/golden_lines.h"

using namespace golab;

TEST_CASE("the Go program about flags prints the same here", "[flag]") {
  std::string out;
  flag::FlagSet f("prog", flag::ContinueOnError);
  f.SetOutput(out);
  f.String("addr", "127.0.0.1:8080", "listen `address`");
  f.Int("n", 0, "count");
  f.Bool("v", false, "verbose");
  f.Bool("verbose", true, "say\nmore");
  f.Duration("timeout", 1500 * time::Millisecond, "limit");
  f.Float64("rate", 0.5, "rate");
  f.String("s", "", "text");
  f.Int("x", 5, "");
  const std::vector<std::vector<std::string>> lines = {
      {"-addr", ":1", "-n=7", "--v", "rest", "-n", "9"},
      {"-nosuch"},
      {"-n", "abc"},
      {"-n", "99999999999999999999"},
      {"-n"},
      {"-v=maybe"},
      {"-timeout", "5"},
      {"---x"},
      {"-=x"},
      {"-s=", "--", "-v"},
      {"-n", "-5"},
      {"-n=0x1F"},
      {"-h"},
      {"-"},
      {"-rate", "x"},
      {"-s", "-v"},
      {"-n="}};
  for (auto& args : lines) {
    error err = f.Parse(args);
    fmt::Fprintln(out, err, f.Args(), f.NFlag());
  }
  compare_with_golden("flag/golden.txt", out);
}

TEST_CASE("the variables hold what was given, else the default", "[flag]") {
  flag::FlagSet f("prog", flag::ContinueOnError);
  auto addr = f.String("addr", ":80", "");
  auto n = f.Int("n", 3, "");
  auto wait = f.Duration("wait", 0, "");
  auto verbose = f.Bool("v", false, "");
  REQUIRE(f.Parse({"--addr", "-x=y", "-wait=1m30s", "-v", "file", "-n", "4"}) == nullptr);
  CHECK(*addr == "-x=y");
  CHECK(*n == 3);
  CHECK(*wait == 90 * time::Second);
  CHECK(*verbose);
  CHECK(f.NArg() == 3);
  CHECK(f.Arg(0) == "file");
  CHECK(f.Arg(7) == "");
  CHECK(f.NFlag() == 3);
  SECTION("a value with what CLI11 takes for its own syntax is just a value") {
    for (const char* odd : {"{}", "[a,b]", "a b", "\"q\"", "--", "%%", "a=b"}) {
      CHECK(f.Parse({"-addr", odd}) == nullptr);
      CHECK(*addr == odd);
    }
  }
}

TEST_CASE("a name used twice panics", "[flag]") {
  flag::FlagSet f("prog", flag::ContinueOnError);
  f.Bool("v", false, "");
  CHECK_THROWS_AS(f.Int("v", 0, ""), Panic);
}
