// pprof_writer_test.cpp: the binary form, against Go's own bytes and against Go's own reader.
#include "profiler/formats/pprof_writer.h"

#include "profiler/formats/gzip.h"
#include "profiler/formats/mappings.h"
#include "tests/formats/golden.h"

using namespace golab::profiler;

namespace {

std::string packed_profile(const StackTable& table, const PprofOptions& options) {
  std::string bytes;
  write_pprof(table, options, [&](std::string_view piece) { bytes += piece; });
  return bytes;
}

std::string plain_profile(const StackTable& table, const PprofOptions& options) {
  return unpacked(packed_profile(table, options));
}

PprofOptions options_of(const SymbolizedProfile& profile) {
  PprofOptions options;
  options.type = profile.sample_types.at(0).type;
  options.time_nanos = profile.time_nanos;
  options.mappings = std::make_shared<const std::vector<Mapping>>(profile.mappings);
  return options;
}

FakeProgram small_program() {
  FakeProgram program;
  program.at(0x401010, "runtime.gopark", "/go/proc.go", 474, 0x401000)
      .at(0x401110, "runtime.chanrecv1", "/go/chan.go", 509, 0x401100)
      .at(0x401210, "main.worker", "/src/main.cpp", 39, 0x401200)
      .at(0x401310, "net.read", "/src/net.cpp", 10, 0x401300)
      .at(0x401310, "net.Read", "/src/net.cpp", 20, 0x401300)
      .at(0x401310, "main.fetch", "/src/main.cpp", 30, 0x401300)
      .at(0x401f10, "runtime.goexit", "/go/asm.s", 1264, 0x401f00);
  return program;
}

PprofOptions small_options() {
  PprofOptions options;
  options.time_nanos = 1795308094055850701;
  options.mappings = std::make_shared<const std::vector<Mapping>>(std::vector<Mapping>{
      {0x400000, 0x500000, 0, "/bin/small", "beef", true, false, false, false},
      {0x600000, 0x700000, 0x1000, "/lib/libc.so.6", "", false, false, false, false}});
  return options;
}

}  // namespace

// Goal: given what Go had, our writer makes Go's bytes: order of fields, strings and ids, packing,
// zeros.
TEST_CASE("a profile that Go wrote is written again byte for byte", "[formats][pprof]") {
  for (const std::string& path : kSnapshots) {
    INFO(path);
    std::string packed = golden(path);
    SymbolizedProfile profile = golden_profile(path);
    CHECK(plain_profile(stacks_of(profile), options_of(profile)) == unpacked(packed));
  }
}

// A writer keeps its tables for the next one.
TEST_CASE("what was packed for one profile is in no other", "[formats][pprof]") {
  std::string large;
  for (int i = 0; i < 100'000; i++) large += std::to_string(i * 2654435761u);
  const std::vector<std::string> cases[] = {
      {"one", "two"}, {"three"}, {}, {"", ""}, {large, "t"}, {"four"}, {large, large}, {"five"}};
  for (const std::vector<std::string>& pieces : cases) {
    std::string plain, packed, unpacked;
    GzipWriter gzip([&](std::string_view piece) { packed += piece; }, GzipLevel::Fastest);
    for (const std::string& piece : pieces) {
      gzip.write(piece);
      plain += piece;
    }
    gzip.finish();
    CHECK(gunzip(packed, 1 << 30, unpacked) == "");
    CHECK((unpacked == plain));
  }
}

TEST_CASE("the gzip header is Go's", "[formats][pprof]") {
  std::string packed = packed_profile({}, {});
  std::string go = golden("coursepool/goroutine.pb.gz");
  CHECK(packed.substr(0, 10) == go.substr(0, 10));
}

TEST_CASE("one physical frame with inlined calls is one location", "[formats][pprof]") {
  StackTable table =
      count_stacks({{1, {0x401310, 0x401f10}, false, {}}}, small_program().symbols());
  SymbolizedProfile profile = read_pprof(plain_profile(table, small_options()), "small").profile;
  REQUIRE(profile.samples.size() == 1);
  auto frames = frames_of_sample(profile, profile.samples[0]);
  REQUIRE(profile.locations.size() == 1);  // goexit is left out
  REQUIRE(frames.size() == 3);
  CHECK(frames[0].function->name == "net.read");
  CHECK(frames[1].function->name == "net.Read");
  CHECK(frames[2].function->name == "main.fetch");
  CHECK(profile.locations[0].address == 0x40130f);
  CHECK(profile.functions[0].system_name == "_Znet.read");
  CHECK(profile.functions[0].start_line == 9);
}

TEST_CASE("a goroutine with nothing but goexit is a sample without locations", "[formats][pprof]") {
  StackTable table = count_stacks({{1, {0x401f10}, false, {}}}, small_program().symbols());
  SymbolizedProfile profile = read_pprof(plain_profile(table, small_options()), "small").profile;
  REQUIRE(profile.samples.size() == 1);
  CHECK(profile.samples[0].locations.empty());
  CHECK(total(profile) == 1);
  CHECK_FALSE(profile.mappings[0].has_functions);
}

TEST_CASE("code without a name is given its file's, so that pprof never asks back",
          "[formats][pprof]") {
  FakeProgram program = small_program();
  program.at(0x600010, "", "", 0, 0).at(0x900010, "", "", 0, 0);
  StackTable table =
      count_stacks({{1, {0x600010, 0x900010, 0x401210, 0x401f10}, false, {}}}, program.symbols());
  table.frames[0].frames[0].system_name = "";
  table.frames[1].frames[0].system_name = "";
  SymbolizedProfile profile = read_pprof(plain_profile(table, small_options()), "small").profile;
  auto frames = frames_of_sample(profile, profile.samples.at(0));
  REQUIRE(frames.size() == 3);
  CHECK(frames[0].function->name == "[libc.so.6]");
  CHECK(frames[1].function->name == "[unknown]");
  CHECK(frames[1].location->mapping == kNone);
  CHECK(profile.mappings[0].has_functions);
  CHECK(profile.mappings[1].has_functions);
}

TEST_CASE("functions of one name and different symbols stay two", "[formats][pprof]") {
  FakeProgram program = small_program();
  program.at(0x401410, "main.worker", "/src/main.cpp", 50, 0x401400);
  StackTable table =
      count_stacks({{1, {0x401210}, false, {}}, {1, {0x401410}, false, {}}}, program.symbols());
  for (PhysicalFrame& frame : table.frames) {
    frame.frames[0].system_name = frame.return_pc == 0x401410 ? "_Z6workerl" : "_Z6workeri";
  }
  SymbolizedProfile profile = read_pprof(plain_profile(table, small_options()), "small").profile;
  CHECK(profile.functions.size() == 2);
}

TEST_CASE("C++ names on request", "[formats][pprof]") {
  StackTable table = count_stacks({{1, {0x401210}, false, {}}}, small_program().symbols());
  table.frames[0].frames[0].cpp_name = "(anonymous namespace)::worker";
  PprofOptions options = small_options();
  auto name = [&] {
    return read_pprof(plain_profile(table, options), "small").profile.functions.at(0).name;
  };
  CHECK(name() == "main.worker");
  options.cpp_names = true;
  CHECK(name() == "(anonymous namespace)::worker");
}

TEST_CASE("labels and bytes that are no UTF-8 survive the way", "[formats][pprof]") {
  LabelSet labels = {{"z", "last"}, {"a", "caf\xc3\xa9"}, {"bad", "\xff"}};
  StackTable table = count_stacks({{7, {0x401210}, false, labels}}, small_program().symbols());
  SymbolizedProfile profile = read_pprof(plain_profile(table, small_options()), "small").profile;
  const auto& read = profile.samples.at(0).labels;
  REQUIRE(read.size() == 3);
  CHECK(read[0].key == "a");
  CHECK(read[0].str == "caf\xc3\xa9");
  CHECK(read[1].str == "\xef\xbf\xbd");
  CHECK(read[2].key == "z");
}

TEST_CASE("go tool pprof reads what we write", "[formats][pprof][go]") {
  if (!have_go()) return skip_test(kNoGo);
  FakeProgram program = small_program();
  program.at(0x600010, "", "", 0, 0);
  StackTable table =
      count_stacks({{1500, {0x401010, 0x401110, 0x401210, 0x401f10}, false, {}},
                    {20, {0x401010, 0x401310, 0x401f10}, false, LabelSet{{"tenant", "acme"}}},
                    {1, {0x600010, 0x401f10}, false, {}},
                    {1, {0x401f10}, false, {}}},
                   program.symbols());
  TemporaryFile file(".pb.gz", packed_profile(table, small_options()));
  auto pprof = [&](const std::string& flags) {
    CommandResult result = run("go tool pprof " + flags + " " + file.path());
    INFO(result.output);
    CHECK(result.status == 0);
    return result.output;
  };
  std::string top = pprof("-top -nodefraction=0");
  CHECK(top.find("File: small\nBuild ID: beef\nType: goroutine\n") != std::string::npos);
  CHECK(top.find("1500 98.55%  main.worker\n") != std::string::npos);
  CHECK(top.find("20  1.31%  net.Read (inline)\n") != std::string::npos);
  std::string raw = pprof("-raw");
  CHECK(raw.find("0x40130f M=1 net.read /src/net.cpp:10:0 s=9") != std::string::npos);
  CHECK(raw.find("tenant:[acme]") != std::string::npos);
  CHECK(raw.find("1: 0x400000/0x500000/0x0 /bin/small beef [FN]") != std::string::npos);
  std::string traces = pprof("-traces");
  CHECK(traces.find(
            "1500   runtime.gopark\n             runtime.chanrecv1\n             main.worker") !=
        std::string::npos);
}

TEST_CASE("mappings: executable named lines, the program first", "[formats][mappings]") {
  const char* maps =
      "00400000-00452000 r--p 00000000 08:02 173521      /usr/bin/dbus daemon (deleted)\n"
      "00452000-00700000 r-xp 00052000 08:02 173521      /usr/bin/dbus daemon (deleted)\n"
      "7f0000000000-7f0000001000 rwxp 00000000 00:00 0\n"
      "35b1800000-35b1820000 r-xp 00000000 08:02 135522  /usr/lib/ld.so\n"
      "7fffb2c00000-7fffb2c21000 rw-p 00000000 00:00 0   [stack]\n"
      "7fffb2d48000-7fffb2d49000 r-xp 00000000 00:00 0   [vdso]\n"
      "ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0 [vsyscall]\n"
      "nonsense\n\n0-1 r-x\n";
  auto ids = [](uint64_t start, uint64_t) { return start == 0x452000 ? "abcd" : "other"; };
  SECTION("in the order of the addresses") {
    auto mappings = parse_mappings(maps, "/usr/bin/dbus daemon", ids);
    REQUIRE(mappings.size() == 4);
    CHECK(mappings[0].file == "/usr/bin/dbus daemon");
    CHECK(mappings[0].start == 0x452000);
    CHECK(mappings[0].limit == 0x700000);
    CHECK(mappings[0].offset == 0x52000);
    CHECK(mappings[0].build_id == "abcd");
    CHECK(mappings[2].file == "[vdso]");
    CHECK(mappings[2].build_id == "");
    CHECK(mapping_of(mappings, 0x452000) == 0);
    CHECK(mapping_of(mappings, 0x451fff) == kNone);
    CHECK(mapping_of(mappings, 0x700000) == kNone);
  }
  SECTION("but the program comes first, wherever it lies") {
    auto mappings = parse_mappings(maps, "/usr/lib/ld.so", ids);
    CHECK(mappings[0].file == "/usr/lib/ld.so");
    CHECK(mappings[1].file == "/usr/bin/dbus daemon");
  }
}

TEST_CASE("this process's first mapping is this program, and holds its code",
          "[formats][mappings]") {
  const std::vector<Mapping> mappings = *read_mappings();
  REQUIRE_FALSE(mappings.empty());
  char path[4096];
  ssize_t length = ::readlink("/proc/self/exe", path, sizeof path);
  REQUIRE(length > 0);
  CHECK(mappings[0].file == std::string(path, static_cast<size_t>(length)));
  CHECK(mapping_of(mappings, reinterpret_cast<uintptr_t>(&plain_profile)) == 0);
  std::string id = run("readelf -n " + mappings[0].file).output;
  if (id.find("Build ID: ") != std::string::npos) {
    CHECK(id.find("Build ID: " + mappings[0].build_id + "\n") != std::string::npos);
    CHECK(mappings[0].build_id.size() == 40);
  }
}
