// top_test.cpp: our top against what go tool pprof printed for the same files.
#include "profiler/analysis/top.h"

#include <algorithm>
#include <random>

#include "profiler/analysis/sample_type.h"
#include "profiler/analysis/verdict.h"
#include "profiler/formats/delta.h"
#include "tests/formats/golden.h"

using namespace golab::profiler;

namespace {

// A capture without the command in its first line and the exit status in its last.
std::string report_in(const std::string& path) {
  std::string text = golden(path);
  text.erase(0, text.find('\n') + 1);
  text.erase(text.rfind("[exit"));
  return text;
}

std::string our_top(const SymbolizedProfile& profile, TopOptions options = {}) {
  ::setenv("TZ", "UTC", 1);  // where the captures were made
  return render_top(top(profile, options));
}

// What `go tool pprof -base` and `-diff_base` do before they report.
SymbolizedProfile compared(const std::string& program, bool label_base) {
  auto base = golden_profile(program + "/before.pb.gz");
  for (Sample& sample : base.samples) {
    for (int64_t& value : sample.values) value = -value;
    if (label_base) sample.labels.push_back({"pprof::base", "true", 0, {}});
  }
  ReadResult merged = merge(golden_profile(program + "/goroutine.pb.gz"), base);
  REQUIRE(merged);
  return merged.profile;
}

}  // namespace

TEST_CASE("top prints what go tool pprof prints", "[analysis][top]") {
  for (const std::string program :
       {"coursepool", "coursepool-fixed", "fixedpool", "leakserver", "leakypool", "states"}) {
    INFO(program);
    auto profile = golden_profile(program + "/goroutine.pb.gz");
    CHECK(our_top(profile, {.order = TopOrder::Cum}) == report_in(program + "/top-cum.txt"));
    if (program != "states") CHECK(our_top(profile) == report_in(program + "/top.txt"));
  }
  CHECK(our_top(golden_profile("deepstack/goroutine.pb.gz")) == report_in("deepstack/top.txt"));
  for (const std::string program : {"coursepool", "leakserver"}) {
    auto leak = golden_profile(program + "/goroutineleak.pb.gz");
    CHECK(our_top(leak) == report_in(program + "/leak-top.txt"));
  }
}

TEST_CASE("each kind of profile has its own type and unit, as pprof has them", "[analysis][top]") {
  for (const std::string kind : {"heap", "block", "mutex", "cpu", "threadcreate", "after"}) {
    INFO(kind);
    auto profile = golden_profile("forms/" + kind + ".pb.gz");
    CHECK(choose_type(profile) == "");
    CHECK(our_top(profile) == golden("forms/" + kind + ".top.txt"));
  }
  auto heap = golden_profile("forms/heap.pb.gz");
  CHECK(choose_type(heap, "nope") ==
        "there is no type nope in it; there is alloc_objects, alloc_space, inuse_objects, "
        "inuse_space.");
  CHECK(choose_type(heap, "alloc_objects") == "");
  CHECK(our_top(heap) == golden("forms/heap.alloc_objects.txt"));
}

TEST_CASE("values have pprof's units", "[analysis][units]") {
  CHECK(value_text(1523, "count") == "1523");
  CHECK(value_text(0, "bytes") == "0");
  CHECK(value_text(1023, "bytes") == "1023B");
  CHECK(value_text(1536 << 10, "bytes") == "1.50MB");
  CHECK(value_text(-(2 << 10), "bytes") == "-2kB");
  CHECK(value_text(20'000'000, "nanoseconds") == "20ms");
  CHECK(value_text(5400, "seconds") == "1.50hrs");
  CHECK(value_text(512, "bytes", "kB") == "0.50kB");
}

TEST_CASE("a stack without names is told apart by its addresses", "[analysis][top]") {
  auto profile =
      read_debug1("goroutine profile: total 9\n4 @ 0x11 0x21\n5 @ 0x31 0x21\n", "x").profile;
  const std::string text = our_top(profile);
  CHECK(text.find("4 44.44%   100%          4 44.44%  0x10\n") != std::string::npos);
  CHECK(text.find("0     0%   100%          9   100%  0x20\n") != std::string::npos);
}

TEST_CASE("top of a delta, and against a base", "[analysis][top]") {
  CHECK(our_top(golden_profile("leakserver/delta.pb.gz")) == report_in("leakserver/delta-top.txt"));
  for (const std::string program : {"coursepool", "coursepool-fixed", "leakserver", "leakypool"}) {
    INFO(program);
    CHECK(our_top(compared(program, false)) == report_in(program + "/base.txt"));
    CHECK(our_top(compared(program, true)) == report_in(program + "/diff_base.txt"));
  }
}

TEST_CASE("top of a text has the names that the text has", "[analysis][top]") {
  TopReport report = top(golden_profile("coursepool/goroutine.debug1.txt"));
  CHECK(report.total == 1523);
  CHECK(report.file == "");
  auto row = std::find_if(report.rows.begin(), report.rows.end(),
                          [](const TopRow& r) { return r.function == "main.worker"; });
  REQUIRE(row != report.rows.end());
  CHECK(row->cum == 1500);
  CHECK(row->flat == 0);
}

TEST_CASE("top keeps to its number of rows", "[analysis][top]") {
  TopReport report = top(golden_profile("states/goroutine.pb.gz"), {.rows_max = 3});
  CHECK(report.rows.size() == 3);
  CHECK(report.functions == 90);
  CHECK(render_top(report).find("Showing top 3 nodes out of 90\n") != std::string::npos);
}

TEST_CASE("a function called by inlining and by a real call is partly inlined", "[analysis][top]") {
  SymbolizedProfile profile;
  profile.sample_types = {{"goroutine", "count"}};
  for (const char* name : {"f", "g", "h"}) profile.functions.push_back({name, name, "", 0});
  profile.locations = {{1, kNone, 0, {{0, 1, 0}, {1, 1, 0}}, false},  // f inlined into g
                       {2, kNone, 0, {{0, 1, 0}}, false},             // f
                       {3, kNone, 0, {{2, 1, 0}}, false}};            // h
  profile.samples = {{{0}, {10}, {}, false}};
  auto inlined = [&] {
    TopReport report = top(profile);
    return std::find_if(report.rows.begin(), report.rows.end(),
                        [](const TopRow& row) { return row.function == "f"; })
        ->inlined;
  };
  CHECK(inlined() == Inlined::Always);
  profile.samples.push_back({{1, 2}, {10}, {}, false});
  CHECK(inlined() == Inlined::Sometimes);
  profile.samples.erase(profile.samples.begin());
  CHECK(inlined() == Inlined::Never);
}

TEST_CASE("damaged profiles are reported without harm", "[analysis][hostile]") {
  std::string bytes = unpacked(golden("deepstack/goroutine.pb.gz"));
  auto whole = golden_profile("deepstack/goroutine.pb.gz");
  std::mt19937 random(7);
  int read = 0;
  for (int i = 0; i < 2000; i++) {
    std::string damaged = bytes;
    for (int k = 0; k < 3; k++) damaged[random() % damaged.size()] = static_cast<char>(random());
    ReadResult result = read_profile(damaged, "damaged");
    if (!result) continue;
    read++;
    render_top(top(result.profile));
    render_diff(diff(whole, result.profile));
    judge(result.profile, whole, 20);
  }
  CHECK(read > 20);
}
