// profile.cpp: a profile of any form, packing and log. What is read whole is read the same in
// pieces, and can be counted, compared, written, and read again.
#include <algorithm>

#include "profiler/analysis/diff.h"
#include "profiler/analysis/top.h"
#include "profiler/formats/delta.h"
#include "profiler/formats/profile_reader.h"
#include "tests/fuzz/targets/fuzz.h"

using namespace golab::profiler;

namespace {

ReadResult read_in_pieces(std::string_view bytes, size_t piece) {
  ProfileReader reader("fuzz", kFuzzLimits);
  for (; !bytes.empty(); bytes.remove_prefix(std::min(piece, bytes.size()))) {
    reader.write(bytes.substr(0, piece));
  }
  return reader.finish();
}

bool same(const SymbolizedProfile& a, const SymbolizedProfile& b) {
  if (a.samples.size() != b.samples.size() || a.sample_types != b.sample_types) return false;
  for (size_t i = 0; i < a.samples.size(); i++) {
    const Sample &x = a.samples[i], &y = b.samples[i];
    if (x.values != y.values || x.labels != y.labels || x.locations.size() != y.locations.size())
      return false;
  }
  return true;
}

void use(const SymbolizedProfile& profile) {
  for (const Sample& sample : profile.samples) {
    must(sample.values.size() == profile.sample_types.size(), "each sample has all values");
    frames_of_sample(profile, sample);
  }
  render_top(top(profile));
  render_diff(diff(profile, profile));
  must(delta(profile, profile).error.empty(), "a profile can be compared with itself");
  std::string out;
  write_profile_plain(profile, [&](std::string_view piece) { out += piece; });
  must(read_pprof(out, "again").error.empty(), "what was read can be written and read");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes = text_of(data, size);
  const ReadResult whole = read_profile(bytes, "fuzz", kFuzzLimits);
  must(whole.error.empty() || whole.error.starts_with("fuzz: "), "an error names the file");
  const ReadResult pieces = read_in_pieces(bytes, 1 + data[size / 2] % 32);
  must(pieces.error == whole.error && same(pieces.profile, whole.profile), "pieces are the whole");
  must(pieces.warnings == whole.warnings, "pieces are the whole, in what is missing, too");
  if (whole) use(whole.profile);
  return 0;
}
