// readers_attack_test.cpp: profiles of real Go, mutated: each is read and shown, or refused with a
// sentence that names the file.
//
// Seeded: the file attack_round in the working directory has the number of the round that runs, so
// that a crash can be had again.
#include <cstdint>
#include <random>

#include "profiler/analysis/diff.h"
#include "profiler/analysis/top.h"
#include "profiler/analysis/verdict.h"
#include "profiler/formats/debug2_reader.h"
#include "profiler/formats/delta.h"
#include "tests/formats/golden.h"
#include "tests/formats/packed.h"

using namespace golab::profiler;

namespace {

using Random = std::mt19937;

size_t pick(Random& random, size_t n) { return random() % n; }

// Seeds: their bytes, and what they would be without gzip.
struct Seed {
  std::string bytes;
  std::string plain;
  bool is_dump;
};

std::vector<Seed> seeds() {
  std::vector<Seed> all;
  for (const std::string& file : kSnapshots) {
    std::string bytes = golden(file);
    all.push_back({bytes, unpacked(bytes), false});
  }
  for (const std::string& file : {std::string("leakserver/delta.pb.gz")}) {
    all.push_back({golden(file), unpacked(golden(file)), false});
  }
  for (const std::string& file : kTexts) all.push_back({golden(file), golden(file), false});
  for (const char* kind : {"heap", "block", "mutex", "cpu", "threadcreate", "after"}) {
    std::string bytes = golden(std::string("forms/") + kind + ".pb.gz");
    all.push_back({bytes, unpacked(bytes), false});
  }
  for (const char* file :
       {"forms/heap.debug1.txt", "forms/mutex.debug1.txt", "forms/after.debug2.txt",
        "ages/go1.9.7.panic.txt", "ages/go1.27.3.debug2.txt"}) {
    all.push_back({golden(file), golden(file), false});
  }
  for (const char* file : {"states/goroutine.debug2.txt", "deepstack/goroutine.debug2.txt",
                           "states/minutes-leak.debug2.txt", "dies/panic-goroutine.txt",
                           "dies/sigquit.all.txt", "dies/traceback-crash.panic-goroutine.txt"}) {
    all.push_back({golden(file), golden(file), true});
  }
  return all;
}

// Numbers that readers trip over, as a protobuf has them and as a text has them.
const std::string kVarints[] = {std::string(1, '\0'),
                                "\x7f",
                                "\xff\xff\xff\xff\x07",
                                "\xff\xff\xff\xff\x0f",
                                "\xff\xff\xff\xff\xff\xff\xff\xff\x7f",
                                "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
                                "\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01",
                                "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"};
const std::string kNumbers[] = {"0",
                                "-1",
                                "2147483648",
                                "9223372036854775807",
                                "9223372036854775808",
                                "18446744073709551615",
                                "18446744073709551616",
                                "0xffffffffffffffff",
                                "0x10000000000000000",
                                "99999999999999999999999999"};

void put_number(std::string& bytes, Random& random) {
  size_t at = bytes.find_first_of("0123456789", pick(random, bytes.size()));
  if (at == bytes.npos) return;
  size_t end = bytes.find_first_not_of("0123456789abcdefx", at);
  bytes.replace(at, std::min(end, bytes.size()) - at, kNumbers[pick(random, std::size(kNumbers))]);
}

// One change of one kind. `other`: where foreign pieces are from.
void mutate(std::string& bytes, const std::string& other, Random& random) {
  if (bytes.empty()) return;
  const size_t at = pick(random, bytes.size());
  const size_t length = std::min(bytes.size() - at, size_t{1} << pick(random, 10));
  switch (pick(random, 9)) {
    case 0:
      bytes[at] = static_cast<char>(bytes[at] ^ (1 << pick(random, 8)));
      break;
    case 1:
      bytes[at] = static_cast<char>(random());
      break;
    case 2:
      bytes.erase(at, length);
      break;
    case 3:
      bytes.insert(pick(random, bytes.size()), bytes.substr(at, length));
      break;
    case 4:
      bytes.resize(at);
      break;
    case 5:
      bytes.replace(at, 1, kVarints[pick(random, std::size(kVarints))]);
      break;
    case 6:
      put_number(bytes, random);
      break;
    case 7:
      bytes.insert(at, other.substr(pick(random, other.size()), length));
      break;
    default:
      bytes.insert(at, length, static_cast<char>(random()));
  }
}

std::string mutant(const Seed& seed, const Seed& other, Random& random) {
  const bool inside = pick(random, 4) != 0;  // what gzip has packed, else the packing
  std::string bytes = inside ? seed.plain : seed.bytes;
  for (size_t n = 1 + pick(random, 4); n > 0; n--) {
    mutate(bytes, inside ? other.plain : other.bytes, random);
  }
  if (inside && pick(random, 3) == 0) bytes = packed(bytes);
  if (pick(random, 20) == 0) bytes += other.bytes;  // another member
  return bytes;
}

// Everything that is made of a profile, once it is read.
void use(const SymbolizedProfile& profile, const SymbolizedProfile& whole) {
  for (const Sample& sample : profile.samples) {
    frames_of_sample(profile, sample);
    if (sample.values.size() != profile.sample_types.size()) FAIL_CHECK("values");
  }
  render_top(top(profile));
  render_diff(diff(whole, profile), {.unchanged = true});
  judge(profile, whole, 20);
  delta(profile, profile);
  std::string out;
  write_profile_plain(profile, [&](std::string_view piece) { out += piece; });
  if (!read_profile(out, "again")) FAIL_CHECK("what was read cannot be written and read again");
}

}  // namespace

TEST_CASE("mutants of real profiles are read or refused", "[attack][hostile]") {
  const std::vector<Seed> all = seeds();
  const SymbolizedProfile whole = golden_profile("states/goroutine.pb.gz");
  const ReadLimits limits{.unpacked_bytes_max = 32 << 20, .memory_bytes_max = 64 << 20};
  int read = 0, refused = 0;
  std::ofstream round_file("attack_round");
  for (int round = 0; round < ATTACK_ROUNDS; round++) {
    round_file.seekp(0) << round << std::flush;
    Random random(static_cast<unsigned>(round));
    const Seed& seed = all[pick(random, all.size())];
    const std::string bytes = mutant(seed, all[pick(random, all.size())], random);
    ReadResult profile;
    DumpResult dump;
    if (seed.is_dump) {
      dump = read_debug2(bytes, "hostile", limits);
    } else {
      profile = read_profile(bytes, "hostile", limits);
    }
    const std::string& error = seed.is_dump ? dump.error : profile.error;
    INFO("round " << round << ": " << error);
    if (!error.empty() && !error.starts_with("hostile: ")) FAIL_CHECK("the file is not named");
    (error.empty() ? read : refused)++;
    if (error.empty() && !seed.is_dump) use(profile.profile, whole);
  }
  CHECK(read > ATTACK_ROUNDS / 20);
  CHECK(refused > ATTACK_ROUNDS / 20);
}
