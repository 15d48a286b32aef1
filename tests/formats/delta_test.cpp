// delta_test.cpp: merging, and the wire order of pprof's own library.
#include "profiler/formats/delta.h"

#include "tests/formats/golden.h"

using namespace golab::profiler;

namespace {

std::string plain_bytes(const SymbolizedProfile& profile) {
  std::string bytes;
  write_profile_plain(profile, [&](std::string_view piece) { bytes += piece; });
  return bytes;
}

int64_t count_in(const SymbolizedProfile& profile, const std::string& function) {
  int64_t count = 0;
  for (const Sample& sample : profile.samples) {
    for (const FrameRef& frame : frames_of_sample(profile, sample)) {
      if (frame.function != nullptr && frame.function->name == function) count += sample.values[0];
    }
  }
  return count;
}

}  // namespace

TEST_CASE("a delta that Go wrote is written again byte for byte", "[formats][delta]") {
  std::string packed = golden("leakserver/delta.pb.gz");
  SymbolizedProfile profile = golden_profile("leakserver/delta.pb.gz");
  CHECK(plain_bytes(profile) == unpacked(packed));
  CHECK(profile.duration_nanos == 1002008544);
  std::string ours;
  write_profile(profile, [&](std::string_view piece) { ours += piece; });
  CHECK(ours.substr(0, 10) == packed.substr(0, 10));
}

TEST_CASE("a delta is what came, less what went", "[formats][delta]") {
  auto before = golden_profile("coursepool/before.pb.gz");
  auto after = golden_profile("coursepool/goroutine.pb.gz");
  ReadResult result = delta(before, after);
  REQUIRE(result);
  CHECK(total(result.profile) == 1520);
  CHECK(count_in(result.profile, "main.worker") == 1500);
  CHECK(count_in(result.profile, "main.main") == 0);
  CHECK(result.profile.time_nanos == after.time_nanos);
  CHECK(result.profile.duration_nanos == after.time_nanos - before.time_nanos);
  CHECK(result.profile.mappings.size() == 1);  // [vdso] and its like are not used
  for (const Function& function : result.profile.functions) CHECK(function.name != "main.main");

  SECTION("nothing happened: nothing is left but the program") {
    ReadResult same = delta(after, after);
    CHECK(same.profile.samples.empty());
    CHECK(same.profile.locations.empty());
    CHECK(same.profile.functions.empty());
    REQUIRE(same.profile.mappings.size() == 1);
    CHECK(same.profile.mappings[0].file == after.mappings[0].file);
  }
  SECTION("the written form reads back") {
    ReadResult again = read_pprof(plain_bytes(result.profile), "delta");
    REQUIRE(again);
    CHECK(plain_bytes(again.profile) == plain_bytes(result.profile));
  }
}

TEST_CASE("labels keep samples apart in a delta", "[formats][delta]") {
  auto profile = golden_profile("deepstack/goroutine.pb.gz");
  auto without = profile;
  for (Sample& sample : without.samples) sample.labels.clear();
  CHECK(delta(profile, profile).profile.samples.empty());
  ReadResult result = delta(profile, without);
  CHECK(total(result.profile) == 0);
  CHECK_FALSE(result.profile.samples.empty());
}

TEST_CASE("what counts different things is not merged", "[formats][delta]") {
  ReadResult result = delta(golden_profile("coursepool/goroutine.pb.gz"),
                            golden_profile("coursepool/goroutineleak.pb.gz"));
  CHECK(result.error.find("the first goroutine, the second goroutineleak") != std::string::npos);
}

TEST_CASE("a program loaded elsewhere is the same program", "[formats][delta]") {
  auto before = golden_profile("mappings/pie.pb.gz");
  auto after = before;
  for (Mapping& mapping : after.mappings) mapping.start += 0x10000, mapping.limit += 0x10000;
  for (Location& location : after.locations) location.address += 0x10000;
  CHECK(delta(before, after).profile.samples.empty());
}

TEST_CASE("go tool pprof takes our delta", "[formats][delta][go]") {
  if (!have_go()) return skip_test(kNoGo);
  ReadResult result = delta(golden_profile("coursepool/before.pb.gz"),
                            golden_profile("coursepool/goroutine.pb.gz"));
  std::string bytes;
  write_profile(result.profile, [&](std::string_view piece) { bytes += piece; });
  TemporaryFile file(".pb.gz", bytes);
  CommandResult report = run("go tool pprof -top " + file.path());
  INFO(report.output);
  CHECK(report.status == 0);
  CHECK(report.output.find("1500 98.55%  main.worker") != std::string::npos);
}
