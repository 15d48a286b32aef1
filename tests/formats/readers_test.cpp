// readers_test.cpp: what the readers make of good files, and of bad ones.
#include <algorithm>
#include <cstring>
#include <random>

#include "profiler/formats/debug2_reader.h"
#include "profiler/formats/delta.h"
#include "profiler/formats/pprof_wire.h"
#include "profiler/formats/shown.h"
#include "tests/formats/golden.h"
#include "tests/formats/packed.h"

using namespace golab::profiler;

namespace {

// Reading must end in a consistent profile or a message that names the file.
void check_read(const std::string& bytes) {
  ReadResult result = read_profile(bytes, "hostile.pb.gz");
  if (!result) {
    if (!result.error.starts_with("hostile.pb.gz: ")) FAIL_CHECK(result.error);
    return;
  }
  // Walks every index.
  for (const Sample& sample : result.profile.samples) {
    frames_of_sample(result.profile, sample);
    if (sample.values.size() != result.profile.sample_types.size()) FAIL_CHECK("values");
  }
  std::string out;
  write_profile_plain(result.profile, [&](std::string_view piece) { out += piece; });
  delta(result.profile, result.profile);
}

void check_truncations(const std::string& bytes) {
  for (size_t length = 0; length < bytes.size(); length++) check_read(bytes.substr(0, length));
}

void check_flips(std::string bytes, unsigned seed, int rounds) {
  std::mt19937 random(seed);
  for (int i = 0; i < rounds; i++) {
    size_t at = random() % bytes.size();
    char old = bytes[at];
    bytes[at] = static_cast<char>(random() % 4 == 0 ? random() : old ^ (1 << random() % 8));
    check_read(bytes);
    if (random() % 3 != 0) bytes[at] = old;  // some damage stays
  }
}

std::string error_of(const std::string& bytes, ReadLimits limits = {}) {
  return read_profile(bytes, "file", limits).error;
}

}  // namespace

TEST_CASE("both forms of one service tell the same", "[formats][reader]") {
  auto binary = golden_profile("coursepool/goroutine.pb.gz");
  auto text = golden_profile("coursepool/goroutine.debug1.txt");
  CHECK(total(binary) == 1523);
  CHECK(total(text) == 1523);
  REQUIRE(text.samples.size() == binary.samples.size());
  auto frames = frames_of_sample(text, text.samples[0]);
  REQUIRE(frames.size() == 5);
  CHECK(frames[0].function == nullptr);  // runtime.gopark: hidden in the text
  CHECK(frames[3].function->name == "main.worker");
  CHECK(frames[3].function->file == "/lab/programs/coursepool/main.go");
  CHECK(frames[3].line->line == 39);
  CHECK(frames[3].location->entry == 0x67cd60);
  CHECK(binary.time_nanos != 0);
  CHECK(binary.mappings.at(0).file == "/lab/bin/coursepool");
}

TEST_CASE("labels of the text form are read", "[formats][reader]") {
  auto text = golden_profile("deepstack/goroutine.debug1.txt");
  std::vector<std::string> seen;
  for (const Sample& sample : text.samples) {
    for (const Label& label : sample.labels) seen.push_back(label.key + "=" + label.str);
  }
  CHECK(std::count(seen.begin(), seen.end(), "quote=a\"b") == 1);
  CHECK(std::count(seen.begin(), seen.end(), "uni=\xc3\xa9\n") == 1);
  CHECK(std::count(seen.begin(), seen.end(), "empty=") == 1);
}

TEST_CASE("a profile need not be packed", "[formats][reader]") {
  std::string plain = unpacked(golden("states/goroutine.pb.gz"));
  CHECK(error_of(plain) == "");
  CHECK(error_of(packed(plain)) == "");
  CHECK(error_of(packed(plain.substr(0, 100)) + packed(plain.substr(100))) == "");  // two members
}

TEST_CASE("a file that is something else is told so", "[formats][reader]") {
  using Catch::Matchers::ContainsSubstring;
  CHECK_THAT(error_of(""), ContainsSubstring("file is empty"));
  CHECK_THAT(error_of("<html>"), ContainsSubstring("a web page"));
  CHECK_THAT(error_of("404 page not found\n"), ContainsSubstring("file: "));
  CHECK_THAT(error_of("Unknown profile\n"),
             ContainsSubstring("no line like \"goroutine profile: total 5\""));
  std::string cut = golden("coursepool/goroutine.pb.gz");
  CHECK_THAT(error_of(cut.substr(0, 900)),
             ContainsSubstring("the gzip stream ends in the middle, after 900"));
}

TEST_CASE("ids and indices that lead nowhere are found", "[formats][reader]") {
  using Catch::Matchers::ContainsSubstring;
  // Field numbers of profile.proto: sample_type 1, sample 2, location 4, string_table 6.
  Message type, good;
  type.int64(1, 1);
  auto profile = [&](int field, const Message& message) {
    Message all;
    all.bytes(1, type.data());
    all.bytes(6, "");
    all.bytes(6, "goroutine");
    all.bytes(field, message.data());
    return all.data();
  };
  Message sample;
  sample.uint64(1, 99);
  sample.int64(2, 1);
  CHECK_THAT(error_of(profile(2, sample)),
             ContainsSubstring("location 99 is named here, and is not"));
  Message valueless;
  CHECK_THAT(error_of(profile(2, valueless)), ContainsSubstring("a sample has 0 values"));
  Message location;
  CHECK_THAT(error_of(profile(4, location)), ContainsSubstring("a location has the id 0"));
  location.uint64(1, 5);
  CHECK(error_of(profile(4, location)) == "");
  Message again;
  again.bytes(4, location.data());
  CHECK_THAT(error_of(profile(4, location) + again.data()),
             ContainsSubstring("two locations have the id 5"));
  type.clear();
  type.int64(1, 7);
  CHECK_THAT(error_of(profile(4, location)),
             ContainsSubstring("string 7 is named here, the file has 2"));
}

TEST_CASE("a gzip bomb is not unpacked", "[formats][reader][hostile]") {
  std::string bomb = packed(std::string(64 << 20, '\0'));
  REQUIRE(bomb.size() < (1 << 20));
  ReadLimits limits;
  limits.unpacked_bytes_max = 8 << 20;
  CHECK(error_of(bomb, limits).find("unpacks to more than 8 MiB") != std::string::npos);
}

TEST_CASE("a protobuf that asks for too much memory is not given it",
          "[formats][reader][hostile]") {
  Message type, all, function;
  type.int64(1, 1);
  all.bytes(1, type.data());
  all.bytes(6, "");
  all.bytes(6, std::string(1 << 20, 'x'));
  for (uint64_t id = 1; id <= 1000; id++) {  // each copies the long string
    function.clear();
    function.uint64(1, id);
    function.int64(2, 1);
    all.bytes(5, function.data());
  }
  ReadLimits limits;
  limits.memory_bytes_max = 100 << 20;
  CHECK(error_of(all.data(), limits).find("would need more than 100 MiB") != std::string::npos);
  limits.memory_bytes_max = uint64_t{2} << 30;
  CHECK(error_of(all.data(), limits) == "");
}

TEST_CASE("numbers that do not fit are refused, not wrapped", "[formats][reader][hostile]") {
  using Catch::Matchers::ContainsSubstring;
  const std::string kHalf = "9223372036854775807";
  auto text = [](const std::string& total, const std::string& rest) {
    return error_of("goroutine profile: total " + total + "\n" + rest);
  };
  CHECK_THAT(text("18446744073709551615", ""), ContainsSubstring("line 1: the total is no number"));
  CHECK_THAT(text("18446744073709551616", ""), ContainsSubstring("no profile and no dump in it"));
  // Twice the half and two more are nothing, in 64 bits.
  CHECK_THAT(text("0", kHalf + " @ 0x1\n" + kHalf + " @ 0x2\n2 @ 0x3\n"),
             ContainsSubstring("line 3: the counts up to here are more than there can be"));
  auto warning = [](const std::string& rest) {
    ReadResult result = read_profile("goroutine profile: total 1\n" + rest, "file");
    return result.warnings.empty() ? result.error : result.warnings[0];
  };
  CHECK_THAT(warning("1 @ 0x11112222333344445\n"), ContainsSubstring("1 line could not be read"));
  CHECK_THAT(warning("1 @ 0x10\n#\t0xf\tf+0x99\tx:1\n"),
             ContainsSubstring("could not be read and counts for nothing; it is line 3"));
  CHECK(text(kHalf, kHalf + " @ 0x1\n") == "");

  auto binary = [](std::initializer_list<int64_t> values) {
    Message type, location, sample, all;
    type.int64(1, 1);
    location.uint64(1, UINT64_MAX);  // an id may be any number but 0
    all.bytes(1, type.data());
    all.bytes(6, "");
    all.bytes(6, "goroutine");
    all.bytes(4, location.data());
    for (int64_t value : values) {
      sample.clear();
      sample.uint64(1, UINT64_MAX);
      sample.int64(2, value);
      all.bytes(2, sample.data());
    }
    return error_of(all.data());
  };
  CHECK(binary({INT64_MAX}) == "");
  CHECK(binary({INT64_MAX - 1, -1}) == "");
  CHECK_THAT(binary({INT64_MAX, 1}), ContainsSubstring("more than 64 bits can count"));
  CHECK_THAT(binary({INT64_MAX, -1}), ContainsSubstring("more than 64 bits can count"));
  CHECK_THAT(binary({INT64_MIN}), ContainsSubstring("more than 64 bits can count"));
}

TEST_CASE("a profile may be a text that is packed", "[formats][reader]") {
  using Catch::Matchers::ContainsSubstring;
  const std::string text = golden("coursepool/goroutine.debug1.txt");
  ReadResult result = read_profile(packed(text), "file");
  CHECK(result.error == "");
  CHECK(total(result.profile) == 1523);
  CHECK_THAT(error_of(packed("")), ContainsSubstring("file is empty"));
  CHECK_THAT(error_of(packed("<html>")), ContainsSubstring("a web page"));
}

TEST_CASE("texts that ask for too much memory are not given it", "[formats][reader][hostile]") {
  std::string records, frames = "goroutine 1 [running]:\n";
  for (int i = 0; i < 100'000; i++) {
    records += "1 @ 0x1\n";
    frames += "f()\n\t:1\n";
  }
  ReadLimits limits{.memory_bytes_max = 4 << 20};
  std::string text = "goroutine profile: total 100000\n" + records;
  CHECK(error_of(text) == "");
  CHECK(error_of(text, limits) ==
        "file: it would need more than 4 MiB of memory: it is not read any further");
  CHECK(read_debug2(frames, "file"));
  CHECK(read_debug2(frames, "file", limits).error ==
        "file: it would need more than 4 MiB of memory: it is not read any further");
  limits = {.unpacked_bytes_max = 100 << 10};
  CHECK(error_of(text, limits).find("more than 0 MiB, at most that is read") != std::string::npos);
  CHECK(read_debug2(frames, "file", limits).error.find("at most 0 MiB") != std::string::npos);
}

TEST_CASE("what is shown cannot act on a terminal", "[formats][quote]") {
  CHECK(shown("main.(*pool).worker[...] \"é\\\" 日本") == "main.(*pool).worker[...] \"é\\\" 日本");
  CHECK(shown("\x1b]0;x\a\r\n\t\x7f") == R"(\x1b]0;x\a\r\n\t\x7f)");
  CHECK(shown("\xc2\x85\xe2\x80\xae\xe2\x81\xa6\xff\xef\xbb\xbf") ==
        R"(\u0085\u202e\u2066\xff\ufeff)");
  CHECK(shown_lines("a\n\tb\x1b\r\n") == "a\n\tb\\x1b\\r\n");
}

TEST_CASE("files cut off at every byte are read or refused", "[formats][reader][hostile]") {
  check_truncations(unpacked(golden("states/goroutine.pb.gz")));
  check_truncations(golden("leakserver/goroutine.pb.gz"));
  check_truncations(golden("leakserver/delta.pb.gz"));
  check_truncations(golden("deepstack/goroutine.debug1.txt").substr(0, 3000));
  check_truncations(golden("states/goroutine.debug1.txt"));
}

TEST_CASE("files with flipped bits are read or refused", "[formats][reader][hostile]") {
  check_flips(unpacked(golden("deepstack/goroutine.pb.gz")), 1, 3000);
  check_flips(unpacked(golden("leakserver/delta.pb.gz")), 2, 3000);
  check_flips(golden("coursepool/goroutine.pb.gz"), 3, 2000);
  check_flips(golden("states/goroutine.debug1.txt"), 4, 3000);
}

TEST_CASE("a dump is read goroutine by goroutine", "[formats][debug2]") {
  DumpResult dump = read_debug2(golden("states/goroutine.debug2.txt"), "states");
  REQUIRE(dump.error == "");
  CHECK(dump.goroutines.size() == 31);
  auto find = [&](const std::string& function) -> const DumpedGoroutine* {
    for (const DumpedGoroutine& goroutine : dump.goroutines) {
      for (const DumpedFrame& frame : goroutine.frames) {
        if (frame.function == function) return &goroutine;
      }
    }
    return nullptr;
  };
  CHECK(dump.goroutines[0].state == "running");
  const DumpedGoroutine* labelled = find("main.labelledChild");
  REQUIRE(labelled != nullptr);
  CHECK(labelled->state == "chan receive");
  CHECK(labelled->labels == "job: \"import #7\", tenant: acme");
  const DumpedGoroutine* locked = find("main.stateLocked");
  REQUIRE(locked != nullptr);
  CHECK(locked->locked_to_thread);
  const DumpedGoroutine* nil = find("main.stateChanReceiveNil");
  REQUIRE(nil != nullptr);
  CHECK(nil->state == "chan receive (nil chan)");
  const DumpedGoroutine* reader = find("internal/poll.(*FD).readLock");
  REQUIRE(reader != nullptr);
  const DumpedFrame& inlined = reader->frames[2];
  CHECK(inlined.function == "internal/poll.(*FD).readLock");
  CHECK(inlined.arguments == "...");
  CHECK(inlined.offset == 0);
  CHECK(reader->frames[0].file == "/lab/go/src/runtime/sema.go");
  CHECK(reader->frames[0].line == 76);
  CHECK(reader->frames[0].offset == 0x25);
  CHECK(reader->created_by == "main.main");
  CHECK(reader->created_in == 1);
}

TEST_CASE("minutes, leaks and elided frames of a dump", "[formats][debug2]") {
  auto leaked = read_debug2(golden("states/minutes-leak.debug2.txt"), "leak");
  REQUIRE(leaked.error == "");
  CHECK(std::any_of(leaked.goroutines.begin(), leaked.goroutines.end(),
                    [](const auto& g) { return g.leaked && g.state == "chan receive"; }));
  auto minutes = read_debug2(golden("states/minutes-2gc.debug2.txt"), "minutes");
  CHECK(std::any_of(minutes.goroutines.begin(), minutes.goroutines.end(),
                    [](const auto& g) { return g.minutes > 0; }));
  auto deep = read_debug2(golden("deepstack/goroutine.debug2.txt"), "deep");
  CHECK(std::any_of(deep.goroutines.begin(), deep.goroutines.end(),
                    [](const auto& g) { return g.elided > 0 && g.frames.size() == 100; }));
}

TEST_CASE("crash dumps of all kinds are dumps", "[formats][debug2]") {
  for (const char* file : {"panic-goroutine", "sigquit.all", "sigquit.system", "deadlock-chan",
                           "panic-busy.all.asyncpreemptoff", "traceback-system.panic-goroutine",
                           "traceback-crash.panic-goroutine"}) {
    INFO(file);
    auto dump = read_debug2(golden(std::string("dies/") + file + ".txt"), file);
    CHECK(dump.error == "");
    CHECK_FALSE(dump.goroutines.empty());
  }
}

TEST_CASE("frames of code without a name are frames of a dump", "[formats][debug2]") {
  auto dump = read_debug2(
      "goroutine 7 [chan receive]:\n"
      "main.compare(...)\n\t/src/main.cpp:4 +0x1e\n"
      "non-Go function\n\tpc=0x7f03a1\n"
      "non-Go function at pc=0x7f03b2\n"
      "qsort_r\n\t/libc/qsort.c:17 pc=0x7f03c3\n"
      "malloc(...)\n\t??:0 +0x17 fp=0x7100 sp=0x7000 pc=0x7f03d4\n"
      "main.sorts()\n\t/src/main.cpp:9 +0x8\n"
      "created by main.main in goroutine 1\n\t/src/main.cpp:20 +0x5\n",
      "ours");
  REQUIRE(dump.error == "");
  CHECK(dump.warning == "");
  REQUIRE(dump.goroutines.size() == 1);
  const auto& frames = dump.goroutines[0].frames;
  REQUIRE(frames.size() == 6);
  CHECK(frames[1].function == "non-Go function");
  CHECK(frames[1].pc == 0x7f03a1);
  CHECK(frames[2].pc == 0x7f03b2);
  CHECK(frames[3].function == "qsort_r");
  CHECK(frames[3].line == 17);
  CHECK(frames[3].pc == 0x7f03c3);
  CHECK(frames[4].function == "malloc");
  CHECK(frames[4].file == "??");
  CHECK(frames[4].offset == 0x17);
  CHECK(frames[4].pc == 0x7f03d4);
  CHECK(frames[5].function == "main.sorts");
  CHECK(dump.goroutines[0].created_by == "main.main");
}

TEST_CASE("a line that cannot be read costs no more than itself", "[formats][debug2]") {
  auto read = [](const std::string& bad) {
    return read_debug2("goroutine 7 [chan receive]:\nmain.a()\n\t/a.cpp:1 +0x1\n" + bad +
                           "main.b()\n\t/b.cpp:2 +0x1\n\ngoroutine 8 [select]:\nmain.c()\n"
                           "\t/c.cpp:3 +0x1\n",
                       "odd");
  };
  CHECK(read("").warning == "");
  for (const char* bad : {"a line from nowhere\n", "\tno function above\n"}) {
    DumpResult dump = read(bad);
    REQUIRE(dump.error == "");
    REQUIRE(dump.goroutines.size() == 2);
    CHECK(dump.goroutines[0].frames.size() == 2);
    CHECK(dump.warning == "odd: 1 line could not be read and counts for nothing; it is line 4: \"" +
                              std::string(bad, std::strlen(bad) - 1) + "\".");
  }
  // A function whose position is odd, or absent, is a frame all the same.
  for (const char* bad : {"main.x()\n\tnowhere\n", "main.x()\n", "main.x()\n\t/x.cpp:y +0x2\n"}) {
    DumpResult dump = read(bad);
    REQUIRE(dump.goroutines.size() == 2);
    CHECK(dump.goroutines[0].frames.size() == 3);
    CHECK(dump.warning.starts_with("odd: 1 line "));
  }
}

TEST_CASE("damaged dumps are read or refused", "[formats][debug2][hostile]") {
  std::string text = golden("states/goroutine.debug2.txt");
  for (size_t length = 0; length < text.size(); length++) {
    auto dump = read_debug2(std::string_view(text).substr(0, length), "cut");
    if (!dump && !dump.error.starts_with("cut: ")) FAIL_CHECK(dump.error);
  }
  std::mt19937 random(5);
  for (int i = 0; i < 3000; i++) {
    text[random() % text.size()] = static_cast<char>(random());
    read_debug2(text, "flipped");
  }
  CHECK(read_debug2("", "empty").error.find("empty: no line like") == 0);
}
